//! What a classification run is: labelled text, a base, what learns, and how.
//!
//! A recipe is read, changed by `--set`, and *resolved* once the texts are known: every default spelled
//! out. The resolved recipe is what runs and what lies in the run folder.

use crate::encode::Encoding;
use crate::labelled::LabelledRecipe;
use crate::leak::{DEFAULT_THRESHOLD, DropLeaked, Kind};
use crate::order::Balance;
use crate::split::SplitRecipe;
use crate::{Error, Result};
use burn::module::Module;
use serde::{Deserialize, Serialize};
use slovo_data::recipe::{TokenizerRecipe, apply_sets, from_ron_str, load_ron};
use slovo_model::{HeadKind, PoolKind, Trains, TransformerConfig};
use slovo_train::keeps::Keeps;
use slovo_train::optimizer::{OptimizerRecipe, StepOptimizer};
use slovo_train::recipe::{Checkpointing, RunRecipe};
use slovo_train::schedule::ScheduleRecipe;
use std::path::Path;

/// The recipe that `classify` runs when none is given.
pub const DEFAULT: &str = include_str!("../recipes/default.ron");

/// A classification recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of fresh weights, batches, dropout and a random split.
    #[serde(default = "one")]
    pub seed: u64,
    /// How often it is trained, each time with the next seed. A random split is drawn anew each time.
    #[serde(default = "one")]
    pub seeds: u64,
    /// Labelled text.
    pub data: LabelledRecipe,
    /// Which of it is trained on, which is held out.
    pub split: SplitRecipe,
    /// What is done about texts that stand on two sides.
    #[serde(default)]
    pub leaks: LeakRecipe,
    /// What the classifier begins with.
    pub base: Base,
    /// How texts become token ids.
    pub encoding: Encoding,
    /// Whether tokens see only those before them; as the base has it where not given.
    #[serde(default)]
    pub causal: Option<bool>,
    /// How the vectors of a text's tokens become one; where not given, the last one of a decoder and
    /// the mean of an encoder.
    #[serde(default)]
    pub pool: Option<PoolKind>,
    /// What makes scores of it.
    #[serde(default)]
    pub head: HeadKind,
    /// Probability with which an activation of what learns is dropped in training; as the base has it
    /// where not given.
    #[serde(default)]
    pub dropout: Option<f64>,
    /// Which parameters learn.
    pub trains: Trains,
    /// What is done where classes differ in size.
    #[serde(default)]
    pub balance: Balance,
    /// Times that each text is learnt from. Not beside `steps`.
    #[serde(default)]
    pub epochs: Option<f64>,
    /// Optimizer steps; follows from the epochs where not given.
    #[serde(default)]
    pub steps: Option<u64>,
    /// Texts of a step.
    pub batch: usize,
    /// How parameters are updated.
    pub optimizer: OptimizerRecipe,
    /// Largest norm of the gradient; larger ones are scaled down to it.
    #[serde(default = "clip")]
    pub clip: Option<f64>,
    /// How fast.
    pub schedule: ScheduleRecipe,
    /// When the model is measured on the validation texts.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// When the run is saved.
    #[serde(default)]
    pub checkpoint: Checkpointing,
    /// What is kept of the part that does not learn.
    #[serde(default)]
    pub cache: Cache,
    /// The class whose recall and false positives are counted, such as "spam"; of two classes the
    /// second where not given.
    #[serde(default)]
    pub positive: Option<String>,
    /// Whether simpler means are trained beside it.
    #[serde(default = "yes")]
    pub baselines: bool,
    /// Changes that `--variant` makes, by name, as `--set` would.
    #[serde(default)]
    pub variants: Vec<Variant>,
}

/// A named change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// As `--set` would make it: `path=value`.
    pub set: Vec<String>,
}

/// What is done about texts that stand on two sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeakRecipe {
    /// Texts are near duplicates from that similarity on (see [`leak`](crate::leak)).
    pub near: f64,
    /// Test texts that stand in training count among the deduplicated ones unless they do so in this way,
    /// or in a stricter one.
    pub leaves_out: Kind,
    /// Whether they are dropped, and where from.
    pub drop: DropLeaked,
    /// Whether a text that stands there several times is counted once, before anything else.
    pub distinct: bool,
}

impl Default for LeakRecipe {
    fn default() -> Self {
        Self {
            near: DEFAULT_THRESHOLD,
            leaves_out: Kind::Exact,
            drop: DropLeaked::None,
            distinct: false,
        }
    }
}

