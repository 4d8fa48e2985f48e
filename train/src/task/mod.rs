//! A model and what it is trained for, as burn-train sees it.

mod causal;
mod masked;
mod translation;

pub use causal::CausalTask;
pub use masked::MaskedTask;
pub use translation::TranslationTask;

use crate::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn_train::metric::{Adaptor, ItemLazy};
use burn_train::{InferenceStep, LearnerModel, TrainStep};
use std::path::Path;

/// What comes out of a step: the loss, never the logits.
#[derive(Clone, Debug)]
pub struct StepOutput {
    /// Sum of the loss over the valid targets, in nats; one element, not yet read.
    pub loss_sum: Tensor<1>,
    /// How many valid targets were the likeliest token, where that is asked; one element.
    pub correct: Option<Tensor<1>>,
    /// How many targets were valid.
    pub valid: usize,
    /// What the strategy read and measured, for metrics.
    pub values: StepValues,
}

/// Numbers that metrics show.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepValues {
    /// Mean loss over valid targets, in nats.
    pub loss: f64,
    /// The share of valid targets that were the likeliest token; 0 where that is not asked.
    pub accuracy: f64,
    /// Norm of the gradient before clipping; 0 in evaluation.
    pub grad_norm: f64,
    /// Learning rate of the step; 0 when it was skipped, and in evaluation.
    pub lr: f64,
    /// Valid targets per second.
    pub tokens_per_second: f64,
    /// Time that the step took.
    pub seconds: f64,
    /// Valid targets, the weight of this step's loss in a mean.
    pub tokens: usize,
}

impl ItemLazy for StepOutput {
    fn sync(self) -> std::result::Result<Self, burn::tensor::ExecutionError> {
        Ok(self)
    }
}

impl Adaptor<StepValues> for StepOutput {
    fn adapt(&self) -> StepValues {
        self.values
    }
}

/// A model with its loss: what the learner trains, whatever the stage.
pub trait Task:
    LearnerModel
    + TrainStep<Input = Self::Batch, Output = StepOutput>
    + InferenceStep<Input = Self::Batch, Output = StepOutput>
{
    /// What one forward and backward pass is given.
    type Batch: Send + 'static;

    /// Whether steps say how many targets were the likeliest token.
    const ACCURACY: bool = false;

    /// Writes the weights, as later stages read them, into an existing folder.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    fn save_model(&self, folder: &Path) -> Result<()>;
}

impl StepOutput {
    /// What a step found, before anything of it is read.
    pub fn new(loss_sum: Tensor<1>, correct: Option<Tensor<1>>, valid: usize) -> Self {
        Self {
            loss_sum,
            correct,
            valid,
            values: StepValues::default(),
        }
    }
}

/// How many of a module's parameters learn.
pub fn learning_parameters(module: &impl Module) -> usize {
    let mut count = Count(0);
    module.visit(&mut count);
    count.0
}

struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if value.is_require_grad() {
            self.0 += value.shape().num_elements();
        }
    }
}
