//! Where a run starts: at step 0, or at its newest good checkpoint.

use crate::checkpoint::{Bundle, PassedOver, RunIdentity, Shelf, TrainState};
use crate::recipe::{Recipe, differences};
use crate::run::RunFolder;
use crate::schedule::Schedule;
use crate::task::Task;
use crate::{Error, Result};
use burn::optim::ModuleOptimizer;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use std::path::Path;

/// A model and all that belongs to its training, at the step where it begins.
pub struct Start<M> {
    /// The parameters.
    pub model: M,
    /// Their moments.
    pub optimizer: ModuleOptimizer,
    /// The learning rate.
    pub scheduler: ModuleLrScheduler,
    /// The rest.
    pub state: TrainState,
    /// The run folder, open.
    pub run: RunFolder,
    /// Its checkpoints.
    pub shelf: Shelf,
}

impl<M: Task> Start<M> {
    /// A new run in the folder `out`.
    ///
    /// # Errors
    ///
    /// A folder that already holds something, or a file system that refuses.
    pub fn fresh(out: &Path, recipe: &Recipe, identity: RunIdentity, model: M) -> Result<Self> {
        let run = RunFolder::create(out, recipe)?;
        let shelf = Shelf::new(out, recipe.checkpoint.keep);
        shelf.open()?;
        Ok(Self {
            optimizer: recipe.optimizer.init(&model),
            scheduler: schedule(recipe),
            state: TrainState {
                identity,
                ..TrainState::default()
            },
            model,
            run,
            shelf,
        })
    }

    /// The run in the folder `out`, at its newest checkpoint that verifies; at step 0 when it was
    /// interrupted before the first. Nothing in the folder changes before all of it is known to fit.
    ///
    /// # Errors
    ///
    /// A run that is another one, with the difference; checkpoints of which none is whole; a
    /// parameter without optimizer state.
    pub fn resumed(out: &Path, recipe: &Recipe, identity: RunIdentity, model: M) -> Result<Self> {
        let shelf = Shelf::new(out, recipe.checkpoint.keep);
        let mut optimizer = recipe.optimizer.init(&model);
        let mut scheduler = schedule(recipe);
        let mut model = model;
        let found = find(out, &shelf, recipe, &identity)?;
        let state = match found.newest {
            Some((bundle, state)) => {
                model = bundle.load_model(model)?;
                (optimizer, scheduler) =
                    bundle.load_optimizer(&model, state.updates, optimizer, scheduler)?;
                state
            }
            None => TrainState {
                identity,
                ..TrainState::default()
            },
        };
        let run = RunFolder::reopen(out, recipe, state.step)?;
        shelf.open()?;
        shelf.set_aside(&found.passed_over)?;
        Ok(Self {
            model,
            optimizer,
            scheduler,
            state,
            run,
            shelf,
        })
    }
}

fn schedule(recipe: &Recipe) -> ModuleLrScheduler {
    ModuleLrScheduler::new(Schedule::new(recipe.schedule))
}

/// What a run folder has to go on from.
struct Found {
    newest: Option<(Bundle, TrainState)>,
    passed_over: Vec<PassedOver>,
}

/// Finds the newest good checkpoint, and those passed over on the way, and refuses to go on as another run.
fn find(out: &Path, shelf: &Shelf, recipe: &Recipe, identity: &RunIdentity) -> Result<Found> {
    let before = Recipe::of_run(out)?;
    let kept = ["seed", "model", "batch", "optimizer", "clip"];
    let mut changed = differences(&before, recipe, &kept)?;
    let (newest, passed_over) = shelf.newest_good()?;
    for bad in &passed_over {
        eprintln!("warning: passed over {}", bad.why);
    }
    let Some(bundle) = newest else {
        if let Some(bad) = passed_over.first() {
            return Err(Error::Checkpoint {
                path: bad.path.clone(),
                what: format!(
                    "no checkpoint of this run is whole; the newest: {}",
                    bad.why
                ),
            });
        }
        eprintln!("no checkpoint yet in {}: starting at step 0", out.display());
        refuse(out, changed)?;
        return Ok(Found {
            newest: None,
            passed_over,
        });
    };
    let state = bundle.state()?;
    for (what, before, now) in [
        ("tokenizer", &state.identity.tokenizer, &identity.tokenizer),
        (
            "tokens of the training and validation text",
            &state.identity.data,
            &identity.data,
        ),
    ] {
        if before != now {
            changed.push(format!("{what}: {before} → {now}"));
        }
    }
    if state.identity.data != identity.data {
        changed.extend(differences(&before, recipe, &["data"])?);
    }
    refuse(out, changed)?;
    eprintln!(
        "resuming at step {} from {}",
        state.step,
        bundle.path.display()
    );
    Ok(Found {
        newest: Some((bundle, state)),
        passed_over,
    })
}

fn refuse(out: &Path, changed: Vec<String>) -> Result<()> {
    match changed.is_empty() {
        true => Ok(()),
        false => Err(Error::Folder {
            path: out.into(),
            what: format!(
                "is another run; what it was trained with differs from what is asked for now:\n  {}\n\
                 resume with the same values, or start anew with another --out",
                changed.join("\n  ")
            ),
        }),
    }
}
