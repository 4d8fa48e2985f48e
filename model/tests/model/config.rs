//! The configuration: what it refuses, and how it counts.

use crate::{fresh, shapes};
use burn::module::Module;
use slovo_model::{
    Activation, FeedForwardKind, NormKind, PRESETS, PositionKind, RopeScaling, TransformerConfig,
};

#[test]
fn presets_have_the_published_number_of_parameters() {
    let published = [
        ("gpt2-124m", 124_439_808),
        ("gpt2-355m", 354_823_168),
        ("gpt2-774m", 774_030_080),
        ("gpt2-1558m", 1_557_611_200),
        ("gpt3-175b", 174_604_259_328),
        ("smollm2-135m", 134_515_008),
        ("smollm2-360m", 361_821_120),
        ("llama-3.2-1b", 1_235_814_400),
        // nanoGPT prints 0.80M and 10.65M, which leaves out the positions.
        ("nanogpt-char-cpu", 795_904 + 64 * 128),
        ("nanogpt-char", 10_646_784 + 256 * 384),
    ];
    assert_eq!(published.map(|(name, _)| name), PRESETS);
    for (name, count) in published {
        let config = TransformerConfig::preset(name).unwrap();
        assert_eq!(config.validate(), Ok(()), "{name}");
        assert_eq!(config.parameter_count(), count, "{name}");
    }
    assert_eq!(TransformerConfig::preset("gpt2-124M"), None);
}

#[test]
fn the_count_is_the_modules() {
    for (name, config) in shapes::all() {
        assert_eq!(
            config.parameter_count(),
            fresh(&config, 1).num_params(),
            "{name}"
        );
    }
}

#[test]
fn an_impossible_setting_is_named_with_a_cure() {
    let base = shapes::gpt2;
    let rotary = |theta, scaling| PositionKind::Rotary { theta, scaling };
    let stretch = |factor, low_freq_factor, high_freq_factor, original_max_seq_len| {
        let scaling = RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_max_seq_len,
        };
        TransformerConfig {
            position: rotary(100.0, scaling),
            ..shapes::gpt2()
        }
    };
    let cases = [
        (
            TransformerConfig {
                vocab_size: 0,
                ..base()
            },
            "vocab_size",
            "0",
            "tokenizer",
        ),
        (
            TransformerConfig {
                d_model: 0,
                ..base()
            },
            "d_model",
            "0",
            "128",
        ),
        (
            TransformerConfig {
                n_layers: 0,
                ..base()
            },
            "n_layers",
            "0",
            "4",
        ),
        (
            TransformerConfig {
                n_heads: 0,
                ..base()
            },
            "n_heads",
            "0",
            "4",
        ),
        (
            TransformerConfig {
                n_heads: 3,
                ..base()
            },
            "n_heads",
            "3",
            "2 would do",
        ),
        (
            TransformerConfig {
                n_kv_heads: Some(0),
                ..base()
            },
            "n_kv_heads",
            "0",
            "leave it out",
        ),
        (
            TransformerConfig {
                n_kv_heads: Some(3),
                ..base()
            },
            "n_kv_heads",
            "3",
            "2 would do",
        ),
        (
            TransformerConfig {
                head_dim: Some(0),
                ..base()
            },
            "head_dim",
            "0",
            "leave it out",
        ),
        (
            TransformerConfig {
                d_ff: Some(0),
                ..base()
            },
            "d_ff",
            "0",
            "leave it out",
        ),
        (
            TransformerConfig {
                max_seq_len: 0,
                ..base()
            },
            "max_seq_len",
            "0",
            "64",
        ),
        (
            TransformerConfig {
                dropout: 1.0,
                ..base()
            },
            "dropout",
            "1",
            "0.1",
        ),
        (
            TransformerConfig {
                dropout: f64::NAN,
                ..base()
            },
            "dropout",
            "NaN",
            "0.1",
        ),
        (
            TransformerConfig {
                norm: NormKind::RmsNorm { epsilon: 0.0 },
                ..base()
            },
            "norm.epsilon",
            "0",
            "1e-5",
        ),
        (
            TransformerConfig {
                d_model: 9,
                n_heads: 3,
                position: PositionKind::Sinusoidal,
                ..base()
            },
            "d_model",
            "9",
            "10 would do",
        ),
        (
            TransformerConfig {
                head_dim: Some(3),
                position: rotary(100.0, RopeScaling::None),
                ..base()
            },
            "head_dim",
            "3",
            "4 would do",
        ),
        (
            TransformerConfig {
                position: rotary(0.0, RopeScaling::None),
                ..base()
            },
            "position.theta",
            "0",
            "10000",
        ),
        (
            stretch(0.5, 1.0, 4.0, 8),
            "position.scaling.factor",
            "0.5",
            "32",
        ),
        (
            stretch(8.0, 0.0, 4.0, 8),
            "position.scaling.low_freq_factor",
            "0",
            "1 would do",
        ),
        (
            stretch(8.0, 2.0, 2.0, 8),
            "position.scaling.high_freq_factor",
            "2",
            "8 would do",
        ),
        (
            stretch(8.0, 1.0, 4.0, 0),
            "position.scaling.original_max_seq_len",
            "0",
            "8192",
        ),
    ];
    for (config, field, value, cure) in cases {
        let error = config.validate().expect_err(field);
        assert_eq!((error.field, error.value.as_str()), (field, value));
        let text = error.to_string();
        assert!(text.contains(field) && text.contains(cure), "{text}");
        let device = burn::tensor::Device::default();
        assert_eq!(
            slovo_model::CausalLm::new(&config, 1, &device).unwrap_err(),
            error
        );
    }
}

#[test]
fn a_misspelt_field_is_refused() {
    let good = r#"{"d_model": 8, "n_layers": 1, "n_heads": 2, "max_seq_len": 4,
        "position": {"Rotary": {"theta": 100.0}}, "feed_forward": {"Gated": "Silu"}}"#;
    let config: TransformerConfig = serde_json::from_str(good).unwrap();
    assert_eq!(
        config.feed_forward,
        FeedForwardKind::Gated(Activation::Silu)
    );
    assert!(config.bias && config.tied, "what is left out is GPT-2's");
    for (from, to) in [
        ("n_heads", "n_head"),
        ("theta", "tetha"),
        ("\"d_model\"", "\"dropuot\""),
    ] {
        let error = serde_json::from_str::<TransformerConfig>(&good.replace(from, to));
        let text = error.unwrap_err().to_string();
        assert!(text.contains(to.trim_matches('"')), "{text}");
    }
}
