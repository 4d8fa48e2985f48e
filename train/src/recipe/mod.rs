//! What a pretraining run is: data, model, batch, optimizer, schedule, evaluation, checkpoints.
//!
//! A recipe is read, changed by `--set`, and *resolved*: every default spelled out, the named
//! preset replaced by its shape, the vocabulary taken from the tokenizer. The resolved recipe is
//! what runs, what `--dry-run` prints and what lies in the run folder.

mod base;
mod differences;
mod objective;
mod resolve;
mod run_recipe;

pub use differences::differences;
pub use objective::{Objective, Translation};
pub use run_recipe::RunRecipe;

use crate::optimizer::OptimizerRecipe;
use crate::place::ModelPlace;
use crate::samples::Samples;
use crate::schedule::ScheduleRecipe;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use slovo_data::Windows;
use slovo_data::mixture::Mixture;
use slovo_data::prepare::expand;
use slovo_data::recipe::{DataRecipe, apply_sets, from_ron_str, load_ron};
use slovo_model::{MaskedLm, PRESETS, Seq2SeqConfig, TransformerConfig};
use std::path::{Path, PathBuf};

/// The recipe that `pretrain` runs when none is given.
pub const DEFAULT: &str = include_str!("../../recipes/default.ron");

/// A pretraining recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of initial weights, batches and dropout.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Optimizer steps.
    pub steps: u64,
    /// What the model is trained to do; to predict the next token where not given.
    #[serde(default)]
    pub objective: Objective,
    /// Which text.
    pub data: Data,
    /// Which transformer.
    pub model: Model,
    /// Run folder or model folder whose weights training begins with; fresh ones where not given. `model:
    /// Base(…)` sets it, with the shape.
    #[serde(default)]
    pub base: Option<String>,
    /// What one step sees.
    pub batch: Batch,
    /// How parameters are updated.
    pub optimizer: OptimizerRecipe,
    /// Largest norm of the gradient; larger ones are scaled down to it.
    #[serde(default = "default_clip")]
    pub clip: Option<f64>,
    /// How fast.
    pub schedule: ScheduleRecipe,
    /// When and on what the model is measured.
    pub evaluation: Evaluation,
    /// When the run is saved.
    #[serde(default)]
    pub checkpoint: Checkpointing,
    /// What the model is asked to say while it learns.
    #[serde(default = "default_samples")]
    pub samples: Option<Samples>,
}

/// The text to train on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Data {
    /// The data stage's own default recipe: the cargo corpus, which needs no download.
    Default,
    /// A data recipe's file, relative to this recipe's folder.
    File(PathBuf),
    /// A data recipe, here.
    Inline(Box<DataRecipe>),
    /// A folder that `prepare` has made, such as one whose parts came from several machines.
    Prepared(PathBuf),
    /// The same, read by these weights, whatever its own recipe says: what a `Prepared` folder becomes where either
    /// mixes it.
    Mixed {
        /// The folder.
        folder: PathBuf,
        /// How much of each source is read; `None`: as much as there is.
        #[serde(deserialize_with = "Option::deserialize")]
        mixture: Option<Mixture>,
    },
}

/// The transformer to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Model {
    /// A published shape, by its name.
    Preset(String),
    /// A shape. A `vocab_size` of 0 (or none) takes the tokenizer's.
    Shape(TransformerConfig),
    /// Another model, which goes on learning: a run folder or model folder. May begin with
    /// `$SLOVO_DATA`. Its tokenizer reads the text, whatever the data recipe says.
    Base(String),
}

/// What one optimizer step sees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Sequences in a micro-batch. Not for pairs of texts, whose lengths differ.
    #[serde(default)]
    pub sequences: usize,
    /// For pairs of texts: tokens in a micro-batch, on each side, at most, filler among them.
    #[serde(default)]
    pub tokens: Option<usize>,
    /// Micro-batches whose gradients are summed before an update.
    #[serde(default = "one")]
    pub micro_batches: u64,
    /// Tokens in a sequence; the model's `max_seq_len` where not given.
    #[serde(default)]
    pub context: Option<usize>,
    /// Which windows of the text.
    #[serde(default = "default_windows")]
    pub windows: Windows,
    /// Whether a text of a window is predicted from the texts before it in the window. `false` keeps them
    /// apart: each sees itself alone, and its positions begin at 0. Evaluation reads across in any case.
    #[serde(default = "yes")]
    pub across_documents: bool,
}

