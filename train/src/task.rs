//! A model and what it is trained for, as burn-train sees it.

use crate::Result;
use crate::batch::LmBatch;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_train::metric::{Adaptor, ItemLazy};
use burn_train::{InferenceStep, LearnerModel, TrainOutput, TrainStep};
use slovo_model::{CausalLm, Pass};
use std::path::Path;

/// Predicting the next token.
#[derive(Module, Debug)]
pub struct CausalTask {
    /// The decoder.
    pub model: CausalLm,
}

/// What comes out of a step: the loss, never the logits.
#[derive(Clone, Debug)]
pub struct StepOutput {
    /// Sum of the loss over the valid targets, in nats; one element, not yet read.
    pub loss_sum: Tensor<1>,
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

    /// Writes the weights, as later stages read them, into an existing folder.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    fn save_model(&self, folder: &Path) -> Result<()>;
}

impl Task for CausalTask {
    type Batch = LmBatch;

    fn save_model(&self, folder: &Path) -> Result<()> {
        Ok(slovo_model::save_model(folder, &self.model)?)
    }
}

impl CausalTask {
    fn loss(&self, batch: LmBatch, mut pass: Pass<'_>) -> (Tensor<1>, usize) {
        let sum = self
            .model
            .loss(batch.inputs, batch.targets, batch.mask, &mut pass);
        (sum, batch.valid)
    }
}

impl TrainStep for CausalTask {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> TrainOutput<StepOutput> {
        let pass = Pass::training(batch.dropout_seed);
        let (sum, valid) = self.loss(batch, pass);
        let output = StepOutput {
            loss_sum: sum.clone().inner(),
            valid,
            values: StepValues::default(),
        };
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for CausalTask {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> StepOutput {
        let (loss_sum, valid) = self.loss(batch, Pass::default());
        StepOutput {
            loss_sum,
            valid,
            values: StepValues::default(),
        }
    }
}
