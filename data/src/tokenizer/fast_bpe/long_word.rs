//! The tokens of long words in linear time: looked for, not merged.
//!
//! Write T(w) for the tokens of a word w. Two facts hold for every list of merges, because a merge
//! takes place at the best pair of all there are:
//!
//! 1. If T(w) has a seam between two of its tokens, T of what is before it and T of what is behind it
//!    are the two halves of T(w). No merge went across, and the order of merges within a half does not
//!    depend on the other.
//! 2. If the last token of T(v) is a, the first of T(w) is b, and T(ab) is a and b, then T(vw) is T(v)
//!    and T(w). For the first merge across the seam would have joined parts of a and b, at a time when
//!    the merges within a and b were those that T(ab) begins with; it would have come there, too.
//!
//! So a word can be cut in one way only into tokens that are their own tokens and of which each two
//! neighbours go together as a and b do: that is T(w). At each place the longest token is tried that goes with
//! the one before it, and a shorter one where that leads nowhere. What lies before a place is a word, too, and is
//! cut in one way only: no place is reached twice, and the time is linear.
//!
//! Whether a and b go together is read off the merges that made them, from the last to the first ([`go_together`]).
//! That the order of ranks is the order in time is true of what was learnt in the order of its ranks; a list
//! in which it does not hold is left to a queue ([`Merges::merge`]).
//!
//! Both the facts and looking for tokens are what the `bpe` crate rests on
//! (<https://github.blog/ai-and-ml/llms/so-many-tokens-so-little-time-introducing-a-faster-more-flexible-byte-pair-tokenizer/>).
//!
//! [`go_together`]: Finder::go_together

use super::merges::{Merges, Queue};
use super::prefixes::{NONE, Prefixes};

/// Tokens of more bytes are not looked for: how one is made is found in quadratic time.
const LONGEST: usize = 512;

/// What long words need beside the tables; kept from word to word.
#[derive(Default)]
pub(super) struct LongSpace {
    pub queue: Queue,
    /// A bit for each place of the word: it leads nowhere.
    dead: Vec<u64>,
}

/// Looks for the tokens of words.
pub(super) struct Finder {
    /// By id.
    made: Vec<Made>,
    prefixes: Prefixes,
}

/// How the bytes of a token are merged to it.
#[derive(Clone, Copy, Default)]
struct Made {
    /// The rank of the last merge, and one; 0 for a byte.
    at: u32,
    left: u32,
    right: u32,
}

impl Merges {
    /// Appends the tokens of a word of any length.
    pub(super) fn merge_long(&self, word: &[u8], space: &mut LongSpace, ids: &mut Vec<u32>) {
        match self.finder() {
            Some(finder) => finder.find(self, word, &mut space.dead, ids),
            None => self.merge(word, &mut space.queue, ids),
        }
    }
}

impl Finder {
    /// `None` where ranks do not tell the order of merges, or a token is longer than is looked for.
    pub(super) fn new(merges: &Merges) -> Option<Self> {
        let mut made = vec![Made::default(); merges.ids()];
        let mut found = Vec::new();
        for (id, bytes) in merges.tokens() {
            if bytes.len() > LONGEST {
                return None;
            }
            // What the bytes of a token are not merged to is no token of any word.
            if let Some(how) = how_made(merges, &bytes, id).ok()? {
                made[id as usize] = how;
                found.push((bytes, id));
            }
        }
        Some(Self {
            prefixes: Prefixes::new(found, merges.ids()),
            made,
        })
    }

    fn find(&self, merges: &Merges, word: &[u8], dead: &mut Vec<u64>, ids: &mut Vec<u32>) {
        dead.clear();
        dead.resize(word.len() / 64 + 1, 0);
        let first = ids.len();
        let mut place = 0;
        let mut next = self.prefixes.longest(word);
        while place < word.len() {
            if next == NONE {
                // Every byte is a token, and one way leads to the end: there is a token to take back.
                let Some(taken) = ids.pop() else { return };
                dead[place / 64] |= 1 << (place % 64);
                place -= merges.length(taken);
                next = self.prefixes.shorter(taken);
                continue;
            }
            let end = place + merges.length(next);
            let fits = dead[end / 64] >> (end % 64) & 1 == 0
                && (ids.len() == first || self.go_together(merges, ids[ids.len() - 1], next));
            if fits {
                ids.push(next);
                place = end;
                next = self.prefixes.longest(&word[place..]);
            } else {
                next = self.prefixes.shorter(next);
            }
        }
    }

    /// Whether T(ab) is a and b.
    ///
    /// Goes back in time, from a and b to the bytes at the seam, over all that ever stood next to each other
    /// there. Two that could merge would have, if the pair comes before what else the left one was merged
    /// with, and before or with what the right one was: of equal pairs the leftmost comes first.
    fn go_together(&self, merges: &Merges, a: u32, b: u32) -> bool {
        let (mut left, mut right) = (a, b);
        let (mut left_until, mut right_until) = (u32::MAX, u32::MAX);
        loop {
            if let Some(rank) = merges.rank(left, right)
                && rank + 1 < left_until
                && rank < right_until
            {
                return false;
            }
            let (of_left, of_right) = (self.made[left as usize], self.made[right as usize]);
            if of_left.at > of_right.at {
                left_until = of_left.at;
                left = of_left.right;
            } else if of_right.at > 0 {
                right_until = of_right.at;
                right = of_right.left;
            } else {
                return true;
            }
        }
    }
}

/// A rank followed on a higher one.
struct OutOfOrder;

