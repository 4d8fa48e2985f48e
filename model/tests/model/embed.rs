//! Vectors of many texts: those of each text alone, pooled as one would by hand.

use crate::{distance, floats, shake, shapes};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{
    Activation, EmbedError, EmbedOptions, Encoder, FeedForwardKind, Pass, Placement, Pooling,
    TransformerConfig,
};

const POOLINGS: [Pooling; 4] = [Pooling::First, Pooling::Last, Pooling::Mean, Pooling::Max];

/// BERT's shape, and what else an encoder may be.
fn encoders() -> Vec<(&'static str, Encoder)> {
    let bert = TransformerConfig {
        causal: false,
        segments: 2,
        embedding_norm: true,
        placement: Placement::Post,
        feed_forward: FeedForwardKind::Plain(Activation::GeluErf),
        ..shapes::gpt2()
    };
    let rotary = TransformerConfig {
        causal: false,
        ..shapes::llama()
    };
    let pre_norm = TransformerConfig {
        placement: Placement::Pre,
        ..bert.clone()
    };
    // A decoder's stack, whose last token has seen all others.
    let causal = shapes::llama();
    [
        ("bert", bert),
        ("rotary", rotary),
        ("pre-norm", pre_norm),
        ("causal", causal),
    ]
    .map(|(name, config)| {
        let mut encoder = Encoder::new(&config, 5, &Device::default()).unwrap();
        shake(&mut encoder);
        (name, encoder)
    })
    .into()
}

/// Forty texts of one to twelve tokens below 11, their lengths in no order.
fn texts() -> Vec<Vec<u32>> {
    let text = |n: u32| (0..1 + n * 7 % 12).map(move |i| (n * 5 + i * i * 3) % 11);
    (0..40).map(|n| text(n).collect()).collect()
}

fn options(pooling: Pooling, normalise: bool, batch_tokens: usize) -> EmbedOptions {
    EmbedOptions {
        pooling,
        normalise,
        batch_tokens,
    }
}

/// The text by itself, pooled with loops.
fn by_hand(encoder: &Encoder, text: &[u32], pooling: Pooling) -> Vec<f32> {
    let ids: Vec<i64> = text.iter().map(|id| i64::from(*id)).collect();
    let ids = TensorData::new(ids, [1, text.len()]);
    let ids = Tensor::<2, Int>::from_data(ids, &Device::default());
    let hidden = floats(encoder.hidden(ids, &mut Pass::default()));
    let rows: Vec<&[f32]> = hidden.chunks(encoder.config().d_model).collect();
    let column = |channel: usize| rows.iter().map(move |row| row[channel]);
    (0..encoder.config().d_model)
        .map(|channel| match pooling {
            Pooling::First => rows[0][channel],
            Pooling::Last => rows[rows.len() - 1][channel],
            Pooling::Mean => column(channel).sum::<f32>() / rows.len() as f32,
            Pooling::Max => column(channel).fold(f32::MIN, f32::max),
        })
        .collect()
}

fn tensor(vector: &[f32]) -> Tensor<1> {
    Tensor::from_data(TensorData::from(vector), &Device::default())
}

#[test]
fn every_vector_is_that_of_the_text_alone() {
    let texts = texts();
    for (name, encoder) in encoders() {
        for pooling in POOLINGS {
            for batch_tokens in [0, 24, 100_000] {
                let options = options(pooling, false, batch_tokens);
                let found = encoder.embed(&texts, &options).unwrap();
                assert_eq!(found.len(), texts.len());
                for (number, vector) in found.iter().enumerate() {
                    let expected = by_hand(&encoder, &texts[number], pooling);
                    let error = distance(tensor(vector), tensor(&expected));
                    // Products of few rows are summed in another order than those of many.
                    assert!(error < 5e-5, "{name}, {pooling:?}, text {number}: {error}");
                }
            }
        }
    }
}

