//! Merging long words in linear time: in windows, and exactly.
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
//! So a window is merged, its tokens are kept but for the last few, and the next window begins behind
//! what was kept. The first token of that window is almost always the one that followed in the last,
//! and the seam holds by fact 1; otherwise fact 2 decides. Where it does not hold, tokens are taken
//! back and the window begins earlier. A word in which this goes on and on is merged as a whole.
//!
//! The proof for pairs of tokens is also what the `bpe` crate rests on
//! (<https://github.blog/ai-and-ml/llms/so-many-tokens-so-little-time-introducing-a-faster-more-flexible-byte-pair-tokenizer/>).

use super::merges::{Merges, Queue, SHORT};

/// Tokens that end within so many bytes before the end of a window are not kept: what follows may
/// change them.
const TAIL: usize = 7;

/// A word whose windows come to so many times its length is merged as a whole: this bounds the time
/// for a vocabulary that was made to need more. English without spaces needs 1.2.
const MOST_WORK: usize = 8;

/// A window with more tokens than this is long enough to be tried shorter again.
const MANY: usize = 16;

/// What merging long words needs beside the tables; kept from word to word.
#[derive(Default)]
pub(super) struct LongSpace {
    pub queue: Queue,
    window: Vec<u32>,
    seam: Vec<u32>,
}

impl Merges {
    /// Appends the tokens of a word; for those of more than [`SHORT`] bytes.
    pub(super) fn merge_long(&self, word: &[u8], space: &mut LongSpace, ids: &mut Vec<u32>) {
        let LongSpace {
            queue,
            window,
            seam,
        } = space;
        let first = ids.len();
        // The window is `start..end`; `merged` is the one whose tokens `window` holds.
        let (mut start, mut size, mut merged) = (0, SHORT, 0..0);
        // What followed the last kept token in the window that it was kept from.
        let mut followed_by = None;
        let mut retreat = TAIL;
        let mut work = 0;
        loop {
            let end = word.len().min(start + size);
            work += end - start;
            if work / MOST_WORK > word.len() {
                ids.truncate(first);
                return self.merge(word, queue, ids);
            }
            // In a run of one character all windows are the same.
            if word[merged.clone()] != word[start..end] {
                window.clear();
                self.merge(&word[start..end], queue, window);
            }
            merged = start..end;
            let Some(&next) = window.first() else {
                return;
            };
            if start > 0 && followed_by != Some(next) {
                let last = ids.last().copied().unwrap_or_default();
                let both = start - self.length(last)..start + self.length(next);
                seam.clear();
                self.merge(&word[both], queue, seam);
                if *seam != [last, next] {
                    let least = start.saturating_sub(retreat);
                    while start > least && ids.len() > first {
                        let Some(taken) = ids.pop() else { break };
                        start -= self.length(taken);
                        followed_by = Some(taken);
                    }
                    // Further each time in a row.
                    size = size.max(2 * retreat);
                    retreat *= 2;
                    continue;
                }
            }
            if end == word.len() {
                ids.extend_from_slice(window);
                return;
            }
            let mut kept = 0;
            for &id in window.iter() {
                let behind = start + self.length(id);
                if behind + TAIL > end {
                    break;
                }
                start = behind;
                kept += 1;
            }
            if kept == 0 {
                // A token as long as the window.
                size *= 2;
                continue;
            }
            ids.extend_from_slice(&window[..kept]);
            followed_by = window.get(kept).copied();
            retreat = TAIL;
            if kept > MANY {
                size = SHORT.max(size / 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::tokenizer::byte_level::alphabet;
    use crate::tokenizer::fast_bpe::file::Model;

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
    fn windows_give_the_tokens_of_the_whole_for_any_merges() {
        // Merges of random pairs of what is there: some never apply, some come before those that
        // make their parts, most are bad at being cut.
        let mut state = 1_u64;
        let mut parts = |count: usize| {
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
                if state >> (at % 60) & 3 == 0 {
                    pairs.swap(at, at - 1);
                }
            }
            pairs
        };
        let mut random = 2_u64;
        let mut space = LongSpace::default();
        for round in 0..400 {
            let pairs = parts(2 + round % 60);
            let pairs: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(left, right)| (left.as_str(), right.as_str()))
                .collect();
            let merges = merges(&pairs);
            let letters: &[u8] = [b"abc".as_slice(), b"ab", b"a", b"aaaab"][round % 4];
            for length in [65, 100, 257, 1000] {
                let word = word(&mut random, letters, length);
                let (mut whole, mut windows) = (Vec::new(), vec![7]);
                merges.merge(&word, &mut space.queue, &mut whole);
                merges.merge_long(&word, &mut space, &mut windows);
                assert_eq!(windows[1..], whole, "{pairs:?}");
            }
        }
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
    fn runs_longer_than_a_window_are_tokens() {
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
