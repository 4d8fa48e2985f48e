//! Batches of pairs of like length, by a budget of tokens: batch *i* is a pure function of
//! (lengths, budget, seed, *i*).
//!
//! Vaswani et al. 2017, section 5.1, batch "by approximate sequence length", about 25,000 source
//! and 25,000 target tokens each. Here a pair's length is that of its longer side. A batch of
//! `rows` pairs keeps within the budget on both sides exactly if `rows` × the longest length does,
//! so pairs are put in order of length and cut wherever the next one would break the budget.
//!
//! Where the cuts fall depends on the lengths alone, hence every epoch has the same number of
//! batches. What an epoch draws is which of the pairs of equal length goes where, and the order of
//! the batches. Both permutations are computed position by position, so any batch of a run can be
//! asked for without the ones before it, and no state is kept.

use crate::order::{Permutation, stream};

/// Separates the streams of this order from those of the others.
const BUCKET_EPOCH: u64 = 4;

/// Words of a stream between two permutations: one draws eight numbers of two words.
const WORDS: u128 = 16;

/// Lengths that cannot be batched.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// No pairs.
    #[error("there is no pair to make batches of; give at least one")]
    Empty,
    /// More pairs than can be numbered.
    #[error("{0} pairs, but at most {max} can be numbered; leave some out", max = u32::MAX)]
    TooMany(usize),
    /// Sides that do not belong together.
    #[error("{sources} lengths of sources and {targets} of targets; each pair has one of both")]
    Sides {
        /// Lengths of sources.
        sources: usize,
        /// Lengths of targets.
        targets: usize,
    },
    /// A pair that no batch can hold.
    #[error(
        "pair {pair} (counted from 0) has {source_len} source and {target_len} target tokens, but \
         a batch holds {max_tokens} of each (max_tokens); leave it out, or take max_tokens of at \
         least {}", source_len.max(target_len)
    )]
    Long {
        /// Which one, from 0.
        pair: usize,
        /// Tokens of its source.
        source_len: u32,
        /// Tokens of its target.
        target_len: u32,
        /// The budget.
        max_tokens: usize,
    },
}

/// The batches of all epochs of a run.
#[derive(Clone, Debug)]
pub struct Buckets {
    seed: u64,
    /// The pairs by length, those of equal length by number.
    pairs: Vec<u32>,
    /// Where the pairs of each length begin in `pairs`; last, its end.
    lengths: Vec<u32>,
    /// Where each batch begins in `pairs`; last, its end.
    cuts: Vec<u32>,
}

impl Buckets {
    /// Cuts pairs into batches, from the tokens of their sources and targets, special ones
    /// included. Takes O(n log n) once, and four bytes a pair.
    ///
    /// # Errors
    /// No pairs, more than 2³² − 1, other numbers of sources and of targets, or a pair longer than
    /// `max_tokens`.
    pub fn new(
        sources: &[u32],
        targets: &[u32],
        max_tokens: usize,
        seed: u64,
    ) -> Result<Self, BucketError> {
        if sources.len() != targets.len() {
            return Err(BucketError::Sides {
                sources: sources.len(),
                targets: targets.len(),
            });
        }
        let Ok(count) = u32::try_from(sources.len()) else {
            return Err(BucketError::TooMany(sources.len()));
        };
        if count == 0 {
            return Err(BucketError::Empty);
        }
        // A pair without a token still takes a row.
        let length = |pair: u32| sources[pair as usize].max(targets[pair as usize]).max(1);
        if let Some(pair) = (0..count).find(|&pair| length(pair) as usize > max_tokens) {
            return Err(BucketError::Long {
                pair: pair as usize,
                source_len: sources[pair as usize],
                target_len: targets[pair as usize],
                max_tokens,
            });
        }
        let mut pairs: Vec<u32> = (0..count).collect();
        pairs.sort_by_key(|&pair| length(pair));

        let (mut lengths, mut cuts) = (Vec::new(), Vec::new());
        let (mut shorter, mut begin) = (0, 0);
        for (place, &pair) in (0..count).zip(&pairs) {
            let length = length(pair);
            if length > shorter {
                lengths.push(place);
                shorter = length;
            }
            // In 64 bits: two numbers of 32 cannot overflow there.
            let tokens = u64::from(place - begin + 1) * u64::from(length);
            if place == 0 || tokens > max_tokens as u64 {
                cuts.push(place);
                begin = place;
            }
        }
        lengths.push(count);
        cuts.push(count);
        Ok(Self {
            seed,
            pairs,
            lengths,
            cuts,
        })
    }

    /// Batches in an epoch, the same in each, at least 1.
    pub fn batches_per_epoch(&self) -> u64 {
        self.cuts.len() as u64 - 1
    }

    /// Pairs in an epoch, at least 1.
    pub fn pairs_per_epoch(&self) -> u64 {
        self.pairs.len() as u64
    }

    /// The pairs of batch `i`, counted from the first batch of the first epoch, whatever was asked
    /// for before. Epoch *e* is the batches from *e* × [`Buckets::batches_per_epoch`] on, and has
    /// every pair once.
    pub fn batch(&self, i: u64) -> Vec<u32> {
        let (epoch, place) = (i / self.batches_per_epoch(), i % self.batches_per_epoch());
        let batch = self.permutation(epoch, 0, self.batches_per_epoch());
        let batch = batch.apply(place) as usize;
        let mut rows = Vec::with_capacity((self.cuts[batch + 1] - self.cuts[batch]) as usize);
        let mut begin = self.cuts[batch];
        while begin < self.cuts[batch + 1] {
            let length = self.lengths.partition_point(|&from| from <= begin) - 1;
            let (from, to) = (self.lengths[length], self.lengths[length + 1]);
            let equal = self.permutation(epoch, length + 1, u64::from(to - from));
            let end = to.min(self.cuts[batch + 1]);
            let places = (begin..end).map(|at| u64::from(from) + equal.apply(u64::from(at - from)));
            rows.extend(places.map(|place| self.pairs[place as usize]));
            begin = end;
        }
        rows
    }

    /// Permutation `number` of an epoch: 0 is that of the batches, the others those of each length.
    fn permutation(&self, epoch: u64, number: usize, len: u64) -> Permutation {
        let mut stream = stream(self.seed, BUCKET_EPOCH, epoch);
        stream.set_word_pos(number as u128 * WORDS);
        Permutation::new(len, &mut stream)
    }
}

#[cfg(test)]
mod tests;
