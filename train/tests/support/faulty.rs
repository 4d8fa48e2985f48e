//! A training whose numbers break on purpose, in the same process.
//!
//! The task is not the crate's own: whatever can be a `Task` trains under the same strategy.

#![allow(clippy::unwrap_used, dead_code)]

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::{GradientsParams, LearningRate};
use burn::tensor::{Device, Tensor, s};
use burn_train::{InferenceStep, TrainOutput, TrainStep};
use slovo_data::TokenBatch;
use slovo_model::{CausalLm, TransformerConfig};
use slovo_train::batch::LmBatch;
use slovo_train::checkpoint::{Shelf, TrainState};
use slovo_train::learner::{Export, Limits, Milestones, Outcome, Session, launch};
use slovo_train::optimizer::{AdamW, OptimizerRecipe};
use slovo_train::recipe::Recipe;
use slovo_train::run::RunFolder;
use slovo_train::samples::Samples;
use slovo_train::stop::Stop;
use slovo_train::task::{CausalTask, StepOutput, Task};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Steps of a training.
pub const STEPS: u64 = 10;

/// What breaks.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The loss of some steps is multiplied by this.
    Loss { steps: Range<u64>, by: f32 },
    /// One number in the gradient of one parameter, by its place among the parameters, is this.
    Gradient {
        steps: Range<u64>,
        parameter: usize,
        value: f32,
    },
    /// The learning rate of a step is this, and so is every parameter after it.
    Rate { step: u64, value: f64 },
    /// A parameter that takes no part in any loss is this from the beginning: no loss, no
    /// gradient and no norm ever tells.
    Unused { value: f32 },
}

/// Learns to predict tokens, except where its fault comes in.
#[derive(Module, Debug)]
pub struct Faulty {
    task: CausalTask,
    #[module(skip)]
    fault: Fault,
}

impl TrainStep for Faulty {
    type Input = LmBatch;
    type Output = StepOutput;

    fn step(&self, batch: LmBatch) -> TrainOutput<StepOutput> {
        let step = batch.index;
        let mut output = TrainStep::step(&self.task, batch);
        match &self.fault {
            Fault::Loss { steps, by } if steps.contains(&step) => {
                output.item.loss_sum = output.item.loss_sum.mul_scalar(*by);
            }
            Fault::Gradient {
                steps,
                parameter,
                value,
            } if steps.contains(&step) => {
                let mut spoil = Spoil {
                    grads: &mut output.grads,
                    left: *parameter,
                    value: *value,
                };
                self.task.visit(&mut spoil);
            }
            _ => {}
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

/// Puts one wrong number into one gradient.
struct Spoil<'a> {
    grads: &'a mut GradientsParams,
    left: usize,
    value: f32,
}

impl ModuleVisitor for Spoil<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let spoilt = self.left == 0;
        self.left = self.left.wrapping_sub(1);
        if spoilt && let Some(grad) = self.grads.remove::<D>(param.id) {
            let shape = grad.dims();
            let flat = grad.reshape([shape.iter().product::<usize>()]);
            let wrong = Tensor::full([1], self.value, &flat.device());
            let grad = flat.slice_assign(s![0..1], wrong).reshape(shape);
            self.grads.register(param.id, grad);
        }
    }
}

/// Puts one wrong number into the embedding of a token that no text has.
struct Unused {
    path: Vec<String>,
    value: f32,
}

impl ModuleMapper for Unused {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.path.ends_with(&["tokens".into(), "weight".into()]) {
            return param;
        }
        let value = self.value;
        param.map(|tensor| {
            let [rows, cols] = [tensor.dims()[0], tensor.dims()[1]];
            let wrong = Tensor::full([1], value, &tensor.device());
            let last = rows * cols - 1;
            let flat = tensor.clone().reshape([rows * cols]);
            let flat = flat.slice_assign(s![last..last + 1], wrong);
            flat.reshape(tensor.dims()).detach().require_grad()
        })
    }
}

/// A constant learning rate, but for one step.
#[derive(Clone)]
struct Rates {
    wrong: Option<(u64, f64)>,
    done: u64,
}

impl LrScheduler for Rates {
    fn step(&mut self) -> LearningRate {
        let rate = match self.wrong {
            Some((step, value)) if step == self.done => value,
            _ => 1e-2,
        };
        self.done += 1;
        rate
    }

    fn to_record(&self) -> LrSchedulerRecord {
        LrSchedulerRecord::new().with_scalar("done", self.done)
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        self.done = record.scalar("done").unwrap_or(0);
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
                texts: None,
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

/// A model to load a checkpoint of these trainings into.
pub fn blank(device: &Device) -> Faulty {
    Faulty {
        task: task(device),
        fault: Fault::Unused { value: 0.0 },
    }
}

/// The model before its first step.
fn task(device: &Device) -> CausalTask {
    let config = TransformerConfig {
        vocab_size: 7,
        d_model: 8,
        n_layers: 1,
        n_heads: 1,
        max_seq_len: 4,
        // What is embedded and never read must not come back through the head.
        tied: false,
        ..TransformerConfig::preset("nanogpt-char-cpu").unwrap()
    };
    CausalTask {
        model: CausalLm::new(&config, 1, device).unwrap(),
    }
}

/// Trains [`STEPS`] steps in the folder `out` after the recipe at `recipe`, with a checkpoint every
/// two and one evaluation at the end.
pub fn train(recipe: &Path, out: &Path, fault: Fault) -> slovo_train::Result<Outcome> {
    let device = Device::flex();
    let mut wrong = None;
    let mut model = task(&device.clone().autodiff());
    match fault {
        Fault::Rate { step, value } => wrong = Some((step, value)),
        Fault::Unused { value } => {
            let path = Vec::new();
            model = model.map(&mut Unused { path, value });
        }
        _ => {}
    }
    let model = Faulty { task: model, fault };
    let recipe = Recipe::load(Some(recipe), &[])?;
    let run = RunFolder::create(out, &recipe)?;
    let shelf = Shelf::new(out, 2);
    shelf.open()?;
    let valid = Same {
        count: 1,
        device: device.clone(),
    };
    let session = Session {
        limits: Limits {
            steps: STEPS,
            micro_batches: 1,
            clip: Some(1.0),
            evaluate_every: STEPS,
            save_every: 2,
            save_after: None,
            patience: None,
            tokens_per_byte: None,
            export: Export::EachBest,
            counted: "tokens",
        },
        optimizer: OptimizerRecipe::AdamW(AdamW::default()).init(&model),
        scheduler: ModuleLrScheduler::new(Rates { wrong, done: 0 }),
        state: TrainState::default(),
        run,
        shelf,
        whole: Arc::new(valid.clone()),
        stop: Stop::new(),
        describe: Box::new(|_, _| Ok(())),
        // Whatever becomes of the run, a model that says nothing must not end it.
        milestones: Some(Milestones {
            recipe: Samples::default(),
            speak: Box::new(|_, _, _| Err(slovo_train::Error::Training("nothing to say".into()))),
        }),
    };
    let batches = Same {
        count: STEPS,
        device: device.autodiff(),
    };
    launch(
        model,
        Arc::new(batches),
        Arc::new(valid),
        session,
        slovo_args::Progress::None,
    )
}
