//! Self-attention: its projections, and what all layers of one pass share.

use crate::cache::LayerCache;
use crate::config::TransformerConfig;
use crate::dropout::DropoutMasks;
use crate::init::{Builder, Init};
use crate::ops::{self, HeadSizes, Heads, Sight};
use crate::position::Turns;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

/// Self-attention. The four projections are separate matrices, as adapters and matrix optimizers
/// want them.
#[derive(Module, Debug)]
pub struct Attention {
    /// `[d_model, n_heads · head_dim]`
    pub query: Linear,
    /// `[d_model, n_kv_heads · head_dim]`
    pub key: Linear,
    /// `[d_model, n_kv_heads · head_dim]`
    pub value: Linear,
    /// `[n_heads · head_dim, d_model]`
    pub output: Linear,
    n_heads: usize,
    n_kv_heads: usize,
    head_dim: usize,
    dropout: f64,
}

/// What all layers of one forward pass share.
pub(crate) struct Surroundings {
    /// Tokens before the first query.
    pub start: usize,
    /// Which keys the queries see.
    pub sight: Sight,
    /// Rotary positions, if the model has them.
    pub turns: Option<Turns>,
}

impl Attention {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        let (d_model, head_dim, bias) = (config.d_model, config.head_size(), config.bias);
        let (heads, kv_heads) = (config.n_heads * head_dim, config.kv_heads() * head_dim);
        let mut linear =
            |name: &str, shape, init| builder.linear(&format!("{path}.{name}"), shape, bias, init);
        Ok(Self {
            query: linear("query", [d_model, heads], Init::WEIGHT)?,
            key: linear("key", [d_model, kv_heads], Init::WEIGHT)?,
            value: linear("value", [d_model, kv_heads], Init::WEIGHT)?,
            output: linear("output", [heads, d_model], Init::residual(config.n_layers))?,
            n_heads: config.n_heads,
            n_kv_heads: config.kv_heads(),
            head_dim,
            dropout: config.dropout,
        })
    }

    /// Lets the tokens of `x`, `[batch, seq, d_model]`, look at each other and at the cached ones,
    /// and adds what they gather to `stream` if that is given.
    ///
    /// Returns `[batch, seq, d_model]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        stream: Option<Tensor<3>>,
        around: &Surroundings,
        cache: Option<&mut LayerCache>,
        masks: &mut Option<DropoutMasks>,
    ) -> Tensor<3> {
        let sizes = HeadSizes {
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            head_dim: self.head_dim,
        };
        let layers = [&self.query, &self.key, &self.value];
        let mut heads = Heads::project(x, layers, sizes);
        if let Some(turns) = &around.turns {
            heads = heads.rotate(&turns.cos, &turns.sin);
        }
        if let Some(cache) = cache {
            heads = heads.remember(cache, around.start);
        }
        let gathered = ops::attention(heads, &around.sight, self.dropout, masks);
        ops::linear(gathered, &[&self.output], stream)
    }
}
