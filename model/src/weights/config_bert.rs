//! `config.json` of encoders: BERT and DistilBERT, both ways.

use super::config_json::activation;
use super::error::WeightsError;
use super::refuse::Refuse;
use crate::config::{FeedForwardKind, NormKind, Placement, PositionKind, TransformerConfig};
use serde::Deserialize;
use serde_json::{Value, json};

/// DistilBERT's, which its configuration does not name.
const DISTILBERT_EPSILON: f64 = 1e-12;

/// What `transformers.BertConfig` says.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct Bert {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: Option<String>,
    max_position_embeddings: usize,
    type_vocab_size: Option<usize>,
    layer_norm_eps: Option<f64>,
    hidden_dropout_prob: Option<f64>,
    tie_word_embeddings: Option<bool>,
}

/// What `transformers.DistilBertConfig` says. (`sinusoidal_pos_embds` only says what its positions,
/// which stand in the file, began with.)
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct DistilBert {
    vocab_size: usize,
    #[serde(alias = "hidden_size")]
    dim: usize,
    #[serde(alias = "num_hidden_layers")]
    n_layers: usize,
    #[serde(alias = "num_attention_heads")]
    n_heads: usize,
    hidden_dim: usize,
    activation: Option<String>,
    max_position_embeddings: usize,
    dropout: Option<f64>,
    tie_word_embeddings: Option<bool>,
    tie_weights_: Option<bool>,
}

/// What both are: an encoder with the norms behind the branches.
fn encoder(config: TransformerConfig) -> TransformerConfig {
    TransformerConfig {
        placement: Placement::Post,
        position: PositionKind::Learned,
        causal: false,
        embedding_norm: true,
        bias: true,
        ..config
    }
}

/// The inner width, unless it is the one that follows from the width.
fn inner(width: usize, d_model: usize) -> Option<usize> {
    Some(width).filter(|width| Some(*width) != d_model.checked_mul(4))
}

impl Bert {
    pub(super) fn read(self, refuse: &Refuse<'_>) -> Result<TransformerConfig, WeightsError> {
        let activation = self.hidden_act.as_deref().unwrap_or("gelu");
        let activation = refuse.activation("hidden_act", activation)?;
        Ok(encoder(TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: self.hidden_size,
            n_layers: self.num_hidden_layers,
            n_heads: self.num_attention_heads,
            d_ff: inner(self.intermediate_size, self.hidden_size),
            max_seq_len: self.max_position_embeddings,
            segments: self.type_vocab_size.unwrap_or(2),
            norm: NormKind::LayerNorm {
                epsilon: self.layer_norm_eps.unwrap_or(1e-12),
            },
            feed_forward: FeedForwardKind::Plain(activation),
            tied: self.tie_word_embeddings.unwrap_or(true),
            dropout: self.hidden_dropout_prob.unwrap_or(0.1),
            ..TransformerConfig::default()
        }))
    }
}

impl DistilBert {
    pub(super) fn read(self, refuse: &Refuse<'_>) -> Result<TransformerConfig, WeightsError> {
        let activation = self.activation.as_deref().unwrap_or("gelu");
        let activation = refuse.activation("activation", activation)?;
        let tied = [self.tie_word_embeddings, self.tie_weights_];
        Ok(encoder(TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: self.dim,
            n_layers: self.n_layers,
            n_heads: self.n_heads,
            d_ff: inner(self.hidden_dim, self.dim),
            max_seq_len: self.max_position_embeddings,
            norm: NormKind::LayerNorm {
                epsilon: DISTILBERT_EPSILON,
            },
            feed_forward: FeedForwardKind::Plain(activation),
            tied: !tied.contains(&Some(false)),
            dropout: self.dropout.unwrap_or(0.1),
            ..TransformerConfig::default()
        }))
    }
}

/// Whether BERT can express `config`.
pub(super) fn is_bert(config: &TransformerConfig) -> bool {
    is_encoder(config) && config.segments > 0
}

/// Whether DistilBERT can.
pub(super) fn is_distilbert(config: &TransformerConfig) -> bool {
    is_encoder(config) && config.segments == 0 && config.norm.epsilon() == DISTILBERT_EPSILON
}

fn is_encoder(config: &TransformerConfig) -> bool {
    let TransformerConfig {
        norm: NormKind::LayerNorm { .. },
        feed_forward: FeedForwardKind::Plain(_),
        placement: Placement::Post,
        position: PositionKind::Learned,
        bias: true,
        attention_bias: None,
        query_key_norm: false,
        window: None,
        causal: false,
        embedding_norm: true,
        tied: true,
        embedding_scale: false,
        ..
    } = config
    else {
        return false;
    };
    let heads_fill = config.head_size() * config.n_heads == config.d_model;
    heads_fill && config.kv_heads() == config.n_heads
}

/// The contents of BERT's `config.json`.
pub(super) fn bert_json(config: &TransformerConfig, has_head: bool) -> Value {
    let class = if has_head {
        "BertForMaskedLM"
    } else {
        "BertModel"
    };
    json!({
        "architectures": [class],
        "model_type": "bert",
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "intermediate_size": config.ff_size(),
        "hidden_act": activation(config),
        "max_position_embeddings": config.max_seq_len,
        "type_vocab_size": config.segments,
        "layer_norm_eps": config.norm.epsilon(),
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
        "position_embedding_type": "absolute",
        "initializer_range": 0.02,
        "tie_word_embeddings": true,
        "pad_token_id": null,
        "dtype": "float32",
    })
}

/// The contents of DistilBERT's.
pub(super) fn distilbert_json(config: &TransformerConfig, has_head: bool) -> Value {
    let class = if has_head {
        "DistilBertForMaskedLM"
    } else {
        "DistilBertModel"
    };
    json!({
        "architectures": [class],
        "model_type": "distilbert",
        "vocab_size": config.vocab_size,
        "dim": config.d_model,
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "hidden_dim": config.ff_size(),
        "activation": activation(config),
        "max_position_embeddings": config.max_seq_len,
        "sinusoidal_pos_embds": false,
        "dropout": config.dropout,
        "attention_dropout": config.dropout,
        "initializer_range": 0.02,
        "tie_word_embeddings": true,
        "tie_weights_": true,
        "pad_token_id": null,
        "dtype": "float32",
    })
}