/// What a classifier begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Base {
    /// A run folder, a model folder or a GGUF file; may begin with `$SLOVO_DATA`.
    Model(String),
    /// Random weights.
    Random {
        /// The tokenizer, made of the training texts or read.
        tokenizer: TokenizerRecipe,
        /// The shape; its vocabulary is the tokenizer's.
        shape: Box<TransformerConfig>,
    },
}

/// When the model is measured on the validation texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Steps between evaluations; once an epoch where not given.
    pub every: Option<u64>,
    /// Texts computed at once.
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
            batch: 32,
            patience: None,
            keeps: Keeps::Best,
        }
    }
}

/// What is kept of the part of the model that does not learn: it is computed once for each text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Bytes on disk at most; what would take more is computed again in every epoch. 0: nothing is
    /// kept.
    pub max_bytes: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { max_bytes: 8 << 30 }
    }
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

fn clip() -> Option<f64> {
    Some(1.0)
}

impl Recipe {
    /// Reads a recipe (the default one where `path` is none), applies the variant and `--set`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood, a path or value that does not exist, an unknown
    /// variant.
    pub fn load(path: Option<&Path>, variant: Option<&str>, sets: &[String]) -> Result<Self> {
        let mut recipe: Self = match path {
            Some(path) => load_ron(path, &[])?,
            None => from_ron_str(DEFAULT)?,
        };
        let changes = match variant {
            Some(name) => recipe.variant(name)?.set,
            None => Vec::new(),
        };
        // A count of steps and one of epochs exclude each other; the one that is set wins.
        let sets_steps = |set: &String| set.starts_with("steps=");
        if changes.iter().chain(sets).any(sets_steps) {
            recipe.epochs = None;
        }
        let variants = std::mem::take(&mut recipe.variants);
        let recipe = apply_sets(recipe, &changes)?;
        let mut recipe = apply_sets(recipe, sets)?;
        recipe.variants = variants;
        recipe.validate()?;
        Ok(recipe)
    }

    fn variant(&self, name: &str) -> Result<Variant> {
        let mut all = self.variants.iter();
        all.find(|variant| variant.name == name)
            .cloned()
            .ok_or_else(|| {
                let names = self.variants.iter().map(|variant| variant.name.as_str());
                let names: Vec<_> = names.collect();
                Error::Value {
                    field: "--variant",
                    found: format!("{name:?}"),
                    expected: match names.is_empty() {
                        true => "the recipe has no variants".into(),
                        false => format!("the recipe has {}", names.join(", ")),
                    },
                }
            })
    }

    fn validate(&self) -> Result<()> {
        let wrong = |field, found: String, expected: &str| {
            Err(Error::Value {
                field,
                found,
                expected: expected.into(),
            })
        };
        let shares = |share: f64| share > 0.0 && share <= 1.0;
        match (self.epochs, self.steps) {
            (Some(_), Some(_)) => {
                let found = "given beside epochs".to_string();
                return wrong("steps", found, "one of them would do");
            }
            (None, None) => return wrong("epochs", "not given".into(), "`epochs: 5` would do"),
            (Some(epochs), _) if !(epochs.is_finite() && epochs > 0.0) => {
                return wrong("epochs", epochs.to_string(), "a positive number would do");
            }
            (_, Some(0)) => return wrong("steps", "0".into(), "1 or more would do"),
            _ => {}
        }
        if self.batch == 0 {
            return wrong("batch", "0".into(), "1 or more would do, such as 16");
        }
        if self.seeds == 0 {
            return wrong("seeds", "0".into(), "1 or more would do");
        }
        if self.evaluation.batch == 0 {
            return wrong("evaluation.batch", "0".into(), "1 or more would do");
        }
        if self.evaluation.every == Some(0) {
            return wrong("evaluation.every", "0".into(), "1 or more would do");
        }
        if self.evaluation.keeps == Keeps::Average(0) {
            return wrong(
                "evaluation.keeps",
                "Average(0)".into(),
                "Average(3) would do",
            );
        }
        if self.encoding.max_tokens == 0 {
            return wrong("encoding.max_tokens", "0".into(), "256 would do");
        }
        if let Some(rate) = self.dropout.filter(|rate| !(0.0..1.0).contains(rate)) {
            let expected = "at least 0 and below 1 would do";
            return wrong("dropout", rate.to_string(), expected);
        }
        match &self.trains {
            Trains::All { layer_decay } if !shares(*layer_decay) => {
                let found = layer_decay.to_string();
                let expected = "above 0 and at most 1 would do, such as 0.9";
                return wrong("trains.layer_decay", found, expected);
            }
            Trains::Lora { rank: 0, .. } => {
                return wrong("trains.rank", "0".into(), "1 or more would do, such as 8");
            }
            Trains::Lora { matrices, .. } if matrices.is_empty() => {
                let expected = "at least one matrix would do, such as [Query, Value]";
                return wrong("trains.matrices", "[]".into(), expected);
            }
            _ => {}
        }
        Ok(self.optimizer.validate()?)
    }

