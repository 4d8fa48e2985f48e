//! From hidden states to logits.

use crate::init::{Builder, Init};
use crate::ops;
use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Bool, Int, Tensor};

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
        match &self.output {
            Some(output) => ops::linear(hidden, &[output], None),
            None => ops::tied_logits(hidden, tokens.weight.val()),
        }
    }

    /// The sum of the cross-entropy of the logits of `hidden`, `[batch, seq, d_model]`, over the
    /// valid `targets`, without the logits of all tokens in memory at once where that is possible.
    pub(crate) fn loss(
        &self,
        hidden: Tensor<3>,
        tokens: &Embedding,
        targets: Tensor<1, Int>,
        mask: Option<Tensor<1, Bool>>,
        smoothing: f64,
    ) -> Tensor<1> {
        let [batch, seq, d_model] = hidden.dims();
        let hidden = hidden.reshape([batch * seq, d_model]);
        let head = match &self.output {
            Some(output) => ops::Columns::Untied(output.weight.val()),
            None => ops::Columns::Tied(tokens.weight.val()),
        };
        ops::linear_cross_entropy(hidden, head, targets, mask, smoothing)
    }
}
