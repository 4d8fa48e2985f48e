//! Training speed.

use super::{Shape, asked, median, optimizer};
use crate::batch::LmBatch;
use crate::learner::step;
use crate::schedule::{self, Schedule, ScheduleRecipe};
use crate::stop::Stop;
use crate::task::CausalTask;
use crate::{Result, backend};
use burn::data::dataloader::{DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Device;
use serde::Serialize;
use slovo_args::BenchArgs;
use slovo_data::report::grouped;
use slovo_data::{TokenBatch, memory};
use slovo_model::{CausalLm, TransformerConfig};
use std::fmt;
use std::time::Instant;

/// Steps before the clock starts: caches fill, kernels compile.
const WARMUP: usize = 4;

/// What the benchmark measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measurement {
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

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            config,
            backend,
            tokens_per_second,
            best,
            loss,
            ..
        } = self;
        write!(
            f,
            "{config} on {backend}: {tokens_per_second:.0} tokens/s, best step {best:.0}, \
             loss {loss:.4}"
        )?;
        match self.peak_memory {
            Some(bytes) => write!(f, ", {} MiB at the peak", grouped(bytes >> 20)),
            None => Ok(()),
        }
    }
}

/// Trains the named shape on random tokens.
///
/// # Errors
///
/// An unknown shape, a device that fails, or a request to stop.
pub(super) fn train(args: &BenchArgs, stop: &Stop) -> Result<Measurement> {
    let (name, Shape { config, sequences }) = asked(args, "A")?;
    let device = backend::device(&args.backend)?.autodiff();
    let mut model = CausalTask {
        model: CausalLm::new(&config, 1337, &device)?,
    };
    let mut optimizer = optimizer().init(&model);
    let mut scheduler = ModuleLrScheduler::new(Schedule::new(ScheduleRecipe {
        peak: 1e-3,
        floor: 0.0,
        warmup: 0,
        shape: schedule::Shape::Constant,
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
    let fastest = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let tokens = (batches.sequences * batches.config.max_seq_len) as f64;
    Ok(Measurement {
        config: name,
        backend: args.backend.backend.to_string(),
        tokens_per_second: tokens / median(seconds),
        best: tokens / fastest,
        loss,
        peak_memory: memory::peak(),
    })
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
            ..TokenBatch::default()
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
