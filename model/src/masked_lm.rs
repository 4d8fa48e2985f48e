//! An encoder that fills in hidden words: BERT's training task (Devlin et al. 2019,
//! <https://arxiv.org/abs/1810.04805>).

use crate::config::{FeedForwardKind, NormKind, TransformerConfig};
use crate::encoder::Encoder;
use crate::init::{Builder, Init, fresh};
use crate::loss::cross_entropy_sum;
use crate::norm::Norm;
use crate::ops;
use crate::pass::Pass;
use crate::validate::ConfigError;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};
use std::convert::Infallible;

/// A masked language model: an encoder, one more layer, and a head tied to the token embedding.
#[derive(Module, Debug)]
pub struct MaskedLm {
    /// A vector for each token.
    pub encoder: Encoder,
    /// `[d_model, d_model]`, followed by the blocks' activation.
    pub transform: Linear,
    /// Behind the activation.
    pub transform_norm: Norm,
    /// Added to the logits, `[vocab_size]`.
    pub bias: Param<Tensor<1>>,
}

/// How well hidden tokens were told.
#[derive(Clone, Debug)]
pub struct MaskedLoss {
    /// The sum of the cross-entropy, in nats, as one value.
    pub sum: Tensor<1>,
    /// How many of them were the likeliest token, as one value.
    pub correct: Tensor<1>,
}

impl MaskedLm {
    /// The same weights, of whose activations that share is dropped in training.
    #[must_use]
    pub fn with_dropout(mut self, rate: f64) -> Self {
        self.encoder = self.encoder.with_dropout(rate);
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
        let d = config.d_model;
        Ok(Self {
            encoder: Encoder::build(builder, "encoder.", config)?,
            transform: builder.linear("transform", [d, d], true, Init::WEIGHT)?,
            transform_norm: Norm::build(builder, "transform_norm", config.norm, d, true)?,
            bias: builder.param("bias", [config.vocab_size], Init::Zeros)?,
        })
    }

    /// Number of trainable values of a model with this encoder, computed without building it.
    pub fn parameter_count(encoder: &TransformerConfig) -> usize {
        let d = encoder.d_model;
        let norm = match encoder.norm {
            NormKind::LayerNorm { .. } => 2 * d,
            NormKind::RmsNorm { .. } => d,
        };
        encoder.parameter_count() + d * d + d + norm + encoder.vocab_size
    }

    /// The shape of the encoder.
    pub fn config(&self) -> &TransformerConfig {
        self.encoder.config()
    }

    /// Logits for each of `tokens`, `[batch, seq]`: `[batch, seq, vocab_size]`.
    ///
    /// # Panics
    ///
    /// When the tokens are more than `max_seq_len`, or the padding is for another number of texts.
    pub fn forward(&self, tokens: Tensor<2, Int>, pass: &mut Pass<'_>) -> Tensor<3> {
        self.logits(self.encoder.hidden(tokens, pass))
    }

    /// Logits `[batch, seq, vocab_size]` of hidden states `[batch, seq, d_model]`.
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        let (FeedForwardKind::Plain(kind) | FeedForwardKind::Gated(kind)) =
            self.config().feed_forward;
        let x = ops::linear(hidden, &[&self.transform], None);
        let x = self.transform_norm.forward(ops::activate(kind, x));
        let tokens = self.encoder.embedding.tokens.weight.val();
        ops::tied_logits(x, tokens) + self.bias.val().unsqueeze()
    }

    /// The loss of some tokens.
    ///
    /// - `tokens`: `[batch, seq]`, some of them hidden
    /// - `places`: `[n]`, which of the `batch · seq` tokens are asked for
    /// - `targets`: `[n]`, what they were
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn loss(
        &self,
        tokens: Tensor<2, Int>,
        places: Tensor<1, Int>,
        targets: Tensor<1, Int>,
        pass: &mut Pass<'_>,
    ) -> MaskedLoss {
        let [batch, seq] = tokens.dims();
        let hidden = self.encoder.hidden(tokens, pass);
        let d_model = self.config().d_model;
        // Logits are computed of the places that count only: about a seventh of all.
        let asked = hidden.reshape([batch * seq, d_model]).select(0, places);
        let [n, _] = asked.dims();
        let logits = self.logits(asked.unsqueeze_dim(0));
        let logits = logits.reshape([n as i64, -1]);
        let likeliest = logits.clone().detach().argmax(1).squeeze_dim::<1>(1);
        MaskedLoss {
            correct: likeliest.equal(targets.clone()).float().sum(),
            sum: cross_entropy_sum(logits, targets, None, 0.0),
        }
    }
}
