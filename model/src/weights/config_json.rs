//! `config.json` of a model folder, in the terms of Hugging Face's `transformers`.
//!
//! GPT-2 and Llama shapes are written so that `transformers` loads them; every other shape of ours
//! is written as `model_type: "slovo"` with the whole [`TransformerConfig`].

use crate::config::{
    Activation, FeedForwardKind, NormKind, Placement, PositionKind, RopeScaling, TransformerConfig,
};
use serde_json::{Value, json};

/// A naming scheme for weights and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Gpt2,
    Llama,
    Slovo,
}

/// The family that can express `config`.
pub(super) fn family(config: &TransformerConfig) -> Family {
    let common = config.placement == Placement::Pre && !config.embedding_scale;
    let one_key_each = config.kv_heads() == config.n_heads;
    let heads_fill = config.head_size() * config.n_heads == config.d_model;
    let layer_norm = matches!(config.norm, NormKind::LayerNorm { .. });
    match (config.position, config.feed_forward) {
        (PositionKind::Learned, FeedForwardKind::Plain(_))
            if common && layer_norm && config.bias && one_key_each && heads_fill =>
        {
            Family::Gpt2
        }
        (PositionKind::Rotary { .. }, FeedForwardKind::Gated(_)) if common && !layer_norm => {
            Family::Llama
        }
        _ => Family::Slovo,
    }
}

/// The contents of `config.json`.
pub(super) fn to_json(config: &TransformerConfig) -> Value {
    match family(config) {
        Family::Gpt2 => gpt2_json(config),
        Family::Llama => llama_json(config),
        Family::Slovo => json!({
            "architectures": ["SlovoForCausalLM"],
            "model_type": "slovo",
            "transformer": config,
        }),
    }
}

fn activation(config: &TransformerConfig) -> &'static str {
    let (FeedForwardKind::Plain(kind) | FeedForwardKind::Gated(kind)) = config.feed_forward;
    match kind {
        Activation::GeluTanh => "gelu_new",
        Activation::GeluErf => "gelu",
        Activation::Silu => "silu",
        Activation::Relu => "relu",
    }
}

fn gpt2_json(config: &TransformerConfig) -> Value {
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

fn llama_json(config: &TransformerConfig) -> Value {
    let (theta, scaling) = match config.position {
        PositionKind::Rotary { theta, scaling } => (json!(theta), scaling),
        _ => (Value::Null, RopeScaling::None),
    };
    let scaling = match scaling {
        RopeScaling::None => Value::Null,
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_max_seq_len,
        } => {
            json!({
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": low_freq_factor,
                "high_freq_factor": high_freq_factor,
                "original_max_position_embeddings": original_max_seq_len,
            })
        }
    };
    json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.max_seq_len,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.kv_heads(),
        "head_dim": config.head_size(),
        "intermediate_size": config.ff_size(),
        "hidden_act": activation(config),
        "rms_norm_eps": config.norm.epsilon(),
        "rope_theta": theta,
        "rope_scaling": scaling,
        "attention_bias": config.bias,
        "mlp_bias": config.bias,
        "attention_dropout": config.dropout,
        "initializer_range": 0.02,
        "tie_word_embeddings": config.tied,
        "bos_token_id": null,
        "eos_token_id": null,
        "dtype": "float32",
    })
}
