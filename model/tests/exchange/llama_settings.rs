//! The `config.json` of Llama, Mistral, Qwen 2 and Qwen 3, held against `transformers` 4 and 5.

use crate::settings::{read, refusal, refused, understood, with};
use serde_json::{Value, json};
use slovo_model::{
    Activation, AttentionBias, FeedForwardKind, NormKind, PositionKind, RopeScaling,
    TransformerConfig,
};

/// Only what has no default that could be meant.
fn bare(model_type: &str) -> Value {
    json!({
        "model_type": model_type, "vocab_size": 11, "max_position_embeddings": 64,
        "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 32,
        "intermediate_size": 20,
    })
}

const ALL: [&str; 4] = ["llama", "mistral", "qwen2", "qwen3"];

fn rotary(theta: f64, scaling: RopeScaling) -> PositionKind {
    PositionKind::Rotary { theta, scaling }
}

const LLAMA3: RopeScaling = RopeScaling::Llama3 {
    factor: 8.0,
    low_freq_factor: 1.0,
    high_freq_factor: 4.0,
    original_max_seq_len: 16,
};

#[test]
fn what_is_left_out_has_the_default_of_transformers() {
    let common = TransformerConfig {
        vocab_size: 11,
        d_model: 128,
        n_layers: 2,
        n_heads: 32,
        d_ff: Some(20),
        max_seq_len: 64,
        norm: NormKind::RmsNorm { epsilon: 1e-6 },
        position: rotary(10_000.0, RopeScaling::None),
        feed_forward: FeedForwardKind::Gated(Activation::Silu),
        bias: false,
        tied: false,
        ..TransformerConfig::default()
    };
    assert_eq!(read(&bare("llama")), common);
    let mistral = TransformerConfig {
        n_kv_heads: Some(8),
        window: Some(4096),
        ..common.clone()
    };
    assert_eq!(read(&bare("mistral")), mistral);
    let qwen2 = TransformerConfig {
        attention_bias: Some(AttentionBias::QueryKeyValue),
        ..common.clone()
    };
    assert_eq!(read(&bare("qwen2")), qwen2);
    let qwen3 = TransformerConfig {
        head_dim: Some(128),
        query_key_norm: true,
        ..common.clone()
    };
    assert_eq!(read(&bare("qwen3")), qwen3);
    // The number of key heads that is left out is another than none.
    for model_type in ALL {
        let mut json = bare(model_type);
        json["num_key_value_heads"] = Value::Null;
        assert_eq!(read(&json).n_kv_heads, None, "{model_type}");
    }
    let mut json = bare("mistral");
    json["sliding_window"] = Value::Null;
    assert_eq!(read(&json).window, None);
    // Where Qwen's 32 key heads do not serve the query heads evenly, that is an error.
    let error = refusal(&with(&bare("qwen2"), json!({"num_attention_heads": 8})));
    assert!(error.contains("`n_kv_heads` is 32"), "{error}");
}

#[test]
fn common_settings() {
    for model_type in ALL {
        understood(
            &bare(model_type),
            &[
                (json!({"tie_word_embeddings": true}), |c| c.tied = true),
                (json!({"num_key_value_heads": 4}), |c| {
                    c.n_kv_heads = Some(4)
                }),
                (json!({"num_key_value_heads": 32}), |c| c.n_kv_heads = None),
                (json!({"head_dim": 6}), |c| c.head_dim = Some(6)),
                (json!({"head_dim": 4}), |c| c.head_dim = None),
                (json!({"rms_norm_eps": 1e-5}), |c| {
                    c.norm = NormKind::RmsNorm { epsilon: 1e-5 };
                }),
                (json!({"hidden_act": "gelu_pytorch_tanh"}), |c| {
                    c.feed_forward = FeedForwardKind::Gated(Activation::GeluTanh);
                }),
                (json!({"hidden_act": "gelu"}), |c| {
                    c.feed_forward = FeedForwardKind::Gated(Activation::GeluErf);
                }),
                (json!({"attention_dropout": 0.2}), |c| c.dropout = 0.2),
                (json!({"pretraining_tp": 1}), |_| {}),
                (
                    json!({
                        "partial_rotary_factor": 1.0, "rope_interleaved": false, "rotary_pct": 1,
                        "logits_scaling": 1, "num_local_experts": 0, "is_decoder": true,
                        "quantization_config": {}, "attn_logit_softcapping": 0.0,
                        "attention_chunk_size": false, "something_new": "x",
                    }),
                    |_| {},
                ),
            ],
        );
    }
}

