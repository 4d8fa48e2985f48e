//! Which parameters of a classifier learn.

use super::{Classifier, PoolKind};
use crate::lora::{Matrix, SeededLora};
use burn::module::Module;
use serde::{Deserialize, Serialize};

/// Which parameters learn; the head always does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Trains {
    /// Nothing else.
    Head,
    /// The last so many blocks, and the norm behind them.
    Last(usize),
    /// Low-rank additions to matrices of all blocks (Hu et al. 2021,
    /// <https://arxiv.org/abs/2106.09685>).
    Lora {
        /// Rank of the additions.
        rank: usize,
        /// An addition is multiplied by `alpha / rank`.
        alpha: f64,
        /// To which matrices.
        #[serde(default = "Matrix::all")]
        matrices: Vec<Matrix>,
    },
    /// Everything.
    All {
        /// Each layer learns so much slower than the one above it (Howard and Ruder 2018, section
        /// 3.2); 1: all alike.
        #[serde(default = "alike")]
        layer_decay: f64,
    },
}

fn alike() -> f64 {
    1.0
}

/// How much of a text's way is the same in every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// None of it.
    Nothing,
    /// What the first blocks make of its tokens.
    States {
        /// How many blocks.
        blocks: usize,
    },
    /// Its vector.
    Pooled,
}

impl Classifier {
    /// The same classifier, of which only that learns. What an adapter begins with is a function of
    /// `seed`.
    #[must_use]
    pub fn train_only(mut self, trains: &Trains, seed: u64) -> Self {
        match trains {
            Trains::All { .. } => {}
            Trains::Head => self.trunk = self.trunk.no_grad(),
            Trains::Last(_) => {
                let fixed = self.fixed_blocks(trains);
                self.trunk.embedding = self.trunk.embedding.no_grad();
                let blocks = self.trunk.stack.blocks.into_iter().enumerate();
                let blocks = blocks.map(|(i, block)| match i < fixed {
                    true => block.no_grad(),
                    false => block,
                });
                self.trunk.stack.blocks = blocks.collect();
            }
            Trains::Lora {
                rank,
                alpha,
                matrices,
            } => {
                let lora = SeededLora::new(*rank, *alpha, matrices, seed);
                self.trunk = self.trunk.apply_reparameterization(lora);
            }
        }
        self
    }

    /// How much of a text's way is the same in every step.
    pub fn fixed(&self, trains: &Trains) -> Fixed {
        match trains {
            Trains::Head if self.config.pool != PoolKind::Attention => Fixed::Pooled,
            Trains::Head | Trains::Last(_) => Fixed::States {
                blocks: self.fixed_blocks(trains),
            },
            Trains::All { .. } | Trains::Lora { .. } => Fixed::Nothing,
        }
    }

    fn fixed_blocks(&self, trains: &Trains) -> usize {
        let all = self.trunk.stack.blocks.len();
        match trains {
            Trains::Last(n) => all.saturating_sub(*n),
            _ => all,
        }
    }
}
