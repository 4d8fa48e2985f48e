//! What a tuning is: conversations, a base, a template, what learns, and how.
//!
//! A recipe is read, changed by `--set`, and *resolved* once the conversations are known: every default
//! spelled out. The resolved recipe is what runs and what lies in the run folder.

use crate::records::RecordsRecipe;
use crate::template::TemplateRecipe;
use crate::{Error, Result};
use burn::module::Module;
use serde::{Deserialize, Serialize};
use slovo_data::recipe::{Source as TextSource, apply_sets, from_ron_str, load_ron};
use slovo_model::Matrix;
use slovo_train::keeps::Keeps;
use slovo_train::optimizer::{OptimizerRecipe, StepOptimizer};
use slovo_train::recipe::{Checkpointing, RunRecipe};
use slovo_train::schedule::ScheduleRecipe;
use std::path::Path;

/// The recipe that `instruct` runs when none is given.
pub const DEFAULT: &str = include_str!("../recipes/default.ron");

/// A tuning recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of adapters, order and dropout.
    #[serde(default = "one")]
    pub seed: u64,
    /// How often it is tuned, each time with the next seed.
    #[serde(default = "one")]
    pub seeds: u64,
    /// Conversations.
    pub data: RecordsRecipe,
    /// Which of them are trained on, which are held out.
    pub split: SplitRecipe,
    /// What is tuned: a run folder, a model folder or a GGUF file, may begin with `$SLOVO_DATA`; the
    /// newest run of pretraining where not given.
    #[serde(default)]
    pub base: Option<String>,
    /// How a conversation becomes text.
    #[serde(default)]
    pub template: TemplateRecipe,
    /// What is learnt from conversations.
    #[serde(default)]
    pub objective: Objective,
    /// Tokens of a conversation at most.
    pub max_tokens: usize,
    /// What becomes of a longer one.
    #[serde(default)]
    pub too_long: TooLong,
    /// Which parameters learn.
    #[serde(default)]
    pub trains: Trains,
    /// Pretraining text among the conversations, so that the base is not forgotten.
    #[serde(default)]
    pub replay: Option<Replay>,
    /// Times that each conversation is learnt from. Not beside `steps`.
    #[serde(default)]
    pub epochs: Option<f64>,
    /// Optimizer steps; follows from the epochs where not given.
    #[serde(default)]
    pub steps: Option<u64>,
    /// Conversations of a step.
    pub batch: usize,
    /// How parameters are updated.
    pub optimizer: OptimizerRecipe,
    /// Largest norm of the gradient; larger ones are scaled down to it.
    #[serde(default = "clip")]
    pub clip: Option<f64>,
    /// How fast.
    pub schedule: ScheduleRecipe,
    /// When the model is measured on the validation conversations.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// When the run is saved.
    #[serde(default)]
    pub checkpoint: Checkpointing,
    /// How answers to the test conversations are made and judged.
    #[serde(default)]
    pub judge: Judging,
}

/// What is learnt from conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Objective {
    /// To say what the assistant says, and when it ends.
    #[default]
    Answers,
    /// The same, and what it is asked too.
    Everything,
    /// To find the chosen answer likelier than the rejected one, against what the base finds (direct
    /// preference optimisation, Rafailov et al. 2023, <https://arxiv.org/abs/2305.18290>).
    Preference {
        /// How dear it is to leave the base.
        #[serde(default = "beta")]
        beta: f64,
        /// The share of preferences that are taken to be the wrong way round (Mitchell 2023,
        /// "conservative DPO").
        #[serde(default)]
        label_smoothing: f64,
    },
}

impl Objective {
    /// Whether it is about preferences.
    pub fn is_preference(self) -> bool {
        matches!(self, Self::Preference { .. })
    }
}

fn beta() -> f64 {
    0.1
}

/// Which conversations are on which side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SplitRecipe {
    /// By chance, by seed.
    Random {
        /// Share of the validation side.
        validation: f64,
        /// Share of the test side.
        test: f64,
    },
    /// Whole groups by chance: packages, titles.
    Groups {
        /// Share of the validation side.
        validation: f64,
        /// Share of the test side.
        test: f64,
    },
    /// Records by their numbers from 0, each range without its end.
    Ranges {
        /// What is learnt from.
        train: (usize, usize),
        /// What tells which step's model is the best.
        validation: (usize, usize),
        /// What the result is measured on.
        test: (usize, usize),
    },
}

/// What becomes of a conversation that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TooLong {
    /// Its last turns go, until the rest fits; where not even the first answer does, all of it.
    #[default]
    CutTurns,
    /// It goes.
    Drop,
    /// Nothing is tuned.
    Stop,
}

