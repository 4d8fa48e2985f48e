//! From token ids to the residual stream: token vectors and, where they are added, positions.

use crate::config::{PositionKind, TransformerConfig};
use crate::init::{Builder, Init};
use crate::norm::Norm;
use crate::ops;
use crate::position::{Positions, Waves, sinusoidal};
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
    /// One vector a kind of segment, `[segments, d_model]`.
    pub segments: Option<Embedding>,
    /// Norm of the sum.
    pub norm: Option<Norm>,
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
        // Vectors that are multiplied by √d_model begin so short that they come out at length √d_model,
        // as those of the authors' own program (Vaswani et al. 2017) do.
        let init = match config.embedding_scale {
            true => Init::Normal {
                std: (d_model as f64).powf(-0.5),
            },
            false => Init::WEIGHT,
        };
        let table = [config.vocab_size, d_model];
        let tokens = builder.embedding(&format!("{path}.tokens"), table, init)?;
        let positions = match config.position {
            PositionKind::Learned => {
                let path = format!("{path}.positions");
                Some(builder.embedding(&path, [max_seq_len, d_model], Init::WEIGHT)?)
            }
            _ => None,
        };
        let segments = match config.segments {
            0 => None,
            n => {
                let path = format!("{path}.segments");
                Some(builder.embedding(&path, [n, d_model], Init::WEIGHT)?)
            }
        };
        let norm = match config.embedding_norm {
            true => {
                let path = format!("{path}.norm");
                Some(Norm::build(
                    builder,
                    &path,
                    config.norm,
                    d_model,
                    config.bias,
                )?)
            }
            false => None,
        };
        let waves = match config.position {
            PositionKind::Sinusoidal => Some(Waves::Alternating),
            PositionKind::SinusoidalHalves => Some(Waves::Halves),
            _ => None,
        };
        let rows = builder.table_rows(max_seq_len);
        let sinusoidal = waves.map(|waves| sinusoidal(rows, d_model, waves, builder.device()));
        let scale = config.embedding_scale.then(|| (d_model as f64).sqrt());
        Ok(Self {
            tokens,
            positions,
            segments,
            norm,
            sinusoidal,
            scale,
        })
    }

    /// Embeds `tokens`, `[batch, seq]`, that stand at `positions` and belong to `segments`,
    /// `[batch, seq]`; without these all belong to the first.
    ///
    /// Returns `[batch, seq, d_model]`.
    pub(crate) fn forward(
        &self,
        tokens: Tensor<2, Int>,
        segments: Option<Tensor<2, Int>>,
        positions: &Positions,
    ) -> Tensor<3> {
        let x = ops::embedding(self.tokens.weight.val(), tokens);
        let x = match self.scale {
            Some(scale) => x * scale,
            None => x,
        };
        let table = match (&self.positions, &self.sinusoidal) {
            (Some(learned), _) => Some(learned.weight.val()),
            (None, fixed) => fixed.clone(),
        };
        let x = match table {
            Some(table) => x + positions.look_up(table),
            None => x,
        };
        let x = match (&self.segments, segments) {
            (Some(table), Some(segments)) => x + ops::embedding(table.weight.val(), segments),
            (Some(table), None) => x + table.weight.val().narrow(0, 0, 1).unsqueeze(),
            (None, _) => x,
        };
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}
