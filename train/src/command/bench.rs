//! Training speed on shapes that others measure too.
//!
//! The work is that of a plain PyTorch script on the same shapes: random tokens, GPT-2's block with
//! biases, tied head, AdamW (0.9, 0.99), weight decay 0.1 on matrices, clip 1.0, learning rate 1e-3.

use crate::batch::LmBatch;
use crate::learner::step;
use crate::optimizer::{AdamW, OptimizerRecipe};
use crate::schedule::{Schedule, ScheduleRecipe, Shape};
use crate::stop::Stop;
use crate::task::CausalTask;
use crate::{Error, Result, backend};
use burn::data::dataloader::{DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Device;
use serde::Serialize;
use slovo_args::BenchArgs;
use slovo_data::{TokenBatch, memory};
use slovo_model::{CausalLm, TransformerConfig};
use std::time::Instant;

/// Steps before the clock starts: caches fill, kernels compile.
const WARMUP: usize = 4;

/// What the benchmark measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// Shape.
    pub config: String,
    /// Backend.
    pub backend: String,
    /// Median over the timed steps.
    pub tokens_per_second: f64,
    /// Fastest step.
    pub best: f64,
    /// Loss after the last step, in nats.
    pub loss: f64,
    /// Most bytes that were resident at once, where the system tells.
    pub peak_memory: Option<u64>,
}

/// Trains the named shape on random tokens.
///
/// # Errors
///
/// An unknown shape, a device that fails, or a request to stop.
pub fn train(args: &BenchArgs, stop: &Stop) -> Result<Measurement> {
    let name = args.config.as_deref().unwrap_or("A");
    let (config, sequences) = shape(name)?;
    let device = backend::device(&args.backend)?.autodiff();
    let mut model = CausalTask {
        model: CausalLm::new(&config, 1337, &device)?,
    };
    let mut optimizer = optimizer().init(&model);
    let mut scheduler = ModuleLrScheduler::new(Schedule::new(ScheduleRecipe {
        peak: 1e-3,
        floor: 0.0,
        warmup: 0,
        shape: Shape::Constant,
        end: None,
    }));
    let mut batches = RandomTokens {
        config,
        sequences,
        device,
        next: 0,
    };
    let mut seconds = Vec::new();
    let mut loss = f64::NAN;
    for i in 0..args.steps.max(1) + WARMUP {
        if stop.requested() {
            return Err(slovo_data::Error::Stopped.into());
        }
        let start = Instant::now();
        let summed = step::accumulate(&model, &mut batches, 1)?;
        let measured = step::measure(&model, &summed)?;
        loss = measured.loss;
        (model, _) = step::update(
            model,
            summed,
            &measured,
            &mut optimizer,
            &mut scheduler,
            Some(1.0),
        );
        if i >= WARMUP {
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    seconds.sort_by(f64::total_cmp);
    let tokens = (batches.sequences * batches.config.max_seq_len) as f64;
    Ok(Measurement {
        config: name.into(),
        backend: args.backend.backend.to_string(),
        tokens_per_second: tokens / seconds[seconds.len() / 2],
        best: tokens / seconds[0],
        loss,
        peak_memory: memory::peak(),
    })
}

/// What the benchmark updates its parameters with.
pub(super) fn optimizer() -> OptimizerRecipe {
    OptimizerRecipe::AdamW(AdamW {
        beta2: 0.99,
        ..AdamW::default()
    })
}

/// The named shapes and their sequences in a batch.
pub(super) fn shape(name: &str) -> Result<(TransformerConfig, usize)> {
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
    Ok((config, sequences))
}

struct RandomTokens {
    config: TransformerConfig,
    sequences: usize,
    device: Device,
    next: u64,
}

impl Iterator for RandomTokens {
    type Item = std::result::Result<LmBatch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (rows, cols) = (self.sequences, self.config.max_seq_len);
        let draw = |stream: u64| {
            let place = |i| crate::batch::mix(stream, i) % self.config.vocab_size as u64;
            (0..(rows * cols) as u64).map(|i| place(i) as u32).collect()
        };
        let tokens = TokenBatch {
            rows,
            cols,
            inputs: draw(2 * self.next),
            targets: draw(2 * self.next + 1),
            mask: None,
        };
        self.next += 1;
        Some(Ok(LmBatch::new(self.next, tokens, 0, &self.device)))
    }
}

impl DataLoaderIterator<LmBatch> for RandomTokens {
    fn progress(&self) -> Progress {
        Progress::new(self.next as usize, usize::MAX, None)
    }
}
