//! Memory of a training run: what is there all the time, and what comes on top in each phase.
//!
//! Everything is float32 and on one device. The peak is the largest of the phases; which tensors
//! live together in one was read off the operations, and for compositions off a trace of all
//! allocations on the CPU: the totals are 0 to 4 % below it.

use super::activations::{Kept, Operations, around, block, elements};
use crate::optimizer::OptimizerRecipe;
use serde::Serialize;
use slovo_model::{FeedForwardKind, TransformerConfig};

/// Bytes of a number.
const FLOAT: u64 = 4;

/// Numbers of logits that the fused loss holds at once.
const LOGITS: u64 = 8 << 20;

/// What a process on the CPU takes beside its tensors.
struct Overhead {
    /// Program, threads, and what the allocator sets aside for each size of tensor.
    process: u64,
    /// Tokenizer, checkpoints and reports of a run.
    run: u64,
    /// What is resident, against what is in use: the allocator gives freed pages back after a
    /// second, and until then some are of no use to what is asked for next.
    retained: f64,
    /// Of what training has just freed, or evaluation, the part that is of no use to the other.
    unsuited: f64,
}

impl Overhead {
    /// Fits to what `bench memory` measured. Where the machine is busy a run takes up to a tenth
    /// less: fewer steps then fall into the allocator's second.
    fn of(operations: Operations) -> Self {
        match operations {
            Operations::Fused => Self {
                process: 30 << 20,
                run: 10 << 20,
                retained: 1.12,
                unsuited: 1.0,
            },
            Operations::Composed => Self {
                process: 72 << 20,
                run: 0,
                retained: 1.15,
                unsuited: 0.25,
            },
        }
    }
}

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
    /// How the model's operations are computed.
    pub operations: Operations,
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
    /// What is kept of one micro-batch for the backward pass.
    pub activations: u64,
    /// How the model's operations are computed.
    pub operations: Operations,
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
        let blocks = elements(&block(model, load.operations, *sequences, *context));
        let blocks = blocks * model.n_layers as u64;
        let around = elements(&around(model, load.operations, *sequences, *context));
        let phases: Vec<_> = phases(load, parameters, moments, blocks, around)
            .into_iter()
            .map(|(name, numbers)| Phase {
                name,
                bytes: (parameters + moments + numbers) * FLOAT,
            })
            .collect();
        let tensors = phases.iter().map(|phase| phase.bytes).max().unwrap_or(0);
        let evaluation = load.evaluation.map_or(0, |n| inference(load, n));
        let overhead = Overhead::of(load.operations);
        let run = if load.checkpoints { overhead.run } else { 0 };
        let unsuited = overhead.unsuited * (FLOAT * evaluation.min(blocks + around)) as f64;
        Self {
            weights: parameters * FLOAT,
            gradients: parameters * FLOAT,
            moments: moments * FLOAT,
            activations: (blocks + around) * FLOAT,
            phases,
            operations: load.operations,
            process: overhead.process
                + run
                + (tensors as f64 * overhead.retained + unsuited) as u64,
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
    // The gradients of the micro-batches before.
    let summed = match load.micro_batches {
        0 | 1 => 0,
        _ => parameters,
    };
    let kept = summed + blocks + around;
    let embedding = (model.vocab_size * model.d_model) as u64;
    let mut phases = match load.operations {
        Operations::Fused => fused(load, kept, summed, parameters, embedding),
        Operations::Composed => composed(load, kept, summed, parameters, embedding),
    };
    phases.extend(load.evaluation.map(|n| ("evaluation", inference(load, n))));
    if load.checkpoints {
        // Moments are copied before they are written, weights one after another.
        phases.push(("checkpoint", moments + embedding));
    }
    phases
}

fn fused(
    load: &Load,
    kept: u64,
    summed: u64,
    parameters: u64,
    embedding: u64,
) -> Vec<(&'static str, u64)> {
    let model = &load.model;
    let tokens = (load.sequences * load.context) as u64;
    let logits = LOGITS.min(tokens * model.vocab_size as u64);
    // The gradient of one block's values on its way.
    let block = tokens * (2 * model.ff_size() + 2 * model.d_model) as u64;
    let update = match load.optimizer {
        // In place.
        OptimizerRecipe::AdamW(_) => 0,
        // One matrix after another goes through a dozen products.
        OptimizerRecipe::Muon(_) => 4 * widest_layer(model),
    };
    vec![
        ("forward, loss", kept + embedding + logits),
        ("backward, first block", kept + embedding + block),
        ("backward, last block", summed + parameters + block),
        ("update", parameters + update),
    ]
}

fn composed(
    load: &Load,
    kept: u64,
    summed: u64,
    parameters: u64,
    embedding: u64,
) -> Vec<(&'static str, u64)> {
    let model = &load.model;
    let rows = load.sequences as u64;
    let logits = rows * (load.context * model.vocab_size) as u64;
    let around = elements(&around(
        model,
        load.operations,
        load.sequences,
        load.context,
    ));
    // A linear layer's gradient is computed for each sequence by itself, added up, and copied once.
    let layer = 2 * rows * widest_layer(model);
    // A tied head's is computed the other way round and turned. The gradient of the lookup is one
    // more matrix, which is copied, and added to a tied head's.
    let (head, lookup) = match model.tied {
        true => (2 * embedding, 2 * embedding),
        false => (2 * rows * embedding, embedding),
    };
    vec![
        // The loss's gradient: exponentials, ones, and their product.
        ("backward, loss", kept + 3 * logits),
        ("backward, head", kept + head),
        ("backward, blocks", kept - around + embedding + layer),
        ("backward, embedding", summed + parameters + lookup),
        // Of one matrix after another: its gradient's square, or its corrected moments.
        ("update", parameters + embedding.max(widest_layer(model))),
    ]
}

/// Numbers at the worst moment of a forward pass over `rows` windows of which nothing is kept.
fn inference(load: &Load, rows: usize) -> u64 {
    let model = &load.model;
    let tokens = (rows * load.context) as u64;
    // The residual stream, and the branch's input.
    let stream = 2 * tokens * model.d_model as u64;
    let kept = block(model, load.operations, rows, load.context);
    let block = stream + 2 * kept.iter().map(Kept::elements).max().unwrap_or(0);
    let logits = tokens * model.vocab_size as u64;
    match load.operations {
        Operations::Fused => block.max(logits.min(LOGITS)),
        Operations::Composed => block.max(2 * logits),
    }
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
            operations: Operations::Composed,
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
    fn fused_gradients_come_where_activations_go() {
        let gpt2 = Memory::of(&Load {
            operations: Operations::Fused,
            ..load("gpt2-124m", 1, 256)
        });
        // Weights, gradients, two moments, and what one block still needs.
        let four = gpt2.weights + gpt2.gradients + gpt2.moments;
        assert_eq!(gpt2.peak().name, "backward, last block");
        assert_eq!(gpt2.peak().bytes - four, 4 * 256 * 10 * 768);
        // Twelve widths in twelve blocks, and the numbers of the heads.
        let blocks = 256 * 12 * (12 * 768 + 12);
        assert_eq!(gpt2.activations, 4 * (blocks + 256 * 2 * 768));
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
