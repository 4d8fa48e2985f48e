//! Measuring a model on held-out batches.

use crate::stop::Stop;
use crate::task::{StepValues, Task};
use crate::{Error, Result};
use burn::data::dataloader::DataLoader;
use burn::tensor::Tensor;
use burn_train::{
    EventProcessorTraining, InferenceStep, LearnerEvent, SupervisedTrainingEventProcessor,
    TrainingItem,
};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Loss of a model on held-out text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean negative log-likelihood of a token, in nats.
    pub loss: f64,
    /// Bits that the model needs for a byte of the text; `None` where the text's length in bytes
    /// is not known. Boundary tokens cost bits and add no bytes.
    pub bits_per_byte: Option<f64>,
    /// The share of targets that were the model's likeliest token, where that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Standard error of the loss, from the spread between batches of windows; `None` with fewer
    /// than eight batches.
    pub standard_error: Option<f64>,
    /// Target tokens measured.
    pub tokens: u64,
    /// Windows measured.
    pub windows: u64,
}

impl Evaluation {
    /// e to the loss.
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }
}

/// Measures `model` on everything that `loader` yields; `None` when asked to stop before the end.
///
/// Events go to the renderer when there is one. `tokens_per_byte` turns nats per token into bits
/// per byte.
///
/// # Errors
///
/// When a batch cannot be loaded or the device fails.
pub fn evaluate<M: Task>(
    model: &M,
    loader: &dyn DataLoader<M::Batch>,
    tokens_per_byte: Option<f64>,
    stop: &Stop,
    mut events: Option<&mut SupervisedTrainingEventProcessor<M>>,
) -> Result<Option<Evaluation>> {
    let mut sums: Vec<(f64, usize)> = Vec::new();
    let mut correct = 0.0;
    let mut batches = loader.iter();
    loop {
        if stop.requested() {
            return Ok(None);
        }
        let start = Instant::now();
        let Some(batch) = batches.next() else { break };
        let batch = batch.map_err(|error| Error::Training(error.to_string()))?;
        let mut output = InferenceStep::step(model, batch);
        let asked = [Some(&output.loss_sum), output.correct.as_ref()];
        let found = read(Tensor::cat(
            asked.into_iter().flatten().cloned().collect(),
            0,
        ))?;
        let sum = found[0];
        sums.push((sum, output.valid));
        let told = found.get(1).copied().unwrap_or(0.0);
        correct += told;
        let progress = batches.progress();
        if let Some(events) = events.as_deref_mut() {
            output.values = StepValues {
                loss: sum / output.valid.max(1) as f64,
                accuracy: told / output.valid.max(1) as f64,
                tokens_per_second: output.valid as f64 / start.elapsed().as_secs_f64(),
                seconds: start.elapsed().as_secs_f64(),
                tokens: output.valid,
                ..StepValues::default()
            };
            let item = TrainingItem::new(output, progress, Some(sums.len()), None);
            // A metric that fails costs its number on the screen, not the evaluation.
            let _ = events.process_valid(LearnerEvent::ProcessedItem(item));
        }
    }
    let tokens: usize = sums.iter().map(|(_, valid)| valid).sum();
    if tokens == 0 {
        return Err(Error::Training(
            "the validation set has no tokens to measure".into(),
        ));
    }
    let loss = sums.iter().map(|(sum, _)| sum).sum::<f64>() / tokens as f64;
    Ok(Some(Evaluation {
        loss,
        standard_error: standard_error(&sums, loss, tokens),
        accuracy: M::ACCURACY.then(|| correct / tokens as f64),
        bits_per_byte: tokens_per_byte.map(|ratio| loss / std::f64::consts::LN_2 * ratio),
        tokens: tokens as u64,
        windows: loader.num_items() as u64,
    }))
}

/// Standard error of a ratio of sums, each batch one observation (Cochran 1977, §6.3): neighbouring
/// windows resemble each other, so a batch of them counts as one.
fn standard_error(sums: &[(f64, usize)], mean: f64, tokens: usize) -> Option<f64> {
    let n = sums.len();
    (n >= 8).then(|| {
        let residuals = sums.iter().map(|&(sum, valid)| sum - mean * valid as f64);
        let variance = residuals.map(|r| r * r).sum::<f64>() / (n - 1) as f64;
        (n as f64 * variance).sqrt() / tokens as f64
    })
}

/// A tensor's numbers, on the host.
pub(crate) fn read(tensor: Tensor<1>) -> Result<Vec<f64>> {
    let data = tensor
        .try_into_data()
        .map_err(|error| Error::Training(format!("the device failed: {error:?}")))?;
    Ok(data.iter::<f32>().map(f64::from).collect())
}
