//! Benchmarks that print, and judge nothing.
//!
//! The work is that of a plain PyTorch script on the same shapes, `peer.py`, which stands beside:
//! GPT-2's block with biases, tied head, AdamW (0.9, 0.99), weight decay 0.1 on matrices, clip 1.0,
//! learning rate 1e-3, random tokens.

mod bandwidth;
mod generate;
mod memory;
mod ops;
mod race;
mod scratch;
mod train;

use super::json;
use crate::optimizer::{AdamW, OptimizerRecipe};
use crate::stop::Stop;
use crate::{Error, Result};
use serde::Serialize;
use slovo_args::{BenchArgs, BenchName};
use slovo_model::TransformerConfig;
use std::fmt::Display;

/// Shapes by name, from small to large.
const SHAPES: [&str; 3] = ["A", "B", "C"];

/// Runs a benchmark; what it found, as text or as one line of JSON.
///
/// # Errors
///
/// An unknown shape, a device or a peer that fails, or a request to stop.
pub fn run(args: &BenchArgs, stop: &Stop) -> Result<String> {
    fn shown<T: Serialize + Display>(args: &BenchArgs, found: T) -> Result<String> {
        match args.json {
            true => json(&found),
            false => Ok(found.to_string()),
        }
    }
    match args.name {
        BenchName::Train => shown(args, train::train(args, stop)?),
        BenchName::Generate => shown(args, generate::generate(args, stop)?),
        BenchName::Ops => shown(args, ops::compare(args, stop)?),
        BenchName::Race => shown(args, race::race(args, stop)?),
        BenchName::Memory => shown(args, memory::compare(args, stop)?),
    }
}

/// The shape that is asked for, and its name.
fn asked(args: &BenchArgs, usual: &str) -> Result<(String, Shape)> {
    let name = args.config.as_deref().unwrap_or(usual);
    Ok((name.into(), shape(name)?))
}

/// The shapes that are asked for.
fn all_asked(args: &BenchArgs) -> Result<Vec<&str>> {
    match &args.config {
        Some(name) => shape(name).map(|_| vec![name.as_str()]),
        None => Ok(SHAPES.into()),
    }
}

/// A model and its batch.
struct Shape {
    config: TransformerConfig,
    /// In a batch, each as long as the context.
    sequences: usize,
}

/// The named shape.
fn shape(name: &str) -> Result<Shape> {
    let (layers, heads, d_model, context, vocabulary, sequences) = match name {
        "A" => (4, 4, 128, 64, 65, 12),
        "B" => (6, 6, 384, 256, 65, 4),
        "C" => (12, 12, 768, 256, 50257, 1),
        other => {
            return Err(Error::Value {
                field: "--config",
                found: other.into(),
                expected: "A, B or C would do".into(),
            });
        }
    };
    let preset = "gpt2-124m";
    let gpt2 = TransformerConfig::preset(preset).ok_or_else(|| Error::Value {
        field: "model",
        found: preset.into(),
        expected: "a preset".into(),
    })?;
    let config = TransformerConfig {
        vocab_size: vocabulary,
        d_model,
        n_layers: layers,
        n_heads: heads,
        max_seq_len: context,
        dropout: 0.0,
        ..gpt2
    };
    Ok(Shape { config, sequences })
}

/// What training updates its parameters with.
fn optimizer() -> OptimizerRecipe {
    OptimizerRecipe::AdamW(AdamW {
        beta2: 0.99,
        ..AdamW::default()
    })
}

/// The number in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