/// Which parameters learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Trains {
    /// All.
    All,
    /// Low-rank additions to matrices of all blocks (Hu et al. 2021,
    /// <https://arxiv.org/abs/2106.09685>).
    Lora {
        /// Rank of the additions.
        rank: usize,
        /// An addition is multiplied by `alpha / rank`.
        alpha: f64,
        /// To which matrices.
        #[serde(default = "Matrix::all")]
        matrices: Vec<Matrix>,
    },
}

impl Default for Trains {
    fn default() -> Self {
        Self::Lora {
            rank: 16,
            alpha: 32.0,
            matrices: Matrix::all(),
        }
    }
}

/// Pretraining text among the conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Where the text comes from; its last tenth is held out, to measure what is forgotten.
    pub sources: Vec<TextSource>,
    /// Share of the training rows that are text.
    pub share: f64,
    /// Tokens of a row of text; 256, or as many as the base reads, where not given.
    #[serde(default)]
    pub window: Option<usize>,
    /// Bytes that are read at most.
    #[serde(default = "replay_bytes")]
    pub most: usize,
}

fn replay_bytes() -> usize {
    4 << 20
}

/// When the model is measured on the validation conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Steps between evaluations; four times an epoch where not given.
    pub every: Option<u64>,
    /// Conversations computed at once.
    pub batch: usize,
    /// Stop after this many evaluations in a row that are no better than the best.
    pub patience: Option<u64>,
    /// Which step's model is the result.
    pub keeps: Keeps,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self {
            every: None,
            batch: 8,
            patience: None,
            keeps: Keeps::Best,
        }
    }
}

/// How answers are made and judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judging {
    /// Test conversations that are answered, from the beginning; all where not given, none with 0.
    pub answers: Option<usize>,
    /// Tokens of an answer at most.
    pub max_new: usize,
    /// Answered at once.
    pub batch: usize,
    /// 0: the likeliest token each time.
    pub temperature: f64,
    /// Whether the base answers too, before it is tuned.
    pub before: bool,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            answers: None,
            max_new: 128,
            batch: 16,
            temperature: 0.0,
            before: true,
        }
    }
}

fn one() -> u64 {
    1
}

fn clip() -> Option<f64> {
    Some(1.0)
}

impl Recipe {
    /// Reads a recipe (the default one where `path` is none) and applies `--set`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood, a path or value that does not exist.
    pub fn load(path: Option<&Path>, sets: &[String]) -> Result<Self> {
        let mut recipe: Self = match path {
            Some(path) => load_ron(path, &[])?,
            None => from_ron_str(DEFAULT)?,
        };
        // A count of steps and one of epochs exclude each other; the one that is set wins.
        if sets.iter().any(|set| set.starts_with("steps=")) {
            recipe.epochs = None;
        }
        let recipe = apply_sets(recipe, sets)?;
        recipe.validate()?;
        Ok(recipe)
    }

