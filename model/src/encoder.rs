//! An encoder: every token sees the whole text. BERT (Devlin et al. 2019,
//! <https://arxiv.org/abs/1810.04805>) and its relatives.

use crate::config::TransformerConfig;
use crate::embedding::Embeddings;
use crate::init::{Builder, fresh};
use crate::pass::Pass;
use crate::pooling::Pooling;
use crate::stack::Stack;
use crate::trunk;
use crate::validate::ConfigError;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use std::convert::Infallible;

/// From token ids to a vector for each token, or for each text.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Tokens, positions, segments.
    pub embedding: Embeddings,
    /// The blocks.
    pub stack: Stack,
    #[module(skip)]
    config: TransformerConfig,
}

impl Encoder {
    /// An encoder with fresh weights: a pure function of `config` and `seed`, equal on every device.
    ///
    /// For training pass `&device.autodiff()`.
    ///
    /// # Errors
    ///
    /// When `config` does not validate.
    pub fn new(
        config: &TransformerConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut source = fresh::<Infallible>(seed);
        match Self::build(&mut Builder::new(device, &mut source), "", config) {
            Ok(model) => Ok(model),
            Err(never) => match never {},
        }
    }

    /// Builds the encoder of a valid `config`; `path` is empty or ends with a dot.
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        Ok(Self {
            embedding: Embeddings::build(builder, &format!("{path}embedding"), config)?,
            stack: Stack::build(builder, &format!("{path}stack"), config, false)?,
            config: config.clone(),
        })
    }

    /// What stands below the head of another model.
    pub(crate) fn of(embedding: Embeddings, stack: Stack, config: TransformerConfig) -> Self {
        Self {
            embedding,
            stack,
            config,
        }
    }

    /// The shape of the encoder.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// A vector for each of `tokens`, `[batch, seq]`: `[batch, seq, d_model]`.
    ///
    /// # Panics
    ///
    /// When the tokens are more than `max_seq_len`, or the padding is for another number of texts.
    pub fn hidden(&self, tokens: Tensor<2, Int>, pass: &mut Pass<'_>) -> Tensor<3> {
        let stack = &self.stack;
        trunk::hidden(&self.embedding, stack, &self.config, tokens, None, pass)
    }

    /// A vector for each text of `tokens`, `[batch, seq]`: `[batch, d_model]`.
    ///
    /// # Panics
    ///
    /// As [`hidden`](Self::hidden).
    pub fn pooled(
        &self,
        tokens: Tensor<2, Int>,
        pass: &mut Pass<'_>,
        pooling: Pooling,
    ) -> Tensor<2> {
        let hidden = self.hidden(tokens, pass);
        pooling.pool(hidden, pass.padding)
    }

    /// What the first `blocks` blocks make of `tokens`, `[batch, seq]`: `[batch, seq, d_model]`; with
    /// none of them, what the first block is given. [`hidden_from`](Self::hidden_from) goes on.
    ///
    /// # Panics
    ///
    /// As [`hidden`](Self::hidden), and when there are not so many blocks.
    pub fn states(&self, tokens: Tensor<2, Int>, blocks: usize, pass: &mut Pass<'_>) -> Tensor<3> {
        let (x, positions) = trunk::embedded(&self.embedding, &self.config, tokens, pass);
        self.stack.through(x, 0..blocks, &positions, None, pass)
    }

    /// A vector for each token of which [`states`](Self::states) are known behind the first `blocks`
    /// blocks, `[batch, seq, d_model]`; of the same shape.
    ///
    /// # Panics
    ///
    /// When there are not so many blocks, or the padding is for another number of texts.
    pub fn hidden_from(&self, states: Tensor<3>, blocks: usize, pass: &mut Pass<'_>) -> Tensor<3> {
        let positions = pass.positions(states.dims()[1], &states.device());
        let rest = blocks..self.stack.blocks.len();
        let x = self.stack.through(states, rest, &positions, None, pass);
        self.stack.finish(x)
    }

    /// The same weights, of whose activations that share is dropped in training.
    #[must_use]
    pub fn with_dropout(mut self, rate: f64) -> Self {
        self.stack.set_dropout(rate);
        self.config.dropout = rate;
        self
    }

    /// The same weights, with tokens that see only those before them, or all of their text.
    #[must_use]
    pub fn with_causal(mut self, causal: bool) -> Self {
        self.stack.set_causal(causal);
        self.config.causal = causal;
        self
    }
}
