//! The layer that works on each token alone: plain (Vaswani et al. 2017, section 3.3) or gated
//! (Shazeer 2020, <https://arxiv.org/abs/2002.05202>).

use crate::config::{Activation, FeedForwardKind, TransformerConfig};
use crate::init::{Builder, Init};
use crate::ops;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

/// Widens, bends, narrows.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// `[d_model, d_ff]`; only in the gated kind.
    pub gate: Option<Linear>,
    /// `[d_model, d_ff]`
    pub up: Linear,
    /// `[d_ff, d_model]`
    pub down: Linear,
    #[module(skip)]
    activation: Activation,
}

impl FeedForward {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        let (d_model, d_ff) = (config.d_model, config.ff_size());
        let mut linear = |name: &str, shape, init| {
            builder.linear(&format!("{path}.{name}"), shape, config.bias, init)
        };
        let (gate, activation) = match config.feed_forward {
            FeedForwardKind::Plain(activation) => (None, activation),
            FeedForwardKind::Gated(activation) => (
                Some(linear("gate", [d_model, d_ff], Init::WEIGHT)?),
                activation,
            ),
        };
        Ok(Self {
            gate,
            up: linear("up", [d_model, d_ff], Init::WEIGHT)?,
            down: linear("down", [d_ff, d_model], Init::residual(config.n_layers))?,
            activation,
        })
    }

    /// Maps `x`, `[batch, seq, d_model]`, to the same shape, and adds it to `stream` if that is
    /// given.
    pub(crate) fn forward(&self, x: Tensor<3>, stream: Option<Tensor<3>>) -> Tensor<3> {
        let layers = ops::Widened {
            gate: self.gate.as_ref(),
            up: &self.up,
            down: &self.down,
            activation: self.activation,
        };
        ops::feed_forward(x, layers, stream)
    }
}
