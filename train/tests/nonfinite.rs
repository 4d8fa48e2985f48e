//! A loss or gradient that is not finite: the step is skipped, and three in a row end the run.
//!
//! The task is not the crate's own: whatever can be a `Task` trains under the same strategy.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Device;
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_data::TokenBatch;
use slovo_model::{CausalLm, TransformerConfig};
use slovo_train::batch::LmBatch;
use slovo_train::checkpoint::{Shelf, TrainState};
use slovo_train::learner::{Limits, Outcome, Session, launch};
use slovo_train::optimizer::{AdamW, OptimizerRecipe};
use slovo_train::recipe::Recipe;
use slovo_train::run::RunFolder;
use slovo_train::schedule::{Schedule, ScheduleRecipe, Shape};
use slovo_train::stop::Stop;
use slovo_train::task::{CausalTask, StepOutput, Task};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use support::Workshop;

/// Learns to predict tokens, except on some batches, where its loss is not a number.
#[derive(Module, Debug)]
struct Faulty {
    task: CausalTask,
    #[module(skip)]
    faulty: Range<u64>,
}

impl TrainStep for Faulty {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> TrainOutput<StepOutput> {
        let faulty = self.faulty.contains(&batch.index);
        let mut output = TrainStep::step(&self.task, batch);
        if faulty {
            output.item.loss_sum = output.item.loss_sum * f32::NAN;
        }
        output
    }
}

impl InferenceStep for Faulty {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> StepOutput {
        InferenceStep::step(&self.task, batch)
    }
}

impl Task for Faulty {
    type Batch = LmBatch;

    fn save_model(&self, folder: &Path) -> slovo_train::Result<()> {
        self.task.save_model(folder)
    }
}

/// The same batch again and again, numbered.
#[derive(Clone)]
struct Same {
    count: u64,
    device: Device,
}

impl DataLoader<LmBatch> for Same {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<LmBatch> + 'a> {
        Box::new(SameIterator {
            next: 0,
            loader: self,
        })
    }
    fn num_items(&self) -> usize {
        self.count as usize
    }
    fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<LmBatch>> {
        Arc::new(self.clone())
    }
    fn slice(&self, _start: usize, _end: usize) -> Arc<dyn DataLoader<LmBatch>> {
        Arc::new(self.clone())
    }
}

struct SameIterator<'a> {
    next: u64,
    loader: &'a Same,
}

impl Iterator for SameIterator<'_> {
    type Item = Result<LmBatch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.next < self.loader.count).then(|| {
            let tokens = TokenBatch {
                rows: 1,
                cols: 4,
                inputs: vec![1, 2, 3, 4],
                targets: vec![2, 3, 4, 5],
                mask: None,
            };
            self.next += 1;
            Ok(LmBatch::new(self.next - 1, tokens, 0, &self.loader.device))
        })
    }
}

impl DataLoaderIterator<LmBatch> for SameIterator<'_> {
    fn progress(&self) -> Progress {
        Progress::new(self.next as usize, self.loader.count as usize, None)
    }
}

/// Trains ten steps, of which those in `faulty` have no finite loss.
fn train(workshop: &Workshop, faulty: Range<u64>) -> slovo_train::Result<Outcome> {
    let device = Device::flex();
    let config = TransformerConfig {
        vocab_size: 7,
        d_model: 8,
        n_layers: 1,
        n_heads: 1,
        max_seq_len: 4,
        ..TransformerConfig::preset("nanogpt-char-cpu").unwrap()
    };
    let task = Faulty {
        task: CausalTask {
            model: CausalLm::new(&config, 1, &device.clone().autodiff()).unwrap(),
        },
        faulty,
    };
    let recipe = Recipe::load(Some(&workshop.recipe()), &[])?;
    let out = workshop.run_folder();
    let run = RunFolder::create(&out, &recipe)?;
    let shelf = Shelf::new(&out, 2);
    shelf.open()?;
    let schedule = ScheduleRecipe {
        peak: 1e-2,
        floor: 0.0,
        warmup: 0,
        shape: Shape::Constant,
        end: None,
    };
    let valid = Same {
        count: 1,
        device: device.clone(),
    };
    let session = Session {
        limits: Limits {
            steps: 10,
            micro_batches: 1,
            clip: Some(1.0),
            evaluate_every: 10,
            save_every: 2,
            patience: None,
            tokens_per_byte: None,
        },
        optimizer: OptimizerRecipe::AdamW(AdamW::default()).init(&task),
        scheduler: ModuleLrScheduler::new(Schedule::new(schedule)),
        state: TrainState::default(),
        run,
        shelf,
        whole: Arc::new(valid.clone()),
        stop: Stop::new(),
        describe: Box::new(|_, _| Ok(())),
    };
    let batches = Same {
        count: 10,
        device: device.autodiff(),
    };
    launch(
        task,
        Arc::new(batches),
        Arc::new(valid),
        session,
        slovo_args::Progress::None,
    )
}

#[test]
fn a_skipped_step_is_counted_and_the_run_goes_on() {
    let workshop = Workshop::new();
    let outcome = train(&workshop, 3..5).unwrap();
    let state = outcome.state;
    assert_eq!((state.step, state.updates, state.skipped), (10, 8, 2));
    let log = std::fs::read_to_string(workshop.run_folder().join("run.log")).unwrap();
    assert!(
        log.contains("step 4 skipped: loss NaN") && log.contains("batch 3"),
        "{log}"
    );
    // A skipped step has no learning rate, and the next one goes on from where the last ended.
    let rows = workshop.losses();
    let loss = |row: usize| rows[row].split(',').nth(2).unwrap().parse::<f64>().unwrap();
    let rate = |row: usize| rows[row].split(',').nth(3).unwrap().to_string();
    assert_eq!((rate(3), rate(4)), ("0".into(), "0".into()));
    assert!(loss(5) < loss(2) && loss(5) > loss(6));
}

#[test]
fn three_in_a_row_end_the_run_and_keep_the_last_good_checkpoint() {
    let workshop = Workshop::new();
    let error = train(&workshop, 5..10).unwrap_err();
    assert!(!error.is_usage());
    let text = error.to_string();
    assert!(
        text.contains("3 steps in a row") && text.contains("step-00000004"),
        "{text}"
    );
    let (newest, passed_over) = Shelf::new(&workshop.run_folder(), 2).newest_good().unwrap();
    assert!(passed_over.is_empty());
    // The one of step 6 would hold a step that was skipped.
    assert_eq!(newest.unwrap().step, 4);
}
