//! Finding the chosen answer likelier than the rejected one: direct preference optimisation (Rafailov
//! et al. 2023, <https://arxiv.org/abs/2305.18290>), as burn-train sees it.
//!
//! What the reference model thinks of each answer never changes: it is asked once, before the first
//! step, by the very weights that training begins with, so that no second model is in memory.

use crate::batch::Rows;
use crate::examples::Example;
use burn::module::Module;
use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_data::{BatchSource, Error};
use slovo_model::{CausalLm, Packing, Pass};
use slovo_train::batch::{HeldOut, OnDevice};
use slovo_train::task::{StepOutput, Task};
use std::path::Path;
use std::sync::Arc;

/// Two answers to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct PairExample {
    /// The better and the worse one.
    pub answers: [Example; 2],
    /// By how much likelier the reference finds the better one: the difference of the logarithms of
    /// their probabilities, in nats.
    pub reference: f32,
}

/// Pairs on the host.
#[derive(Clone, Debug)]
pub struct HostPairs {
    rows: Rows,
    references: Vec<f32>,
    lengths: Vec<usize>,
}

/// What one pass is given.
#[derive(Clone, Debug)]
pub struct PairBatch {
    inputs: Tensor<2, Int>,
    packing: Packing,
    /// Places of the targets that count, among all tokens.
    places: Tensor<1, Int>,
    targets: Tensor<1, Int>,
    /// Which answer each of them belongs to, `[targets, 2 · pairs]`: the better ones first.
    owners: Tensor<2>,
    /// `[pairs]`
    reference: Tensor<1>,
    dropout_seed: u64,
}

impl HostPairs {
    /// Packs pairs into rows of at most `most` tokens, or of the longest answer.
    pub fn new(pairs: &[&PairExample], most: usize) -> Self {
        let side = |side: usize| pairs.iter().map(move |pair| &pair.answers[side]);
        let answers: Vec<&Example> = side(0).chain(side(1)).collect();
        Self {
            rows: Rows::pack(&answers, most),
            references: pairs.iter().map(|pair| pair.reference).collect(),
            lengths: answers.iter().map(|it| it.ids.len() - 1).collect(),
        }
    }
}

impl OnDevice for PairBatch {
    type Tokens = HostPairs;

    fn new(_index: u64, host: HostPairs, dropout_seed: u64, device: &Device) -> Self {
        let HostPairs {
            rows,
            references,
            lengths,
        } = host;
        let (mut places, mut targets, mut owners) = (Vec::new(), Vec::new(), Vec::new());
        for (answer, ((row, column), length)) in rows.places.iter().zip(&lengths).enumerate() {
            let start = row * rows.columns + column;
            for place in (start..start + length).filter(|place| rows.mask[*place]) {
                places.push(place as i32);
                targets.push(rows.targets[place] as i32);
                owners.push(answer);
            }
        }
        let mut belongs = vec![0f32; owners.len() * lengths.len()];
        for (target, answer) in owners.iter().enumerate() {
            belongs[target * lengths.len() + answer] = 1.0;
        }
        let ids = |ids: Vec<i32>| {
            let shape = [ids.len()];
            Tensor::<1, Int>::from_data(TensorData::new(ids, shape), device)
        };
        let inputs: Vec<i32> = rows.inputs.iter().map(|id| *id as i32).collect();
        let shape = [rows.lengths.len(), rows.columns];
        let belonging = [owners.len(), lengths.len()];
        let pairs = [references.len()];
        Self {
            inputs: Tensor::from_data(TensorData::new(inputs, shape), device),
            packing: Packing::new(&rows.lengths, rows.columns),
            places: ids(places),
            targets: ids(targets),
            owners: Tensor::from_data(TensorData::new(belongs, belonging), device),
            reference: Tensor::from_data(TensorData::new(references, pairs), device),
            dropout_seed,
        }
    }
}

