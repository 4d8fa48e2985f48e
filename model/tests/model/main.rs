//! Behaviour of the whole model, on the default device.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../shapes/mod.rs"]
mod shapes;
#[path = "../tensors/mod.rs"]
mod tensors;

mod adapter;
mod batches;
mod classifier;
mod config;
mod damage;
mod embed;
mod folder;
mod forward;
mod generation;
mod live;
mod loss;
mod oracle;
mod packing;
mod seq2seq;
mod sliding;

use burn::tensor::Device;
use slovo_model::{CausalLm, TransformerConfig};
use tensors::{distance, floats, ids, parameters, shake};

/// A fresh model of a shape that must be valid.
fn fresh(config: &TransformerConfig, seed: u64) -> CausalLm {
    CausalLm::new(config, seed, &Device::default()).unwrap()
}
