//! Memory of a training run: what is there all the time, and what comes on top in each phase.
//!
//! Everything is float32 and on one device. The peak is the largest of the phases; which tensors
//! live together in one was read off a trace of all allocations on the CPU; the totals are 0 to 4 %
//! below it, and a little more for models of a few MiB.

use super::activations::{Kept, around, block, elements, logits};
use crate::optimizer::OptimizerRecipe;
use serde::Serialize;
use slovo_model::{FeedForwardKind, TransformerConfig};

/// Bytes of a number.
const FLOAT: u64 = 4;

/// What a process on the CPU takes whatever it trains: about 20 MiB of program, threads and
/// tokenizer, and the pages that the allocator sets aside for each size of tensor. With
/// [`RETAINED`] and [`UNSUITED`] a fit to twenty configurations from 30 MiB to 2.2 GiB of tensors;
/// it was never off by more than a quarter, and `bench memory` compares again. A run takes up to a
/// tenth less where the machine is busy: fewer steps then fall into the allocator's second.
const PROCESS: u64 = 72 << 20;

/// What is resident, against what is in use: the allocator gives freed pages back after a second,
/// and until then some are of no use to what is asked for next.
const RETAINED: f64 = 1.15;

/// Of what training has just freed, or evaluation, the part that is of no use to the other.
const UNSUITED: f64 = 0.25;

/// What decides how much memory a run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The transformer, its vocabulary known.
    pub model: TransformerConfig,
    /// Tokens in a sequence.
    pub context: usize,
    /// Sequences in a micro-batch.
    pub sequences: usize,
    /// Micro-batches in a step.
    pub micro_batches: u64,
    /// What keeps moments.
    pub optimizer: OptimizerRecipe,
    /// Windows that an evaluation computes at once; `None` where nothing is evaluated.
    pub evaluation: Option<usize>,
    /// Whether checkpoints are written.
    pub checkpoints: bool,
}

/// Bytes of a training run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// Parameters.
    pub weights: u64,
    /// Their gradients.
    pub gradients: u64,
    /// The optimizer's moments.
    pub moments: u64,
    /// What autodiff keeps of one micro-batch.
    pub activations: u64,
    /// All tensors together at the worst moment of each phase.
    pub phases: Vec<Phase>,
    /// Resident memory of a process that trains on the CPU.
    pub process: u64,
}

/// The worst moment of a part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// Bytes of all tensors.
    pub bytes: u64,
}

impl Memory {
    /// The memory of a run.
    pub fn of(load: &Load) -> Self {
        let Load {
            model,
            context,
            sequences,
            ..
        } = load;
        let parameters = model.parameter_count() as u64;
        let moments = match load.optimizer {
            OptimizerRecipe::AdamW(_) => 2 * parameters,
            OptimizerRecipe::Muon(_) => 2 * parameters - block_matrices(model),
        };
        let blocks = elements(&block(model, *sequences, *context)) * model.n_layers as u64;
        let around = elements(&around(model, *sequences, *context));
        let phases = phases(load, parameters, moments, blocks, around);
        let phases: Vec<_> = phases
            .into_iter()
            .map(|(name, numbers)| Phase {
                name,
                bytes: (parameters + moments + numbers) * FLOAT,
            })
            .collect();
        let tensors = phases.iter().map(|phase| phase.bytes).max().unwrap_or(0);
        let evaluation = load.evaluation.map_or(0, |n| inference(model, n, *context));
        let unsuited = UNSUITED * (FLOAT * evaluation.min(blocks + around)) as f64;
        Self {
            weights: parameters * FLOAT,
            gradients: parameters * FLOAT,
            moments: moments * FLOAT,
            activations: (blocks + around) * FLOAT,
            phases,
            process: PROCESS + (tensors as f64 * RETAINED + unsuited) as u64,
        }
    }

    /// The phase in which most is needed.
    pub fn peak(&self) -> Phase {
        let none = Phase {
            name: "none",
            bytes: 0,
        };
        let largest = self.phases.iter().max_by_key(|phase| phase.bytes);
        largest.copied().unwrap_or(none)
    }
}