/// Where version 4 wrote the base and the rule, and where version 5 does.
#[test]
fn rotary_positions_in_all_spellings() {
    let linear = RopeScaling::Linear { factor: 4.0 };
    let rule = |extra: Value| {
        let base = json!({
            "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        });
        with(&base, extra)
    };
    for (changes, expected) in [
        (
            json!({"rope_theta": 500_000}),
            rotary(5e5, RopeScaling::None),
        ),
        (
            json!({"rope_theta": 5e5, "rope_scaling": {}}),
            rotary(5e5, RopeScaling::None),
        ),
        (
            json!({"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}}),
            rotary(5e5, RopeScaling::None),
        ),
        (
            json!({"rope_parameters": {"rope_type": "default"}, "rope_theta": 100.0}),
            rotary(100.0, RopeScaling::None),
        ),
        // The one inside goes first.
        (
            json!({"rope_parameters": {"rope_theta": 7.0}, "rope_theta": 100.0}),
            rotary(7.0, RopeScaling::None),
        ),
        (
            json!({"rope_scaling": {"type": "linear", "factor": 4}}),
            rotary(1e4, linear),
        ),
        (
            json!({"rope_scaling": {"rope_type": "linear", "factor": 4.0}}),
            rotary(1e4, linear),
        ),
        // Some versions wrote both.
        (
            json!({"rope_scaling": {"type": "linear", "rope_type": "linear", "factor": 4.0}}),
            rotary(1e4, linear),
        ),
        (
            json!({"rope_parameters":
                {"rope_type": "linear", "factor": 4.0, "rope_theta": 9.0,
                    "partial_rotary_factor": 1.0}}),
            rotary(9.0, linear),
        ),
        (
            json!({"rope_scaling": {"type": "linear", "factor": 4.0}, "rope_theta": 9.0,
                "rope_parameters": {"rope_type": "linear", "factor": 4.0}}),
            rotary(9.0, linear),
        ),
        (
            json!({"rope_scaling": rule(json!({"rope_type": "llama3"})), "rope_theta": 9.0}),
            rotary(9.0, LLAMA3),
        ),
        (
            json!({"rope_parameters": rule(json!({"rope_type": "llama3", "rope_theta": 9.0}))}),
            rotary(9.0, LLAMA3),
        ),
        // The original context beside the rule goes before the one in it; without either it is the
        // model's own.
        (
            json!({
                "rope_scaling": rule(json!(
                    {"rope_type": "llama3", "original_max_position_embeddings": 32})),
                "original_max_position_embeddings": 16,
            }),
            rotary(1e4, LLAMA3),
        ),
        (
            json!({
                "rope_scaling": rule(json!(
                    {"rope_type": "llama3", "original_max_position_embeddings": null})),
                "max_position_embeddings": 16,
            }),
            rotary(1e4, LLAMA3),
        ),
    ] {
        for model_type in ALL {
            let found = read(&with(&bare(model_type), changes.clone()));
            assert_eq!(found.position, expected, "{model_type}: {changes}");
        }
    }
    let llama3 = |extra: Value| {
        let rule = with(&rule(json!({"rope_type": "llama3"})), extra);
        json!({ "rope_scaling": rule })
    };
    for model_type in ALL {
        refused(
            &bare(model_type),
            &[
                (
                    json!({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}),
                    "`rope_scaling.rope_type` is \"yarn\", but only \"default\", \"linear\" and \"llama3\"",
                ),
                (
                    json!({"rope_scaling": {"type": "dynamic", "factor": 4.0}}),
                    "`rope_scaling.rope_type` is \"dynamic\"",
                ),
                (
                    json!({"rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4}}),
                    "`rope_scaling.rope_type` is \"longrope\"",
                ),
                (
                    json!({"rope_scaling": {"type": "mrope", "rope_type": "default"}}),
                    "`rope_scaling.type` is \"mrope\"",
                ),
                (
                    json!({"rope_scaling": {"type": "default", "mrope_section": [1, 2]}}),
                    "`mrope_section` is given",
                ),
                (
                    json!({"rope_scaling": {"factor": 4.0}}),
                    "`rope_scaling.rope_type` is missing",
                ),
                (
                    json!({"rope_scaling": {"type": "linear"}}),
                    "`rope_scaling.factor` is missing",
                ),
                (
                    json!({"rope_scaling": {"type": "linear", "factor": 0.5}}),
                    "`position.scaling.factor` is 0.5",
                ),
                (
                    llama3(json!({"low_freq_factor": null})),
                    "low_freq_factor` is missing",
                ),
                (
                    llama3(json!({"high_freq_factor": null})),
                    "high_freq_factor` is missing",
                ),
                (
                    llama3(json!({"high_freq_factor": 1.0})),
                    "`position.scaling.high_freq_factor`",
                ),
                (
                    llama3(json!({"original_max_position_embeddings": 0})),
                    "`position.scaling.original_max_seq_len` is 0",
                ),
                (
                    json!({"rope_scaling": {"type": "linear", "factor": 4.0},
                        "rope_parameters": {"rope_type": "default"}}),
                    "`rope_scaling` is another rule",
                ),
                (
                    json!({"rope_parameters":
                        {"full_attention": {"rope_theta": 1e4}, "sliding_attention": {}}}),
                    "`rope_parameters` is a rule for each kind",
                ),
                (
                    json!({"rope_parameters": {"partial_rotary_factor": 0.5}}),
                    "`partial_rotary_factor` is 0.5, but only 1",
                ),
                (
                    json!({"partial_rotary_factor": 0.5}),
                    "`partial_rotary_factor` is 0.5",
                ),
                (json!({"rope_theta": 1.0}), "`position.theta` is 1"),
                (json!({"rope_theta": -1e4}), "`position.theta` is -10000"),
            ],
        );
    }
}

#[test]
fn biases() {
    understood(
        &bare("llama"),
        &[
            (json!({"attention_bias": false, "mlp_bias": false}), |_| {}),
            (json!({"attention_bias": true, "mlp_bias": true}), |c| {
                c.bias = true
            }),
            (json!({"attention_bias": true}), |c| {
                c.attention_bias = Some(AttentionBias::All);
            }),
            (json!({"mlp_bias": true}), |c| {
                c.bias = true;
                c.attention_bias = Some(AttentionBias::None);
            }),
        ],
    );
    understood(
        &bare("qwen3"),
        &[(json!({"attention_bias": true}), |c| {
            c.attention_bias = Some(AttentionBias::All);
        })],
    );
    // What the family has in any case, and what it lacks.
    understood(&bare("qwen2"), &[(json!({"attention_bias": true}), |_| {})]);
    understood(
        &bare("mistral"),
        &[(json!({"attention_bias": false}), |_| {})],
    );
    refused(
        &bare("qwen2"),
        &[(
            json!({"attention_bias": false}),
            "`attention_bias` is false",
        )],
    );
    refused(
        &bare("mistral"),
        &[(json!({"attention_bias": true}), "`attention_bias` is true")],
    );
    for model_type in ["mistral", "qwen2", "qwen3"] {
        let table = [(
            json!({"mlp_bias": true}),
            "`mlp_bias` is true, but only false",
        )];
        refused(&bare(model_type), &table);
    }
}

#[test]
fn windows_of_mistral() {
    understood(
        &bare("mistral"),
        &[
            (json!({"sliding_window": 7}), |c| c.window = Some(7)),
            (
                json!({"sliding_window": 7, "layer_types": ["sliding_attention", "sliding_attention"]}),
                |c| c.window = Some(7),
            ),
        ],
    );
    let mut none = bare("mistral");
    none["sliding_window"] = Value::Null;
    none["layer_types"] = json!(["full_attention", "full_attention"]);
    assert_eq!(read(&none).window, None);
    none["layer_types"] = json!(["full_attention", "sliding_attention"]);
    assert!(refusal(&none).contains("`layer_types` is 1 full and 1 sliding"));
    refused(
        &bare("mistral"),
        &[
            (json!({"sliding_window": 0}), "`window` is 0"),
            (
                json!({"use_sliding_window": false}),
                "`use_sliding_window` is false",
            ),
            (
                json!({"layer_types": ["full_attention", "full_attention"]}),
                "`layer_types` is 2 full and 0 sliding",
            ),
        ],
    );
    refused(
        &bare("llama"),
        &[
            (
                json!({"sliding_window": 7}),
                "`sliding_window` is 7, but only null",
            ),
            (
                json!({"use_sliding_window": true}),
                "`use_sliding_window` is true",
            ),
            (
                json!({"layer_types": ["full_attention", "linear_attention"]}),
                "`layer_types` is \"linear_attention\"",
            ),
            (
                json!({"layer_types": ["full_attention"]}),
                "`layer_types` is 1 full",
            ),
        ],
    );
}

#[test]
fn windows_of_qwen() {
    let (full, sliding) = ("full_attention", "sliding_attention");
    for model_type in ["qwen2", "qwen3"] {
        let window = |changes: Value| read(&with(&bare(model_type), changes)).window;
        for (changes, expected) in [
            // As published: a size that is not in use.
            (
                json!({"sliding_window": 32768, "use_sliding_window": false,
                "max_window_layers": 1}),
                None,
            ),
            // As version 5 writes it.
            (
                json!({"use_sliding_window": false, "max_window_layers": 28,
                "layer_types": [full, full]}),
                None,
            ),
            (
                json!({"sliding_window": 7, "use_sliding_window": true,
                "max_window_layers": 0}),
                Some(7),
            ),
            (
                json!({"use_sliding_window": true, "max_window_layers": 0}),
                Some(4096),
            ),
            (
                json!({"sliding_window": 7, "use_sliding_window": true,
                "max_window_layers": 2}),
                None,
            ),
            (
                json!({"sliding_window": 7, "use_sliding_window": true}),
                None,
            ),
            // The list goes before the number.
            (
                json!({"sliding_window": 7, "use_sliding_window": true,
                "layer_types": [sliding, sliding]}),
                Some(7),
            ),
            (
                json!({"sliding_window": 7, "use_sliding_window": true, "max_window_layers": 0,
                "layer_types": [full, full]}),
                None,
            ),
        ] {
            assert_eq!(window(changes.clone()), expected, "{model_type}: {changes}");
        }
        let mut none = bare(model_type);
        none["sliding_window"] = Value::Null;
        none["use_sliding_window"] = json!(true);
        none["max_window_layers"] = json!(0);
        assert_eq!(read(&none).window, None);
        refused(
            &bare(model_type),
            &[
                (
                    json!({"use_sliding_window": true, "max_window_layers": 1}),
                    "`max_window_layers` is such that 1 of 2 layers have a window",
                ),
                (
                    json!({"use_sliding_window": true, "layer_types": [full, sliding]}),
                    "`layer_types` is such that 1 of 2 layers have a window",
                ),
                (
                    json!({"layer_types": [sliding, sliding]}),
                    "`layer_types` is 0 full and 2",
                ),
                (
                    json!({"use_sliding_window": true, "layer_types": [full, "chunked_attention"]}),
                    "`layer_types` is \"chunked_attention\"",
                ),
            ],
        );
    }
}

/// Settings of models that call themselves Llama and compute something else.
#[test]
fn look_alikes_are_refused() {
    for (field, value) in [
        ("embedding_multiplier", json!(12.0)),
        ("residual_multiplier", json!(0.22)),
        ("attention_multiplier", json!(0.0078125)),
        ("logits_scaling", json!(8.0)),
        ("logit_scale", json!(0.0625)),
        ("lm_head_multiplier", json!(0.5)),
        ("scale_emb", json!(12)),
        ("scale_depth", json!(1.4)),
        ("dim_model_base", json!(256)),
        ("attn_logit_softcapping", json!(50.0)),
        ("final_logit_softcapping", json!(30.0)),
        ("query_pre_attn_scalar", json!(224)),
        ("hidden_activation", json!("gelu_pytorch_tanh")),
        ("clip_qkv", json!(8.0)),
        ("no_rope_layers", json!([1, 1, 0])),
        ("rotary_pct", json!(0.25)),
        ("rope_interleave", json!(true)),
        ("attention_chunk_size", json!(8192)),
        ("num_local_experts", json!(8)),
        ("num_experts", json!(64)),
        ("use_parallel_residual", json!(true)),
        ("position_embedding_type", json!("alibi")),
        ("quantization_config", json!({"quant_method": "awq"})),
        ("pretraining_tp", json!(2)),
        ("hidden_act", json!("quick_gelu")),
        ("hidden_act", json!("relu2")),
    ] {
        for model_type in ALL {
            let error = refusal(&with(&bare(model_type), json!({field: value})));
            assert!(
                error.contains(&format!("`{field}` is ")),
                "{model_type}: {error}"
            );
        }
    }
    for model_type in ["llama", "mistral", "qwen2"] {
        let table = [(json!({"use_qk_norm": true}), "`use_qk_norm` is true")];
        refused(&bare(model_type), &table);
    }
    read(&with(&bare("qwen3"), json!({"use_qk_norm": true})));
}

#[test]
fn other_classes_of_the_families_are_refused() {
    for (model_type, class) in [
        ("llama", "LlamaForTokenClassification"),
        ("llama", "MistralForCausalLM"),
        ("mistral", "MistralForQuestionAnswering"),
        ("llama", "MistralForSequenceClassification"),
        ("qwen2", "Qwen2ForRewardModel"),
        ("qwen3", "Qwen3ForCausalLMEagle"),
    ] {
        let error = refusal(&with(&bare(model_type), json!({"architectures": [class]})));
        let expected = format!("`architectures` is \"{class}\", but only \"");
        assert!(error.contains(&expected), "{error}");
    }
    for (model_type, class) in [
        ("llama", "LlamaForCausalLM"),
        ("llama", "LlamaModel"),
        ("llama", "LlamaForSequenceClassification"),
        ("mistral", "MistralForSequenceClassification"),
        ("mistral", "MistralForCausalLM"),
        ("qwen2", "Qwen2ForCausalLM"),
        ("qwen3", "Qwen3ForCausalLM"),
    ] {
        read(&with(&bare(model_type), json!({"architectures": [class]})));
    }
    for near in [
        "llama4_text",
        "gemma2",
        "granite",
        "olmo2",
        "phi3",
        "smollm3",
        "LLAMA",
        "",
    ] {
        let error = refusal(&bare(near));
        assert!(
            error.contains(&format!("model_type is {near:?}, but known are")),
            "{error}"
        );
    }
}
