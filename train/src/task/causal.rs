//! Predicting the next token.

use super::{StepOutput, Task};
use crate::Result;
use crate::batch::LmBatch;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_model::{CausalLm, Pass};
use std::path::Path;

/// Predicting the next token.
#[derive(Module, Debug)]
pub struct CausalTask {
    /// The decoder.
    pub model: CausalLm,
}

impl Task for CausalTask {
    type Batch = LmBatch;

    fn save_model(&self, folder: &Path) -> Result<()> {
        Ok(slovo_model::save_model(folder, &self.model)?)
    }
}

impl CausalTask {
    fn loss(&self, batch: &LmBatch, pass: Pass<'_>) -> (Tensor<1>, usize) {
        let mut pass = Pass {
            packing: batch.packing.as_ref(),
            ..pass
        };
        let LmBatch {
            inputs,
            targets,
            mask,
            ..
        } = batch.clone();
        (
            self.model.loss(inputs, targets, mask, &mut pass),
            batch.valid,
        )
    }
}

impl TrainStep for CausalTask {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> TrainOutput<StepOutput> {
        let pass = Pass::training(batch.dropout_seed);
        let (sum, valid) = self.loss(&batch, pass);
        let output = StepOutput::new(sum.clone().inner(), None, valid);
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for CausalTask {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> StepOutput {
        let (loss_sum, valid) = self.loss(&batch, Pass::default());
        StepOutput::new(loss_sum, None, valid)
    }
}
