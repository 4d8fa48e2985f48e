//! GPT-2's `config.json`, held against `transformers.GPT2Config` of versions 4 and 5.

use crate::settings::{read, refused, understood};
use serde_json::{Value, json};
use slovo_model::{Activation, FeedForwardKind, NormKind, TransformerConfig};

/// Only what has no default that could be meant.
fn bare() -> Value {
    json!({
        "model_type": "gpt2", "vocab_size": 11, "n_positions": 12, "n_embd": 8, "n_layer": 2,
        "n_head": 4,
    })
}

#[test]
fn what_is_left_out_has_the_default_of_transformers() {
    let expected = TransformerConfig {
        vocab_size: 11,
        d_model: 8,
        n_layers: 2,
        n_heads: 4,
        d_ff: None,
        max_seq_len: 12,
        norm: NormKind::LayerNorm { epsilon: 1e-5 },
        feed_forward: FeedForwardKind::Plain(Activation::GeluTanh),
        tied: true,
        dropout: 0.1,
        ..TransformerConfig::default()
    };
    assert_eq!(read(&bare()), expected);
}

#[test]
fn spellings_and_versions() {
    understood(
        &bare(),
        &[
            // All that version 5 writes.
            (
                json!({
                    "add_cross_attention": false, "architectures": ["GPT2LMHeadModel"],
                    "activation_function": "gelu_new", "attn_pdrop": 0.1, "bos_token_id": 50256,
                    "dtype": "float32", "embd_pdrop": 0.1, "eos_token_id": 50256,
                    "initializer_range": 0.02, "layer_norm_epsilon": 1e-5,
                    "reorder_and_upcast_attn": false, "resid_pdrop": 0.1,
                    "scale_attn_by_inverse_layer_idx": false, "scale_attn_weights": true,
                    "summary_type": "cls_index", "tie_word_embeddings": true,
                    "transformers_version": "5.23.0", "use_cache": true,
                }),
                |_| {},
            ),
            // What version 4 wrote beside it, and what was published first.
            (
                json!({
                    "torch_dtype": "float32", "n_ctx": 12, "gradient_checkpointing": false,
                    "task_specific_params": {"text-generation": {"do_sample": true}},
                    "summary_use_proj": true, "architectures": ["GPT2Model"],
                }),
                |_| {},
            ),
            // The order of operations, not their meaning.
            (json!({"reorder_and_upcast_attn": true}), |_| {}),
            // The names that all models of `transformers` answer to.
            (
                json!({
                    "n_embd": null, "hidden_size": 8, "n_layer": null, "num_hidden_layers": 2,
                    "n_head": null, "num_attention_heads": 4,
                    "n_positions": null, "max_position_embeddings": 12,
                }),
                |_| {},
            ),
            (json!({"n_inner": 20}), |c| c.d_ff = Some(20)),
            (json!({"tie_word_embeddings": false}), |c| c.tied = false),
            (json!({"resid_pdrop": 0.0, "embd_pdrop": 0.3}), |c| {
                c.dropout = 0.0;
            }),
            (json!({"layer_norm_epsilon": 1e-6}), |c| {
                c.norm = NormKind::LayerNorm { epsilon: 1e-6 };
            }),
            (json!({"activation_function": "gelu_pytorch_tanh"}), |_| {}),
            (json!({"activation_function": "gelu_fast"}), |_| {}),
            (json!({"activation_function": "gelu_python_tanh"}), |_| {}),
            (json!({"activation_function": "gelu_accurate"}), |_| {}),
            (json!({"activation_function": "gelu"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::GeluErf);
            }),
            (json!({"activation_function": "gelu_python"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::GeluErf);
            }),
            (json!({"activation_function": "silu"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::Silu);
            }),
            (json!({"activation_function": "swish"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::Silu);
            }),
            (json!({"activation_function": "relu"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::Relu);
            }),
            // A config that is merely newer.
            (json!({"a_setting_of_tomorrow": {"x": [1, 2]}}), |_| {}),
        ],
    );
}

