//! Scaled dot-product attention with grouped heads.
//!
//! softmax(Q·Kᵀ/√d + mask)·V (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>). Query heads
//! may share key and value heads (grouped-query attention, Ainslie et al. 2023,
//! <https://arxiv.org/abs/2305.13245>; all of them do in multi-query attention). The shared keys are
//! not repeated: the query heads of one group are laid end to end along the sequence axis, which
//! makes grouped attention a plain batched matrix product over the key heads.

use crate::cache::LayerCache;
use crate::config::TransformerConfig;
use crate::dropout::{DropoutMasks, dropout};
use crate::init::{Builder, Init};
use crate::position::Turns;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

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
    /// Tokens that the cache already holds.
    pub start: usize,
    /// Rotary positions, if the model has them.
    pub turns: Option<Turns>,
    /// Added to the scores, `[1 or batch, 1, groups · seq or 1, start + seq]`.
    pub mask: Option<Tensor<4>>,
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

    /// Lets the tokens of `x`, `[batch, seq, d_model]`, look at each other and at the cached ones.
    ///
    /// Returns `[batch, seq, d_model]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        around: &Surroundings,
        cache: Option<&mut LayerCache>,
        masks: &mut Option<DropoutMasks>,
    ) -> Tensor<3> {
        let [batch, seq, _] = x.dims();
        let heads = |x: Tensor<3>, n| x.reshape([batch, seq, n, self.head_dim]);
        let mut query = heads(self.query.forward(x.clone()), self.n_heads);
        let mut key = heads(self.key.forward(x.clone()), self.n_kv_heads);
        let value = heads(self.value.forward(x), self.n_kv_heads).swap_dims(1, 2);
        if let Some(turns) = &around.turns {
            query = turns.apply(query);
            key = turns.apply(key);
        }
        // Scaling the queries costs less than scaling the scores.
        let query = self.group(query * (self.head_dim as f64).powf(-0.5));
        let key = key.swap_dims(1, 2); // [batch, kv_heads, seq, head_dim]
        let (key, value) = match cache {
            Some(cache) => cache.append(around.start, key, value),
            None => (key, value),
        };
        let scores = query.matmul(key.transpose()); // [batch, kv_heads, groups · seq, keys]
        let scores = match &around.mask {
            Some(mask) => scores + mask.clone(),
            None => scores,
        };
        let weights = dropout(softmax(scores, 3), self.dropout, masks);
        self.output
            .forward(self.ungroup(weights.matmul(value), seq))
    }

    /// `[batch, seq, n_heads, head_dim]` → `[batch, kv_heads, groups · seq, head_dim]`.
    fn group(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, seq, _, head_dim] = x.dims();
        let groups = self.n_heads / self.n_kv_heads;
        if groups == 1 {
            return x.swap_dims(1, 2);
        }
        x.reshape([batch, seq, self.n_kv_heads, groups, head_dim])
            .permute([0, 2, 3, 1, 4])
            .reshape([batch, self.n_kv_heads, groups * seq, head_dim])
    }

    /// `[batch, kv_heads, groups · seq, head_dim]` → `[batch, seq, n_heads · head_dim]`.
    fn ungroup(&self, x: Tensor<4>, seq: usize) -> Tensor<3> {
        let [batch, kv_heads, rows, head_dim] = x.dims();
        let width = self.n_heads * head_dim;
        let groups = rows / seq;
        if groups == 1 {
            return x.swap_dims(1, 2).reshape([batch, seq, width]);
        }
        x.reshape([batch, kv_heads, groups, seq, head_dim])
            .permute([0, 3, 1, 2, 4])
            .reshape([batch, seq, width])
    }
}
