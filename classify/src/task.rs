//! Telling classes apart, as burn-train sees it.

use crate::batch::{Targets, TextBatch};
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_model::{Classifier, Fixed, Pass, Reading};
use slovo_train::task::{StepOutput, Task};
use std::path::Path;

/// Telling classes apart.
#[derive(Module, Debug)]
pub struct ClassifyTask {
    /// The classifier.
    pub model: Classifier,
    /// How much of a text's way is the same in every step.
    #[module(skip)]
    pub fixed: Fixed,
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
    /// A batch read as far as nothing learns: there nothing is dropped either, as if it had been kept.
    fn ahead(&self, batch: &TextBatch) -> Reading {
        let mut pass = Pass {
            padding: batch.padding.as_ref(),
            ..Pass::default()
        };
        let trunk = &self.model.trunk;
        match (batch.reading.clone(), self.fixed) {
            (Reading::Tokens(tokens), Fixed::States { blocks }) if blocks > 0 => Reading::States {
                states: trunk.states(tokens, blocks, &mut pass),
                blocks,
            },
            (Reading::Tokens(tokens), Fixed::Pooled) => {
                let hidden = trunk.hidden(tokens, &mut pass);
                Reading::Pooled(self.model.pool(hidden, &pass))
            }
            (reading, _) => reading,
        }
    }

    fn find<'a>(&self, batch: &'a TextBatch, mut pass: Pass<'a>) -> Found {
        pass.padding = batch.padding.as_ref();
        let reading = self.ahead(batch);
        let logits = self.model.logits(reading, &mut pass);
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
