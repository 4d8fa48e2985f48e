//! Answering, as burn-train sees it.

use crate::batch::TalkBatch;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_model::{CausalLm, Pass};
use slovo_train::task::{StepOutput, Task};
use std::path::Path;

/// Answering.
#[derive(Module, Debug)]
pub struct AnswerTask {
    /// The decoder.
    pub model: CausalLm,
}

impl Task for AnswerTask {
    type Batch = TalkBatch;

    fn save_model(&self, folder: &Path) -> slovo_train::Result<()> {
        // Adapters become part of their matrices.
        let whole = self.model.valid().materialize();
        Ok(slovo_model::save_model(folder, &whole)?)
    }
}

impl AnswerTask {
    fn loss(&self, batch: TalkBatch, pass: Pass<'_>) -> Tensor<1> {
        let mut pass = Pass {
            packing: Some(&batch.packing),
            ..pass
        };
        let mask = Some(batch.mask);
        self.model
            .loss(batch.inputs, batch.targets, mask, &mut pass)
    }
}

impl TrainStep for AnswerTask {
    type Input = TalkBatch;
    type Output = StepOutput;

    fn step(&self, batch: TalkBatch) -> TrainOutput<StepOutput> {
        let valid = batch.valid;
        let pass = Pass::training(batch.dropout_seed);
        let sum = self.loss(batch, pass);
        let output = StepOutput::new(sum.clone().inner(), None, valid);
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for AnswerTask {
    type Input = TalkBatch;
    type Output = StepOutput;

    fn step(&self, batch: TalkBatch) -> StepOutput {
        let valid = batch.valid;
        StepOutput::new(self.loss(batch, Pass::default()), None, valid)
    }
}
