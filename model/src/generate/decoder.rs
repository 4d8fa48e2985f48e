//! What continues texts: a decoder by itself, or one that looks at encoded sources.

use super::GenerateError;
use crate::cache::Cache;
use crate::causal_lm::CausalLm;
use crate::config::TransformerConfig;
use crate::encoded::Encoded;
use crate::pass::Pass;
use crate::seq2seq::Seq2Seq;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

/// Gives the next token's logits for rows that are read side by side.
pub(super) trait Decoder {
    /// Shape of the decoder.
    fn config(&self) -> &TransformerConfig;

    /// Where it lies.
    fn device(&self) -> Device;

    /// Room for `capacity` tokens of `rows` rows.
    fn cache(&self, rows: usize, capacity: usize) -> Cache {
        Cache::of(self.config(), rows, capacity, &self.device())
    }

    /// Logits for the token behind `tokens`, `[rows, seq]`: `[rows, vocab_size]`.
    fn next_logits(
        &self,
        tokens: Tensor<2, Int>,
        pass: &mut Pass<'_>,
    ) -> Result<Vec<f32>, GenerateError>;

    /// Goes on with these rows only.
    fn select(&mut self, rows: &[usize]);
}

/// A decoder by itself.
pub(super) struct Alone(CausalLm);

impl Alone {
    pub(super) fn new(model: &CausalLm) -> Self {
        // On a training device every step would be recorded for a backward pass.
        Self(model.valid())
    }
}

impl Decoder for Alone {
    fn config(&self) -> &TransformerConfig {
        self.0.config()
    }

    fn device(&self) -> Device {
        self.0.embedding.tokens.weight.device()
    }

    fn next_logits(
        &self,
        tokens: Tensor<2, Int>,
        pass: &mut Pass<'_>,
    ) -> Result<Vec<f32>, GenerateError> {
        let last = last(self.0.hidden(tokens, pass));
        Ok(self.0.logits(last).try_into_vec_as::<f32>()?)
    }

    fn select(&mut self, _rows: &[usize]) {}
}

/// The decoder of an encoder–decoder and the sources of its rows.
pub(super) struct Beside {
    model: Seq2Seq,
    config: TransformerConfig,
    source: Encoded,
}

impl Beside {
    /// `model` is not on a training device.
    pub(super) fn new(model: Seq2Seq, source: Encoded) -> Self {
        Self {
            config: model.config().decoder(),
            model,
            source,
        }
    }
}

impl Decoder for Beside {
    fn config(&self) -> &TransformerConfig {
        &self.config
    }

    fn device(&self) -> Device {
        self.model.embedding.tokens.weight.device()
    }

    fn next_logits(
        &self,
        tokens: Tensor<2, Int>,
        pass: &mut Pass<'_>,
    ) -> Result<Vec<f32>, GenerateError> {
        let last = last(self.model.decode(tokens, &self.source, pass));
        let mut logits = self.model.logits(last).try_into_vec_as::<f32>()?;
        // What begins a target, and fills rows up, is nowhere inside of one. A finite number: other
        // values would say that the model is damaged.
        let start = self.model.config().start as usize;
        for row in logits.chunks_exact_mut(self.config.vocab_size) {
            row[start] = f32::MIN;
        }
        Ok(logits)
    }

    fn select(&mut self, rows: &[usize]) {
        self.source = self.source.select(rows);
    }
}

/// The last of each row, `[rows, seq, d_model]` → `[rows, 1, d_model]`.
fn last(hidden: Tensor<3>) -> Tensor<3> {
    let seq = hidden.dims()[1];
    hidden.narrow(1, seq - 1, 1)
}
