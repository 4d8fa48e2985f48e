//! Texts that outgrow the context, against a model that is shown all it may see at every step.

use crate::{floats, fresh, shake, shapes};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{
    CausalLm, GenerateError, GenerateOptions, NewToken, Pass, Request, Sampling, Slide,
    TransformerConfig,
};
use std::ops::ControlFlow;

/// Twelve positions.
fn models() -> Vec<(&'static str, CausalLm)> {
    let sinusoidal = TransformerConfig {
        position: slovo_model::PositionKind::Sinusoidal,
        ..shapes::gpt2()
    };
    let shapes = [
        ("learned", shapes::gpt2()),
        ("sinusoidal", sinusoidal),
        ("rotary", shapes::llama()),
    ];
    shapes
        .into_iter()
        .map(|(name, config)| {
            let mut model = fresh(&config, 3);
            shake(&mut model);
            (name, model)
        })
        .collect()
}

fn sliding(max_new: usize, slide: Slide) -> GenerateOptions {
    GenerateOptions {
        sampling: Sampling::greedy(),
        slide: Some(slide),
        ..GenerateOptions::new(max_new)
    }
}

fn go_on(_: u32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The likeliest token behind what the model is shown.
fn next(model: &CausalLm, seen: &[u32]) -> u32 {
    let ids: Vec<i64> = seen.iter().map(|id| i64::from(*id)).collect();
    let data = TensorData::new(ids, [1, seen.len()]);
    let tokens = Tensor::<2, Int>::from_data(data, &Device::default());
    let logits = model.forward(tokens, &mut Pass::default());
    let logits = floats(logits.narrow(1, seen.len() - 1, 1));
    (0..logits.len())
        .max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
        .unwrap() as u32
}

/// A prompt that fits, and one that does not.
const PROMPTS: [&[u32]; 2] = [
    &[3, 1, 4, 1, 5],
    &[2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5, 2],
];

#[test]
fn one_less_than_the_context_is_cropping() {
    for (name, model) in models() {
        for prompt in PROMPTS {
            // nanoGPT's `generate`: each token sees the newest `block_size` ones.
            let mut text = prompt.to_vec();
            for _ in 0..30 {
                text.push(next(&model, &text[text.len().saturating_sub(12)..]));
            }
            let ours = model
                .generate(prompt, &sliding(30, Slide::Keep(11)), go_on)
                .unwrap();
            assert_eq!(ours, text[prompt.len()..], "{name}");
        }
    }
}

#[test]
fn what_stays_is_read_again_when_the_room_is_full() {
    for (name, model) in models() {
        for (slide, keep) in [
            (Slide::Half, 6),
            (Slide::Keep(0), 0),
            (Slide::Keep(1), 1),
            (Slide::Keep(9), 9),
        ] {
            for prompt in PROMPTS {
                let mut text = prompt.to_vec();
                let mut from = text.len().saturating_sub(12);
                for _ in 0..40 {
                    if text.len() - from > 12 {
                        from = text.len() - 1 - keep;
                    }
                    text.push(next(&model, &text[from..]));
                }
                let ours = model.generate(prompt, &sliding(40, slide), go_on).unwrap();
                assert_eq!(ours, text[prompt.len()..], "{name}, {slide:?}");
            }
        }
    }
}

#[test]
fn rows_slide_each_for_itself() {
    for (name, model) in models() {
        let request = |prompt, max_new, slide| Request {
            prompt,
            options: sliding(max_new, slide),
        };
        let mut requests = vec![
            request(PROMPTS[0], 30, Slide::Half),
            request(PROMPTS[1], 17, Slide::Keep(11)),
            request(&[10, 9], 40, Slide::Keep(2)),
            request(&[6], 11, Slide::Half),
        ];
        requests[3].options.slide = None;
        let together = model
            .generate_batch(&requests, |_: &NewToken| ControlFlow::Continue(()))
            .unwrap();
        for (request, found) in requests.iter().zip(together) {
            let alone = model.generate(request.prompt, &request.options, go_on);
            assert_eq!(found.tokens, alone.unwrap(), "{name}");
            assert_eq!(found.tokens.len(), request.options.max_new);
        }
    }
}

#[test]
fn a_text_that_fits_does_not_slide() {
    for (name, model) in models() {
        let mut plain = sliding(7, Slide::Keep(0));
        let slid = model.generate(PROMPTS[0], &plain, go_on).unwrap();
        plain.slide = None;
        assert_eq!(
            slid,
            model.generate(PROMPTS[0], &plain, go_on).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn without_an_end_the_predicate_ends_it() {
    let (_, model) = models().remove(0);
    let mut left = 50;
    let tokens = model
        .generate(&[1], &sliding(usize::MAX, Slide::Half), |_| {
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })
        .unwrap();
    assert_eq!(tokens.len(), 50);
}

#[test]
fn a_slide_must_leave_room() {
    let (_, model) = models().remove(0);
    let error = model
        .generate(&[1], &sliding(3, Slide::Keep(12)), go_on)
        .unwrap_err();
    assert!(
        matches!(error, GenerateError::Slide { keep: 12, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("keep at most 11"), "{error}");
}
