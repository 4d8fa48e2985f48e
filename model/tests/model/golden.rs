//! Parity with Hugging Face's transformers on small models with random weights.

use crate::{distance, floats};
use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use slovo_model::{Cache, CausalLm, Pass, Sampling, load_model};
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

struct Reference(Vec<u8>);

impl Reference {
    fn floats(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        let words = tensor.data().chunks_exact(4);
        let values = words
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        (tensor.shape().to_vec(), values)
    }

    fn ids(&self, name: &str) -> ([usize; 2], Vec<i64>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        let words = tensor.data().chunks_exact(8);
        let values = words
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect();
        (tensor.shape().try_into().unwrap(), values)
    }
}

fn check(name: &str) {
    let Some(folder) = folder(name) else { return };
    let device = Device::default();
    let model = load_model(&folder, &device).unwrap();
    let reference = Reference(std::fs::read(folder.join("reference.safetensors")).unwrap());

    let (shape, tokens) = reference.ids("input.input_ids");
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &device);
    let (shape, logits) = reference.floats("output.logits");
    let expected = Tensor::<3>::from_data(TensorData::new(logits, shape), &device);
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
    let ours = model
        .generate(&prompt, new, &Sampling::greedy(), go_on)
        .unwrap();
    assert_eq!(
        [prompt, ours].concat(),
        expected,
        "{name}: greedy continuation"
    );
}

/// The reference's logits come out of the cache too.
fn check_cached(name: &str, model: &CausalLm, tokens: Tensor<2, Int>, expected: Tensor<3>) {
    let [batch, seq] = tokens.dims();
    let mut cache: Cache = model.cache(batch, seq, &Device::default());
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
