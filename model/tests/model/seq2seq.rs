//! Encoder–decoders: rows that do not see each other, caches, beams.

use crate::{distance, floats, parameters, shake, shapes};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use slovo_model::{
    BeamOptions, GenerateError, GenerateOptions, MaskedLm, Padding, Pass, Sampling, Seq2Seq,
    Seq2SeqConfig,
};
use std::ops::ControlFlow;

const SOURCES: [&[u32]; 3] = [&[4, 7, 1, 10], &[2, 10], &[9, 9, 3, 5, 6, 10]];

fn models() -> impl Iterator<Item = (&'static str, Seq2Seq)> {
    shapes::pairs().into_iter().map(|(name, config)| {
        let mut model = Seq2Seq::new(&config, 3, &Device::default()).unwrap();
        shake(&mut model);
        (name, model)
    })
}

fn sources() -> Vec<Vec<u32>> {
    SOURCES.map(<[u32]>::to_vec).into()
}

/// `[1, n]`
fn row(ids: &[u32]) -> Tensor<2, Int> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    Tensor::<1, Int>::from_ints(&ids[..], &Device::default()).unsqueeze()
}

fn greedy(max_new: usize) -> GenerateOptions {
    GenerateOptions {
        sampling: Sampling::greedy(),
        ..GenerateOptions::new(max_new)
    }
}

/// Log-probability of `target` and the end token, all tokens in one pass.
fn log_prob(model: &Seq2Seq, source: &[u32], target: &[u32]) -> f64 {
    let (start, end) = (model.config().start, model.config().end);
    let encoded = model.encode(row(source), &mut Pass::default());
    let inputs = [&[start], target].concat();
    let hidden = model.decode(row(&inputs), &encoded, &mut Pass::default());
    let vocab_size = model.config().transformer.vocab_size;
    let log_probs = floats(log_softmax(model.logits(hidden), 2));
    let said = target.iter().copied().chain([end]);
    let rows = log_probs.chunks(vocab_size).zip(said);
    rows.map(|(row, id)| f64::from(row[id as usize])).sum()
}

#[test]
fn the_count_is_the_modules() {
    for (name, config) in shapes::pairs() {
        let model = Seq2Seq::new(&config, 1, &Device::default()).unwrap();
        let count: usize = parameters(&model).values().map(Vec::len).sum();
        assert_eq!(config.parameter_count(), count, "{name}");
    }
    let bert = shapes::bert();
    let model = MaskedLm::new(&bert, 1, &Device::default()).unwrap();
    let count: usize = parameters(&model).values().map(Vec::len).sum();
    assert_eq!(MaskedLm::parameter_count(&bert), count);
    // Table 3 of the paper says 65 million for a vocabulary of about 37,000.
    let base = Seq2SeqConfig::vaswani_base(37_000).parameter_count();
    assert!((62_000_000..66_000_000).contains(&base), "{base}");
}

#[test]
fn filler_changes_nothing() {
    for (name, model) in models() {
        let encode = |ids: Tensor<2, Int>, padding: Option<&Padding>| {
            let mut pass = Pass {
                padding,
                ..Pass::default()
            };
            model.encode(ids, &mut pass)
        };
        let target = || row(&[0, 3, 8]);
        let padding = Padding::right(&[2, 6]);
        let filled = Tensor::cat(vec![row(&[2, 10, 5, 5, 5, 5]), row(SOURCES[2])], 0);
        let both = encode(filled, Some(&padding));
        let targets = Tensor::cat(vec![target(), target()], 0);
        let both = model.decode(targets, &both, &mut Pass::default());
        for (i, source) in [SOURCES[1], SOURCES[2]].into_iter().enumerate() {
            let alone = encode(row(source), None);
            let alone = model.decode(target(), &alone, &mut Pass::default());
            let error = distance(both.clone().narrow(0, i, 1), alone);
            assert!(error < 1e-4, "{name}: {error}");
        }
    }
}

#[test]
fn one_beam_is_greedy_and_more_are_no_worse() {
    for (name, model) in models() {
        let options = |beams| BeamOptions {
            beams,
            alpha: 0.0,
            extra: 5,
        };
        let one = model.translate(&sources(), options(1)).unwrap();
        let four = model.translate(&sources(), options(4)).unwrap();
        for (i, source) in sources().iter().enumerate() {
            let go_on = |_: &_| ControlFlow::Continue(());
            let room = greedy(source.len() + 5);
            let alone = &model
                .generate_batch(std::slice::from_ref(source), &room, go_on)
                .unwrap()[0];
            assert_eq!(one[i].tokens, alone.tokens, "{name}, source {i}");
            for found in [&one[i], &four[i]] {
                if found.ended {
                    let expected = log_prob(&model, source, &found.tokens);
                    let error = (found.log_prob - expected).abs();
                    assert!(error < 1e-4, "{name}: {} for {expected}", found.log_prob);
                }
            }
            if one[i].ended {
                assert!(four[i].log_prob > one[i].log_prob - 1e-6, "{name}");
            }
            let alone = model
                .translate(std::slice::from_ref(source), options(4))
                .unwrap();
            assert_eq!(alone[0].tokens, four[i].tokens, "{name}, source {i}");
        }
    }
}

#[test]
fn what_begins_a_target_is_never_inside_of_one() {
    for (name, model) in models() {
        let options = GenerateOptions::new(8);
        let go_on = |_: &_| ControlFlow::Continue(());
        let drawn = model.generate_batch(&sources(), &options, go_on).unwrap();
        let found = model.translate(&sources(), BeamOptions::default()).unwrap();
        let all = drawn.iter().map(|row| &row.tokens);
        for tokens in all.chain(found.iter().map(|found| &found.tokens)) {
            assert!(!tokens.contains(&0) && !tokens.contains(&10), "{name}");
        }
    }
}

#[test]
fn wrong_sources_are_named() {
    let (_, model) = models().next().unwrap();
    let translate = |source: &[u32]| {
        let sources = vec![vec![1, 10], source.to_vec()];
        let found = model.translate(&sources, BeamOptions::default());
        match found.unwrap_err() {
            GenerateError::Row { row: 1, source } => *source,
            other => panic!("{other}"),
        }
    };
    assert!(matches!(translate(&[]), GenerateError::EmptyPrompt));
    assert!(matches!(
        translate(&[1, 11]),
        GenerateError::UnknownToken {
            token: 11,
            position: 1,
            ..
        }
    ));
    assert!(matches!(
        translate(&[1; 13]),
        GenerateError::SourceTooLong {
            source_len: 13,
            max_seq_len: 12
        }
    ));
    let none = model.translate(&[], BeamOptions::default()).unwrap();
    assert!(none.is_empty());
}