#[test]
fn switches_that_change_the_numbers_are_refused() {
    let other = |name: &str| {
        let expected = format!("`activation_function` is \"{name}\", but only \"gelu_new\", ");
        (json!({"activation_function": name}), expected)
    };
    for name in [
        "quick_gelu",
        "gelu_10",
        "relu2",
        "relu6",
        "mish",
        "tanh",
        "linear",
        "laplace",
        "sigmoid",
        "leaky_relu",
        "GELU",
        "",
    ] {
        let (changes, expected) = other(name);
        refused(&bare(), &[(changes, &expected)]);
    }
    refused(
        &bare(),
        &[
            (
                json!({"scale_attn_by_inverse_layer_idx": true}),
                "`scale_attn_by_inverse_layer_idx` is true, but only null, false or 0 can",
            ),
            (
                json!({"scale_attn_weights": false}),
                "`scale_attn_weights` is false, but only true can",
            ),
            (
                json!({"add_cross_attention": true}),
                "`add_cross_attention` is true",
            ),
            (
                json!({"is_encoder_decoder": true}),
                "`is_encoder_decoder` is true",
            ),
            (
                json!({"quantization_config": {"bits": 4, "quant_method": "gptq"}}),
                "`quantization_config` is given with 2 entries",
            ),
            (
                json!({"pruned_heads": {"0": [1]}}),
                "`pruned_heads` is given with one entry",
            ),
            (
                json!({"position_embedding_type": "relative_key"}),
                "`position_embedding_type` is \"relative_key\", but only \"absolute\" can",
            ),
            (
                json!({"architectures": ["GPT2ForTokenClassification"]}),
                "`architectures` is \"GPT2ForTokenClassification\", but only \"GPT2LMHeadModel\"",
            ),
            (
                json!({"architectures": ["GPT2LMHeadModel", "GPT2DoubleHeadsModel"]}),
                "`architectures` is \"GPT2DoubleHeadsModel\"",
            ),
            (
                json!({"n_embd": null, "n_embed": 8}),
                "missing field `n_embd`",
            ),
            (json!({"n_head": null}), "missing field `n_head`"),
            (json!({"hidden_size": 8}), "duplicate field `n_embd`"),
            (json!({"n_head": 3}), "`n_heads` is 3"),
            (json!({"n_head": "4"}), "invalid type: string \"4\""),
            (json!({"n_head": -4}), "invalid value: integer `-4`"),
            (json!({"n_head": 4.5}), "invalid type: floating point `4.5`"),
            (
                json!({"layer_norm_epsilon": "1e-5"}),
                "invalid type: string",
            ),
            (json!({"layer_norm_epsilon": 0.0}), "`norm.epsilon` is 0"),
            (json!({"resid_pdrop": 1.5}), "`dropout` is 1.5"),
            (
                json!({"tie_word_embeddings": "yes"}),
                "invalid type: string \"yes\"",
            ),
            (json!({"model_type": null}), "missing field `model_type`"),
            (
                json!({"model_type": "gpt3"}),
                "model_type is \"gpt3\", but known are \"gpt2\"",
            ),
            (json!({"model_type": 2}), "invalid type: integer `2`"),
            (
                json!({"architectures": "GPT2LMHeadModel"}),
                "expected a list of names of classes",
            ),
        ],
    );
}

/// Null is what is left out, as version 4 wrote it.
#[test]
fn null_is_what_is_left_out() {
    let mut json = bare();
    for field in [
        "n_inner",
        "activation_function",
        "layer_norm_epsilon",
        "resid_pdrop",
        "tie_word_embeddings",
        "quantization_config",
        "pruned_heads",
        "architectures",
        "scale_attn_weights",
        "position_embedding_type",
    ] {
        json[field] = Value::Null;
    }
    assert_eq!(read(&json), read(&bare()));
}