/// Training pairs: batch *i* is a function of the order and of *i*.
#[derive(Clone)]
pub struct TrainPairs {
    /// All pairs.
    pub pairs: Arc<Vec<PairExample>>,
    /// Which of them come when, for the whole run.
    pub order: Arc<Vec<u32>>,
    /// Pairs of a batch.
    pub batch: usize,
    /// Tokens of a row at most.
    pub columns: usize,
}

impl BatchSource for TrainPairs {
    type Batch = HostPairs;

    fn batch(&self, i: u64) -> Result<HostPairs, Error> {
        let from = (i as usize)
            .saturating_mul(self.batch)
            .min(self.order.len());
        let to = (from + self.batch).min(self.order.len());
        let chosen = self.order[from..to].iter();
        let chosen: Vec<_> = chosen.map(|item| &self.pairs[*item as usize]).collect();
        Ok(HostPairs::new(&chosen, self.columns))
    }
}

/// Held-out pairs.
pub struct HeldOutPairs {
    /// All of them.
    pub pairs: Vec<PairExample>,
    /// Tokens of a row at most.
    pub columns: usize,
}

impl HeldOut for HeldOutPairs {
    type Tokens = HostPairs;

    fn count(&self) -> u64 {
        self.pairs.len() as u64
    }

    fn batch(&self, parts: &[u64]) -> Result<HostPairs, Error> {
        let chosen = parts.iter().map(|part| &self.pairs[*part as usize]);
        Ok(HostPairs::new(&chosen.collect::<Vec<_>>(), self.columns))
    }
}

/// Preferring.
#[derive(Module, Debug)]
pub struct PreferenceTask {
    /// The decoder.
    pub model: CausalLm,
    /// How dear it is to leave the reference.
    pub beta: f64,
    /// The share of preferences that are taken to be the wrong way round.
    pub label_smoothing: f64,
}

impl PreferenceTask {
    /// By how much more than the reference the model finds each better answer likelier, times β: the
    /// reward margin, `[pairs]`.
    fn margins(&self, batch: PairBatch, pass: Pass<'_>) -> Tensor<1> {
        let mut pass = Pass {
            packing: Some(&batch.packing),
            ..pass
        };
        let model = &self.model;
        let found = model.log_probs(batch.inputs, batch.places, batch.targets, &mut pass);
        let sums = found.unsqueeze_dim::<2>(0).matmul(batch.owners); // [1, 2 · pairs]
        let pairs = batch.reference.dims()[0];
        let side = |side| {
            sums.clone()
                .narrow(1, side * pairs, pairs)
                .squeeze_dim::<1>(0)
        };
        (side(0) - side(1) - batch.reference) * self.beta
    }

    /// The sum of the losses, and how many pairs are told right.
    fn loss(&self, margins: Tensor<1>, smoothing: f64) -> [Tensor<1>; 2] {
        let right = margins.clone().detach().greater_elem(0.0).float().sum();
        let losses = match smoothing > 0.0 {
            true => {
                log_sigmoid(margins.clone()) * (1.0 - smoothing) + log_sigmoid(-margins) * smoothing
            }
            false => log_sigmoid(margins),
        };
        [-losses.sum(), right]
    }

    /// The reward margin of each pair of a batch.
    ///
    /// # Errors
    ///
    /// A device that fails.
    pub fn margins_of(&self, batch: PairBatch) -> slovo_train::Result<Vec<f32>> {
        let margins = self.margins(batch, Pass::default());
        let read = margins.try_into_vec_as::<f32>();
        read.map_err(|error| slovo_train::Error::Training(format!("the device failed: {error}")))
    }
}

impl Task for PreferenceTask {
    type Batch = PairBatch;

    const ACCURACY: bool = true;

    fn save_model(&self, folder: &Path) -> slovo_train::Result<()> {
        let whole = self.model.valid().materialize();
        Ok(slovo_model::save_model(folder, &whole)?)
    }
}

