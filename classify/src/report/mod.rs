//! `report.html` and `report.json`: what was trained, how good it is, and what it has to beat; for
//! people and for programs.

mod confusion;
mod evidence;
mod material;
mod page;
mod plots;
mod reliability;
#[cfg(test)]
mod sample;
mod shown;
mod summary;
mod tables;
mod tiles;
mod verdict;

pub use summary::Summary;
pub(crate) use summary::percent;

use crate::Result;
use crate::labelled::ReadCounts;
use crate::leak::LeakReport;
use crate::metrics::{Difference, McNemar, Reached, Threshold};
use crate::{Scores, SeedScores};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The page, in the run folder.
pub const HTML: &str = "report.html";
/// The numbers, in the run folder.
pub const JSON: &str = "report.json";

/// Everything that is said of a classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the run.
    pub name: String,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// The class whose recall and false positives count, where there is one.
    pub positive: Option<String>,
    /// What it is made of.
    pub model: Model,
    /// What it learnt from.
    pub data: Data,
    /// Texts that stand on two sides, of the first split.
    pub leaks: LeakReport,
    /// On the validation texts.
    pub validation: Option<Summary>,
    /// On the test texts.
    pub test: Option<Summary>,
    /// On the test texts that do not stand in training.
    pub test_deduplicated: Option<Summary>,
    /// What simpler means reach, by name.
    pub baselines: BTreeMap<String, Baseline>,
    /// Each training.
    pub runs: Vec<Run>,
    /// The best model's most confident mistakes on the test texts.
    pub mistakes: Vec<Mistake>,
    /// Time from start to end, in seconds.
    pub seconds: f64,
    /// Of that, what the part that does not learn took.
    pub frozen_seconds: f64,
    /// The most memory that the process held, in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// What a classifier is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What it began with, as the recipe names it.
    pub base: String,
    /// Which parameters learn.
    pub trains: String,
    /// How the vectors of tokens become one.
    pub pool: String,
    /// The head.
    pub head: String,
    /// All parameters.
    pub parameters: u64,
    /// Those that learn.
    pub learning: u64,
    /// Tokens that are read of a text at most.
    pub max_tokens: usize,
    /// What computed.
    pub backend: String,
}

/// What was learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Its name.
    pub name: String,
    /// Rows read and left out.
    pub counts: ReadCounts,
    /// Texts that stood there more than once and were counted once, where that was asked for.
    pub repeated: usize,
    /// How it was divided, in words.
    pub split: String,
    /// Texts of each class, by side of the first split: train, validation, test.
    pub sides: [Vec<usize>; 3],
    /// Texts that were longer than `max_tokens`.
    pub cut: usize,
}

/// A simpler means, on the same sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What it is, in words.
    pub what: String,
    /// Mean over the splits of the share of test texts that are right.
    pub accuracy: f64,
    /// The same of the test texts that do not stand in training.
    pub accuracy_deduplicated: Option<f64>,
    /// On the test texts, over the splits.
    pub test: Summary,
    /// On those that do not stand in training.
    pub test_deduplicated: Option<Summary>,
    /// Of the first split.
    pub scores: Scores,
    /// The classifier's accuracy less the baseline's, over all trainings.
    pub accuracy_difference: Option<Difference>,
    /// The classifier's area under the precision–recall curve less the baseline's.
    pub pr_auc_difference: Option<Difference>,
    /// The best training against it on the same test texts: the classifier is first.
    pub mcnemar: McNemar,
}

/// One training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// The step of its best model, and how many there were.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Time that its steps took, in seconds.
    pub seconds: f64,
    /// Loss on the validation texts, in nats.
    pub validation_loss: f64,
    /// The threshold that was asked for, chosen on the validation texts.
    pub threshold: Option<Threshold>,
    /// What that does to the test texts.
    pub at_threshold: Option<Reached>,
    /// On the validation texts.
    pub validation: Option<Scores>,
    /// On the test texts.
    pub test: Option<Scores>,
    /// On those that do not stand in training.
    pub test_deduplicated: Option<Scores>,
    /// Losses by step: `[step, loss]`.
    pub train_losses: Vec<[f64; 2]>,
    /// Validation losses and accuracies by step: `[step, loss, accuracy]`.
    pub evaluations: Vec<[f64; 3]>,
}

/// A text that was told to be what it is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Where it stands.
    pub place: String,
    /// Its beginning.
    pub text: String,
    /// What it is.
    pub truth: Vec<String>,
    /// What it was told to be.
    pub told: String,
    /// With which calibrated probability.
    pub probability: f64,
    /// Whether it stands in training too.
    pub leaked: bool,
}

impl Report {
    /// The run whose model is kept: the one with the lowest validation loss.
    pub fn best(&self) -> Option<&Run> {
        let runs = self
            .runs
            .iter()
            .filter(|run| run.validation_loss.is_finite());
        runs.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss))
    }

    /// The best of the simpler means by accuracy.
    pub fn best_baseline(&self) -> Option<(&str, &Baseline)> {
        let all = self
            .baselines
            .iter()
            .filter(|(_, found)| found.accuracy.is_finite());
        let best = all.max_by(|a, b| a.1.accuracy.total_cmp(&b.1.accuracy));
        best.map(|(name, baseline)| (name.as_str(), baseline))
    }

    /// Writes both files into the run folder; returns the page's path.
    ///
    /// # Errors
    ///
    /// A file system that refuses.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        let json = serde_json::to_string(self)
            .map_err(|error| slovo_train::Error::Training(error.to_string()))?;
        let html = folder.join(HTML);
        slovo_train::files::write_atomic(&folder.join(JSON), format!("{json}\n").as_bytes())?;
        slovo_train::files::write_atomic(&html, page::page(self).as_bytes())?;
        Ok(html)
    }
}

/// A number that was measured several times.
pub(crate) fn over(values: impl Iterator<Item = Option<f64>>) -> Option<SeedScores> {
    let all: Option<Vec<f64>> = values.collect();
    SeedScores::of(&all?)
}
