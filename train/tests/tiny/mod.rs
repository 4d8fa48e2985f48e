//! A training so small that every backend does it in seconds: rotary positions, grouped heads,
//! gated feed-forward, dropout, two micro-batches, masked targets, clipping.

#![allow(dead_code)] // no test binary uses all of it

use burn::data::dataloader::{DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Device;
use slovo_data::TokenBatch;
use slovo_model::{
    Activation, CausalLm, FeedForwardKind, NormKind, PositionKind, RopeScaling, TransformerConfig,
};
use slovo_train::batch::LmBatch;
use slovo_train::learner::step::{accumulate, measure, update};
use slovo_train::optimizer::{OptimizerRecipe, StepOptimizer};
use slovo_train::schedule::{Schedule, ScheduleRecipe, Shape};
use slovo_train::task::CausalTask;

const ROWS: usize = 4;
const COLS: usize = 16;

pub fn config() -> TransformerConfig {
    TransformerConfig {
        vocab_size: 19,
        d_model: 16,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: Some(2),
        d_ff: Some(32),
        max_seq_len: COLS,
        norm: NormKind::RmsNorm { epsilon: 1e-5 },
        position: PositionKind::Rotary {
            theta: 10_000.0,
            scaling: RopeScaling::None,
        },
        feed_forward: FeedForwardKind::Gated(Activation::Silu),
        bias: false,
        dropout: 0.1,
        ..TransformerConfig::default()
    }
}

/// A model on its way.
pub struct Training {
    task: Option<CausalTask>,
    optimizer: StepOptimizer,
    schedule: ModuleLrScheduler,
    batches: Counting,
}

impl Training {
    pub fn new(optimizer: &OptimizerRecipe, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let task = CausalTask {
            model: CausalLm::new(&config(), 5, &device).unwrap(),
        };
        let schedule = Schedule::new(ScheduleRecipe {
            peak: 1e-2,
            floor: 0.0,
            warmup: 0,
            shape: Shape::Constant,
            end: None,
        });
        Self {
            optimizer: optimizer.init(&task),
            task: Some(task),
            schedule: ModuleLrScheduler::new(schedule),
            batches: Counting { device, next: 0 },
        }
    }

    /// One step; its loss.
    pub fn step(&mut self) -> f64 {
        let task = self.task.take().unwrap();
        let summed = accumulate(&task, &mut self.batches, 2).unwrap();
        let measured = measure(&task, &summed).unwrap();
        assert!(measured.is_finite(), "{measured:?}");
        let clip = Some(1.0);
        let (optimizer, schedule) = (&mut self.optimizer, &mut self.schedule);
        let (task, _) = update(task, summed, &measured, optimizer, schedule, clip);
        self.task = Some(task);
        measured.loss
    }
}

/// Rows that count up by a number of their own; every fifth target does not count.
struct Counting {
    device: Device,
    next: u64,
}

impl Iterator for Counting {
    type Item = Result<LmBatch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next;
        self.next += 1;
        let at = |i: usize, shift: usize| {
            let (row, col) = (i / COLS + ROWS * index as usize, i % COLS + shift);
            ((row * row + (1 + row % 3) * col) % 19) as u32
        };
        let all = |shift| (0..ROWS * COLS).map(|i| at(i, shift)).collect();
        let tokens = TokenBatch {
            rows: ROWS,
            cols: COLS,
            inputs: all(0),
            targets: all(1),
            mask: Some((0..ROWS * COLS).map(|i| i % 5 != 4).collect()),
            texts: None,
        };
        Some(Ok(LmBatch::new(index, tokens, index, &self.device)))
    }
}

impl DataLoaderIterator<LmBatch> for Counting {
    fn progress(&self) -> Progress {
        Progress::new(self.next as usize, usize::MAX, None)
    }
}
