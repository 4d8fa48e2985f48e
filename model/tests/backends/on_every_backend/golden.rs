//! Parity with Hugging Face's transformers on small models with random weights.

use crate::devices;
use crate::reference::Reference;
use crate::tensors::{distance, floats};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{
    Cache, CausalLm, GenerateOptions, Padding, Pass, Request, Sampling, load_masked_lm, load_model,
    load_seq2seq,
};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The folder of a golden model, unless the checkout has no shared data.
fn folder(name: &str) -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden"));
    let folder = shared.join(name);
    if !folder.exists() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn check(name: &str) {
    let Some(folder) = folder(name) else { return };
    let reference = Reference::of(&folder);
    for (backend, device) in devices::all() {
        check_on(
            &format!("{name} on {backend}"),
            &folder,
            &reference,
            &device,
        );
    }
}

fn check_on(name: &str, folder: &Path, reference: &Reference, device: &Device) {
    let model = load_model(folder, device).unwrap();

    let (shape, tokens) = reference.ids("input.input_ids");
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), device);
    let (shape, logits) = reference.floats("output.logits");
    let expected = Tensor::<3>::from_data(TensorData::new(logits, shape), device);
    let ours = model.forward(tokens.clone(), &mut Pass::default());
    let error = distance(ours.clone(), expected.clone());
    assert!(error < 1e-4, "{name}: logits differ by {error}");
    // The same in the mean, so that many small errors do not hide behind one large logit.
    let norm = |t: Tensor<3>| (t.clone() * t).sum().into_scalar::<f32>().sqrt();
    let error = norm(ours - expected.clone()) / norm(expected.clone());
    assert!(error < 1e-4, "{name}: logits differ by {error} in the mean");

    check_cached(name, &model, tokens.clone(), expected);

    let [batch, seq] = tokens.dims();
    let loss = model.loss(
        tokens.clone().narrow(1, 0, seq - 1),
        tokens.narrow(1, 1, seq - 1),
        None,
        &mut Pass::default(),
    );
    let loss = floats(loss)[0] / (batch * (seq - 1)) as f32;
    let expected = reference.floats("output.loss").1[0];
    assert!(
        (loss - expected).abs() < 1e-5 * expected,
        "{name}: loss {loss} != {expected}"
    );

    let prompt: Vec<u32> = reference
        .ids("input.prompt")
        .1
        .iter()
        .map(|id| *id as u32)
        .collect();
    let expected: Vec<u32> = reference
        .floats("output.greedy")
        .1
        .iter()
        .map(|id| *id as u32)
        .collect();
    let new = expected.len() - prompt.len();
    let go_on = |_| ControlFlow::Continue(());
    let greedy = GenerateOptions {
        sampling: Sampling::greedy(),
        ..GenerateOptions::new(new)
    };
    let ours = model.generate(&prompt, &greedy, go_on).unwrap();
    assert_eq!(
        [prompt, ours].concat(),
        expected,
        "{name}: greedy continuation"
    );
}

/// The reference's logits come out of the cache too.
fn check_cached(name: &str, model: &CausalLm, tokens: Tensor<2, Int>, expected: Tensor<3>) {
    let [batch, seq] = tokens.dims();
    let mut cache: Cache = model.cache(batch, seq, &tokens.device());
    let mut read = |from, n| {
        model.forward(
            tokens.clone().narrow(1, from, n),
            &mut Pass::cached(&mut cache),
        )
    };
    let parts = vec![read(0, 9), read(9, 1), read(10, seq - 10)];
    let error = distance(Tensor::cat(parts, 1), expected);
    assert!(error < 1e-4, "{name}: cached logits differ by {error}");
}

#[test]
fn gpt2() {
    check("gpt2-tiny");
}

#[test]
fn llama_with_grouped_heads() {
    check("llama-tiny");
}

#[test]
fn llama_with_tied_head() {
    check("llama-tied-tiny");
}

#[test]
fn qwen2() {
    check("qwen2-tiny");
}

