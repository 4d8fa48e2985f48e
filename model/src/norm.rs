//! Normalisation: LayerNorm (Ba et al. 2016) and RMSNorm (Zhang and Sennrich 2019).
//!
//! Both are one module here because they differ in two lines, and so that a parameter's path does
//! not depend on the kind. Burn's `RmsNorm` computes in f32 whatever the model's precision; this
//! one keeps f64, which the gradient tests compare in.

use crate::config::NormKind;
use crate::init::{Builder, Init};
use crate::ops;
use burn::module::{Module, Param};
use burn::tensor::{DType, FloatDType, Tensor};

/// Normalises the last axis and multiplies by a learned gain.
#[derive(Module, Debug)]
pub struct Norm {
    /// Gain, `[d_model]`.
    pub gamma: Param<Tensor<1>>,
    /// Bias, `[d_model]`; LayerNorm only.
    pub beta: Option<Param<Tensor<1>>>,
    #[module(skip)]
    kind: NormKind,
}

impl Norm {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        kind: NormKind,
        d_model: usize,
        bias: bool,
    ) -> Result<Self, E> {
        let gamma = builder.param(&format!("{path}.gamma"), [d_model], Init::Ones)?;
        let beta = match kind {
            NormKind::LayerNorm { .. } if bias => {
                Some(builder.param(&format!("{path}.beta"), [d_model], Init::Zeros)?)
            }
            _ => None,
        };
        Ok(Self { gamma, beta, kind })
    }

    /// Normalises each head of `x`, `[batch, seq, heads, head_dim]`; the result has the same shape.
    pub(crate) fn of_heads(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, seq, heads, head_dim] = x.dims();
        let rows = x.reshape([batch, seq * heads, head_dim]);
        self.forward(rows).reshape([batch, seq, heads, head_dim])
    }

    /// Normalises `x`, `[batch, seq, d_model]`; the result has the same shape.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let dtype = x.dtype();
        // Squares of activations above 256 overflow half precision.
        if dtype == DType::F16 {
            let wide = |t: Tensor<1>| t.cast(FloatDType::F32);
            let beta = self.beta.as_ref().map(|b| wide(b.val()));
            let y = ops::norm(
                x.cast(FloatDType::F32),
                wide(self.gamma.val()),
                beta,
                self.kind,
            );
            return y.cast(dtype);
        }
        ops::norm(
            x,
            self.gamma.val(),
            self.beta.as_ref().map(|b| b.val()),
            self.kind,
        )
    }
}