/// When and on what the model is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Steps between evaluations.
    pub every: u64,
    /// Windows of the validation set, evenly spread; all of them where not given. The whole set is
    /// measured at the end of the run in any case.
    #[serde(default)]
    pub windows: Option<usize>,
    /// Tokens between the beginnings of two windows. With fewer than a window has, windows overlap,
    /// every token but the first counts once, and it is predicted from more of the text before it.
    /// Where not given, windows lie side by side, and what does not fill the last one is left out.
    #[serde(default)]
    pub stride: Option<usize>,
    /// Windows computed at once.
    #[serde(default = "default_eval_batch")]
    pub batch: usize,
    /// Stop after this many evaluations in a row that are no better than the best.
    #[serde(default)]
    pub patience: Option<u64>,
}

/// When the run is saved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpointing {
    /// Steps between checkpoints; as often as evaluations where not given.
    #[serde(default)]
    pub every: Option<u64>,
    /// A checkpoint also after so many seconds without one. It changes what is kept, not what is
    /// computed.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// How many of the last ones stay, besides the best.
    #[serde(default = "default_keep")]
    pub keep: usize,
}

impl Default for Checkpointing {
    fn default() -> Self {
        Self {
            every: None,
            seconds: None,
            keep: default_keep(),
        }
    }
}

fn default_seed() -> u64 {
    1337
}

fn default_clip() -> Option<f64> {
    Some(1.0)
}

fn default_samples() -> Option<Samples> {
    Some(Samples::default())
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

fn default_windows() -> Windows {
    Windows::Shuffled
}

fn default_eval_batch() -> usize {
    16
}

fn default_keep() -> usize {
    2
}

impl Recipe {
    /// Reads a recipe (the default one where `path` is none), applies `--set`, and spells out
    /// everything that does not depend on the text.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood, a path or value that does not exist, an unknown
    /// preset.
    pub fn load(path: Option<&Path>, sets: &[String]) -> Result<Self> {
        Self::load_from(path, None, sets)
    }

    /// [`Recipe::load`], with `model: Base(…)` where a base is given.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load`], and a base that cannot be gone on with.
    pub fn load_from(path: Option<&Path>, base: Option<&str>, sets: &[String]) -> Result<Self> {
        let mut recipe: Self = match path {
            Some(path) => load_ron(path, &[])?,
            None => from_ron_str(DEFAULT)?,
        };
        // Files and presets are opened before `--set`, so that their fields can be set too.
        let folder = path.and_then(Path::parent).unwrap_or(Path::new(""));
        if recipe.data.folder().is_none() {
            recipe.data = Data::Inline(Box::new(recipe.data.open(folder)?));
        }
        if let Data::Prepared(folder) = &recipe.data {
            let mixture = recipe.data()?.mixture;
            let mixes = |set: &String| set.trim_start().starts_with("data.mixture");
            if mixture.is_some() || sets.iter().any(mixes) {
                let folder = folder.clone();
                recipe.data = Data::Mixed { folder, mixture };
            }
        }
        match (base, &recipe.model) {
            (Some(base), _) => recipe.begin_with(base)?,
            (None, Model::Base(base)) => recipe.begin_with(&base.clone())?,
            (None, model) => recipe.model = Model::Shape(model.open()?),
        }
        Ok(apply_sets(recipe, sets)?)
    }

    /// The text's recipe.
    ///
    /// # Errors
    ///
    /// When the recipe has not been loaded by [`Recipe::load`] and names a file that is not there.
    pub fn data(&self) -> Result<DataRecipe> {
        self.data.open(Path::new(""))
    }

    /// The transformer's shape.
    ///
    /// # Errors
    ///
    /// An unknown preset.
    pub fn model(&self) -> Result<TransformerConfig> {
        self.model.open()
    }

    /// Tokens in a sequence.
    ///
    /// # Errors
    ///
    /// An unknown preset.
    pub fn context(&self) -> Result<usize> {
        Ok(self.batch.context.unwrap_or(self.model()?.max_seq_len))
    }

    /// Whether the model learns from pairs of texts.
    pub fn learns_from_pairs(&self) -> bool {
        matches!(self.objective, Objective::Translation(_))
    }

    /// The shape of the encoder–decoder, where one is trained; its targets' ends are not known yet.
    ///
    /// # Errors
    ///
    /// An unknown preset.
    pub fn pair(&self) -> Result<Option<Seq2SeqConfig>> {
        Ok(match &self.objective {
            Objective::Translation(how) => Some(how.shape(self.model()?, [0, 1])),
            _ => None,
        })
    }

    /// Trainable numbers of the model; before the recipe is resolved, without those of the vocabulary.
    ///
    /// # Errors
    ///
    /// An unknown preset.
    pub fn parameter_count(&self) -> Result<u64> {
        let model = self.model()?;
        let count = match (&self.objective, self.pair()?) {
            (_, Some(pair)) => pair.parameter_count(),
            (Objective::Masked(_), _) => MaskedLm::parameter_count(&model),
            _ => model.parameter_count(),
        };
        Ok(count as u64)
    }

    /// Target tokens of one optimizer step, when no target is masked.
    ///
    /// # Errors
    ///
    /// An unknown preset.
    pub fn tokens_per_step(&self) -> Result<u64> {
        let of_batch = match self.batch.tokens {
            // As many as there is room for: filler is not known before the text is.
            Some(tokens) => tokens as u64,
            None => self.batch.sequences as u64 * self.context()? as u64,
        };
        Ok(of_batch * self.batch.micro_batches)
    }

    /// Sequences of the greatest length in a micro-batch.
    ///
    /// # Errors
    ///
    /// An unknown preset.
    pub fn sequences(&self) -> Result<usize> {
        Ok(match self.batch.tokens {
            Some(tokens) => (tokens / self.context()?.max(1)).max(1),
            None => self.batch.sequences,
        })
    }
}

impl Data {
    fn open(&self, folder: &Path) -> Result<DataRecipe> {
        Ok(match self {
            Data::Default => DataRecipe::standard()?,
            Data::File(path) => DataRecipe::load(&folder.join(path), &[])?,
            Data::Inline(recipe) => (**recipe).clone(),
            Data::Prepared(folder) => slovo_data::prepare::recipe_of(folder)?,
            Data::Mixed { folder, mixture } => {
                let data = DataRecipe {
                    mixture: mixture.clone(),
                    ..slovo_data::prepare::recipe_of(folder)?
                };
                data.validate()?;
                data
            }
        })
    }

    /// The folder that it was prepared in, where the recipe names it.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Data::Prepared(folder) | Data::Mixed { folder, .. } => Some(folder),
            Data::Default | Data::File(_) | Data::Inline(_) => None,
        }
    }
}

