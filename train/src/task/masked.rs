//! Predicting hidden tokens.

use super::{StepOutput, Task};
use crate::Result;
use crate::batch::MaskedLmBatch;
use burn::module::Module;
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_model::{MaskedLm, MaskedLoss, Pass};
use std::path::Path;

/// Predicting hidden tokens.
#[derive(Module, Debug)]
pub struct MaskedTask {
    /// The encoder with its head.
    pub model: MaskedLm,
}

impl Task for MaskedTask {
    type Batch = MaskedLmBatch;

    const ACCURACY: bool = true;

    fn save_model(&self, folder: &Path) -> Result<()> {
        Ok(slovo_model::save_model(folder, &self.model)?)
    }
}

impl MaskedTask {
    fn loss(&self, batch: &MaskedLmBatch, mut pass: Pass<'_>) -> MaskedLoss {
        let (places, targets) = (batch.places.clone(), batch.targets.clone());
        self.model
            .loss(batch.inputs.clone(), places, targets, &mut pass)
    }
}

impl TrainStep for MaskedTask {
    type Input = MaskedLmBatch;
    type Output = StepOutput;

    fn step(&self, batch: MaskedLmBatch) -> TrainOutput<StepOutput> {
        let pass = Pass {
            padding: batch.padding.as_ref(),
            ..Pass::training(batch.dropout_seed)
        };
        let MaskedLoss { sum, correct } = self.loss(&batch, pass);
        let output = StepOutput::new(sum.clone().inner(), Some(correct.inner()), batch.valid);
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for MaskedTask {
    type Input = MaskedLmBatch;
    type Output = StepOutput;

    fn step(&self, batch: MaskedLmBatch) -> StepOutput {
        let pass = Pass {
            padding: batch.padding.as_ref(),
            ..Pass::default()
        };
        let MaskedLoss { sum, correct } = self.loss(&batch, pass);
        StepOutput::new(sum, Some(correct), batch.valid)
    }
}