/// Logits and hidden states of a masked language model with segments and padding.
#[test]
fn bert() {
    let Some(folder) = folder("bert-tiny") else {
        return;
    };
    let reference = Reference::of(&folder);
    for (backend, device) in devices::all() {
        let model = load_masked_lm(&folder, &device).unwrap();
        let ids = |name| {
            let (shape, ids) = reference.ids(name);
            Tensor::<2, Int>::from_data(TensorData::new(ids, shape), &device)
        };
        let (shape, counts) = reference.ids("input.attention_mask");
        let lengths: Vec<usize> = (counts.chunks(shape[1]))
            .map(|row| row.iter().sum::<i64>() as usize)
            .collect();
        let padding = Padding::right(&lengths);
        let mut pass = Pass {
            padding: Some(&padding),
            segments: Some(ids("input.token_type_ids")),
            ..Pass::default()
        };
        let hidden = model.encoder.hidden(ids("input.input_ids"), &mut pass);
        let logits = model.logits(hidden.clone());
        for (name, ours) in [("last_hidden", hidden), ("logits", logits)] {
            let (shape, values) = reference.floats(&format!("output.{name}"));
            let expected = Tensor::<3>::from_data(TensorData::new(values, shape), &device);
            for (row, length) in lengths.iter().enumerate() {
                let real = |x: &Tensor<3>| x.clone().narrow(0, row, 1).narrow(1, 0, *length);
                let error = distance(real(&ours), real(&expected));
                assert!(error < 1e-4, "{backend}, {name}, row {row}: {error}");
            }
        }
    }
}

/// What transformers computes for the encoder–decoder; see `data/marian.py`.
const MARIAN: &[u8] = include_bytes!("../data/marian.safetensors");

/// Logits of an encoder–decoder with padded sources, all target tokens at once and one by one, and
/// what it writes by itself.
#[test]
fn marian() {
    let Some(folder) = folder("marian-tiny") else {
        return;
    };
    let inputs = Reference::of(&folder);
    let reference = Reference(MARIAN.to_vec());
    for (backend, device) in devices::all() {
        let model = load_seq2seq(&folder, &device).unwrap();
        let ids = |name| {
            let (shape, ids) = inputs.ids(name);
            Tensor::<2, Int>::from_data(TensorData::new(ids, shape), &device)
        };
        let (shape, sources) = inputs.ids("input.input_ids");
        let (_, counts) = inputs.ids("input.attention_mask");
        let lengths: Vec<usize> = (counts.chunks(shape[1]))
            .map(|row| row.iter().sum::<i64>() as usize)
            .collect();
        let padding = Padding::right(&lengths);
        let mut pass = Pass {
            padding: Some(&padding),
            ..Pass::default()
        };
        let source = model.encode(ids("input.input_ids"), &mut pass);
        let targets = ids("input.decoder_input_ids");
        let [batch, seq] = targets.dims();
        let hidden = model.decode(targets.clone(), &source, &mut Pass::default());
        let (logits_shape, values) = reference.floats("logits");
        let expected = Tensor::<3>::from_data(TensorData::new(values, logits_shape), &device);
        let error = distance(model.logits(hidden), expected.clone());
        assert!(error < 1e-4, "{backend}: {error}");

        let mut cache = model.cache(batch, seq, &device);
        let steps = (0..seq).map(|at| {
            let token = targets.clone().narrow(1, at, 1);
            let hidden = model.decode(token, &source, &mut Pass::cached(&mut cache));
            model.logits(hidden)
        });
        let error = distance(Tensor::cat(steps.collect(), 1), expected);
        assert!(error < 1e-4, "{backend}, token by token: {error}");

        let rows = sources.chunks(shape[1]).zip(&lengths);
        let sources: Vec<Vec<u32>> = rows
            .map(|(row, length)| row[..*length].iter().map(|id| *id as u32).collect())
            .collect();
        let options = GenerateOptions {
            sampling: Sampling::greedy(),
            ..GenerateOptions::new(12)
        };
        let go_on = |_: &_| ControlFlow::Continue(());
        let greedy = model.generate_batch(&sources, &options, go_on).unwrap();
        let expected = reference.floats("greedy").1;
        for (row, (ours, expected)) in greedy.iter().zip(expected.chunks(12)).enumerate() {
            let expected: Vec<u32> = expected.iter().map(|id| *id as u32).collect();
            assert_eq!(ours.tokens, expected, "{backend}, row {row}");
        }
    }
}

