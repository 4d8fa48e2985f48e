//! A text as the set of its runs of five characters.

/// Characters in a run.
const LENGTH: usize = 5;
/// A character takes 21 bits, so that a run fits a number and two runs never share one.
const BITS: u32 = 21;
const MASK: u128 = (1 << (BITS * LENGTH as u32)) - 1;

/// Every run of a text as a number, in order; a shorter text is one run.
pub(super) fn shingles(text: &str) -> impl Iterator<Item = u128> {
    let mut run = 0;
    let whole = text.chars().scan(0_u128, |run, c| {
        *run = (*run << BITS | u128::from(u32::from(c))) & MASK;
        Some(*run)
    });
    let short = text.chars().take(LENGTH).count() < LENGTH;
    if short {
        run = whole.clone().last().unwrap_or_default();
    }
    let whole = whole.skip(LENGTH - 1);
    short.then_some(run).into_iter().chain(whole)
}

/// The runs of a text, each once, ascending.
pub(super) fn set(text: &str) -> Vec<u128> {
    let mut runs: Vec<u128> = shingles(text).collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

/// What two sets share, of all that they hold; both ascending, and not both empty.
pub(super) fn jaccard(a: &[u128], b: &[u128]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                i += 1;
                j += 1;
            }
        }
    }
    both as f64 / (a.len() + b.len() - both) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_runs_and_what_they_share() {
        assert_eq!(set("abcdefg").len(), 3);
        assert_eq!(set("aaaaaaaaa").len(), 1);
        assert_eq!(set("abc").len(), 1);
        assert_ne!(set("abc"), set("abd"));
        // abcde, bcdef | bcdef, cdefg: one of three.
        assert_eq!(jaccard(&set("abcdef"), &set("bcdefg")), 1.0 / 3.0);
        assert_eq!(jaccard(&set("日本語です"), &set("日本語です")), 1.0);
        assert_eq!(jaccard(&set("\u{10FFFF}abcd"), &set("abcde")), 0.0);
    }
}
