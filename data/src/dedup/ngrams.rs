//! Hashes of word n-grams, rolled from word to word.
//!
//! The sum Σ wᵢ·Bⁿ⁻ⁱ modulo 2⁶⁴ over the words' hashes (Karp and Rabin 1987,
//! <https://doi.org/10.1147/rd.312.0249>) takes two multiplications a word whatever n is; a mixer
//! then makes every bit depend on all of it. The words' hashes are strong, so two n-grams of
//! different words agree about once in 2⁶⁴.

use crate::order::{GOLDEN, finalise};

/// No n-gram is longer: windows are kept by the word, and nobody compares longer ones.
pub const MOST_WORDS: usize = 64;

/// The hash of the last n words.
pub struct Ngrams {
    /// The last n hashes of words, the oldest at `oldest`; 0 where there was none yet.
    window: Vec<u64>,
    oldest: usize,
    words: usize,
    sum: u64,
    /// Bⁿ: by it the oldest word is taken out.
    leaving: u64,
}

impl Ngrams {
    /// No words yet, of n-grams of `n` words; n is held between 1 and [`MOST_WORDS`].
    pub fn new(n: usize) -> Self {
        let n = n.clamp(1, MOST_WORDS);
        Self {
            window: vec![0; n],
            oldest: 0,
            words: 0,
            sum: 0,
            leaving: GOLDEN.wrapping_pow(n as u32),
        }
    }

    /// Takes a word's hash; gives that of the n words that end with it, once there are n.
    #[inline]
    pub fn push(&mut self, word: u64) -> Option<u64> {
        let n = self.window.len();
        let oldest = std::mem::replace(&mut self.window[self.oldest], word);
        self.oldest += 1;
        if self.oldest == n {
            self.oldest = 0;
        }
        self.sum = self
            .sum
            .wrapping_mul(GOLDEN)
            .wrapping_add(word)
            .wrapping_sub(oldest.wrapping_mul(self.leaving));
        self.words = (self.words + 1).min(n);
        (self.words == n).then(|| finalise(self.sum))
    }

    /// Words in the window: n, or all of them where there were fewer.
    pub fn words(&self) -> usize {
        self.words
    }

    /// The hash of the words in the window, `None` before the first. Of k words it is the same in a
    /// window of any n ≥ k.
    pub fn hash(&self) -> Option<u64> {
        (self.words > 0).then(|| finalise(self.sum))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_rolled_hash_is_that_of_its_words_alone() {
        let words: Vec<u64> = (0..50).map(|i| finalise(i % 7)).collect();
        for n in [1, 2, 5, 13, MOST_WORDS] {
            let mut rolled = Ngrams::new(n);
            for end in 1..=words.len() {
                let given = rolled.push(words[end - 1]);
                let mut alone = Ngrams::new(MOST_WORDS);
                for &word in &words[end.saturating_sub(n)..end] {
                    alone.push(word);
                }
                assert_eq!(rolled.hash(), alone.hash());
                assert_eq!(given, (end >= n).then(|| alone.hash().unwrap()));
            }
        }
    }

    #[test]
    fn order_and_length_count() {
        let hash = |words: &[u64]| {
            let mut ngrams = Ngrams::new(5);
            for &word in words {
                ngrams.push(finalise(word));
            }
            ngrams.hash()
        };
        let seen = [
            &[1_u64, 2, 3] as &[u64],
            &[3, 2, 1],
            &[1, 2],
            &[1, 2, 3, 3],
            &[1, 1],
            &[1],
            &[],
        ]
        .map(hash);
        for (at, one) in seen.iter().enumerate() {
            assert!(!seen[..at].contains(one), "{at}");
        }
        assert_eq!(seen[6], None);
    }
}
