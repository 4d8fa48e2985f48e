//! The layer that works on each token alone: plain (Vaswani et al. 2017, section 3.3) or gated
//! (Shazeer 2020, <https://arxiv.org/abs/2002.05202>).

use crate::config::{Activation, FeedForwardKind, TransformerConfig};
use crate::init::{Builder, Init};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu, sigmoid, silu};

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

    /// Maps `x`, `[batch, seq, d_model]`, to the same shape.
    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let inner = match &self.gate {
            Some(gate) => self.activate(gate.forward(x.clone())) * self.up.forward(x),
            None => self.activate(self.up.forward(x)),
        };
        self.down.forward(inner)
    }

    fn activate(&self, x: Tensor<3>) -> Tensor<3> {
        match self.activation {
            Activation::GeluTanh => gelu_tanh(x),
            Activation::GeluErf => gelu(x),
            Activation::Silu => silu(x),
            Activation::Relu => relu(x),
        }
    }
}

/// GELU's tanh approximation (Hendrycks and Gimpel 2016), `x · (1 + tanh(u)) / 2` with
/// `u = √(2/π) · (x + 0.044715 · x³)`.
///
/// It equals `x · sigmoid(2u)`, which needs neither `tanh` nor a power, both slow on the CPU.
fn gelu_tanh(x: Tensor<3>) -> Tensor<3> {
    let twice = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let slope = (x.clone() * x.clone()) * (0.044715 * twice) + twice;
    x.clone() * sigmoid(slope * x)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn gelu_tanh_is_the_published_formula() {
        let points: Vec<f32> = (-60..=60).map(|i| i as f32 / 10.0).collect();
        let x = Tensor::<1>::from_floats(points.as_slice(), &Device::default());
        let ours = gelu_tanh(x.reshape([1, 1, points.len()]))
            .try_into_vec_as::<f32>()
            .unwrap();
        for (x, y) in points.into_iter().map(f64::from).zip(ours) {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            let expected = 0.5 * x * (1.0 + u.tanh());
            assert!(
                (f64::from(y) - expected).abs() < 1e-6,
                "{x}: {y} instead of {expected}"
            );
        }
    }
}
