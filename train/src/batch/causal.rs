//! Batches for predicting the next token.

use super::{HeldOut, OnDevice, ids};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use slovo_data::{BatchSource, Batches, Error, EvalWindows, TokenBatch};
use slovo_model::Packing;

/// Tokens, and those that follow them.
#[derive(Clone, Debug)]
pub struct LmBatch {
    /// Its number within the run; 0 and up, micro-batches counted.
    pub index: u64,
    /// Tokens, `[rows, cols]`.
    pub inputs: Tensor<2, Int>,
    /// The token after each, `[rows, cols]`.
    pub targets: Tensor<2, Int>,
    /// Which targets count; all of them where there is none. `[rows, cols]`
    pub mask: Option<Tensor<2, Bool>>,
    /// Where texts begin, in rows of several that do not see each other.
    pub packing: Option<Packing>,
    /// How many targets count.
    pub valid: usize,
    /// Seed of this pass's dropout masks, a function of (seed, step, micro-batch).
    pub dropout_seed: u64,
}

impl LmBatch {
    /// Puts a batch on a device.
    pub fn new(index: u64, tokens: TokenBatch, dropout_seed: u64, device: &Device) -> Self {
        let shape = [tokens.rows, tokens.cols];
        let valid = tokens.valid();
        let packing = tokens.texts.as_ref();
        Self {
            packing: packing.map(|texts| Packing::new(texts, tokens.cols)),
            index,
            inputs: ids(tokens.inputs, shape, device),
            targets: ids(tokens.targets, shape, device),
            mask: tokens
                .mask
                .map(|mask| Tensor::from_data(TensorData::new(mask, shape), device)),
            valid,
            dropout_seed,
        }
    }
}

impl OnDevice for LmBatch {
    type Tokens = <Batches as BatchSource>::Batch;

    fn new(index: u64, tokens: TokenBatch, dropout_seed: u64, device: &Device) -> Self {
        Self::new(index, tokens, dropout_seed, device)
    }
}

impl HeldOut for EvalWindows {
    type Tokens = TokenBatch;

    fn count(&self) -> u64 {
        self.len()
    }

    fn batch(&self, parts: &[u64]) -> Result<TokenBatch, Error> {
        let rows = parts.iter().map(|&part| self.batch(part..part + 1));
        Ok(rows.reduce(joined).unwrap_or_default())
    }
}

/// The rows of both, which are of one length and have both a mask or none.
fn joined(mut rows: TokenBatch, more: TokenBatch) -> TokenBatch {
    rows.rows += more.rows;
    rows.inputs.extend(more.inputs);
    rows.targets.extend(more.targets);
    if let (Some(mask), Some(more)) = (&mut rows.mask, more.mask) {
        mask.extend(more);
    }
    rows
}
