//! All pairs of a split, in order.

use std::ops::Range;
use std::sync::Arc;

use super::{BucketError, PairBatch, Pairs};
use crate::Error;

/// Batches for evaluation: every pair once, in the order of the split.
#[derive(Clone, Debug)]
pub struct EvalPairs {
    pairs: Arc<Pairs>,
    /// Where each batch begins; last, the number of pairs.
    cuts: Vec<u64>,
}

impl EvalPairs {
    /// Batches of neighbours, cut wherever the next pair would bring more than `max_tokens` source
    /// or target tokens, what fills rows among them.
    ///
    /// # Errors
    /// No pairs; a pair longer than `max_tokens`.
    pub fn new(pairs: Arc<Pairs>, max_tokens: usize) -> Result<Self, Error> {
        let (sources, targets) = pairs.all_lengths();
        let mut cuts = vec![0];
        let (mut begin, mut longest) = (0, 0);
        for (pair, (&source, &target)) in sources.iter().zip(&targets).enumerate() {
            let length = source.max(target) as usize;
            if length > max_tokens {
                return Err(Error::Bucket(BucketError::Long {
                    pair,
                    source_len: source,
                    target_len: target,
                    max_tokens,
                }));
            }
            longest = length.max(longest);
            if (pair - begin + 1).saturating_mul(longest) > max_tokens {
                cuts.push(pair as u64);
                (begin, longest) = (pair, length);
            }
        }
        if sources.is_empty() {
            return Err(Error::Bucket(BucketError::Empty));
        }
        cuts.push(pairs.len());
        Ok(Self { pairs, cuts })
    }

    /// Number of batches, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.cuts.len() as u64 - 1
    }

    /// The pairs of batch `n`; none beyond the last batch.
    pub fn range(&self, n: u64) -> Range<u64> {
        let cut = |n: u64| {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            self.cuts.get(n).copied().unwrap_or(self.pairs.len())
        };
        cut(n)..cut(n.saturating_add(1))
    }

    /// Batch `n`; an empty one beyond the last.
    ///
    /// # Errors
    /// Shards that cannot be read, which verified ones can.
    pub fn batch(&self, n: u64) -> Result<PairBatch, Error> {
        PairBatch::of(&self.pairs, self.range(n))
    }
}
