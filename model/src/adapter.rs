//! What low-rank training adds to a decoder, apart from the decoder (Hu et al. 2021,
//! <https://arxiv.org/abs/2106.09685>).
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use burn::tensor::Device;
//! use slovo_model::{Adapter, load_model};
//!
//! let device = Device::default();
//! let base = load_model("smollm2", &device)?;
//! let adapter = Adapter::load("runs/helper/adapter", base.config(), &device)?;
//! let assistant = adapter.merge(base);
//! let base = adapter.unmerge(assistant);
//! # Ok(())
//! # }
//! ```

use crate::causal_lm::CausalLm;
use crate::lora::{Matrix, SeededLora};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// Low-rank additions to matrices of a decoder: each is `alpha / rank · a · b`.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Columns of `a`, rows of `b`.
    pub rank: usize,
    /// See above.
    pub alpha: f64,
    /// By the path of the matrix: `a`, `[in, rank]`, and `b`, `[rank, out]`.
    pub(crate) factors: BTreeMap<String, [Tensor<2>; 2]>,
}

impl CausalLm {
    /// The same decoder, of which only low-rank additions to the `matrices` of each block learn. They
    /// begin with no effect; what they begin with is a function of `seed`.
    #[must_use]
    pub fn with_lora(self, rank: usize, alpha: f64, matrices: &[Matrix], seed: u64) -> Self {
        self.apply_reparameterization(SeededLora::new(rank, alpha, matrices, seed))
    }
}

impl Adapter {
    /// What [`CausalLm::with_lora`] added, as it has learnt by now; `None` where nothing was added.
    pub fn of(model: &CausalLm, rank: usize, alpha: f64) -> Option<Self> {
        let mut found = Collect::default();
        model.valid().visit(&mut found);
        let mut factors = BTreeMap::new();
        for (path, a) in found.a {
            let b = found.b.remove(&path)?;
            factors.insert(path, [a, b]);
        }
        (!factors.is_empty()).then_some(Self {
            rank,
            alpha,
            factors,
        })
    }

    /// The decoder with the additions in its matrices, as fast as it was without them.
    #[must_use]
    pub fn merge(&self, base: CausalLm) -> CausalLm {
        self.add(base, 1.0)
    }

    /// Takes them out again; what [`merge`](Self::merge) rounded away stays away.
    #[must_use]
    pub fn unmerge(&self, merged: CausalLm) -> CausalLm {
        self.add(merged, -1.0)
    }

    /// How many matrices have an addition.
    pub fn matrices(&self) -> usize {
        self.factors.len()
    }

    /// How many numbers it holds.
    pub fn parameters(&self) -> usize {
        let factors = self.factors.values().flatten();
        factors.map(|factor| factor.shape().num_elements()).sum()
    }

    fn add(&self, model: CausalLm, sign: f64) -> CausalLm {
        model.map(&mut Add {
            adapter: self,
            scale: sign * self.alpha / self.rank as f64,
            path: Vec::new(),
        })
    }
}

/// Factors, by the path of the matrix to which they belong.
#[derive(Default)]
struct Collect {
    path: Vec<String>,
    a: BTreeMap<String, Tensor<2>>,
    b: BTreeMap<String, Tensor<2>>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let [matrix @ .., lora, factor] = &self.path[..] else {
            return;
        };
        let into = match (lora.as_str(), factor.as_str()) {
            ("lora", "a") => &mut self.a,
            ("lora", "b") => &mut self.b,
            _ => return,
        };
        let value = param.val();
        let shape = value.dims();
        into.insert(matrix.join("."), value.reshape([shape[0], shape[1]]));
    }
}

struct Add<'a> {
    adapter: &'a Adapter,
    scale: f64,
    path: Vec<String>,
}

impl ModuleMapper for Add<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some([a, b]) = self.adapter.factors.get(&self.path.join(".")) else {
            return param;
        };
        let addition = a.clone().matmul(b.clone()) * self.scale;
        param.map(|value| {
            let shape = value.shape();
            value + addition.reshape(shape)
        })
    }
}
