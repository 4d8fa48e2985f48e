//! Batches for predicting hidden tokens.

use super::{HeldOut, OnDevice, ids};
use burn::tensor::{Device, Int, Tensor};
use slovo_data::{Error, MaskedBatch, MaskedWindows};
use slovo_model::Padding;

/// Tokens some of which are hidden, and what those were.
#[derive(Clone, Debug)]
pub struct MaskedLmBatch {
    /// What the model sees, `[rows, cols]`.
    pub inputs: Tensor<2, Int>,
    /// What only fills rows up, if anything does.
    pub padding: Option<Padding>,
    /// Which of the `rows · cols` tokens are asked for, `[n]`.
    pub places: Tensor<1, Int>,
    /// What they were, `[n]`.
    pub targets: Tensor<1, Int>,
    /// How many are asked for.
    pub valid: usize,
    /// Seed of this pass's dropout masks.
    pub dropout_seed: u64,
}

impl OnDevice for MaskedLmBatch {
    type Tokens = MaskedBatch;

    fn new(_index: u64, tokens: MaskedBatch, dropout_seed: u64, device: &Device) -> Self {
        let valid = tokens.valid();
        // Where all rows end early, the columns behind them are filler too.
        let full = tokens.lengths.iter().all(|length| *length == tokens.cols);
        let padding = (!full).then(|| Padding::right_to(&tokens.lengths, tokens.cols));
        Self {
            inputs: ids(tokens.inputs, [tokens.rows, tokens.cols], device),
            padding,
            places: ids(tokens.places, [valid], device),
            targets: ids(tokens.targets, [valid], device),
            valid,
            dropout_seed,
        }
    }
}

impl HeldOut for MaskedWindows {
    type Tokens = MaskedBatch;

    fn count(&self) -> u64 {
        self.len()
    }

    fn batch(&self, parts: &[u64]) -> Result<MaskedBatch, Error> {
        let mut joined = MaskedBatch::default();
        for part in parts {
            let row = self.batch(*part..part + 1)?;
            let before = joined.inputs.len() as u32;
            joined.rows += row.rows;
            joined.cols = row.cols;
            joined.inputs.extend(row.inputs);
            joined.lengths.extend(row.lengths);
            joined
                .places
                .extend(row.places.iter().map(|place| before + place));
            joined.targets.extend(row.targets);
        }
        Ok(joined)
    }
}
