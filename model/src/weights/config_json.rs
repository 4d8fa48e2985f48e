//! Which family can express a model, and the `config.json` that says so.
//!
//! Shapes of GPT-2, Llama and its relatives, BERT and DistilBERT are written so that `transformers`
//! loads them; every other shape of ours is written as `model_type: "slovo"`, with the whole
//! [`TransformerConfig`] and the kind of model.

use super::config_bert::{bert_json, distilbert_json, is_bert, is_distilbert};
use super::kind::ModelKind;
use super::{config_gpt2, config_llama};
use crate::config::{
    Activation, AttentionBias, FeedForwardKind, NormKind, Placement, PositionKind,
    TransformerConfig,
};
use serde_json::{Value, json};

/// A naming scheme for weights and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Gpt2,
    /// And those that differ from it in switches: Mistral, Qwen 2, Qwen 3.
    Llama(Relative),
    Bert,
    DistilBert,
    Marian,
    Slovo,
}

/// Llama or one of its relatives, which name their weights alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relative {
    Llama,
    /// A window.
    Mistral,
    /// Biases of queries, keys and values.
    Qwen2,
    /// Norms of queries and keys.
    Qwen3,
}

/// What `architectures` says of our own shapes.
pub(super) const SLOVO: [(ModelKind, &str); 5] = [
    (ModelKind::CausalLm, "SlovoForCausalLM"),
    (ModelKind::MaskedLm, "SlovoForMaskedLM"),
    (ModelKind::Encoder, "SlovoEncoder"),
    (ModelKind::Seq2Seq, "SlovoForSeq2Seq"),
    (ModelKind::Classifier, "SlovoForSequenceClassification"),
];

impl Family {
    /// The family whose `model_type` that is.
    pub(super) fn of(model_type: &str) -> Option<Self> {
        Some(match model_type {
            "gpt2" => Self::Gpt2,
            "llama" => Self::Llama(Relative::Llama),
            "mistral" => Self::Llama(Relative::Mistral),
            "qwen2" => Self::Llama(Relative::Qwen2),
            "qwen3" => Self::Llama(Relative::Qwen3),
            "bert" => Self::Bert,
            "distilbert" => Self::DistilBert,
            "marian" => Self::Marian,
            "slovo" => Self::Slovo,
            _ => return None,
        })
    }
}

impl Relative {
    /// The relative that can express `config`.
    fn of(config: &TransformerConfig) -> Option<Self> {
        use AttentionBias::{All, None as Without, QueryKeyValue};
        let (windowed, normed) = (config.window.is_some(), config.query_key_norm);
        let biases = config.attention_biases();
        match (normed, windowed, biases, config.bias) {
            (false, false, Without | All, _) => Some(Self::Llama),
            (false, true, Without, false) => Some(Self::Mistral),
            (false, _, QueryKeyValue, false) => Some(Self::Qwen2),
            (true, _, Without | All, false) => Some(Self::Qwen3),
            _ => None,
        }
    }

    /// `model_type` and `architectures`.
    pub(super) fn names(self) -> [&'static str; 2] {
        match self {
            Self::Llama => ["llama", "LlamaForCausalLM"],
            Self::Mistral => ["mistral", "MistralForCausalLM"],
            Self::Qwen2 => ["qwen2", "Qwen2ForCausalLM"],
            Self::Qwen3 => ["qwen3", "Qwen3ForCausalLM"],
        }
    }
}

/// The family that can express a decoder of that shape.
pub(super) fn decoder(config: &TransformerConfig) -> Family {
    let common = config.placement == Placement::Pre
        && config.causal
        && config.segments == 0
        && !config.embedding_norm
        && !config.embedding_scale;
    let one_key_each = config.kv_heads() == config.n_heads;
    let heads_fill = config.head_size() * config.n_heads == config.d_model;
    let plain =
        config.attention_bias.is_none() && !config.query_key_norm && config.window.is_none();
    let layer_norm = matches!(config.norm, NormKind::LayerNorm { .. });
    match (config.position, config.feed_forward) {
        (PositionKind::Learned, FeedForwardKind::Plain(_))
            if common && plain && layer_norm && config.bias && one_key_each && heads_fill =>
        {
            Family::Gpt2
        }
        (PositionKind::Rotary { .. }, FeedForwardKind::Gated(_)) if common && !layer_norm => {
            Relative::of(config).map_or(Family::Slovo, Family::Llama)
        }
        _ => Family::Slovo,
    }
}

/// The family that can express a model, and the contents of `config.json`.
pub(super) fn describe(kind: ModelKind, config: &TransformerConfig) -> (Family, Value) {
    let has_head = kind == ModelKind::MaskedLm;
    match kind {
        ModelKind::CausalLm => match decoder(config) {
            Family::Gpt2 => (Family::Gpt2, config_gpt2::to_json(config)),
            Family::Llama(relative) => (
                Family::Llama(relative),
                config_llama::to_json(config, relative),
            ),
            _ => slovo(kind, config),
        },
        _ if is_bert(config) => (Family::Bert, bert_json(config, has_head)),
        _ if is_distilbert(config) => (Family::DistilBert, distilbert_json(config, has_head)),
        _ => slovo(kind, config),
    }
}

/// A shape of our own, and the contents of its `config.json`.
pub(super) fn slovo(kind: ModelKind, config: &TransformerConfig) -> (Family, Value) {
    let class = SLOVO.iter().find(|(known, _)| *known == kind);
    let json = json!({
        "architectures": class.map(|(_, name)| name).as_slice(),
        "model_type": "slovo",
        "transformer": config,
    });
    (Family::Slovo, json)
}

/// The name of the blocks' activation.
pub(super) fn activation(config: &TransformerConfig) -> &'static str {
    let (FeedForwardKind::Plain(kind) | FeedForwardKind::Gated(kind)) = config.feed_forward;
    match kind {
        Activation::GeluTanh => "gelu_new",
        Activation::GeluErf => "gelu",
        Activation::Silu => "silu",
        Activation::Relu => "relu",
    }
}
