//! Where a run starts: at step 0, or at its newest good checkpoint.

use crate::checkpoint::{Bundle, PassedOver, RunIdentity, Shelf, TrainState};
use crate::optimizer::StepOptimizer;
use crate::progress::notice;
use crate::recipe::{RunRecipe, differences};
use crate::run::RunFolder;
use crate::schedule::Schedule;
use crate::task::Task;
use crate::{Error, Result};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use std::path::Path;

/// A model and all that belongs to its training, at the step where it begins.
pub struct Start<M> {
    /// The parameters.
    pub model: M,
    /// Their moments.
    pub optimizer: StepOptimizer,
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
    pub fn fresh(
        out: &Path,
        recipe: &impl RunRecipe,
        identity: RunIdentity,
        model: M,
    ) -> Result<Self> {
        let mut run = RunFolder::create(out, recipe)?;
        run.log(&began("started"))?;
        let shelf = Shelf::new(out, recipe.checkpoint().keep);
        shelf.open()?;
        Ok(Self {
            optimizer: recipe.optimizer(&model),
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
    pub fn resumed(
        out: &Path,
        recipe: &impl RunRecipe,
        identity: RunIdentity,
        model: M,
    ) -> Result<Self> {
        // Nobody else may write while a checkpoint is chosen.
        let mut run = RunFolder::lock(out)?;
        let shelf = Shelf::new(out, recipe.checkpoint().keep);
        shelf.open()?;
        let mut optimizer = recipe.optimizer(&model);
        let mut scheduler = schedule(recipe);
        let mut model = model;
        let found = find(out, &shelf, recipe, &identity)?;
        let state = match found.newest {
            Some((bundle, state)) => {
                model = bundle.load_model(model)?;
                (optimizer.parameters, scheduler) = bundle.load_optimizer(
                    &model,
                    state.updates,
                    optimizer.parameters,
                    scheduler,
                )?;
                state
            }
            None => TrainState {
                identity,
                ..TrainState::default()
            },
        };
        run.go_on(recipe, &state)?;
        for bad in &found.passed_over {
            run.log(&format!("passed over {}", bad.why))?;
        }
        for change in found.changed {
            run.log(&format!("changed {change}"))?;
        }
        run.log(&began(&format!("resumed at step {}", state.step)))?;
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

/// What is done, with which version, and when in seconds since 1970.
fn began(what: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    format!(
        "{what}, slovo {}, unix time {now}",
        env!("CARGO_PKG_VERSION")
    )
}

fn schedule(recipe: &impl RunRecipe) -> ModuleLrScheduler {
    ModuleLrScheduler::new(Schedule::new(recipe.schedule()))
}

/// What a run folder has to go on from.
struct Found {
    newest: Option<(Bundle, TrainState)>,
    passed_over: Vec<PassedOver>,
    /// What the person changed that a run may change: its length, schedule, evaluations.
    changed: Vec<String>,
}

/// Finds the newest good checkpoint, and those passed over on the way, and refuses to go on as another run.
fn find<R: RunRecipe>(
    out: &Path,
    shelf: &Shelf,
    recipe: &R,
    identity: &RunIdentity,
) -> Result<Found> {
    let before = R::of_run(out)?;
    let mut other = differences(&before, recipe, R::FIXED)?;
    let mixtures = [before.mixture(), recipe.mixture()];
    if mixtures[0] != mixtures[1] {
        let [before, now] = mixtures.map(|it| serde_json::to_string(&it).unwrap_or_default());
        other.push(format!("data.mixture: {before} → {now}"));
    }
    let changed = differences(&before, recipe, R::FREE)?;
    let (newest, passed_over) = shelf.newest_good()?;
    for bad in &passed_over {
        notice(&format!("warning: passed over {}", bad.why));
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
        let place = out.display();
        notice(&format!("no checkpoint yet in {place}: starting at step 0"));
        refuse(out, &other)?;
        return Ok(Found {
            newest: None,
            passed_over,
            changed,
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
            other.push(format!("{what}: {before} → {now}"));
        }
    }
    if state.identity.data != identity.data {
        other.extend(differences(&before, recipe, &["data"])?);
    }
    refuse(out, &other)?;
    for change in &changed {
        notice(&format!("changed {change}"));
    }
    let place = bundle.path.display();
    notice(&format!("resuming at step {} from {place}", state.step));
    Ok(Found {
        newest: Some((bundle, state)),
        passed_over,
        changed,
    })
}

fn refuse(out: &Path, changed: &[String]) -> Result<()> {
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
