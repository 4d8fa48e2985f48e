//! Batches of pairs; the learner turns them into tensors.

use std::sync::Arc;

use super::{Buckets, Pairs};
use crate::Error;
use crate::prefetch::BatchSource;

/// Token ids of pairs for one step, row by row. Rows are filled up with `<pad>`, at their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairBatch {
    /// Pairs.
    pub rows: usize,
    /// Tokens of the longest source.
    pub source_cols: usize,
    /// What the encoder reads, each ended by `</s>`: `[rows, source_cols]`.
    pub sources: Vec<u32>,
    /// Tokens of each source, without what fills its row: `[rows]`.
    pub source_lengths: Vec<usize>,
    /// Tokens of the longest target.
    pub target_cols: usize,
    /// What the decoder reads: `<pad>`, then the target without its end: `[rows, target_cols]`.
    pub inputs: Vec<u32>,
    /// What it is to predict: the target, then `</s>`: `[rows, target_cols]`.
    pub targets: Vec<u32>,
    /// Tokens of each target, without what fills its row: `[rows]`.
    pub target_lengths: Vec<usize>,
}

impl PairBatch {
    /// The batch of these pairs, in this order.
    pub(super) fn of(pairs: &Pairs, numbers: impl Iterator<Item = u64>) -> Result<Self, Error> {
        let texts = numbers
            .map(|number| pairs.read(number))
            .collect::<Result<Vec<_>, _>>()?;
        let pad = pairs.specials().pad;
        let lengths = texts
            .iter()
            .map(|(source, target)| (source.len(), target.len()));
        let (source_lengths, target_lengths): (Vec<usize>, Vec<usize>) = lengths.unzip();
        let longest = |lengths: &[usize]| lengths.iter().copied().max().unwrap_or_default();
        let mut batch = Self {
            rows: texts.len(),
            source_cols: longest(&source_lengths),
            target_cols: longest(&target_lengths),
            source_lengths,
            target_lengths,
            ..Self::default()
        };
        for (row, (source, target)) in texts.iter().enumerate() {
            batch.sources.extend(source);
            batch.sources.resize((row + 1) * batch.source_cols, pad);
            batch.inputs.push(pad);
            batch
                .inputs
                .extend(&target[..target.len().saturating_sub(1)]);
            batch.inputs.resize((row + 1) * batch.target_cols, pad);
            batch.targets.extend(target);
            batch.targets.resize((row + 1) * batch.target_cols, pad);
        }
        Ok(batch)
    }

    /// Targets that count: those that fill no row.
    pub fn valid(&self) -> usize {
        self.target_lengths.iter().sum()
    }
}

/// Training batches of pairs of like length: batch `i` is a pure function of (seed, recipe, `i`).
#[derive(Clone, Debug)]
pub struct PairBatches {
    pairs: Arc<Pairs>,
    buckets: Arc<Buckets>,
}

impl PairBatches {
    /// Batches of at most `max_tokens` source and `max_tokens` target tokens, what fills rows among
    /// them.
    ///
    /// # Errors
    /// No pairs; a pair longer than `max_tokens`.
    pub fn new(pairs: Arc<Pairs>, max_tokens: usize, seed: u64) -> Result<Self, Error> {
        let (sources, targets) = pairs.all_lengths();
        let buckets = Buckets::new(&sources, &targets, max_tokens, seed)?;
        Ok(Self {
            pairs,
            buckets: Arc::new(buckets),
        })
    }

    /// Batch `i`, whatever was asked for before.
    ///
    /// # Errors
    /// Shards that cannot be read, which verified ones can.
    pub fn batch(&self, i: u64) -> Result<PairBatch, Error> {
        PairBatch::of(&self.pairs, self.rows(i).into_iter())
    }

    /// The pairs of batch `i`, by their numbers in the split.
    pub fn rows(&self, i: u64) -> Vec<u64> {
        self.buckets.batch(i).into_iter().map(u64::from).collect()
    }

    /// Batches in an epoch, which has every pair once; the same in each.
    pub fn batches_per_epoch(&self) -> u64 {
        self.buckets.batches_per_epoch()
    }

    /// Pairs in an epoch.
    pub fn pairs_per_epoch(&self) -> u64 {
        self.buckets.pairs_per_epoch()
    }

    /// Tokens in an epoch, of all sources and of all targets; what fills rows is not counted.
    pub fn tokens_per_epoch(&self) -> (u64, u64) {
        self.pairs.tokens()
    }
}

impl BatchSource for PairBatches {
    type Batch = PairBatch;

    fn batch(&self, i: u64) -> Result<PairBatch, Error> {
        Self::batch(self, i)
    }
}
