//! Several texts of different lengths side by side: each is computed as if it were alone.

use crate::{distance, floats, fresh, shake, shapes};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{
    CausalLm, Continuation, Finish, GenerateError, GenerateOptions, Logprobs, NewToken, Padding,
    Pass, Request, Sampling, TransformerConfig,
};
use std::ops::ControlFlow;

/// Three texts of different lengths, none longer than seven.
const TEXTS: [&[u32]; 3] = [&[3, 1, 4, 1], &[5], &[9, 2, 6, 5, 3, 10, 8]];

fn go_on(_: &NewToken) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A model in which every parameter matters.
fn shaken(config: &TransformerConfig) -> CausalLm {
    let mut model = fresh(config, 9);
    shake(&mut model);
    model
}

fn tensor(rows: &[Vec<u32>]) -> Tensor<2, Int> {
    let ids: Vec<i64> = rows.concat().into_iter().map(i64::from).collect();
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(ids, shape), &Device::default())
}

/// The texts filled up to the length of the longest.
fn filled_up(filler: u32) -> (Tensor<2, Int>, Padding) {
    let padding = Padding::left(&TEXTS.map(<[u32]>::len));
    let rows: Vec<Vec<u32>> = TEXTS
        .iter()
        .zip(padding.before())
        .map(|(text, n)| [vec![filler; *n], text.to_vec()].concat())
        .collect();
    (tensor(&rows), padding)
}

fn padded(padding: &Padding) -> Pass<'_> {
    Pass {
        padding: Some(padding),
        ..Pass::default()
    }
}

#[test]
fn a_padded_row_has_the_logits_of_the_row_alone() {
    for (name, config) in shapes::all() {
        let model = shaken(&config);
        let (tokens, padding) = filled_up(7);
        let together = model.forward(tokens, &mut padded(&padding));
        for (row, text) in TEXTS.iter().enumerate() {
            let alone = model.forward(tensor(&[text.to_vec()]), &mut Pass::default());
            let filler = padding.before()[row];
            let ours = together.clone().narrow(0, row, 1);
            let error = distance(ours.narrow(1, filler, text.len()), alone);
            assert!(error < 1e-5, "{name}, row {row}: {error}");
        }
    }
}

#[test]
fn filler_is_nothing() {
    for (name, config) in shapes::all() {
        let model = shaken(&config);
        let logits = |filler| {
            let (tokens, padding) = filled_up(filler);
            let logits = model.forward(tokens, &mut padded(&padding));
            let real = |row: usize| {
                let from = padding.before()[row];
                let row = logits.clone().narrow(0, row, 1);
                floats(row.narrow(1, from, 7 - from))
            };
            [real(0), real(1), real(2)]
        };
        assert_eq!(logits(0), logits(7), "{name}");
    }
}

/// A request for each text, all different.
fn requests() -> Vec<Request<'static>> {
    let request = |row: usize, max_new, sampling| Request {
        prompt: TEXTS[row],
        options: GenerateOptions {
            sampling,
            logprobs: Some(row + 1),
            ..GenerateOptions::new(max_new)
        },
    };
    let wild = |seed| Sampling {
        temperature: 2.0,
        seed,
        ..Sampling::default()
    };
    let varied = Sampling {
        repetition_penalty: 1.2,
        presence_penalty: 0.3,
        frequency_penalty: 0.1,
        temperature: 1.1,
        top_k: Some(9),
        top_p: Some(0.95),
        min_p: Some(0.01),
        seed: 5,
    };
    vec![
        request(0, 7, wild(3)),
        // It goes on when the longest row is done, and to the last position.
        request(1, 11, wild(4)),
        request(2, 5, varied.clone()),
        request(1, 3, Sampling::greedy()),
        request(0, 8, varied),
        request(2, 0, wild(6)),
    ]
}

fn same(name: &str, row: usize, found: &Continuation, alone: &Continuation) {
    assert_eq!(found.tokens, alone.tokens, "{name}, row {row}");
    assert_eq!(found.finish, alone.finish, "{name}, row {row}");
    assert_eq!(found.logprobs.len(), found.tokens.len());
    assert_eq!(alone.logprobs.len(), alone.tokens.len());
    for (a, b) in found.logprobs.iter().zip(&alone.logprobs) {
        let all = |l: &Logprobs| {
            let top = l.top.iter().map(|(_, logprob)| *logprob);
            [l.chosen].into_iter().chain(top).collect::<Vec<f32>>()
        };
        let ids = |l: &Logprobs| l.top.iter().map(|(id, _)| *id).collect::<Vec<u32>>();
        assert_eq!(ids(a), ids(b), "{name}, row {row}");
        for (a, b) in all(a).into_iter().zip(all(b)) {
            // One row is multiplied by other loops than five, which round differently.
            assert!((a - b).abs() < 5e-5, "{name}, row {row}: {a} {b}");
        }
    }
}

