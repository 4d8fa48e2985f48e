//! What a run owns besides its model, and how it ends.

use super::evaluation::Evaluation;
use crate::Result;
use crate::checkpoint::{Shelf, TrainState};
use crate::optimizer::StepOptimizer;
use crate::run::RunFolder;
use crate::samples::{Sample, Samples};
use crate::stop::Stop;
use crate::task::Task;
use burn::data::dataloader::DataLoader;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a run is and when it looks up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Optimizer steps in all.
    pub steps: u64,
    /// Micro-batches in a step.
    pub micro_batches: u64,
    /// Largest norm of the gradient.
    pub clip: Option<f64>,
    /// Steps between evaluations.
    pub evaluate_every: u64,
    /// Steps between checkpoints.
    pub save_every: u64,
    /// Time between checkpoints, where steps are slow or the machine may go at any moment.
    pub save_after: Option<Duration>,
    /// Evaluations without improvement before the run ends.
    pub patience: Option<u64>,
    /// Turns nats per token into bits per byte.
    pub tokens_per_byte: Option<f64>,
    /// When the model folder is written.
    pub export: Export,
    /// What a step has many of, for people: tokens, texts.
    pub counted: &'static str,
}

/// When the model folder is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// Whenever a model is the best so far: it can be used while the run goes on.
    EachBest,
    /// Never: whoever launched the run takes the best model from its checkpoint.
    Never,
}

/// Adds to a model folder what the weights do not say: tokenizer, provenance.
pub type Describe = Box<dyn Fn(&Path, &TrainState) -> Result<()> + Send>;

/// When the model is asked to say something, and how it does.
pub struct Milestones<M> {
    /// When.
    pub recipe: Samples,
    /// What the model says after so many steps; `None` when asked to stop before the end.
    #[allow(clippy::type_complexity)] // one closure, used once
    pub speak: Box<dyn Fn(&M, u64, &Stop) -> Result<Option<Sample>> + Send>,
}

/// Everything that a run owns besides the model.
pub struct Session<M: Task> {
    /// How long, how often.
    pub limits: Limits,
    /// Moments.
    pub optimizer: StepOptimizer,
    /// Learning rate.
    pub scheduler: ModuleLrScheduler,
    /// Where the run stands.
    pub state: TrainState,
    /// Its folder.
    pub run: RunFolder,
    /// Its checkpoints.
    pub shelf: Shelf,
    /// The whole validation set.
    pub whole: Arc<dyn DataLoader<M::Batch>>,
    /// Whether somebody wants it to stop.
    pub stop: Stop,
    /// What goes into the model folder besides weights.
    pub describe: Describe,
    /// Samples, if any are wanted.
    pub milestones: Option<Milestones<M>>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps were taken.
    Finished,
    /// The validation loss stopped falling.
    NoImprovement,
    /// Somebody asked; a checkpoint holds everything.
    Stopped,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why.
    pub end: End,
    /// Where it stood.
    pub state: TrainState,
    /// Step of the model that was measured on the whole validation set, and what was found: the
    /// best model, which is the one in `model/`. `None` after a stop.
    pub measured: Option<(u64, Evaluation)>,
}
