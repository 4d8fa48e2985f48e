//! Batches of examples, packed into rows: made on the host, put on a device.

use crate::examples::Example;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use slovo_data::{BatchSource, Error};
use slovo_model::Packing;
use slovo_train::batch::{HeldOut, OnDevice};
use std::sync::Arc;

/// Examples in rows, one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Columns of each row.
    pub columns: usize,
    /// `[rows · columns]`
    pub inputs: Vec<u32>,
    /// The token after each.
    pub targets: Vec<u32>,
    /// Which targets count.
    pub mask: Vec<bool>,
    /// How long the examples of each row are.
    pub lengths: Vec<Vec<usize>>,
    /// The row and first column of each example, in the order in which they were given.
    pub places: Vec<(usize, usize)>,
}

impl Rows {
    /// Packs examples into rows of at most `most` tokens, or of the longest one: the longest first,
    /// each into the first row that has room.
    pub fn pack(examples: &[&Example], most: usize) -> Self {
        // The last token is only a target.
        let length = |example: &Example| example.ids.len().saturating_sub(1).max(1);
        let longest = examples.iter().map(|example| length(example)).max();
        let most = most.max(longest.unwrap_or(1));
        let mut order: Vec<usize> = (0..examples.len()).collect();
        order.sort_by_key(|&i| (std::cmp::Reverse(length(examples[i])), i));
        let mut rows: Vec<(usize, Vec<usize>)> = Vec::new();
        for i in order {
            let needs = length(examples[i]);
            match rows.iter_mut().find(|(used, _)| used + needs <= most) {
                Some((used, row)) => {
                    *used += needs;
                    row.push(i);
                }
                None => rows.push((needs, vec![i])),
            }
        }
        let columns = rows.iter().map(|(used, _)| *used).max().unwrap_or(1);
        let mut packed = Self {
            columns,
            places: vec![(0, 0); examples.len()],
            ..Self::default()
        };
        for (number, (_, row)) in rows.iter().enumerate() {
            let mut lengths = Vec::with_capacity(row.len());
            let start = number * columns;
            for &i in row {
                let Example { ids, said } = examples[i];
                packed.places[i] = (number, packed.inputs.len() - start);
                let n = length(examples[i]);
                let last = ids.len().saturating_sub(1);
                packed.inputs.extend(&ids[..last]);
                packed.targets.extend(ids.iter().skip(1));
                packed.mask.extend(said.iter().skip(1));
                // An example of one token predicts nothing.
                packed.inputs.resize(packed.inputs.len() + n - last, 0);
                packed.targets.resize(packed.inputs.len(), 0);
                packed.mask.resize(packed.inputs.len(), false);
                lengths.push(n);
            }
            let end = start + columns;
            packed.inputs.resize(end, 0);
            packed.targets.resize(end, 0);
            packed.mask.resize(end, false);
            packed.lengths.push(lengths);
        }
        packed
    }

    /// Targets that count.
    pub fn valid(&self) -> usize {
        self.mask.iter().filter(|counts| **counts).count()
    }
}

/// What one pass is given.
#[derive(Clone, Debug)]
pub struct TalkBatch {
    /// Tokens, `[rows, columns]`.
    pub inputs: Tensor<2, Int>,
    /// The token after each, `[rows, columns]`.
    pub targets: Tensor<2, Int>,
    /// Which targets count, `[rows, columns]`.
    pub mask: Tensor<2, Bool>,
    /// Where conversations begin.
    pub packing: Packing,
    /// How many targets count.
    pub valid: usize,
    /// Seed of this pass's dropout masks.
    pub dropout_seed: u64,
}

impl OnDevice for TalkBatch {
    type Tokens = Rows;

    fn new(_index: u64, rows: Rows, dropout_seed: u64, device: &Device) -> Self {
        let valid = rows.valid();
        let shape = [rows.lengths.len(), rows.columns];
        let ids = |ids: Vec<u32>| {
            let ids: Vec<i32> = ids.into_iter().map(|id| id as i32).collect();
            Tensor::<2, Int>::from_data(TensorData::new(ids, shape), device)
        };
        Self {
            packing: Packing::new(&rows.lengths, rows.columns),
            inputs: ids(rows.inputs),
            targets: ids(rows.targets),
            mask: Tensor::from_data(TensorData::new(rows.mask, shape), device),
            valid,
            dropout_seed,
        }
    }
}

/// Training batches: batch *i* is a function of the order and of *i*.
#[derive(Clone)]
pub struct TrainBatches {
    /// All examples.
    pub examples: Arc<Vec<Example>>,
    /// Which of them come when, for the whole run.
    pub order: Arc<Vec<u32>>,
    /// Examples of a batch.
    pub batch: usize,
    /// Tokens of a row at most.
    pub columns: usize,
}

impl BatchSource for TrainBatches {
    type Batch = Rows;

    fn batch(&self, i: u64) -> Result<Rows, Error> {
        let from = (i as usize)
            .saturating_mul(self.batch)
            .min(self.order.len());
        let to = (from + self.batch).min(self.order.len());
        let chosen = self.order[from..to].iter();
        let chosen: Vec<_> = chosen.map(|item| &self.examples[*item as usize]).collect();
        Ok(Rows::pack(&chosen, self.columns))
    }
}

/// Held-out examples.
pub struct HeldOutTalks {
    /// All of them.
    pub examples: Vec<Example>,
    /// Tokens of a row at most.
    pub columns: usize,
}

impl HeldOut for HeldOutTalks {
    type Tokens = Rows;

    fn count(&self) -> u64 {
        self.examples.len() as u64
    }

    fn batch(&self, parts: &[u64]) -> Result<Rows, Error> {
        let chosen = parts.iter().map(|part| &self.examples[*part as usize]);
        Ok(Rows::pack(&chosen.collect::<Vec<_>>(), self.columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(ids: &[u32], said: usize) -> Example {
        Example {
            ids: ids.to_vec(),
            said: (0..ids.len()).map(|i| i >= said).collect(),
        }
    }

    #[test]
    fn every_example_stands_whole_in_one_row() {
        let examples = [
            example(&[1, 2, 3], 1),
            example(&[4, 5, 6, 7, 8], 3),
            example(&[9, 10], 1),
            example(&[11], 0),
        ];
        let all: Vec<&Example> = examples.iter().collect();
        let rows = Rows::pack(&all, 5);
        assert_eq!(rows.lengths, [vec![4, 1], vec![2, 1]]);
        assert_eq!(rows.columns, 5);
        assert_eq!(rows.inputs, [4, 5, 6, 7, 9, 1, 2, 0, 0, 0]);
        assert_eq!(rows.targets, [5, 6, 7, 8, 10, 2, 3, 0, 0, 0]);
        assert_eq!(rows.valid(), 2 + 1 + 2);
        assert_eq!(rows.places, [(1, 0), (0, 0), (0, 4), (1, 2)]);
    }
}
