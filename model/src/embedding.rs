//! From token ids to the residual stream: token vectors and, where they are added, positions.

use crate::config::{PositionKind, TransformerConfig};
use crate::init::Builder;
use crate::ops;
use crate::position::{Positions, sinusoidal};
use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Int, Tensor};

/// Token embeddings with added positions (learned or sinusoidal; rotary ones act in attention).
#[derive(Module, Debug)]
pub struct Embeddings {
    /// One vector a token, `[vocab_size, d_model]`. A tied head uses it too.
    pub tokens: Embedding,
    /// Learned positions, `[max_seq_len, d_model]`.
    pub positions: Option<Embedding>,
    /// Fixed positions, `[max_seq_len, d_model]`.
    sinusoidal: Option<Tensor<2>>,
    /// What token vectors are multiplied by.
    scale: Option<f64>,
}

impl Embeddings {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        let (d_model, max_seq_len) = (config.d_model, config.max_seq_len);
        let tokens = builder.embedding(&format!("{path}.tokens"), [config.vocab_size, d_model])?;
        let positions = match config.position {
            PositionKind::Learned => {
                Some(builder.embedding(&format!("{path}.positions"), [max_seq_len, d_model])?)
            }
            _ => None,
        };
        let sinusoidal = match config.position {
            PositionKind::Sinusoidal => Some(sinusoidal(max_seq_len, d_model, builder.device())),
            _ => None,
        };
        let scale = config.embedding_scale.then(|| (d_model as f64).sqrt());
        Ok(Self {
            tokens,
            positions,
            sinusoidal,
            scale,
        })
    }

    /// Embeds `tokens`, `[batch, seq]`, that stand at `positions`.
    ///
    /// Returns `[batch, seq, d_model]`.
    pub(crate) fn forward(&self, tokens: Tensor<2, Int>, positions: &Positions) -> Tensor<3> {
        let x = ops::embedding(self.tokens.weight.val(), tokens);
        let x = match self.scale {
            Some(scale) => x * scale,
            None => x,
        };
        let table = match (&self.positions, &self.sinusoidal) {
            (Some(learned), _) => Some(learned.weight.val()),
            (None, fixed) => fixed.clone(),
        };
        match table {
            Some(table) => x + positions.look_up(table),
            None => x,
        }
    }
}