impl TrainStep for PreferenceTask {
    type Input = PairBatch;
    type Output = StepOutput;

    fn step(&self, batch: PairBatch) -> TrainOutput<StepOutput> {
        let valid = batch.reference.dims()[0];
        let pass = Pass::training(batch.dropout_seed);
        let [sum, right] = self.loss(self.margins(batch, pass), self.label_smoothing);
        let output = StepOutput::new(sum.clone().inner(), Some(right.inner()), valid);
        TrainOutput::new(self, sum.backward(), output)
    }
}

impl InferenceStep for PreferenceTask {
    type Input = PairBatch;
    type Output = StepOutput;

    fn step(&self, batch: PairBatch) -> StepOutput {
        let valid = batch.reference.dims()[0];
        let [sum, right] = self.loss(self.margins(batch, Pass::default()), 0.0);
        StepOutput::new(sum, Some(right), valid)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use slovo_model::TransformerConfig;

    fn task() -> PreferenceTask {
        let config = TransformerConfig {
            vocab_size: 13,
            d_model: 8,
            n_layers: 1,
            n_heads: 2,
            max_seq_len: 16,
            ..TransformerConfig::default()
        };
        PreferenceTask {
            model: CausalLm::new(&config, 3, &Device::default()).unwrap(),
            beta: 0.5,
            label_smoothing: 0.1,
        }
    }

    fn pair(reference: f32) -> PairExample {
        let answer = |ids: &[u32]| Example {
            ids: ids.to_vec(),
            said: (0..ids.len()).map(|i| i >= 2).collect(),
        };
        PairExample {
            answers: [answer(&[1, 2, 3, 4]), answer(&[1, 2, 9, 10, 11])],
            reference,
        }
    }

    fn margins(task: &PreferenceTask, pairs: &[&PairExample]) -> Vec<f32> {
        let host = HostPairs::new(pairs, 16);
        let batch = PairBatch::new(0, host, 0, &Device::default());
        task.margins_of(batch).unwrap()
    }

    #[test]
    fn a_margin_is_what_the_two_answers_differ_by() {
        let (task, device) = (task(), Device::default());
        let log_prob = |ids: &[i32]| {
            let tensor = |ids: &[i32]| {
                let data = TensorData::new(ids.to_vec(), [1, ids.len()]);
                Tensor::<2, Int>::from_data(data, &device)
            };
            let last = ids.len() - 1;
            let mask = (0..last).map(|i| i >= 1).collect::<Vec<bool>>();
            let mask = Tensor::from_data(TensorData::new(mask, [1, last]), &device);
            let (inputs, targets) = (tensor(&ids[..last]), tensor(&ids[1..]));
            let loss = task
                .model
                .loss(inputs, targets, Some(mask), &mut Pass::default());
            -loss.into_scalar::<f32>()
        };
        let difference = log_prob(&[1, 2, 3, 4]) - log_prob(&[1, 2, 9, 10, 11]);
        let found = margins(&task, &[&pair(0.0), &pair(difference), &pair(1.0)]);
        assert!((found[0] - 0.5 * difference).abs() < 1e-5, "{found:?}");
        assert!(found[1].abs() < 1e-5, "{found:?}");
        assert!(
            (found[2] - 0.5 * (difference - 1.0)).abs() < 1e-5,
            "{found:?}"
        );
    }

    #[test]
    fn the_loss_of_no_margin_is_the_logarithm_of_two() {
        let (task, device) = (task(), Device::default());
        let margins = Tensor::<1>::from_floats([0.0, 2.0], &device);
        let [sum, right] = task.loss(margins, 0.1);
        let soft = |x: f64| (1.0 + (-x).exp()).ln();
        let expected = soft(0.0) + 0.9 * soft(2.0) + 0.1 * soft(-2.0);
        assert!((f64::from(sum.into_scalar::<f32>()) - expected).abs() < 1e-5);
        assert_eq!(right.into_scalar::<f32>(), 1.0);
    }
}
