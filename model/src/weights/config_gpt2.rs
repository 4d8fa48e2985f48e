//! `config.json` of GPT-2, both ways.

use super::config_json::activation;
use super::error::WeightsError;
use super::refuse::Refuse;
use crate::config::{FeedForwardKind, NormKind, TransformerConfig};
use serde::Deserialize;
use serde_json::{Value, json};

/// What `transformers.GPT2Config` says. Its three dropout rates are one here, the residual one.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct Gpt2 {
    vocab_size: usize,
    #[serde(alias = "max_position_embeddings")]
    n_positions: usize,
    #[serde(alias = "hidden_size")]
    n_embd: usize,
    #[serde(alias = "num_hidden_layers")]
    n_layer: usize,
    #[serde(alias = "num_attention_heads")]
    n_head: usize,
    n_inner: Option<usize>,
    activation_function: Option<String>,
    layer_norm_epsilon: Option<f64>,
    resid_pdrop: Option<f64>,
    tie_word_embeddings: Option<bool>,
}

impl Gpt2 {
    pub(super) fn read(self, refuse: &Refuse<'_>) -> Result<TransformerConfig, WeightsError> {
        let activation = self.activation_function.as_deref().unwrap_or("gelu_new");
        let activation = refuse.activation("activation_function", activation)?;
        Ok(TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: self.n_embd,
            n_layers: self.n_layer,
            n_heads: self.n_head,
            d_ff: self.n_inner,
            max_seq_len: self.n_positions,
            norm: NormKind::LayerNorm {
                epsilon: self.layer_norm_epsilon.unwrap_or(1e-5),
            },
            feed_forward: FeedForwardKind::Plain(activation),
            tied: self.tie_word_embeddings.unwrap_or(true),
            dropout: self.resid_pdrop.unwrap_or(0.1),
            ..TransformerConfig::default()
        })
    }
}

/// The contents of `config.json`.
pub(super) fn to_json(config: &TransformerConfig) -> Value {
    json!({
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_positions": config.max_seq_len,
        "n_embd": config.d_model,
        "n_layer": config.n_layers,
        "n_head": config.n_heads,
        "n_inner": config.d_ff,
        "activation_function": activation(config),
        "layer_norm_epsilon": config.norm.epsilon(),
        "resid_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "initializer_range": 0.02,
        "tie_word_embeddings": config.tied,
        "bos_token_id": null,
        "eos_token_id": null,
        "dtype": "float32",
    })
}