/// Numbers beside weights and moments at the worst moment of each phase.
fn phases(
    load: &Load,
    parameters: u64,
    moments: u64,
    blocks: u64,
    around: u64,
) -> Vec<(&'static str, u64)> {
    let model = &load.model;
    let rows = load.sequences as u64;
    let logits = logits(model, load.sequences, load.context).elements();
    let embedding = (model.vocab_size * model.d_model) as u64;
    // The gradients of the micro-batches before.
    let summed = match load.micro_batches {
        0 | 1 => 0,
        _ => parameters,
    };
    // A linear layer's gradient is computed for each sequence by itself, added up, and copied once.
    let layer = 2 * rows * widest_layer(model);
    // A tied head's is computed the other way round and turned. The gradient of the lookup is one
    // more matrix, which is copied, and added to a tied head's.
    let (head, lookup) = match model.tied {
        true => (2 * embedding, 2 * embedding),
        false => (2 * rows * embedding, embedding),
    };
    let mut phases = vec![
        // The loss's gradient: exponentials, ones, and their product.
        ("backward, loss", summed + blocks + around + 3 * logits),
        ("backward, head", summed + blocks + around + head),
        ("backward, blocks", summed + blocks + embedding + layer),
        ("backward, embedding", summed + parameters + lookup),
        // Of one matrix after another: its gradient's square, or its corrected moments.
        ("update", parameters + embedding.max(widest_layer(model))),
    ];
    if let Some(windows) = load.evaluation {
        phases.push(("evaluation", inference(model, windows, load.context)));
    }
    if load.checkpoints {
        // Moments are copied before they are written, weights one after another.
        phases.push(("checkpoint", moments + embedding));
    }
    phases
}

/// Numbers at the worst moment of a forward pass of which nothing is kept.
fn inference(model: &TransformerConfig, rows: usize, seq: usize) -> u64 {
    let tokens = (rows * seq) as u64;
    // The residual stream, and the branch's input.
    let stream = 2 * tokens * model.d_model as u64;
    let widest = |kept: &[Kept]| kept.iter().map(Kept::elements).max().unwrap_or(0);
    let block = stream + 2 * widest(&block(model, rows, seq));
    block.max(2 * logits(model, rows, seq).elements())
}

/// Numbers in the matrices inside the blocks, of which Muon keeps one moment.
fn block_matrices(model: &TransformerConfig) -> u64 {
    let heads = 2 * (model.n_heads + model.kv_heads()) * model.head_size();
    let feed_forward = match model.feed_forward {
        FeedForwardKind::Plain(_) => 2 * model.ff_size(),
        FeedForwardKind::Gated(_) => 3 * model.ff_size(),
    };
    (model.n_layers * model.d_model * (heads + feed_forward)) as u64
}

/// Numbers in the largest matrix inside a block.
fn widest_layer(model: &TransformerConfig) -> u64 {
    let width = model.ff_size().max(model.n_heads * model.head_size());
    (model.d_model * width) as u64
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::optimizer::{AdamW, Muon};

    fn load(preset: &str, rows: usize, context: usize) -> Load {
        Load {
            model: TransformerConfig {
                dropout: 0.0,
                ..TransformerConfig::preset(preset).unwrap()
            },
            context,
            sequences: rows,
            micro_batches: 1,
            optimizer: OptimizerRecipe::AdamW(AdamW::default()),
            evaluation: None,
            checkpoints: false,
        }
    }

    #[test]
    fn the_blocks_matrices_are_counted() {
        // GPT-2: twelve layers of 12·768².
        let model = TransformerConfig::preset("gpt2-124m").unwrap();
        assert_eq!(block_matrices(&model), 12 * 12 * 768 * 768);
    }

    #[test]
    fn muon_keeps_one_moment_of_a_blocks_matrix() {
        let adam = load("gpt2-124m", 1, 256);
        let muon = Load {
            optimizer: OptimizerRecipe::Muon(Muon::default()),
            ..adam.clone()
        };
        let saved = Memory::of(&adam).moments - Memory::of(&muon).moments;
        assert_eq!(saved, 4 * 12 * 12 * 768 * 768);
    }

    #[test]
    fn the_phases_are_those_of_the_allocators_trace() {
        // MiB that were in use at once, as an allocator that counts found them on the CPU, less 3
        // that were there before the model.
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let gpt2 = Memory::of(&load("gpt2-124m", 1, 256));
        assert_eq!(gpt2.peak().name, "backward, embedding");
        assert!(
            (mib(gpt2.peak().bytes) / 2185.0 - 1.0).abs() < 0.01,
            "{gpt2:?}"
        );
        let small = Memory::of(&load("nanogpt-char-cpu", 12, 64));
        assert!(
            (mib(small.peak().bytes) / 71.4 - 1.0).abs() < 0.04,
            "{small:?}"
        );
    }

    #[test]
    fn a_larger_batch_needs_more_and_gathered_gradients_stay() {
        let one = Memory::of(&load("nanogpt-char-cpu", 12, 64));
        let more = Memory::of(&load("nanogpt-char-cpu", 24, 64));
        assert_eq!(more.activations, 2 * one.activations);
        let gathered = Memory::of(&Load {
            micro_batches: 4,
            ..load("nanogpt-char-cpu", 12, 64)
        });
        assert_eq!(gathered.peak().bytes - one.peak().bytes, one.gradients);
    }
}
