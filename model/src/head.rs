//! From hidden states to logits.

use crate::init::{Builder, Init};
use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::Tensor;

/// The language-model head.
///
/// A tied head owns nothing: it multiplies by the token embedding's matrix, so that one parameter
/// gathers the gradients of both uses (Press and Wolf 2017, <https://arxiv.org/abs/1608.05859>).
#[derive(Module, Debug)]
pub struct Head {
    /// The matrix of an untied head, `[d_model, vocab_size]`.
    pub output: Option<Linear>,
}

impl Head {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        [d_model, vocab_size]: [usize; 2],
        tied: bool,
    ) -> Result<Self, E> {
        let path = format!("{path}.output");
        let output = match tied {
            true => None,
            false => Some(builder.linear(&path, [d_model, vocab_size], false, Init::WEIGHT)?),
        };
        Ok(Self { output })
    }

    /// Maps hidden states `[batch, seq, d_model]` to logits `[batch, seq, vocab_size]`.
    pub(crate) fn forward(&self, hidden: Tensor<3>, tokens: &Embedding) -> Tensor<3> {
        let [batch, seq, d_model] = hidden.dims();
        match &self.output {
            Some(output) => output.forward(hidden),
            // Not `linear`, which would first copy the whole matrix into its transposed order.
            None => hidden
                .reshape([batch * seq, d_model])
                .matmul(tokens.weight.val().transpose())
                .reshape([batch as i64, seq as i64, -1]),
        }
    }
}
