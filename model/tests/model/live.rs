//! A batch that texts join and leave between steps: each is continued as it would be alone.

use crate::{fresh, shake, shapes};
use slovo_model::{
    CausalLm, Finish, GenerateError, GenerateOptions, LiveBatch, NewToken, Request, Sampling,
    Slide, TransformerConfig,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

fn shaken(config: &TransformerConfig) -> CausalLm {
    let mut model = fresh(config, 9);
    shake(&mut model);
    model
}

fn request(prompt: &[u32], max_new: usize) -> Request<'_> {
    Request {
        prompt,
        options: GenerateOptions {
            sampling: Sampling::greedy(),
            ..GenerateOptions::new(max_new)
        },
    }
}

fn go_on(_: &NewToken) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn alone(model: &CausalLm, request: &Request<'_>) -> Vec<u32> {
    let all = model.generate_batch(std::slice::from_ref(request), go_on);
    all.unwrap().remove(0).tokens
}

/// Texts of all lengths come in at all times; one leaves half-way.
#[test]
fn each_is_continued_as_it_would_be_alone() {
    let prompts: [&[u32]; 5] = [&[3, 1, 4], &[5], &[9, 2, 6, 5, 3, 10, 8], &[7, 7], &[2]];
    let max_new = [6, 9, 4, 1, 8];
    for (name, config) in shapes::all() {
        if !config.causal {
            continue;
        }
        let model = shaken(&config);
        let mut batch = LiveBatch::new(&model);
        let mut found: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        let mut numbers = Vec::new();
        for (prompt, max_new) in prompts.iter().zip(max_new) {
            let (number, over) = batch.join(&request(prompt, max_new), go_on).unwrap();
            numbers.push(number);
            let steps = batch.step(go_on).unwrap();
            for ended in over.into_iter().chain(steps) {
                found.insert(ended.row, ended.result.unwrap().tokens);
            }
            if number == 2 {
                batch.leave(numbers[0]);
            }
        }
        while !batch.is_empty() {
            for ended in batch.step(go_on).unwrap() {
                let continuation = ended.result.unwrap();
                assert_eq!(continuation.finish, Finish::Length);
                found.insert(ended.row, continuation.tokens);
            }
        }
        assert!(!found.contains_key(&numbers[0]), "{name}");
        for (place, number) in numbers.iter().enumerate().skip(1) {
            let expected = alone(&model, &request(prompts[place], max_new[place]));
            assert_eq!(found[number], expected, "{name}, {place}");
        }
    }
}

#[test]
fn a_text_may_outgrow_the_context() {
    let model = shaken(&shapes::llama());
    let max_seq_len = model.config().max_seq_len;
    let prompts: [&[u32]; 2] = [&[3, 1, 4], &[5]];
    let request = |prompt| {
        let mut request = request(prompt, max_seq_len + 9);
        request.options.slide = Some(Slide::Half);
        request
    };
    let mut batch = LiveBatch::new(&model);
    batch.join(&request(prompts[0]), go_on).unwrap();
    batch.step(go_on).unwrap();
    batch.join(&request(prompts[1]), go_on).unwrap();
    let mut found = BTreeMap::new();
    while !batch.is_empty() {
        for ended in batch.step(go_on).unwrap() {
            found.insert(ended.row, ended.result.unwrap().tokens);
        }
    }
    for (number, prompt) in prompts.iter().enumerate() {
        assert_eq!(found[&number], alone(&model, &request(prompt)), "{number}");
    }
}

#[test]
fn a_reader_may_stop_its_own_text() {
    let model = shaken(&shapes::gpt2());
    let mut batch = LiveBatch::new(&model);
    batch.join(&request(&[3, 1], 8), go_on).unwrap();
    batch.join(&request(&[4], 8), go_on).unwrap();
    let ended = batch
        .step(|token| match token.row {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .unwrap();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].row, 0);
    assert_eq!(batch.len(), 1);
    let refused = batch.join(&request(&[], 3), go_on);
    assert!(matches!(refused, Err(GenerateError::EmptyPrompt)));
}

/// What a text needed goes with it: those that come later take no room for it.
#[test]
fn columns_leave_with_the_text_that_had_them() {
    let model = shaken(&shapes::gpt2());
    let long = [7; 8];
    let mut batch = LiveBatch::new(&model);
    batch.join(&request(&[3, 1], 8), go_on).unwrap();
    let (row, _) = batch.join(&request(&long, 4), go_on).unwrap();
    let wide = batch.columns();
    batch.leave(row);
    assert!(
        wide >= 8 && batch.columns() < 8,
        "{wide}, {}",
        batch.columns()
    );
    let mut found = Vec::new();
    while !batch.is_empty() {
        found.extend(batch.step(go_on).unwrap());
    }
    let found = found.remove(0).result.unwrap().tokens;
    assert_eq!(found, alone(&model, &request(&[3, 1], 8)));
}
