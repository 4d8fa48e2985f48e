//! Which parameter is updated how.
//!
//! AdamW (Loshchilov & Hutter 2019) in two groups: matrices decay, vectors (biases, norm gains) do
//! not, as in GPT-2's and nanoGPT's training. Muon (Jordan 2024; Liu et al. 2025) for the matrices
//! inside the blocks by recipe, with AdamW for embeddings, head and vectors.
//!
//! Groups are lists of exact parameter paths, so a resumed run finds the same ones.

use crate::ops::{self, Constants, Factor, OnePassAdamW};
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
        let mut matrices = Matrices::default();
        module.visit(&mut matrices);
        let matrices = matrices.paths;
        let factor = Factor::default();
        let adam = |adam: &AdamW, decay| OnePassAdamW::new(adam.constants(decay), factor.clone());
        let all = |rest: &AdamW, matrices| {
            let vectors = ModuleOptimizer::from(adam(rest, 0.0));
            let matrices = ParamGroup::from_paths(matrices);
            vectors.with_group(matrices, adam(rest, rest.weight_decay), None)
        };
        let parameters = match self {
            OptimizerRecipe::AdamW(adam) => all(adam, matrices),
            OptimizerRecipe::Muon(muon) => {
                let (inside, outside): (Vec<_>, Vec<_>) = matrices
                    .into_iter()
                    .partition(|path| path.contains("blocks."));
                let muon_itself = ops::Muon {
                    momentum: muon.momentum,
                    weight_decay: muon.weight_decay,
                    factor: factor.clone(),
                };
                let inside = ParamGroup::from_paths(inside);
                all(&muon.rest, outside).with_group(inside, muon_itself, None)
            }
        };
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

/// Paths of a module's parameters of two or more dimensions, in the order in which it holds them.
#[derive(Default)]
struct Matrices {
    paths: Vec<String>,
    inside: Vec<String>,
}

impl ModuleVisitor for Matrices {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.inside.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.inside.pop();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        if D > 1 {
            self.paths.push(self.inside.join("."));
        }
    }
}
