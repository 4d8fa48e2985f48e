//! Which parameter is updated how.
//!
//! AdamW (Loshchilov & Hutter 2019) in two groups: matrices decay, vectors (biases, norm gains) do
//! not, as in GPT-2's and nanoGPT's training. Muon (Jordan 2024; Liu et al. 2025) for the matrices
//! inside the blocks by recipe, with AdamW for embeddings, head and vectors.
//!
//! Groups are lists of exact parameter paths, so a resumed run finds the same ones.

use crate::ops::{self, Constants, Factor, OnePassAdamW, Slower};
use crate::{Error, Result};
use burn::module::{Module, ModuleVisitor, Param, ParamGroup};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Which rule updates the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum OptimizerRecipe {
    /// AdamW for everything.
    AdamW(AdamW),
    /// Muon for the blocks' matrices, AdamW for the rest.
    Muon(Muon),
}

/// Constants of AdamW; the defaults are GPT-3's (Brown et al. 2020, appendix B).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Keeps the division away from zero.
    pub epsilon: f64,
    /// Pull of matrices towards zero, times the learning rate.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
        }
    }
}

/// Constants of Muon.
///
/// Updates are scaled by 0.2·√max(rows, columns), so that learning rate and decay are AdamW's (Liu
/// et al. 2025, "Muon is scalable for LLM training").
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Muon {
    /// Nesterov momentum.
    pub momentum: f64,
    /// Pull of the blocks' matrices towards zero, times the learning rate.
    pub weight_decay: f64,
    /// For everything that Muon does not update.
    pub rest: AdamW,
}

impl Default for Muon {
    fn default() -> Self {
        Self {
            momentum: 0.95,
            weight_decay: 0.1,
            rest: AdamW::default(),
        }
    }
}

impl OptimizerRecipe {
    /// Checks the constants.
    ///
    /// # Errors
    ///
    /// A decay or momentum outside `[0, 1)`, a negative weight decay or epsilon.
    pub fn validate(&self) -> Result<()> {
        let (adam, extra) = match self {
            OptimizerRecipe::AdamW(adam) => (adam, None),
            OptimizerRecipe::Muon(muon) => (&muon.rest, Some(muon)),
        };
        let fraction = |field, value: f64| match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => wrong(field, value, "at least 0 and below 1 would do"),
        };
        let not_negative = |field, value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(()),
            false => wrong(field, value, "0 or a positive number would do"),
        };
        fraction("optimizer.beta1", adam.beta1)?;
        fraction("optimizer.beta2", adam.beta2)?;
        not_negative("optimizer.epsilon", adam.epsilon)?;
        not_negative("optimizer.weight_decay", adam.weight_decay)?;
        if let Some(muon) = extra {
            fraction("optimizer.momentum", muon.momentum)?;
            not_negative("optimizer.weight_decay", muon.weight_decay)?;
        }
        Ok(())
    }

    /// The optimizer for a module with these parameters.
    pub fn init<M: Module>(&self, module: &M) -> StepOptimizer {
        self.init_at(module, |_| 1.0)
    }

    /// The optimizer for a module some of whose parameters learn slower: `rate` says of the path of each
    /// what its learning rate is multiplied with.
    pub fn init_at<M: Module>(&self, module: &M, rate: impl Fn(&str) -> f64) -> StepOptimizer {
        let mut paths = Paths::default();
        module.visit(&mut paths);
        let factor = Factor::default();
        let (rest, muon) = match self {
            OptimizerRecipe::AdamW(adam) => (adam, None),
            OptimizerRecipe::Muon(muon) => (&muon.rest, Some(muon)),
        };
        let adam = |decay, rate| Slower {
            optimizer: OnePassAdamW::new(rest.constants(decay), factor.clone()),
            rate,
        };
        let mut parameters = ModuleOptimizer::from(adam(0.0, 1.0));
        for (rate, kind, paths) in paths.groups(rate, muon.is_some()) {
            let group = ParamGroup::from_paths(paths);
            parameters = match (kind, muon) {
                (Kind::Vector, _) => parameters.with_group(group, adam(0.0, rate), None),
                (Kind::BlockMatrix, Some(muon)) => {
                    let optimizer = ops::Muon {
                        momentum: muon.momentum,
                        weight_decay: muon.weight_decay,
                        factor: factor.clone(),
                    };
                    parameters.with_group(group, Slower { optimizer, rate }, None)
                }
                _ => parameters.with_group(group, adam(rest.weight_decay, rate), None),
            };
        }
        StepOptimizer { parameters, factor }
    }
}

/// The optimizers of all parameters.
#[derive(Clone)]
pub struct StepOptimizer {
    /// They and their states.
    pub parameters: ModuleOptimizer,
    factor: Factor,
}

impl StepOptimizer {
    /// Updates `module` with `grads`, each multiplied by `factor`.
    pub fn step<M: Module>(
        &mut self,
        rate: ModuleLearningRate,
        module: M,
        grads: GradientsParams,
        factor: f64,
    ) -> M {
        self.factor.set(factor);
        self.parameters.step(rate, module, grads)
    }
}

impl AdamW {
    fn constants(&self, weight_decay: f64) -> Constants {
        Constants {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            weight_decay,
        }
    }
}

fn wrong(field: &'static str, found: f64, expected: &str) -> Result<()> {
    Err(Error::Value {
        field,
        found: found.to_string(),
        expected: expected.into(),
    })
}

/// Which optimizer a parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One dimension.
    Vector,
    /// Two or more, outside the blocks, or everywhere where Muon is not asked for.
    Matrix,
    /// Two or more, inside the blocks.
    BlockMatrix,
}

/// Paths of a module's parameters, in the order in which it holds them.
#[derive(Default)]
struct Paths {
    found: Vec<(Kind, String)>,
    inside: Vec<String>,
}

impl Paths {
    /// Parameters that are updated alike. Vectors that learn as fast as the head are in no group: they
    /// are what the optimizer does by itself.
    fn groups(self, rate: impl Fn(&str) -> f64, muon: bool) -> Vec<(f64, Kind, Vec<String>)> {
        let mut groups: Vec<(f64, Kind, Vec<String>)> = Vec::new();
        for (kind, path) in self.found {
            let rate = rate(&path);
            let kind = match kind {
                Kind::BlockMatrix if !muon => Kind::Matrix,
                kind => kind,
            };
            if kind == Kind::Vector && rate == 1.0 {
                continue;
            }
            let alike = |group: &&mut (f64, Kind, Vec<String>)| (group.0, group.1) == (rate, kind);
            match groups.iter_mut().find(alike) {
                Some((_, _, paths)) => paths.push(path),
                None => groups.push((rate, kind, vec![path])),
            }
        }
        groups
    }
}

impl ModuleVisitor for Paths {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.inside.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.inside.pop();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        let path = self.inside.join(".");
        let kind = match D > 1 {
            false => Kind::Vector,
            true if path.contains("blocks.") => Kind::BlockMatrix,
            true => Kind::Matrix,
        };
        self.found.push((kind, path));
    }
}
