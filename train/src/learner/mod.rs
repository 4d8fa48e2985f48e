//! One launch of burn-train's learner for every stage, with our own strategy inside.

pub mod clip;
mod ending;
pub mod evaluation;
pub mod finite;
mod metrics;
mod sampling;
mod saving;
mod session;
pub mod step;
mod strategy;

pub use evaluation::Evaluation;
pub use session::{Describe, End, Export, Limits, Milestones, Outcome, Session};
pub use strategy::StepStrategy;

use crate::Result;
use crate::progress;
use crate::task::Task;
use burn::data::dataloader::DataLoader;
use burn::optim::AdamWConfig;
use burn_train::logger::InMemoryMetricLogger;
use burn_train::{Interrupter, Learner, SupervisedTraining, TrainingStrategy};
use metrics::Gauge;
use slovo_args::Progress;
use std::sync::Arc;

/// Trains `model` until its session's end, a stop, or a failure.
///
/// # Errors
///
/// What the run failed with; everything up to the last checkpoint is on disk.
pub fn launch<M: Task>(
    model: M,
    train: Arc<dyn DataLoader<M::Batch>>,
    valid: Arc<dyn DataLoader<M::Batch>>,
    session: Session<M>,
    shown: Progress,
) -> Result<Outcome> {
    let limits = session.limits;
    let stretches = limits.steps.div_ceil(limits.evaluate_every);
    let stretch = session.state.step / limits.evaluate_every;
    let interrupter = Interrupter::new();
    let (step, stop) = (session.state.step, session.stop.clone());
    let renderer = progress::renderer(shown, &limits, step, &interrupter, &stop)?;
    let folder = session.run.path().to_path_buf();
    let strategy = Arc::new(StepStrategy::new(session));
    // The strategy owns optimizer and schedule, because the learner's own cannot be saved; burn-train
    // wants some to be there.
    let learner = Learner::new(model, AdamWConfig::new().init(), 0.0);
    let mut training = SupervisedTraining::<M>::new(folder, train, valid)
        .with_training_strategy(TrainingStrategy::Custom(strategy.clone()))
        .metrics((Gauge::loss(),))
        .metric_train_numeric(Gauge::grad_norm())
        .metric_train_numeric(Gauge::throughput())
        .metric_train_numeric(Gauge::seconds())
        .metric_train_numeric(Gauge::learning_rate())
        // Without these two, burn-train writes logs and metric folders of its own.
        .with_application_logger(None)
        .with_metric_logger(InMemoryMetricLogger::new())
        .with_interrupter(interrupter)
        .renderer(renderer)
        .num_epochs(stretches as usize);
    if M::ACCURACY {
        training = training.metrics((Gauge::accuracy(),));
    }
    if stretch > 0 {
        training = training.checkpoint(stretch as usize);
    }
    progress::while_shown(|| training.launch(learner))?;
    strategy.outcome()
}
