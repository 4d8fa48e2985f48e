//! What a forward pass is for. There is one forward pass; training, plain inference and cached
//! generation differ in what they hand it.

use crate::cache::Cache;
use crate::dropout::DropoutMasks;

/// What a forward pass is for.
#[derive(Debug, Default)]
pub struct Pass<'a> {
    /// Tokens read earlier; the pass reads on behind them and adds its own.
    pub cache: Option<&'a mut Cache>,
    /// The dropout masks; without them nothing is dropped.
    pub dropout: Option<DropoutMasks>,
}

impl<'a> Pass<'a> {
    /// A training pass whose dropout masks are a function of `seed`. A caller that wants a run to
    /// be repeatable derives the seed from run, step and micro-batch.
    pub fn training(seed: u64) -> Self {
        Self {
            cache: None,
            dropout: Some(DropoutMasks::new(seed)),
        }
    }

    /// An inference pass that reads on behind what `cache` holds.
    pub fn cached(cache: &'a mut Cache) -> Self {
        Self {
            cache: Some(cache),
            dropout: None,
        }
    }

    /// Position of the first token of this pass.
    pub(crate) fn start(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.len())
    }
}
