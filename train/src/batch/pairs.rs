//! Batches for saying a text anew.

use super::{HeldOut, OnDevice, ids};
use burn::tensor::{Device, Tensor, TensorData};
use slovo_data::{Error, EvalPairs, PairBatch};
use slovo_model::{Padding, Pair};

/// Sources and targets.
#[derive(Clone, Debug)]
pub struct PairLmBatch {
    /// What the model is given.
    pub pair: Pair,
    /// What only fills sources up, if anything does.
    pub padding: Option<Padding>,
    /// How many targets count.
    pub valid: usize,
    /// Seed of this pass's dropout masks.
    pub dropout_seed: u64,
}

impl OnDevice for PairLmBatch {
    type Tokens = PairBatch;

    fn new(_index: u64, tokens: PairBatch, dropout_seed: u64, device: &Device) -> Self {
        let valid = tokens.valid();
        let targets = [tokens.rows, tokens.target_cols];
        let full = tokens
            .target_lengths
            .iter()
            .all(|n| *n == tokens.target_cols);
        let mask = (!full).then(|| {
            let row = |length: &usize| {
                let length = *length;
                (0..tokens.target_cols).map(move |column| column < length)
            };
            let mask: Vec<bool> = tokens.target_lengths.iter().flat_map(row).collect();
            Tensor::from_data(TensorData::new(mask, targets), device)
        });
        let padding = Padding::right(&tokens.source_lengths);
        Self {
            pair: Pair {
                sources: ids(tokens.sources, [tokens.rows, tokens.source_cols], device),
                inputs: ids(tokens.inputs, targets, device),
                targets: ids(tokens.targets, targets, device),
                mask,
            },
            padding: Some(padding).filter(|padding| !padding.is_empty()),
            valid,
            dropout_seed,
        }
    }
}

impl HeldOut for EvalPairs {
    type Tokens = PairBatch;

    fn count(&self) -> u64 {
        self.len()
    }

    /// A part is a batch already, and stays one.
    fn batch(&self, parts: &[u64]) -> Result<PairBatch, Error> {
        match parts {
            [part] => self.batch(*part),
            _ => self.batch(self.len()),
        }
    }
}
