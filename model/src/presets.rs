//! Published shapes, as values.
//!
//! GPT-2: Radford et al. 2019. GPT-3: Brown et al. 2020, table 2.1. SmolLM2: Ben Allal et al. 2025. Llama 3.2: Meta 2024. The
//! character models are those of nanoGPT's `config/train_shakespeare_char.py` and of its README's
//! run for a laptop's CPU.

use crate::config::{
    Activation, FeedForwardKind, NormKind, PositionKind, RopeScaling, TransformerConfig,
};

/// The names that [`TransformerConfig::preset`] knows.
pub const PRESETS: [&str; 10] = [
    "gpt2-124m",
    "gpt2-355m",
    "gpt2-774m",
    "gpt2-1558m",
    "gpt3-175b",
    "smollm2-135m",
    "smollm2-360m",
    "llama-3.2-1b",
    "nanogpt-char-cpu",
    "nanogpt-char",
];

impl TransformerConfig {
    /// The published shape of that name, or `None` for a name that is not in [`PRESETS`].
    ///
    /// ```
    /// # use slovo_model::TransformerConfig;
    /// let gpt2 = TransformerConfig::preset("gpt2-124m").unwrap();
    /// assert_eq!(gpt2.parameter_count(), 124_439_808);
    /// ```
    pub fn preset(name: &str) -> Option<Self> {
        Some(match name {
            "gpt2-124m" => gpt2(12, 12, 768),
            "gpt2-355m" => gpt2(24, 16, 1024),
            "gpt2-774m" => gpt2(36, 20, 1280),
            "gpt2-1558m" => gpt2(48, 25, 1600),
            "gpt3-175b" => gpt3(96, 96, 12288),
            "smollm2-135m" => smollm2(30, 9, 3, 576, 1536),
            "smollm2-360m" => smollm2(32, 15, 5, 960, 2560),
            "llama-3.2-1b" => llama_3_2_1b(),
            "nanogpt-char-cpu" => nanogpt_char(4, 4, 128, 64, 0.0),
            "nanogpt-char" => nanogpt_char(6, 6, 384, 256, 0.2),
            _ => return None,
        })
    }
}

fn gpt2(n_layers: usize, n_heads: usize, d_model: usize) -> TransformerConfig {
    TransformerConfig {
        vocab_size: 50257,
        d_model,
        n_layers,
        n_heads,
        max_seq_len: 1024,
        dropout: 0.1,
        ..TransformerConfig::default()
    }
}

/// GPT-2's shape with twice the context. Every other layer of GPT-3 looks at a band of tokens only
/// (section 2.1); here all of them look at all.
fn gpt3(n_layers: usize, n_heads: usize, d_model: usize) -> TransformerConfig {
    TransformerConfig {
        max_seq_len: 2048,
        dropout: 0.0,
        ..gpt2(n_layers, n_heads, d_model)
    }
}

fn smollm2(
    n_layers: usize,
    n_heads: usize,
    n_kv_heads: usize,
    d_model: usize,
    d_ff: usize,
) -> TransformerConfig {
    TransformerConfig {
        vocab_size: 49152,
        d_model,
        n_layers,
        n_heads,
        n_kv_heads: Some(n_kv_heads),
        d_ff: Some(d_ff),
        max_seq_len: 8192,
        position: PositionKind::Rotary {
            theta: 100_000.0,
            scaling: RopeScaling::None,
        },
        ..llama()
    }
}

fn llama_3_2_1b() -> TransformerConfig {
    TransformerConfig {
        vocab_size: 128_256,
        d_model: 2048,
        n_layers: 16,
        n_heads: 32,
        n_kv_heads: Some(8),
        d_ff: Some(8192),
        max_seq_len: 131_072,
        position: PositionKind::Rotary {
            theta: 500_000.0,
            scaling: RopeScaling::Llama3 {
                factor: 32.0,
                low_freq_factor: 1.0,
                high_freq_factor: 4.0,
                original_max_seq_len: 8192,
            },
        },
        ..llama()
    }
}

fn llama() -> TransformerConfig {
    TransformerConfig {
        norm: NormKind::RmsNorm { epsilon: 1e-5 },
        feed_forward: FeedForwardKind::Gated(Activation::Silu),
        bias: false,
        ..TransformerConfig::default()
    }
}

fn nanogpt_char(
    n_layers: usize,
    n_heads: usize,
    d_model: usize,
    max_seq_len: usize,
    dropout: f64,
) -> TransformerConfig {
    TransformerConfig {
        vocab_size: 65,
        d_model,
        n_layers,
        n_heads,
        max_seq_len,
        bias: false,
        dropout,
        ..TransformerConfig::default()
    }
}
