//! What a forward pass is for. There is one forward pass; training, plain inference and cached
//! generation differ in what they hand it.

use crate::cache::Cache;
use crate::dropout::DropoutMasks;
use crate::packing::Packing;
use crate::padding::Padding;
use crate::position::Positions;
use burn::tensor::{Device, Int, Tensor};

/// What a forward pass is for.
#[derive(Debug, Default)]
pub struct Pass<'a> {
    /// Tokens read earlier; the pass reads on behind them and adds its own.
    pub cache: Option<&'a mut Cache>,
    /// The dropout masks; without them nothing is dropped.
    pub dropout: Option<DropoutMasks>,
    /// What only fills up shorter rows. All passes over one cache are given the same.
    pub padding: Option<&'a Padding>,
    /// Where texts begin, in rows of several. Not beside a cache, nor beside filler at the beginning.
    pub packing: Option<&'a Packing>,
    /// Which segment each token belongs to, `[batch, seq]`; all to the first without.
    pub segments: Option<Tensor<2, Int>>,
}

impl<'a> Pass<'a> {
    /// A training pass whose dropout masks are a function of `seed`. A caller that wants a run to
    /// be repeatable derives the seed from run, step and micro-batch.
    pub fn training(seed: u64) -> Self {
        Self {
            dropout: Some(DropoutMasks::new(seed)),
            ..Self::default()
        }
    }

    /// An inference pass that reads on behind what `cache` holds.
    pub fn cached(cache: &'a mut Cache) -> Self {
        Self {
            cache: Some(cache),
            ..Self::default()
        }
    }

    /// Column of the first token of this pass.
    pub(crate) fn start(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.len())
    }

    /// Where the next `seq` tokens of each row stand.
    pub(crate) fn positions(&self, seq: usize, device: &Device) -> Positions {
        let start = self.start();
        // Filler at the end moves no token.
        let moved = self.padding.filter(|padding| padding.moves());
        let of_rows = match (self.packing, moved) {
            (Some(packing), _) => Some(packing.positions(device)),
            (None, moved) => moved.map(|padding| padding.positions(start, seq, device)),
        };
        Positions {
            start,
            seq,
            of_rows,
        }
    }
}
