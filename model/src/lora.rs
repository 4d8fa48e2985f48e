//! Low-rank additions to a model's matrices (LoRA, Hu et al. 2021,
//! <https://arxiv.org/abs/2106.09685>), by Burn's reparameterisations.

use crate::random::{Domain, normal, stream};
use burn::module::{Lora, LoraAdapter, Param, ParamGroup, Reparameterizer};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// A matrix that every block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matrix {
    /// Of attention.
    Query,
    /// Of attention.
    Key,
    /// Of attention.
    Value,
    /// Of attention.
    Output,
    /// Of the feed-forward layer; only a gated one has it.
    Gate,
    /// Of the feed-forward layer.
    Up,
    /// Of the feed-forward layer.
    Down,
}

impl Matrix {
    /// All of them.
    pub fn all() -> Vec<Self> {
        use Matrix::{Down, Gate, Key, Output, Query, Up, Value};
        vec![Query, Key, Value, Output, Gate, Up, Down]
    }

    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Query => ".attention.query.weight",
            Self::Key => ".attention.key.weight",
            Self::Value => ".attention.value.weight",
            Self::Output => ".attention.output.weight",
            Self::Gate => ".feed_forward.gate.weight",
            Self::Up => ".feed_forward.up.weight",
            Self::Down => ".feed_forward.down.weight",
        }
    }
}

/// Burn's LoRA, whose first factor is drawn from a stream of our own, so that it is the same on every
/// backend and in every process.
pub(crate) struct SeededLora {
    lora: Lora,
    endings: Vec<&'static str>,
    seed: u64,
    drawn: u64,
}

impl SeededLora {
    pub fn new(rank: usize, alpha: f64, matrices: &[Matrix], seed: u64) -> Self {
        Self {
            lora: Lora::new(rank, alpha),
            endings: matrices.iter().map(|matrix| matrix.ending()).collect(),
            seed,
            drawn: 0,
        }
    }
}

impl Reparameterizer for SeededLora {
    type Reparam = LoraAdapter;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<LoraAdapter>) {
        let chosen = self.endings.iter().any(|ending| path.ends_with(ending));
        self.lora.param_group = match chosen {
            true => ParamGroup::all(),
            false => ParamGroup::from_ids(Vec::new()),
        };
        let (base, adapter) = self.lora.reparameterize(path, param);
        let adapter = adapter.map(|adapter| {
            let [d_in, rank] = adapter.a.dims();
            let device = adapter.a.device();
            // The variance that PEFT begins with.
            let std = (1.0 / (3.0 * d_in as f64)).sqrt();
            let mut rng = stream(Domain::Adapters, self.seed, self.drawn);
            self.drawn += 1;
            let values = normal(&mut rng, std, d_in * rank);
            let a = Param::from_data(TensorData::new(values, [d_in, rank]), &device);
            LoraAdapter { a, ..adapter }
        });
        (base, adapter)
    }
}