/// Three prompts of different lengths, and what `generate` of transformers 5.23 (eager attention,
/// float32, filled up at the left with an attention mask) continues them by.
const PROMPTS: [&[u32]; 3] = [
    &[17, 3, 200, 9, 41],
    &[5],
    &[120, 121, 122, 8, 8, 99, 150, 61, 2],
];

/// Twelve tokens of each prompt at temperature 0; the sum of their log-probabilities; twelve with a
/// repetition penalty of 1.3.
struct Continued {
    greedy: [[u32; 12]; 3],
    logprobs: [f32; 3],
    varied: [[u32; 12]; 3],
}

fn check_batch(name: &str, expected: &Continued) {
    let Some(folder) = folder(name) else { return };
    for (backend, device) in devices::all() {
        check_batch_on(&format!("{name} on {backend}"), &folder, expected, &device);
    }
}

fn check_batch_on(name: &str, folder: &Path, expected: &Continued, device: &Device) {
    let model = load_model(folder, device).unwrap();
    let continued = |repetition_penalty| {
        let options = GenerateOptions {
            sampling: Sampling {
                repetition_penalty,
                ..Sampling::greedy()
            },
            logprobs: Some(0),
            ..GenerateOptions::new(12)
        };
        let requests = PROMPTS.map(|prompt| Request {
            prompt,
            options: options.clone(),
        });
        let go_on = |_: &_| ControlFlow::Continue(());
        model.generate_batch(&requests, go_on).unwrap()
    };
    let found = continued(1.0);
    for (row, found) in found.into_iter().enumerate() {
        assert_eq!(found.tokens, expected.greedy[row], "{name}, prompt {row}");
        let sum: f32 = found.logprobs.iter().map(|token| token.chosen).sum();
        let off = (sum - expected.logprobs[row]).abs();
        assert!(off < 2e-3, "{name}, prompt {row}: {sum}");
    }
    for (row, found) in continued(1.3).into_iter().enumerate() {
        assert_eq!(found.tokens, expected.varied[row], "{name}, prompt {row}");
    }
}

#[test]
fn a_batch_on_gpt2() {
    check_batch(
        "gpt2-tiny",
        &Continued {
            greedy: [
                [23, 23, 23, 51, 51, 51, 51, 51, 51, 51, 51, 51],
                [51, 23, 51, 63, 51, 51, 51, 51, 63, 144, 51, 51],
                [179, 51, 51, 143, 0, 155, 15, 208, 208, 143, 51, 51],
            ],
            logprobs: [-33.85743, -36.59154, -38.91366],
            varied: [
                [23, 208, 74, 51, 28, 38, 63, 134, 51, 46, 23, 20],
                [51, 23, 87, 205, 0, 46, 143, 57, 28, 38, 208, 155],
                [179, 51, 0, 143, 133, 133, 37, 29, 18, 23, 20, 208],
            ],
        },
    );
}

#[test]
fn a_batch_on_llama() {
    check_batch(
        "llama-tiny",
        &Continued {
            greedy: [
                [138, 6, 27, 115, 104, 165, 121, 76, 134, 76, 134, 21],
                [21, 101, 9, 170, 9, 145, 145, 101, 9, 26, 9, 182],
                [219, 14, 87, 154, 38, 141, 28, 141, 128, 219, 28, 185],
            ],
            logprobs: [-35.19806, -36.76006, -35.74454],
            varied: [
                [138, 6, 27, 115, 104, 165, 121, 76, 134, 133, 7, 202],
                [21, 101, 9, 170, 201, 125, 76, 119, 121, 184, 28, 147],
                [219, 14, 87, 154, 38, 141, 28, 67, 185, 76, 100, 163],
            ],
        },
    );
}
