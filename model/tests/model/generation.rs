//! Continuing one text.

use crate::{floats, fresh, shapes};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{CausalLm, GenerateError, GenerateOptions, Pass, Sampling, TransformerConfig};
use std::ops::ControlFlow;

fn model() -> CausalLm {
    fresh(
        &TransformerConfig {
            vocab_size: 40,
            max_seq_len: 24,
            ..shapes::llama()
        },
        9,
    )
}

fn options(max_new: usize, sampling: Sampling) -> GenerateOptions {
    GenerateOptions {
        sampling,
        ..GenerateOptions::new(max_new)
    }
}

fn go_on(_: u32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn greedy_takes_the_likeliest_token_of_the_full_forward() {
    let model = model();
    let mut tokens = vec![3u32, 1, 4];
    let ours = model
        .generate(&tokens, &options(12, Sampling::greedy()), go_on)
        .unwrap();
    for token in ours {
        let ids: Vec<i64> = tokens.iter().map(|t| i64::from(*t)).collect();
        let data = TensorData::new(ids, [1, tokens.len()]);
        let row = Tensor::<2, Int>::from_data(data, &Device::default());
        let logits = model
            .forward(row, &mut Pass::default())
            .narrow(1, tokens.len() - 1, 1);
        let logits = floats(logits);
        let best = (0..logits.len())
            .max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
            .unwrap();
        assert_eq!(token as usize, best);
        tokens.push(token);
    }
}

#[test]
fn a_seed_names_a_text() {
    let model = model();
    let settings = [
        Sampling {
            temperature: 1.5,
            ..Sampling::default()
        },
        Sampling {
            top_k: Some(20),
            ..Sampling::default()
        },
        Sampling {
            top_p: Some(0.9),
            ..Sampling::default()
        },
    ];
    for sampling in settings {
        let run = |seed| {
            let sampling = Sampling {
                seed,
                ..sampling.clone()
            };
            model
                .generate(&[3, 1, 4], &options(20, sampling), go_on)
                .unwrap()
        };
        assert_eq!(run(1), run(1), "{sampling:?}");
        assert_ne!(run(1), run(2), "{sampling:?}");
    }
}

#[test]
fn narrow_sampling_is_greedy() {
    let model = model();
    let run = |sampling| {
        model
            .generate(&[3, 1, 4], &options(20, sampling), go_on)
            .unwrap()
    };
    let greedy = run(Sampling::greedy());
    assert_eq!(
        greedy,
        run(Sampling {
            top_k: Some(1),
            ..Sampling::default()
        })
    );
    assert_eq!(
        greedy,
        run(Sampling {
            top_p: Some(1e-6),
            ..Sampling::default()
        })
    );
    assert_eq!(
        greedy,
        run(Sampling {
            temperature: 1e-6,
            ..Sampling::default()
        })
    );
}

#[test]
fn the_callback_sees_every_token_and_may_stop() {
    let mut seen = Vec::new();
    let tokens = model()
        .generate(&[5], &GenerateOptions::new(10), |token| {
            seen.push(token);
            if seen.len() == 4 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(tokens.len(), 4);
    assert_eq!(tokens, seen);
    let none = model().generate(&[5], &GenerateOptions::new(0), go_on);
    assert!(none.unwrap().is_empty());
}

#[test]
fn a_training_model_generates_too() {
    let model = model();
    let expected = model
        .generate(&[3, 1], &GenerateOptions::new(8), go_on)
        .unwrap();
    let ours = model
        .train()
        .generate(&[3, 1], &GenerateOptions::new(8), go_on)
        .unwrap();
    assert_eq!(ours, expected);
}

#[test]
fn bad_requests_say_what_would_do() {
    let model = model();
    let fail = |prompt: &[u32], new, sampling| {
        let options = options(new, sampling);
        model.generate(prompt, &options, go_on).unwrap_err()
    };
    let greedy = Sampling::greedy;
    assert!(matches!(fail(&[], 3, greedy()), GenerateError::EmptyPrompt));
    let text = fail(&[3, 40], 3, greedy()).to_string();
    assert!(
        text.contains("token 40 at position 1") && text.contains("size 40"),
        "{text}"
    );
    // All 24 positions can be used, and not one more.
    assert_eq!(
        model
            .generate(&[1; 20], &options(4, greedy()), go_on)
            .unwrap()
            .len(),
        4
    );
    let text = fail(&[1; 20], 5, greedy()).to_string();
    assert!(
        text.contains("25 positions")
            && text.contains("at most 4 new tokens")
            && text.contains("slide"),
        "{text}"
    );
    let text = fail(&[1; 30], usize::MAX, greedy()).to_string();
    assert!(text.contains("shorten the prompt below 24"), "{text}");
    type Spoil = fn(&mut Sampling);
    let bad: [(Spoil, &str, &str); 13] = [
        (|s| s.temperature = -1.0, "temperature", "-1"),
        (|s| s.temperature = f32::NAN, "temperature", "NaN"),
        (|s| s.top_k = Some(0), "top_k", "0"),
        (|s| s.top_p = Some(0.0), "top_p", "0"),
        (|s| s.top_p = Some(1.5), "top_p", "1.5"),
        (|s| s.min_p = Some(-0.1), "min_p", "-0.1"),
        (|s| s.min_p = Some(1.5), "min_p", "1.5"),
        (|s| s.min_p = Some(f32::NAN), "min_p", "NaN"),
        (|s| s.repetition_penalty = 0.0, "repetition_penalty", "0"),
        (
            |s| s.repetition_penalty = f32::NAN,
            "repetition_penalty",
            "NaN",
        ),
        (
            |s| s.repetition_penalty = f32::INFINITY,
            "repetition_penalty",
            "inf",
        ),
        (|s| s.presence_penalty = f32::NAN, "presence_penalty", "NaN"),
        (
            |s| s.frequency_penalty = f32::NEG_INFINITY,
            "frequency_penalty",
            "-inf",
        ),
    ];
    for (spoil, field, value) in bad {
        let mut sampling = greedy();
        spoil(&mut sampling);
        let text = fail(&[1], 1, sampling).to_string();
        let named = text.contains(&format!("`{field}` is {value};"));
        assert!(named && text.contains("for example"), "{text}");
    }
}

#[test]
fn damaged_weights_are_an_error_not_a_token() {
    let mut model = model();
    let norm = model.stack.norm.as_mut().unwrap();
    norm.gamma = norm.gamma.clone().map(|gamma| gamma * f32::NAN);
    let error = model
        .generate(&[1, 2], &GenerateOptions::new(1), go_on)
        .unwrap_err();
    assert!(
        matches!(error, GenerateError::NotFinite { position: 2 }),
        "{error}"
    );
}
