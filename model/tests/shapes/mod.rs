//! Small models of every shape.

#![allow(dead_code)] // no test binary uses all of it

use slovo_model::{
    Activation, AttentionBias, FeedForwardKind, NormKind, Placement, PositionKind, RopeScaling,
    Seq2SeqConfig, TransformerConfig,
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

/// Encoder–decoders: the paper's, one whose sides differ, and one of today's parts.
#[allow(dead_code)]
pub fn pairs() -> Vec<(&'static str, Seq2SeqConfig)> {
    let of = |transformer| Seq2SeqConfig {
        end: 10,
        ..Seq2SeqConfig::new(transformer)
    };
    let vaswani = TransformerConfig {
        placement: Placement::Post,
        position: PositionKind::Sinusoidal,
        feed_forward: FeedForwardKind::Plain(Activation::Relu),
        embedding_scale: true,
        dropout: 0.1,
        ..gpt2()
    };
    vec![
        ("vaswani", of(vaswani.clone())),
        (
            "sides that differ, with a bias",
            Seq2SeqConfig {
                decoder_layers: Some(3),
                decoder_heads: Some(2),
                decoder_d_ff: Some(12),
                output_bias: true,
                ..of(TransformerConfig {
                    position: PositionKind::SinusoidalHalves,
                    tied: false,
                    ..vaswani
                })
            },
        ),
        (
            "pre-norm, rotary, grouped, gated",
            of(TransformerConfig {
                tied: true,
                query_key_norm: true,
                ..llama()
            }),
        ),
    ]
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
        (
            "vaswani in halves",
            TransformerConfig {
                placement: Placement::Post,
                position: PositionKind::SinusoidalHalves,
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
            "llama with attention bias",
            TransformerConfig {
                attention_bias: Some(AttentionBias::All),
                ..llama()
            },
        ),
        (
            "llama with feed-forward bias",
            TransformerConfig {
                bias: true,
                attention_bias: Some(AttentionBias::None),
                ..llama()
            },
        ),
        (
            "llama with interpolated positions",
            TransformerConfig {
                position: PositionKind::Rotary {
                    theta: 100.0,
                    scaling: RopeScaling::Linear { factor: 2.0 },
                },
                ..llama()
            },
        ),
        (
            "mistral",
            TransformerConfig {
                window: Some(3),
                ..llama()
            },
        ),
        (
            "gpt2 with a window",
            TransformerConfig {
                window: Some(2),
                ..gpt2()
            },
        ),
        (
            "qwen2",
            TransformerConfig {
                attention_bias: Some(AttentionBias::QueryKeyValue),
                ..llama()
            },
        ),
        (
            "qwen3",
            TransformerConfig {
                query_key_norm: true,
                head_dim: Some(6),
                ..llama()
            },
        ),
        (
            "gpt2 with query and key norms",
            TransformerConfig {
                query_key_norm: true,
                head_dim: Some(6),
                ..gpt2()
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

/// BERT's shape, with two kinds of segments.
pub fn bert() -> TransformerConfig {
    TransformerConfig {
        segments: 2,
        ..distilbert()
    }
}

/// DistilBERT's: no segments, and its own epsilon.
pub fn distilbert() -> TransformerConfig {
    TransformerConfig {
        norm: NormKind::LayerNorm { epsilon: 1e-12 },
        placement: Placement::Post,
        feed_forward: FeedForwardKind::Plain(Activation::GeluErf),
        causal: false,
        embedding_norm: true,
        dropout: 0.1,
        ..gpt2()
    }
}

/// Encoders: those with names, and others.
pub fn encoders() -> Vec<(&'static str, TransformerConfig)> {
    let with = |change: fn(&mut TransformerConfig)| {
        let mut config = bert();
        change(&mut config);
        config
    };
    let activation = |kind| TransformerConfig {
        feed_forward: FeedForwardKind::Plain(kind),
        ..bert()
    };
    vec![
        ("bert", bert()),
        ("bert with three segments", with(|c| c.segments = 3)),
        ("bert with ReLU", activation(Activation::Relu)),
        ("bert with SiLU", activation(Activation::Silu)),
        ("bert with the other GELU", activation(Activation::GeluTanh)),
        (
            "bert with another epsilon",
            with(|c| c.norm = NormKind::LayerNorm { epsilon: 1e-5 }),
        ),
        ("distilbert", distilbert()),
        ("pre-norm encoder", with(|c| c.placement = Placement::Pre)),
        ("rotary encoder", with(|c| c.position = rotary())),
        (
            "encoder without segments",
            TransformerConfig {
                norm: NormKind::LayerNorm { epsilon: 1e-5 },
                ..distilbert()
            },
        ),
        ("encoder with RMSNorm", with(|c| c.norm = llama().norm)),
        ("encoder without bias", with(|c| c.bias = false)),
        (
            "encoder with grouped heads",
            with(|c| c.n_kv_heads = Some(2)),
        ),
    ]
}