    /// The recipe with every default spelled out, for so many training texts.
    ///
    /// # Errors
    ///
    /// A schedule that does not fit the steps.
    pub fn resolve(mut self, texts: usize, d_model: usize) -> Result<Self> {
        let per_epoch = texts.div_ceil(self.batch).max(1) as u64;
        let steps = self.steps.unwrap_or_else(|| {
            let epochs = self.epochs.unwrap_or(1.0);
            ((per_epoch as f64 * epochs).ceil() as u64).max(1)
        });
        self.epochs = None;
        self.steps = Some(steps);
        self.evaluation.every = Some(self.evaluation.every.unwrap_or(per_epoch).min(steps));
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
        "leaks",
        "base",
        "encoding",
        "causal",
        "pool",
        "head",
        "dropout",
        "trains",
        "balance",
        "batch",
        "optimizer",
        "clip",
    ];
    const FREE: &'static [&'static str] = &["steps", "schedule", "evaluation", "checkpoint"];

    fn steps(&self) -> u64 {
        self.steps.unwrap_or(0)
    }

    fn optimizer<M: Module>(&self, model: &M) -> StepOptimizer {
        match self.trains {
            Trains::All { layer_decay } if layer_decay < 1.0 => {
                let mut depth = Depth::default();
                model.visit(&mut depth);
                let blocks = depth.blocks;
                self.optimizer
                    .init_at(model, |path| layer_decay.powi(below_head(path, blocks)))
            }
            _ => self.optimizer.init(model),
        }
    }

    fn schedule(&self) -> ScheduleRecipe {
        self.schedule
    }

    fn checkpoint(&self) -> Checkpointing {
        self.checkpoint
    }
}

/// How many layers lie between a parameter and the head.
fn below_head(path: &str, blocks: usize) -> i32 {
    let layer = path
        .split_once("blocks.")
        .and_then(|(_, rest)| rest.split('.').next()?.parse::<usize>().ok());
    let below = match layer {
        Some(layer) => blocks.saturating_sub(layer),
        None if path.contains("embedding.") => blocks + 1,
        None => 0,
    };
    below as i32
}

/// Counts blocks.
#[derive(Default)]
struct Depth {
    blocks: usize,
    inside: Vec<String>,
}

impl burn::module::ModuleVisitor for Depth {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.inside.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.inside.pop();
    }

    fn visit_float<const D: usize>(&mut self, _: &burn::module::Param<burn::tensor::Tensor<D>>) {
        let place = self.inside.iter().position(|name| name == "blocks");
        let layer = place.and_then(|place| self.inside.get(place + 1)?.parse::<usize>().ok());
        self.blocks = self.blocks.max(layer.map_or(0, |layer| layer + 1));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_beside_this_crate_loads_with_each_of_its_variants() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/recipes"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let recipe = Recipe::load(Some(&path), None, &[]).unwrap();
            for variant in &recipe.variants {
                Recipe::load(Some(&path), Some(&variant.name), &[]).unwrap();
            }
        }
    }

    #[test]
    fn steps_follow_from_epochs_and_a_step_that_is_set_wins() {
        let recipe = Recipe::load(None, None, &["epochs=2.5".into(), "batch=10".into()]).unwrap();
        let resolved = recipe.resolve(95, 64).unwrap();
        assert_eq!(
            (resolved.steps, resolved.evaluation.every),
            (Some(25), Some(10))
        );
        let recipe = Recipe::load(None, None, &["steps=7".into()]).unwrap();
        assert_eq!(recipe.resolve(95, 64).unwrap().steps, Some(7));
    }

    #[test]
    fn what_lies_deeper_learns_slower() {
        assert_eq!(below_head("score.weight", 4), 0);
        assert_eq!(below_head("trunk.stack.norm.gamma", 4), 0);
        assert_eq!(
            below_head("trunk.stack.blocks.3.attention.query.weight", 4),
            1
        );
        assert_eq!(
            below_head("trunk.stack.blocks.0.attention.query.weight", 4),
            4
        );
        assert_eq!(below_head("trunk.embedding.tokens.weight", 4), 5);
    }

    #[test]
    fn an_unknown_variant_is_named() {
        let error = Recipe::load(None, Some("lora"), &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("--variant") && error.contains("lora"),
            "{error}"
        );
    }
}
