//! One tuning, from its base to the model that it keeps, whatever is learnt.

use crate::Result;
use crate::recipe::Recipe;
use burn::data::dataloader::DataLoader;
use slovo_args::TrainingArgs;
use slovo_data::stop::Stop;
use slovo_train::backend::Opened;
use slovo_train::checkpoint::{RunIdentity, Shelf};
use slovo_train::launches::{self, Launch};
use slovo_train::learner::{End, Export, Limits, Outcome, Session, launch};
use slovo_train::start::Start;
use slovo_train::task::Task;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What one tuning is given.
pub struct Fit<'a> {
    /// Every default spelled out.
    pub recipe: &'a Recipe,
    /// Names conversations, sides and base, for a run that goes on.
    pub identity: RunIdentity,
    /// The run folder.
    pub out: &'a Path,
    /// What computes.
    pub opened: &'a Opened,
    /// What a step has many of.
    pub counted: &'static str,
}

/// What came out of it.
pub struct Fitted<T> {
    /// The model that the recipe keeps, its adapters apart from their matrices.
    pub task: T,
    /// Its step.
    pub step: u64,
    /// How the run ended.
    pub outcome: Outcome,
}

impl Fit<'_> {
    /// Trains until the recipe's end, or goes on from the newest good checkpoint; `None` when asked to
    /// stop. `base` gives what training begins with, `train` the batches from a step on.
    ///
    /// # Errors
    ///
    /// A run folder that is another run's, or a training that failed.
    pub fn run<T: Task>(
        &self,
        args: &TrainingArgs,
        stop: &Stop,
        base: impl Fn() -> Result<T>,
        train: impl FnOnce(u64, u64) -> Arc<dyn DataLoader<T::Batch>>,
        held_out: impl Fn() -> Arc<dyn DataLoader<T::Batch>>,
    ) -> Result<Option<Fitted<T>>> {
        // One of several tunings may be over, another not begun.
        let begun = slovo_train::run::holds_run(self.out);
        let identity = self.identity.clone();
        let start = match args.resume && begun {
            true => Start::resumed(self.out, self.recipe, identity, base()?)?,
            false => Start::fresh(self.out, self.recipe, identity, base()?)?,
        };
        let launched = Launch::here(&args.backend, self.opened, start.state.step);
        launches::begin(self.out, launched)?;
        let recipe = self.recipe;
        let (steps, every) = (
            recipe.steps.unwrap_or(0),
            recipe.evaluation.every.unwrap_or(1),
        );
        let session = Session {
            limits: Limits {
                steps,
                micro_batches: 1,
                clip: recipe.clip,
                evaluate_every: every,
                save_every: recipe.checkpoint.every.unwrap_or(every),
                save_after: recipe.checkpoint.seconds.map(Duration::from_secs),
                patience: recipe.evaluation.patience,
                tokens_per_byte: None,
                export: Export::Never,
                counted: self.counted,
            },
            optimizer: start.optimizer,
            scheduler: start.scheduler,
            run: start.run,
            shelf: start.shelf,
            whole: held_out(),
            stop: stop.clone(),
            describe: Box::new(|_, _| Ok(())),
            milestones: None,
            state: start.state,
        };
        let batches = train(session.state.step, steps);
        let outcome = launch(start.model, batches, held_out(), session, args.progress)?;
        let Some((best, _)) = outcome.measured.filter(|_| outcome.end != End::Stopped) else {
            return Ok(None);
        };
        let shelf = Shelf::new(self.out, recipe.checkpoint.keep);
        let (task, step) = recipe
            .evaluation
            .keeps
            .model(&shelf, best, base, |task| task)?;
        Ok(Some(Fitted {
            task,
            step,
            outcome,
        }))
    }
}