/// With neighbours of the same lengths even the rounding is the same.
#[test]
fn no_bit_depends_on_what_the_neighbours_say() {
    let texts = texts();
    for (name, encoder) in encoders() {
        for pooling in POOLINGS {
            let options = options(pooling, false, 60);
            let before = encoder.embed(&texts, &options).unwrap();
            for kept in [0, 7, 39] {
                let mut others = texts.clone();
                for (number, text) in others.iter_mut().enumerate() {
                    if number != kept {
                        text.iter_mut().for_each(|id| *id = (*id + 4) % 11);
                    }
                }
                let after = encoder.embed(&others, &options).unwrap();
                assert_eq!(
                    before[kept], after[kept],
                    "{name}, {pooling:?}, text {kept}"
                );
                assert_ne!(before[1], after[1]);
            }
        }
    }
}

#[test]
fn neighbours_and_their_order_do_not_matter() {
    let mut texts = texts();
    let (_, encoder) = encoders().remove(0);
    let options = EmbedOptions::default();
    let before = encoder.embed(&texts, &options).unwrap();
    texts.reverse();
    texts.truncate(17);
    let after = encoder.embed(&texts, &options).unwrap();
    for (before, after) in before.iter().rev().zip(&after) {
        assert!(distance(tensor(before), tensor(after)) < 1e-6);
    }
    assert!(encoder.embed::<Vec<u32>>(&[], &options).unwrap().is_empty());
}

#[test]
fn normalised_vectors_point_the_same_way_and_are_one_long() {
    let texts = texts();
    for (name, encoder) in encoders() {
        let plain = encoder.embed(&texts, &options(Pooling::Mean, false, 64));
        let unit = encoder.embed(&texts, &options(Pooling::Mean, true, 64));
        for (plain, unit) in plain.unwrap().iter().zip(&unit.unwrap()) {
            let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length(unit) - 1.0).abs() < 1e-6, "{name}");
            let plain_length = length(plain);
            assert!((plain_length - 1.0).abs() > 1e-3, "{name}");
            let scaled: Vec<f32> = unit.iter().map(|x| x * plain_length).collect();
            assert!(distance(tensor(&scaled), tensor(plain)) < 1e-6, "{name}");
        }
    }
}

#[test]
fn a_wrong_text_is_named() {
    let (_, encoder) = encoders().remove(0);
    let embed = |texts: &[&[u32]]| encoder.embed(texts, &EmbedOptions::default()).unwrap_err();
    let long = [1; 13];
    let error = embed(&[&[1], &[]]);
    assert!(
        matches!(error, EmbedError::EmptyText { text: 1 }),
        "{error}"
    );
    let error = embed(&[&[1, 2], &[3, 11, 12]]);
    let text = error.to_string();
    assert!(
        text.contains("token 11 at position 1 of text 1") && text.contains("vocabulary size 11"),
        "{text}"
    );
    let error = embed(&[&long]);
    assert!(
        matches!(
            error,
            EmbedError::TooLong {
                text: 0,
                tokens: 13,
                max_seq_len: 12
            }
        ),
        "{error}"
    );
}

#[test]
fn broken_weights_give_an_error_and_no_numbers() {
    let (_, mut encoder) = encoders().remove(0);
    let broken = encoder.embedding.tokens.weight.clone().map(|weight| {
        let row = Tensor::full([1, 8], f32::NAN, &weight.device());
        weight.slice_assign([7..8, 0..8], row)
    });
    encoder.embedding.tokens.weight = broken;
    let texts: [&[u32]; 3] = [&[1, 2], &[3, 7], &[4]];
    let error = encoder.embed(&texts, &EmbedOptions::default()).unwrap_err();
    assert!(
        matches!(error, EmbedError::NotFinite { text: 1 }),
        "{error}"
    );
    assert!(encoder.embed(&texts[..1], &EmbedOptions::default()).is_ok());
}
