//! Small models of every shape.

use slovo_model::{
    Activation, FeedForwardKind, NormKind, Placement, PositionKind, RopeScaling, TransformerConfig,
};

/// GPT-2's shape with sizes that differ from each other, so that a mixed-up axis shows.
pub fn gpt2() -> TransformerConfig {
    TransformerConfig {
        vocab_size: 11,
        d_model: 8,
        n_layers: 2,
        n_heads: 4,
        d_ff: Some(20),
        max_seq_len: 12,
        ..TransformerConfig::default()
    }
}

/// Llama's shape with grouped heads.
pub fn llama() -> TransformerConfig {
    TransformerConfig {
        n_kv_heads: Some(2),
        norm: NormKind::RmsNorm { epsilon: 1e-6 },
        position: rotary(),
        feed_forward: FeedForwardKind::Gated(Activation::Silu),
        bias: false,
        tied: false,
        ..gpt2()
    }
}

fn rotary() -> PositionKind {
    PositionKind::Rotary {
        theta: 100.0,
        scaling: RopeScaling::None,
    }
}

/// Every value of every axis, and the combinations that people use.
pub fn all() -> Vec<(&'static str, TransformerConfig)> {
    let stretched = RopeScaling::Llama3 {
        factor: 8.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_seq_len: 6,
    };
    vec![
        ("gpt2", gpt2()),
        (
            "gpt2 untied",
            TransformerConfig {
                tied: false,
                ..gpt2()
            },
        ),
        (
            "gpt2 without bias",
            TransformerConfig {
                bias: false,
                ..gpt2()
            },
        ),
        (
            "gpt2 with two key heads",
            TransformerConfig {
                n_kv_heads: Some(2),
                ..gpt2()
            },
        ),
        (
            "gpt2 with one key head",
            TransformerConfig {
                n_kv_heads: Some(1),
                ..gpt2()
            },
        ),
        (
            "gpt2 with wide heads",
            TransformerConfig {
                head_dim: Some(3),
                ..gpt2()
            },
        ),
        (
            "gpt2 with RMSNorm",
            TransformerConfig {
                norm: llama().norm,
                ..gpt2()
            },
        ),
        (
            "gpt2 gated",
            TransformerConfig {
                feed_forward: FeedForwardKind::Gated(Activation::GeluErf),
                ..gpt2()
            },
        ),
        (
            "gpt2 with dropout",
            TransformerConfig {
                dropout: 0.3,
                ..gpt2()
            },
        ),
        (
            "gpt2 post-norm",
            TransformerConfig {
                placement: Placement::Post,
                ..gpt2()
            },
        ),
        (
            "vaswani",
            TransformerConfig {
                placement: Placement::Post,
                position: PositionKind::Sinusoidal,
                feed_forward: FeedForwardKind::Plain(Activation::Relu),
                embedding_scale: true,
                ..gpt2()
            },
        ),
        ("llama", llama()),
        (
            "llama tied",
            TransformerConfig {
                tied: true,
                ..llama()
            },
        ),
        (
            "llama with bias",
            TransformerConfig {
                bias: true,
                ..llama()
            },
        ),
        (
            "llama with one key head",
            TransformerConfig {
                n_kv_heads: Some(1),
                ..llama()
            },
        ),
        (
            "llama with stretched positions",
            TransformerConfig {
                position: PositionKind::Rotary {
                    theta: 100.0,
                    scaling: stretched,
                },
                ..llama()
            },
        ),
        (
            "llama with LayerNorm, post-norm, dropout",
            TransformerConfig {
                norm: gpt2().norm,
                placement: Placement::Post,
                bias: true,
                dropout: 0.2,
                ..llama()
            },
        ),
    ]
}