#[test]
fn every_row_of_a_batch_is_the_row_alone() {
    for (name, config) in shapes::all() {
        let model = shaken(&config);
        let requests = requests();
        let together = model.generate_batch(&requests, go_on).unwrap();
        assert_eq!(together.len(), requests.len());
        for (row, (found, request)) in together.iter().zip(&requests).enumerate() {
            let alone = model
                .generate_batch(std::slice::from_ref(request), go_on)
                .unwrap();
            same(name, row, found, &alone[0]);
            assert_eq!(found.tokens.len(), request.options.max_new);
            assert_eq!(found.finish, Finish::Length);
            let plain = model.generate(request.prompt, &request.options, |_| {
                ControlFlow::Continue(())
            });
            assert_eq!(plain.unwrap(), found.tokens, "{name}, row {row}");
        }
    }
}

#[test]
fn a_row_stops_and_the_others_go_on() {
    let model = shaken(&shapes::llama());
    let requests = requests();
    let whole = model.generate_batch(&requests, go_on).unwrap();
    let mut seen = vec![Vec::new(); requests.len()];
    let mut order = Vec::new();
    let found = model
        .generate_batch(&requests, |token| {
            seen[token.row].push(token.id);
            order.push(token.row);
            match seen[token.row].len() == [2, 99, 1, 3, 99, 99][token.row] {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
        .unwrap();
    // All that are left take turns.
    assert_eq!(order[..8], [0, 1, 2, 3, 4, 0, 1, 3]);
    for (row, found) in found.iter().enumerate() {
        let (length, finish) = match row {
            0 => (2, Finish::Stopped),
            2 => (1, Finish::Stopped),
            3 => (3, Finish::Stopped),
            row => (whole[row].tokens.len(), Finish::Length),
        };
        assert_eq!(found.tokens, whole[row].tokens[..length], "row {row}");
        assert_eq!(found.tokens, seen[row], "row {row}");
        assert_eq!(found.logprobs.len(), length);
        assert_eq!(found.finish, finish, "row {row}");
    }
    assert!(model.generate_batch(&[], go_on).unwrap().is_empty());
}

#[test]
fn log_probabilities_are_the_models_own() {
    let model = shaken(&shapes::gpt2());
    let prompt = [3u32, 1, 4];
    // However it was drawn: the loss on the same text is their negative sum.
    for mut options in requests().into_iter().map(|request| request.options) {
        options.max_new = 9;
        options.logprobs = Some(11);
        let request = Request {
            prompt: &prompt,
            options,
        };
        let found = model.generate_batch(&[request], go_on).unwrap().remove(0);
        let text = [&prompt[..], &found.tokens].concat();
        let counts: Vec<bool> = (1..text.len()).map(|at| at >= prompt.len()).collect();
        let mask = TensorData::new(counts, [1, text.len() - 1]);
        let loss = model.loss(
            tensor(&[text[..text.len() - 1].to_vec()]),
            tensor(&[text[1..].to_vec()]),
            Some(Tensor::from_data(mask, &Device::default())),
            &mut Pass::default(),
        );
        let sum: f32 = found.logprobs.iter().map(|l| l.chosen).sum();
        assert!((sum + floats(loss)[0]).abs() < 1e-3, "{sum}");
        for (token, logprobs) in found.tokens.iter().zip(&found.logprobs) {
            assert_eq!(logprobs.top.len(), 11);
            assert!(logprobs.top.is_sorted_by(|a, b| a.1 >= b.1));
            let total: f32 = logprobs.top.iter().map(|(_, l)| l.exp()).sum();
            assert!((total - 1.0).abs() < 1e-5, "{total}");
            assert!(logprobs.top.contains(&(*token, logprobs.chosen)));
        }
    }
    let request = Request {
        prompt: &prompt,
        options: GenerateOptions::new(3),
    };
    let found = model.generate_batch(&[request], |token| {
        assert_eq!(token.logprobs, None);
        ControlFlow::Continue(())
    });
    assert!(found.unwrap()[0].logprobs.is_empty());
}

#[test]
fn what_is_wrong_with_a_row_says_which() {
    let model = shaken(&shapes::llama());
    let mut requests = requests();
    requests[2].prompt = &[1, 11];
    let error = model.generate_batch(&requests, go_on).unwrap_err();
    assert!(
        matches!(error, GenerateError::Row { row: 2, .. }),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("prompt 2 (counted from 0)") && text.contains("token 11 at position 1"),
        "{text}"
    );
}

#[test]
#[should_panic(expected = "3 sequences, but the padding is for 2")]
fn padding_of_other_rows_is_refused() {
    let (tokens, padding) = filled_up(0);
    let padding = padding.select(&[0, 1]);
    shaken(&shapes::llama()).forward(tokens, &mut padded(&padding));
}
