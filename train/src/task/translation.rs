//! Saying a text anew.

use super::{StepOutput, Task};
use crate::Result;
use crate::batch::PairLmBatch;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_model::{Pass, Seq2Seq};
use std::path::Path;

/// Saying a text anew.
#[derive(Module, Debug)]
pub struct TranslationTask {
    /// The encoder–decoder.
    pub model: Seq2Seq,
    /// The share of each target that is spread over the vocabulary in training.
    pub smoothing: f64,
}

impl Task for TranslationTask {
    type Batch = PairLmBatch;

    fn save_model(&self, folder: &Path) -> Result<()> {
        Ok(slovo_model::save_model(folder, &self.model)?)
    }
}

impl TranslationTask {
    fn loss(&self, batch: PairLmBatch, smoothing: f64, pass: Pass<'_>) -> Tensor<1> {
        let mut pass = Pass {
            padding: batch.padding.as_ref(),
            ..pass
        };
        self.model.loss(batch.pair, smoothing, &mut pass)
    }
}

impl TrainStep for TranslationTask {
    type Input = PairLmBatch;
    type Output = StepOutput;

    fn step(&self, batch: PairLmBatch) -> TrainOutput<StepOutput> {
        let (valid, pass) = (batch.valid, Pass::training(batch.dropout_seed));
        let sum = self.loss(batch, self.smoothing, pass);
        let output = StepOutput::new(sum.clone().inner(), None, valid);
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for TranslationTask {
    type Input = PairLmBatch;
    type Output = StepOutput;

    /// Without smoothing: the loss is that of the text.
    fn step(&self, batch: PairLmBatch) -> StepOutput {
        let valid = batch.valid;
        let sum = self.loss(batch, 0.0, Pass::default());
        StepOutput::new(sum, None, valid)
    }
}