impl Model {
    fn open(&self) -> Result<TransformerConfig> {
        match self {
            Model::Preset(name) => {
                // The vocabulary is the tokenizer's; a published shape lends everything else.
                let shape = TransformerConfig::preset(name).ok_or_else(|| Error::Value {
                    field: "model",
                    found: format!("Preset({name:?})"),
                    expected: format!("one of {} would do", PRESETS.join(", ")),
                })?;
                Ok(TransformerConfig {
                    vocab_size: 0,
                    ..shape
                })
            }
            Model::Shape(shape) => Ok(shape.clone()),
            Model::Base(base) => {
                let place = ModelPlace::find(&expand(base)?)?;
                Ok(slovo_model::load_config(&place.folder)?)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn recipe() -> Recipe {
        from_ron_str(
            r#"(
                steps: 10,
                data: Inline((name: "t", sources: [], tokenizer: Byte,
                              split: Position(validation: 0.1))),
                model: Preset("nanogpt-char-cpu"),
                batch: (sequences: 2),
                optimizer: AdamW(()),
                schedule: (peak: 1e-3),
                evaluation: (every: 5),
            )"#,
        )
        .unwrap()
    }

    #[test]
    fn the_default_recipe_loads_and_a_set_reaches_into_it() {
        let recipe = Recipe::load(None, &["model.n_layers=3".into()]).unwrap();
        assert_eq!(recipe.model().unwrap().n_layers, 3);
    }

    #[test]
    fn every_recipe_beside_this_crate_loads() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/recipes"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match Recipe::load(Some(&path), &[]) {
                Ok(recipe) => recipe.validate().unwrap(),
                // What it goes on with is not here; everything before that was understood.
                Err(Error::Folder { path, .. }) => assert_eq!(path, Path::new("smollm2")),
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    #[test]
    fn an_unknown_preset_is_refused() {
        let mut wrong = recipe();
        wrong.model = Model::Preset("gpt5".into());
        assert!(wrong.model().unwrap_err().to_string().contains("gpt5"));
    }
}
