//! Attention: its projections, and what all layers of one pass share.

use crate::cache::LayerCache;
use crate::config::{AttentionBias, TransformerConfig};
use crate::dropout::DropoutMasks;
use crate::init::{Builder, Init};
use crate::norm::Norm;
use crate::ops::{self, HeadSizes, Heads, Sight};
use crate::position::Turns;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

/// Attention, among the tokens of one text or from one text to another. The four projections are separate matrices, as adapters and matrix optimizers
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
    /// Norm of each query head, `[head_dim]`, if the model has one.
    pub query_norm: Option<Norm>,
    /// Norm of each key head, `[head_dim]`, if the model has one.
    pub key_norm: Option<Norm>,
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
        let (d_model, head_dim) = (config.d_model, config.head_size());
        let (heads, kv_heads) = (config.n_heads * head_dim, config.kv_heads() * head_dim);
        let biases = config.attention_biases();
        let biased = biases != AttentionBias::None;
        let at = |name: &str| format!("{path}.{name}");
        let mut read =
            |name: &str, heads| builder.linear(&at(name), [d_model, heads], biased, Init::WEIGHT);
        let (query, key, value) = (
            read("query", heads)?,
            read("key", kv_heads)?,
            read("value", kv_heads)?,
        );
        let shape = [heads, d_model];
        let init = Init::residual(config.n_layers);
        let biased = biases == AttentionBias::All;
        let output = builder.linear(&at("output"), shape, biased, init)?;
        let mut norm = |name: &str| match config.query_key_norm {
            true => Norm::build(builder, &at(name), config.norm, head_dim, false).map(Some),
            false => Ok(None),
        };
        Ok(Self {
            query,
            key,
            value,
            output,
            query_norm: norm("query_norm")?,
            key_norm: norm("key_norm")?,
            n_heads: config.n_heads,
            n_kv_heads: config.kv_heads(),
            head_dim,
            dropout: config.dropout,
        })
    }

    pub(crate) fn set_dropout(&mut self, rate: f64) {
        self.dropout = rate;
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
        let layers = [&self.query, &self.key, &self.value];
        let mut heads = Heads::project(x, layers, self.sizes());
        if let (Some(query), Some(key)) = (&self.query_norm, &self.key_norm) {
            heads = heads.map_queries_and_keys(|x| query.of_heads(x), |x| key.of_heads(x));
        }
        if let Some(turns) = &around.turns {
            heads = heads.rotate(&turns.cos, &turns.sin);
        }
        if let Some(cache) = cache {
            heads = heads.remember(cache, around.start);
        }
        let gathered = ops::attention(heads, &around.sight, self.dropout, masks);
        ops::linear(gathered, &[&self.output], stream)
    }

    /// Keys and values of `other`, `[batch, keys, d_model]`, each
    /// `[batch, keys, n_kv_heads, head_dim]`: what the tokens of another text can look at.
    pub(crate) fn keys_and_values(&self, other: Tensor<3>) -> [Tensor<4>; 2] {
        let key = self.heads(other.clone(), &self.key);
        let key = match &self.key_norm {
            Some(norm) => norm.of_heads(key),
            None => key,
        };
        [key, self.heads(other, &self.value)]
    }

    /// Lets the tokens of `x`, `[batch, seq, d_model]`, look at the keys and values of another text,
    /// and adds what they gather to `stream` if that is given.
    ///
    /// Returns `[batch, seq, d_model]`.
    pub(crate) fn look_at(
        &self,
        [key, value]: [Tensor<4>; 2],
        sight: &Sight,
        x: Tensor<3>,
        stream: Option<Tensor<3>>,
        masks: &mut Option<DropoutMasks>,
    ) -> Tensor<3> {
        let query = self.heads(x, &self.query);
        let query = match &self.query_norm {
            Some(norm) => norm.of_heads(query),
            None => query,
        };
        let heads = Heads::Apart([query, key, value]);
        let gathered = ops::attention(heads, sight, self.dropout, masks);
        ops::linear(gathered, &[&self.output], stream)
    }

    /// `x` through one of the projections: `[batch, seq, heads, head_dim]`.
    fn heads(&self, x: Tensor<3>, layer: &Linear) -> Tensor<4> {
        let [batch, seq, _] = x.dims();
        let y = ops::linear(x, &[layer], None);
        y.reshape([batch as i64, seq as i64, -1, self.head_dim as i64])
    }

    fn sizes(&self) -> HeadSizes {
        HeadSizes {
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            head_dim: self.head_dim,
        }
    }
}
