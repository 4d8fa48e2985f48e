//! What the learner asks of a recipe, whatever the stage.

use super::{Checkpointing, Recipe};
use crate::Result;
use crate::optimizer::StepOptimizer;
use crate::schedule::ScheduleRecipe;
use burn::module::Module;
use serde::Serialize;
use serde::de::DeserializeOwned;
use slovo_data::mixture::Mixture;
use slovo_data::recipe::load_ron;
use std::path::Path;

/// A recipe of a stage that learns. Every default is spelled out: so it lies in the run folder.
pub trait RunRecipe: Serialize + DeserializeOwned {
    /// Sections that make a run what it is: one that goes on has the same.
    const FIXED: &'static [&'static str];
    /// Sections that may be others when a run goes on.
    const FREE: &'static [&'static str];

    /// Optimizer steps.
    fn steps(&self) -> u64;

    /// How much of each source it reads, where several are mixed: a run that goes on reads as much.
    fn mixture(&self) -> Option<Mixture> {
        None
    }

    /// How parameters are updated.
    fn optimizer<M: Module>(&self, model: &M) -> StepOptimizer;

    /// How fast.
    fn schedule(&self) -> ScheduleRecipe;

    /// When the run is saved.
    fn checkpoint(&self) -> Checkpointing;

    /// Reads the recipe of a run folder.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood.
    fn of_run(run: &Path) -> Result<Self> {
        Ok(load_ron(&run.join("recipe.ron"), &[])?)
    }
}

impl RunRecipe for Recipe {
    const FIXED: &'static [&'static str] = &[
        "seed",
        "objective",
        "model",
        "base",
        "batch",
        "optimizer",
        "clip",
    ];
    const FREE: &'static [&'static str] =
        &["steps", "schedule", "evaluation", "checkpoint", "samples"];

    fn steps(&self) -> u64 {
        self.steps
    }

    fn mixture(&self) -> Option<Mixture> {
        // What cannot be read is refused where the text is.
        self.data().ok()?.mixture
    }

    fn optimizer<M: Module>(&self, model: &M) -> StepOptimizer {
        self.optimizer.init(model)
    }

    fn schedule(&self) -> ScheduleRecipe {
        self.schedule
    }

    fn checkpoint(&self) -> Checkpointing {
        self.checkpoint
    }
}
