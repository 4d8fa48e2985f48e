//! Telling classes apart, as burn-train sees it.

use crate::batch::{Targets, TextBatch};
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_model::{Classifier, Pass};
use slovo_train::task::{StepOutput, Task};
use std::path::Path;

/// Telling classes apart.
#[derive(Module, Debug)]
pub struct ClassifyTask {
    /// The classifier.
    pub model: Classifier,
}

/// What a pass found.
struct Found {
    /// Sum of the losses, in nats.
    sum: Tensor<1>,
    /// How many texts were told right; of several labels, the share of right answers, summed.
    correct: Tensor<1>,
}

impl Task for ClassifyTask {
    type Batch = TextBatch;

    const ACCURACY: bool = true;

    fn save_model(&self, folder: &Path) -> slovo_train::Result<()> {
        // Adapters become part of their matrices.
        let whole = self.model.valid().materialize();
        Ok(slovo_model::save_model(folder, &whole)?)
    }
}

impl ClassifyTask {
    fn find<'a>(&self, batch: &'a TextBatch, mut pass: Pass<'a>) -> Found {
        pass.padding = batch.padding.as_ref();
        let logits = self.model.logits(batch.reading.clone(), &mut pass);
        let (losses, correct) = match &batch.targets {
            Targets::One(classes) => {
                let told = logits.clone().detach().argmax(1).squeeze_dim::<1>(1);
                let logs = log_softmax(logits, 1);
                let of_class = logs.gather(1, classes.clone().unsqueeze_dim(1));
                let right = told.equal(classes.clone()).float();
                (-of_class.squeeze_dim::<1>(1), right)
            }
            Targets::Any(wanted) => {
                let right = logits.clone().detach().greater_elem(0.0);
                let right = right.equal(wanted.clone().greater_elem(0.5)).float();
                let (yes, no) = (log_sigmoid(logits.clone()), log_sigmoid(-logits));
                let absent = -(wanted.clone() - 1.0);
                let losses = -(yes * wanted.clone() + no * absent);
                (
                    losses.mean_dim(1).squeeze_dim(1),
                    right.mean_dim(1).squeeze_dim(1),
                )
            }
        };
        let losses = match &batch.weights {
            Some(weights) => losses * weights.clone(),
            None => losses,
        };
        Found {
            sum: losses.sum(),
            correct: correct.sum(),
        }
    }
}

impl TrainStep for ClassifyTask {
    type Input = TextBatch;
    type Output = StepOutput;

    fn step(&self, batch: TextBatch) -> TrainOutput<StepOutput> {
        let Found { sum, correct } = self.find(&batch, Pass::training(batch.dropout_seed));
        let output = StepOutput::new(sum.clone().inner(), Some(correct.inner()), batch.valid);
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for ClassifyTask {
    type Input = TextBatch;
    type Output = StepOutput;

    fn step(&self, batch: TextBatch) -> StepOutput {
        let Found { sum, correct } = self.find(&batch, Pass::default());
        StepOutput::new(sum, Some(correct), batch.valid)
    }
}