/// The last of the merges that make a token of its bytes; `None` where they make something else.
fn how_made(merges: &Merges, bytes: &[u8], id: u32) -> Result<Option<Made>, OutOfOrder> {
    let mut symbols: Vec<u32> = bytes.iter().map(|&byte| merges.byte(byte)).collect();
    let mut last = Made::default();
    loop {
        let pairs = symbols.windows(2).enumerate();
        let ranked = pairs.filter_map(|(at, pair)| Some((merges.rank(pair[0], pair[1])?, at)));
        let Some((rank, at)) = ranked.min() else {
            return Ok((symbols == [id]).then_some(last));
        };
        if rank + 1 < last.at {
            return Err(OutOfOrder);
        }
        last = Made {
            at: rank + 1,
            left: symbols[at],
            right: symbols[at + 1],
        };
        symbols[at] = merges.made(rank);
        symbols.remove(at + 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::tokenizer::byte_level::alphabet;
    use crate::tokenizer::fast_bpe::file::Model;
    use crate::tokenizer::fast_bpe::merges::SHORT;

    /// A model of merges of letters; each side is written out.
    fn merges(pairs: &[(&str, &str)]) -> Merges {
        let mut vocabulary: serde_json::Map<String, serde_json::Value> = alphabet()
            .iter()
            .enumerate()
            .map(|(id, symbol)| (symbol.to_string(), json!(id)))
            .collect();
        for (left, right) in pairs {
            let next = vocabulary.len();
            vocabulary
                .entry(format!("{left}{right}"))
                .or_insert(json!(next));
        }
        let file = json!({"type": "BPE", "vocab": vocabulary, "merges": pairs});
        Merges::new(Model::read(&file).unwrap())
    }

    /// Words over a few letters, from a fixed stream of random numbers.
    fn word(state: &mut u64, letters: &[u8], length: usize) -> Vec<u8> {
        (0..length)
            .map(|_| {
                *state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                letters[(*state >> 33) as usize % letters.len()]
            })
            .collect()
    }

    #[test]
    fn what_is_found_is_what_is_merged_for_any_merges() {
        // Merges of random pairs of what is there: some never apply, and in every other list some come
        // before those that make their parts.
        let mut state = 1_u64;
        let mut parts = |count: usize, shuffled: bool| {
            let mut tokens: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
            let mut pairs = Vec::new();
            while pairs.len() < count {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let left = tokens[(state >> 33) as usize % tokens.len()].clone();
                let right = tokens[(state >> 43) as usize % tokens.len()].clone();
                if left.len() + right.len() <= 40 {
                    tokens.push(format!("{left}{right}"));
                    pairs.push((left, right));
                }
            }
            for at in 1..pairs.len() {
                if shuffled && state >> (at % 60) & 3 == 0 {
                    pairs.swap(at, at - 1);
                }
            }
            pairs
        };
        let mut random = 2_u64;
        let mut space = LongSpace::default();
        let mut served = [0, 0];
        for round in 0..800 {
            let shuffled = round / 400 == 1;
            let pairs = parts(2 + round % 60, shuffled);
            let pairs: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(left, right)| (left.as_str(), right.as_str()))
                .collect();
            let merges = merges(&pairs);
            served[usize::from(shuffled)] += u32::from(merges.finder().is_some());
            let letters: &[u8] = [b"abc".as_slice(), b"ab", b"a", b"aaaab"][round % 4];
            for length in [65, 100, 257, 1000] {
                let word = word(&mut random, letters, length);
                let (mut merged, mut found) = (Vec::new(), vec![7]);
                merges.merge(&word, &mut space.queue, &mut merged);
                merges.merge_long(&word, &mut space, &mut found);
                assert_eq!(found[1..], merged, "{pairs:?}");
            }
        }
        // A pair that is listed twice has its last rank, so that some lists are out of order by chance.
        assert!(served[0] > 200 && served[1] > 50, "{served:?}");
        assert!(served[0] + served[1] < 700, "{served:?}");
    }

    #[test]
    fn short_words_are_merged_as_with_a_queue() {
        let merges = merges(&[
            ("a", "b"),
            ("b", "c"),
            ("c", "a"),
            ("ab", "ca"),
            ("a", "a"),
            ("aa", "aa"),
            ("bc", "ab"),
        ]);
        let mut random = 3_u64;
        let mut space = Queue::default();
        // Behind a newline, which no merge contains, the word is merged as it is alone.
        for length in 1..SHORT {
            let word = word(&mut random, b"abc", length);
            let mut long = word.clone();
            long.resize(length + SHORT + 1, b'\n');
            let (mut short, mut queued) = (Vec::new(), Vec::new());
            merges.merge(&word, &mut space, &mut short);
            merges.merge(&long, &mut space, &mut queued);
            assert_eq!(short[..], queued[..short.len()]);
            assert_eq!(queued.len(), short.len() + SHORT + 1);
        }
    }

    #[test]
    fn runs_of_one_character_are_long_tokens() {
        let mut pairs = vec![("-".to_owned(), "-".to_owned())];
        for length in [2, 4, 8, 16, 32, 64, 128] {
            pairs.push(("-".repeat(length), "-".repeat(length)));
        }
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(left, right)| (left.as_str(), right.as_str()))
            .collect();
        let merges = merges(&pairs);
        let mut ids = Vec::new();
        merges.merge_long(&[b'-'; 256 * 5 + 129], &mut LongSpace::default(), &mut ids);
        let lengths: Vec<usize> = ids.iter().map(|&id| merges.length(id)).collect();
        assert_eq!(lengths, [256, 256, 256, 256, 256, 128, 1]);
    }
}
