//! Sentence vectors: all ways of pooling on a small model, and MiniLM's.

use crate::devices;
use crate::tensors::floats;
use burn::tensor::{Int, Tensor, TensorData};
use safetensors::SafeTensors;
use serde_json::Value;
use slovo_model::{EmbedOptions, Padding, Pass, Pooling, load_encoder};
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

/// A golden file or folder, unless the checkout has no shared data.
fn golden(name: &str) -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden"));
    there(shared.join(name))
}

fn there(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// Pooled with loops from the hidden states that `transformers` computed.
#[test]
fn every_pooling_leaves_filler_out() {
    let Some(folder) = golden("bert-tiny") else {
        return;
    };
    let bytes = std::fs::read(folder.join("reference.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let ids = |name: &str| -> Vec<i64> {
        let words = file.tensor(name).unwrap().data().chunks_exact(8);
        words
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect()
    };
    let shape: [usize; 2] = file
        .tensor("input.input_ids")
        .unwrap()
        .shape()
        .try_into()
        .unwrap();
    let [rows, seq] = shape;
    let mask = ids("input.attention_mask");
    let lengths: Vec<usize> = mask
        .chunks(seq)
        .map(|row| row.iter().sum::<i64>() as usize)
        .collect();
    assert!(lengths.iter().any(|length| *length < seq));
    let words = file
        .tensor("output.last_hidden")
        .unwrap()
        .data()
        .chunks_exact(4);
    let hidden: Vec<f32> = words
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let width = hidden.len() / (rows * seq);
    let expected = |pooling: Pooling| -> Vec<f32> {
        let of_row = |row: usize| {
            let length = lengths[row];
            let value = {
                let hidden = &hidden;
                move |token: usize, channel: usize| hidden[(row * seq + token) * width + channel]
            };
            (0..width).map(move |channel| {
                let all = (0..length).map(|token| value(token, channel));
                match pooling {
                    Pooling::First => value(0, channel),
                    Pooling::Last => value(length - 1, channel),
                    Pooling::Mean => all.sum::<f32>() / length as f32,
                    Pooling::Max => all.fold(f32::MIN, f32::max),
                }
            })
        };
        (0..rows).flat_map(of_row).collect()
    };
    for (backend, device) in devices::all() {
        let model = load_encoder(&folder, &device).unwrap();
        let tensor = |name| Tensor::<2, Int>::from_data(TensorData::new(ids(name), shape), &device);
        for pooling in [Pooling::First, Pooling::Last, Pooling::Mean, Pooling::Max] {
            let padding = Padding::right(&lengths);
            let mut pass = Pass {
                padding: Some(&padding),
                segments: Some(tensor("input.token_type_ids")),
                ..Pass::default()
            };
            let found = floats(model.pooled(tensor("input.input_ids"), &mut pass, pooling));
            let error = largest(&found, &expected(pooling));
            assert!(error < 1e-4, "{backend}, {pooling:?}: {error}");
        }
    }
}

/// The vectors that sentence-transformers' model card computes, within 1e-4.
#[test]
fn minilm() {
    let Some(weights) = std::env::var_os("SLOVO_WEIGHTS") else {
        eprintln!("skipped: SLOVO_WEIGHTS names no folder with minilm/");
        return;
    };
    let (Some(folder), Some(golden)) = (
        there(Path::new(&weights).join("minilm")),
        golden("minilm.json"),
    ) else {
        return;
    };
    let golden: Value = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).unwrap();
    tokenizer.with_padding(None);
    let sentences = golden["sentences"].as_array().unwrap();
    let texts: Vec<Vec<u32>> = sentences
        .iter()
        .map(|sentence| {
            let text = sentence["text"].as_str().unwrap();
            tokenizer.encode(text, true).unwrap().get_ids().to_vec()
        })
        .collect();
    for (backend, device) in devices::all() {
        let model = load_encoder(&folder, &device).unwrap();
        let found = model.embed(&texts, &EmbedOptions::default()).unwrap();
        for (number, sentence) in sentences.iter().enumerate() {
            let expected: Vec<f32> = serde_json::from_value(sentence["embedding"].clone()).unwrap();
            let error = largest(&found[number], &expected);
            println!("{backend}, sentence {number}: {error:e}");
            assert!(error < 1e-4, "{backend}, sentence {number}: {error}");
        }
    }
}

fn largest(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0, |max, (a, b)| max.max((a - b).abs()))
}