    fn validate(&self) -> Result<()> {
        let wrong = |field, found: String, expected: &str| {
            Err(Error::Value {
                field,
                found,
                expected: expected.into(),
            })
        };
        match (self.epochs, self.steps) {
            (Some(_), Some(_)) => {
                let found = "given beside epochs".to_string();
                return wrong("steps", found, "one of them would do");
            }
            (None, None) => return wrong("epochs", "not given".into(), "`epochs: 2` would do"),
            (Some(epochs), _) if !(epochs.is_finite() && epochs > 0.0) => {
                return wrong("epochs", epochs.to_string(), "a positive number would do");
            }
            (_, Some(0)) => return wrong("steps", "0".into(), "1 or more would do"),
            _ => {}
        }
        for (field, value) in [
            ("batch", self.batch),
            ("evaluation.batch", self.evaluation.batch),
            ("judge.batch", self.judge.batch),
            ("judge.max_new", self.judge.max_new),
            ("seeds", self.seeds as usize),
        ] {
            if value == 0 {
                return wrong(field, "0".into(), "1 or more would do");
            }
        }
        if self.max_tokens < 8 {
            return wrong("max_tokens", self.max_tokens.to_string(), "512 would do");
        }
        if !(self.judge.temperature >= 0.0 && self.judge.temperature.is_finite()) {
            let found = self.judge.temperature.to_string();
            return wrong("judge.temperature", found, "0 or more would do");
        }
        match &self.trains {
            Trains::Lora { rank: 0, .. } => {
                return wrong("trains.rank", "0".into(), "1 or more would do, such as 16");
            }
            Trains::Lora { matrices, .. } if matrices.is_empty() => {
                let expected = "at least one matrix would do, such as [Query, Value]";
                return wrong("trains.matrices", "[]".into(), expected);
            }
            _ => {}
        }
        if let Objective::Preference {
            beta,
            label_smoothing,
        } = self.objective
        {
            if !(beta > 0.0 && beta.is_finite()) {
                return wrong("objective.beta", beta.to_string(), "0.1 would do");
            }
            if !(0.0..0.5).contains(&label_smoothing) {
                let found = label_smoothing.to_string();
                let expected = "at least 0 and below 0.5 would do";
                return wrong("objective.label_smoothing", found, expected);
            }
            if self.replay.is_some() {
                let expected = "leave it out: preferences have no text among them";
                return wrong("replay", "given beside preferences".into(), expected);
            }
        }
        if let Some(replay) = &self.replay {
            if !(replay.share > 0.0 && replay.share < 1.0) {
                let found = replay.share.to_string();
                return wrong("replay.share", found, "above 0 and below 1 would do: 0.1");
            }
            if let Some(window) = replay.window.filter(|window| *window < 2) {
                return wrong("replay.window", window.to_string(), "256 would do");
            }
        }
        for source in &self.data.sources {
            if let Some(weight) = source.weight().filter(|it| !(*it > 0.0 && it.is_finite())) {
                let expected = "a positive number would do";
                return wrong("data.sources.weight", weight.to_string(), expected);
            }
        }
        if let SplitRecipe::Random { validation, test } | SplitRecipe::Groups { validation, test } =
            self.split
        {
            let fits = validation > 0.0 && test >= 0.0 && validation + test < 1.0;
            if !fits {
                let found = format!("validation: {validation}, test: {test}");
                return wrong("split", found, "validation: 0.05, test: 0.1 would do");
            }
        }
        Ok(self.optimizer.validate()?)
    }

    /// The recipe with every default spelled out, for so many training conversations.
    ///
    /// # Errors
    ///
    /// A schedule that does not fit the steps.
    pub fn resolve(mut self, conversations: usize, d_model: usize) -> Result<Self> {
        // Text among them makes an epoch longer.
        let talk = 1.0 - self.replay.as_ref().map_or(0.0, |replay| replay.share);
        let rows = (conversations as f64 / talk).ceil() as usize;
        let per_epoch = rows.div_ceil(self.batch).max(1) as u64;
        let steps = self.steps.unwrap_or_else(|| {
            let epochs = self.epochs.unwrap_or(1.0);
            ((per_epoch as f64 * epochs).ceil() as u64).max(1)
        });
        self.epochs = None;
        self.steps = Some(steps);
        let every = self.evaluation.every.unwrap_or(per_epoch.div_ceil(4));
        self.evaluation.every = Some(every.clamp(1, steps));
        if let Keeps::Average(n) = self.evaluation.keeps {
            self.checkpoint.every = self.checkpoint.every.or(self.evaluation.every);
            self.checkpoint.keep = self.checkpoint.keep.max(n);
        }
        self.schedule = self.schedule.resolve(steps, d_model)?;
        Ok(self)
    }
}

impl RunRecipe for Recipe {
    const FIXED: &'static [&'static str] = &[
        "seed",
        "data",
        "split",
        "base",
        "template",
        "objective",
        "max_tokens",
        "too_long",
        "trains",
        "replay",
        "batch",
        "optimizer",
        "clip",
    ];
    const FREE: &'static [&'static str] = &["steps", "schedule", "evaluation", "checkpoint"];

    fn steps(&self) -> u64 {
        self.steps.unwrap_or(0)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_beside_this_crate_loads() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/recipes"));
        for entry in std::fs::read_dir(folder).unwrap() {
            Recipe::load(Some(&entry.unwrap().path()), &[]).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (set, field) in [
            ("batch=0", "batch"),
            ("max_tokens=1", "max_tokens"),
            ("objective=Preference(beta: -1)", "objective.beta"),
            (
                "objective=Preference(label_smoothing: 0.5)",
                "objective.label_smoothing",
            ),
            ("trains=Lora(rank: 0, alpha: 1)", "trains.rank"),
            ("split=Random(validation: 0.5, test: 0.5)", "split"),
            ("steps=0", "steps"),
        ] {
            let error = Recipe::load(None, &[set.into()]).unwrap_err().to_string();
            assert!(error.starts_with(field), "{set}: {error}");
        }
    }
}
