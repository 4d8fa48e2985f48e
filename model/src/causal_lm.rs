//! A decoder that predicts the next token: GPT-2, Llama and their relatives.

use crate::cache::Cache;
use crate::config::TransformerConfig;
use crate::embedding::Embeddings;
use crate::encoder::Encoder;
use crate::head::Head;
use crate::init::{Builder, fresh};
use crate::pass::Pass;
use crate::stack::Stack;
use crate::trunk;
use crate::validate::ConfigError;
use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Device, Int, Tensor};
use std::convert::Infallible;

/// A causal language model.
///
/// Token ids go in as `[batch, seq]`, logits for the token after each come out as
/// `[batch, seq, vocab_size]`. There is one forward pass; what it is for (training, plain
/// inference, generation) is said by a [`Pass`].
#[derive(Module, Debug)]
pub struct CausalLm {
    /// Tokens and positions.
    pub embedding: Embeddings,
    /// The blocks.
    pub stack: Stack,
    /// From hidden states to logits.
    pub head: Head,
    #[module(skip)]
    config: TransformerConfig,
}

impl CausalLm {
    /// The same weights, of whose activations that share is dropped in training.
    #[must_use]
    pub fn with_dropout(mut self, rate: f64) -> Self {
        self.stack.set_dropout(rate);
        self.config.dropout = rate;
        self
    }

    /// A model with fresh weights: a pure function of `config` and `seed`, equal on every device.
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
        match Self::build(&mut Builder::new(device, &mut source), config) {
            Ok(model) => Ok(model),
            Err(never) => match never {},
        }
    }

    /// Builds the model of a valid `config`.
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        let shape = [config.d_model, config.vocab_size];
        Ok(Self {
            embedding: Embeddings::build(builder, "embedding", config)?,
            stack: Stack::build(builder, "stack", config, false)?,
            head: Head::build(builder, "head", shape, config.tied)?,
            config: config.clone(),
        })
    }

    /// The shape of the model.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// The model without its head: a vector for each token, which has seen those before it.
    pub fn into_trunk(self) -> Encoder {
        Encoder::of(self.embedding, self.stack, self.config)
    }

    /// Room for `capacity` tokens of `batch` sequences.
    pub fn cache(&self, batch: usize, capacity: usize, device: &Device) -> Cache {
        Cache::of(&self.config, batch, capacity, device)
    }

    /// Logits for the token after each of `tokens`.
    ///
    /// - `tokens`: `[batch, seq]`, each below `vocab_size`
    /// - returns `[batch, seq, vocab_size]`
    ///
    /// # Panics
    ///
    /// When the tokens, with those in the cache, are more than `max_seq_len` or than the cache's
    /// capacity, or when its batch or the padding's differs.
    pub fn forward(&self, tokens: Tensor<2, Int>, pass: &mut Pass<'_>) -> Tensor<3> {
        let hidden = self.hidden(tokens, pass);
        self.logits(hidden)
    }

    /// Hidden states of `tokens`, `[batch, seq]`, behind the last norm: `[batch, seq, d_model]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn hidden(&self, tokens: Tensor<2, Int>, pass: &mut Pass<'_>) -> Tensor<3> {
        let stack = &self.stack;
        trunk::hidden(&self.embedding, stack, &self.config, tokens, None, pass)
    }

    /// Logits `[batch, seq, vocab_size]` of hidden states `[batch, seq, d_model]`.
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        self.head.forward(hidden, &self.embedding.tokens)
    }

    /// How likely the model finds some targets: the logarithms of their probabilities, in nats,
    /// `[targets]`.
    ///
    /// - `tokens`: `[batch, seq]`
    /// - `places`: `[targets]`, places among all `batch · seq` tokens, row by row
    /// - `targets`: `[targets]`, the token after each of those
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn log_probs(
        &self,
        tokens: Tensor<2, Int>,
        places: Tensor<1, Int>,
        targets: Tensor<1, Int>,
        pass: &mut Pass<'_>,
    ) -> Tensor<1> {
        let hidden = self.hidden(tokens, pass);
        let [batch, seq, d_model] = hidden.dims();
        let hidden = hidden.reshape([batch * seq, d_model]).select(0, places);
        let logits = self.logits(hidden.unsqueeze_dim(0)).squeeze_dim::<2>(0);
        let all = log_softmax(logits, 1); // [targets, vocab_size]
        all.gather(1, targets.unsqueeze_dim(1)).squeeze_dim(1)
    }

    /// The sum of the cross-entropy over the valid targets, in nats, as one value.
    ///
    /// - `tokens`, `targets`: `[batch, seq]`; the target is the token that follows
    /// - `mask`: `[batch, seq]`, true where a target counts; `None` counts all
    ///
    /// A target that does not count adds exactly zero to loss and gradients, whatever its id. The
    /// caller divides by the number of targets that count, once for a whole optimizer step.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn loss(
        &self,
        tokens: Tensor<2, Int>,
        targets: Tensor<2, Int>,
        mask: Option<Tensor<2, Bool>>,
        pass: &mut Pass<'_>,
    ) -> Tensor<1> {
        let [batch, seq] = tokens.dims();
        let hidden = self.hidden(tokens, pass);
        self.head.loss(
            hidden,
            &self.embedding.tokens,
            targets.reshape([batch * seq]),
            mask.map(|mask| mask.reshape([batch * seq])),
            0.0,
        )
    }
}
