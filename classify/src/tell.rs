//! From what models said of held-out texts to the report.

use crate::ground::Sides;
use crate::labelled::Labelled;
use crate::metrics::{Aim, Reached, Temperature, Threshold, top_class};
use crate::recipe::{Base, Recipe};
use crate::report::{Data, Mistake, Model, Report, Run, Summary};
use crate::split::SplitRecipe;
use crate::{Error, Result, ScoreOptions, Scores, Truth};
use slovo_data::memory;
use slovo_data::stop::Stop;
use slovo_model::{ClassifierConfig, Trains};
use slovo_train::learner::Outcome;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Characters of a text that are shown.
const SHOWN: usize = 300;
/// Mistakes that are shown.
const MISTAKES: usize = 30;

/// One training, over.
pub(crate) struct Found {
    pub seed: u64,
    /// The step of the model that was kept.
    pub step: u64,
    pub told: Told,
    pub outcome: Outcome,
    /// Its run folder.
    pub folder: PathBuf,
    /// What the part that does not learn took.
    pub frozen_seconds: f64,
}

/// What a model said of the texts that it did not learn from: logits, `[texts, classes]`.
pub(crate) struct Told {
    pub validation: Vec<f64>,
    /// In nats.
    pub validation_loss: f64,
    pub test: Vec<f64>,
    /// Fitted on the validation texts.
    pub temperature: Temperature,
}

/// The right answers for some texts.
pub(crate) enum Answers {
    One(Vec<usize>),
    Any(Vec<bool>),
}

impl Answers {
    pub fn truth(&self) -> Truth<'_> {
        match self {
            Self::One(classes) => Truth::Single(classes),
            Self::Any(labels) => Truth::Multi(labels),
        }
    }
}

/// The right answers for `items`.
pub(crate) fn truth(labelled: &Labelled, items: &[usize], multi_label: bool) -> Answers {
    let of = |item: &usize| &labelled.examples[*item].classes;
    match multi_label {
        false => Answers::One(
            items
                .iter()
                .map(|item| of(item).first().copied().unwrap_or(0))
                .collect(),
        ),
        true => Answers::Any(
            items
                .iter()
                .flat_map(|item| (0..labelled.classes.len()).map(|class| of(item).contains(&class)))
                .collect(),
        ),
    }
}

/// All that the report is made of.
pub(crate) struct Telling<'a> {
    /// Every default spelled out.
    pub recipe: &'a Recipe,
    pub labelled: &'a Labelled,
    pub positive: Option<usize>,
    pub aim: Option<Aim>,
    /// Of each training.
    pub sides: &'a [&'a Sides],
    /// How many differ.
    pub splits: usize,
    pub found: &'a [Found],
    /// Which training's model is kept.
    pub best: usize,
    pub repeated: usize,
    pub cut: usize,
    pub config: &'a ClassifierConfig,
    pub parameters: usize,
    pub learning: usize,
    pub begun: Instant,
}

impl Telling<'_> {
    pub fn multi_label(&self) -> bool {
        self.config.multi_label
    }

    pub fn probabilities(&self, temperature: Temperature, logits: &[f64]) -> Vec<f64> {
        match self.multi_label() {
            true => temperature.sigmoid(logits),
            false => temperature.softmax(logits, self.labelled.classes.len()),
        }
    }

    /// Scores of a side, or of some places in it; `None` for an empty one.
    pub fn scores(
        &self,
        items: &[usize],
        probabilities: &[f64],
        places: Option<&[usize]>,
        temperature: Option<Temperature>,
    ) -> Result<Option<Scores>> {
        let classes = self.labelled.classes.len();
        let (items, probabilities) = match places {
            None => (items.to_vec(), probabilities.to_vec()),
            Some(places) => (
                places.iter().map(|place| items[*place]).collect(),
                places
                    .iter()
                    .flat_map(|place| &probabilities[place * classes..(place + 1) * classes])
                    .copied()
                    .collect(),
            ),
        };
        if items.is_empty() {
            return Ok(None);
        }
        let answers = truth(self.labelled, &items, self.multi_label());
        let options = ScoreOptions {
            positive: self.positive,
            temperature,
        };
        let names = &self.labelled.classes;
        Ok(Some(Scores::of(
            answers.truth(),
            &probabilities,
            names,
            options,
        )?))
    }

    /// The report; `None` when asked to stop before the end.
    pub fn report(&self, stop: &Stop) -> Result<Option<Report>> {
        let mut runs = Vec::with_capacity(self.found.len());
        for (found, sides) in self.found.iter().zip(self.sides) {
            runs.push(self.run(found, sides)?);
        }
        let Some(baselines) = self.baselines(stop)? else {
            return Ok(None);
        };
        let of = |scores: fn(&Run) -> Option<&Scores>| Summary::of(runs.iter().filter_map(scores));
        Ok(Some(Report {
            name: self.recipe.data.name.clone(),
            labels: self.labelled.classes.clone(),
            positive: self
                .positive
                .map(|class| self.labelled.classes[class].clone()),
            model: self.model(),
            data: self.data(),
            leaks: self.sides[0].leaks.clone(),
            validation: of(|run| run.validation.as_ref()),
            test: of(|run| run.test.as_ref()),
            test_deduplicated: of(|run| run.test_deduplicated.as_ref()),
            baselines,
            mistakes: self.mistakes(),
            seconds: self.begun.elapsed().as_secs_f64(),
            frozen_seconds: self
                .found
                .iter()
                .map(|found| found.frozen_seconds)
                .fold(0.0, f64::max),
            peak_memory_bytes: memory::peak(),
            runs,
        }))
    }

    fn run(&self, found: &Found, sides: &Sides) -> Result<Run> {
        let Told {
            validation,
            test,
            temperature,
            ..
        } = &found.told;
        let split = &sides.split;
        let plain = |logits: &[f64]| self.probabilities(Temperature::ONE, logits);
        let (of_validation, of_test) = (plain(validation), plain(test));
        let temperature = Some(*temperature);
        let threshold = self.threshold(found, sides);
        Ok(Run {
            seed: found.seed,
            step: found.step,
            steps: found.outcome.state.step,
            seconds: found.outcome.state.seconds,
            validation_loss: found.told.validation_loss,
            threshold: threshold.map(|(threshold, _)| threshold),
            at_threshold: threshold.map(|(_, reached)| reached),
            validation: self.scores(&split.validation, &of_validation, None, temperature)?,
            test: self.scores(&split.test, &of_test, None, temperature)?,
            test_deduplicated: self.scores(
                &split.test,
                &of_test,
                Some(&sides.clean),
                temperature,
            )?,
            train_losses: rows(&found.folder.join("train.csv"), [0, 2])?,
            evaluations: rows(&found.folder.join("eval.csv"), [0, 2, 6])?,
        })
    }

    /// The threshold that was asked for, and what it does to the test texts.
    fn threshold(&self, found: &Found, sides: &Sides) -> Option<(Threshold, Reached)> {
        let (aim, class) = (self.aim?, self.positive?);
        let column = |logits: &[f64]| -> Vec<f64> {
            let all = self.probabilities(found.told.temperature, logits);
            all.chunks_exact(self.labelled.classes.len())
                .map(|row| row[class])
                .collect()
        };
        let is = |items: &[usize]| -> Vec<bool> {
            let of = |item: &usize| self.labelled.examples[*item].classes.contains(&class);
            items.iter().map(of).collect()
        };
        let (validation, test) = (&sides.split.validation, &sides.split.test);
        let chosen = Threshold::choose(&is(validation), &column(&found.told.validation), aim)?;
        let reached = Reached::of(&is(test), &column(&found.told.test), chosen.threshold);
        Some((chosen, reached))
    }

    fn mistakes(&self) -> Vec<Mistake> {
        let (found, sides) = (&self.found[self.best], &self.sides[self.best]);
        let said = self.probabilities(found.told.temperature, &found.told.test);
        let names = &self.labelled.classes;
        let right = self.right(&sides.split.test, &said);
        let rows = said
            .chunks_exact(names.len())
            .zip(&sides.split.test)
            .enumerate();
        let mut all: Vec<Mistake> = rows
            .filter(|(place, _)| !right[*place])
            .map(|(place, (row, item))| {
                let example = &self.labelled.examples[*item];
                let (class, probability) = self.worst(row, &example.classes);
                Mistake {
                    place: example.place.to_string(),
                    text: example.text.chars().take(SHOWN).collect(),
                    truth: example
                        .classes
                        .iter()
                        .map(|class| names[*class].clone())
                        .collect(),
                    told: class,
                    probability,
                    leaked: sides.clean.binary_search(&place).is_err(),
                }
            })
            .collect();
        all.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        all.truncate(MISTAKES);
        all
    }

    /// The decision that is furthest from the truth, and how sure it was.
    fn worst(&self, row: &[f64], classes: &[usize]) -> (String, f64) {
        let names = &self.labelled.classes;
        if !self.multi_label() {
            let class = top_class(row);
            return (names[class].clone(), row[class]);
        }
        let wrong = |(class, said): (usize, &f64)| match (classes.contains(&class), *said >= 0.5) {
            (false, true) => Some((names[class].clone(), *said)),
            (true, false) => Some((format!("not {}", names[class]), 1.0 - said)),
            _ => None,
        };
        let all = row.iter().enumerate().filter_map(wrong);
        all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
    }

    fn model(&self) -> Model {
        Model {
            base: match &self.recipe.base {
                // The folder's own name; the whole path stands in the recipe.
                Base::Model(path) => {
                    let name = Path::new(path).file_name();
                    name.map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned())
                }
                Base::Random { .. } => "random weights".into(),
            },
            trains: trains(&self.recipe.trains),
            pool: format!("{:?}", self.config.pool),
            head: format!("{:?}", self.config.head),
            parameters: self.parameters as u64,
            learning: self.learning as u64,
            max_tokens: self.recipe.encoding.max_tokens,
            backend: slovo_train::backend::ALL
                .iter()
                .filter(|backend| slovo_train::backend::is_built(**backend))
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    fn data(&self) -> Data {
        let split = &self.sides[0].split;
        let count = |items: &[usize]| -> Vec<usize> {
            let mut sizes = vec![0; self.labelled.classes.len()];
            for item in items {
                for class in &self.labelled.examples[*item].classes {
                    sizes[*class] += 1;
                }
            }
            sizes
        };
        Data {
            name: self.recipe.data.name.clone(),
            counts: self.labelled.counts.clone(),
            repeated: self.repeated,
            split: divided(&self.recipe.split, self.splits),
            sides: [&split.train, &split.validation, &split.test].map(|items| count(items)),
            cut: self.cut,
        }
    }
}

/// Which parameters learn, in words.
pub(crate) fn trains(trains: &Trains) -> String {
    match trains {
        Trains::Head => "the head alone".into(),
        Trains::Last(1) => "the head and the last block with the norm behind it".into(),
        Trains::Last(n) => format!("the head and the last {n} blocks with the norm behind them"),
        Trains::Lora { rank, matrices, .. } => {
            let names: Vec<_> = matrices
                .iter()
                .map(|matrix| format!("{matrix:?}"))
                .collect();
            format!(
                "the head and additions of rank {rank} to {}",
                names.join(", ")
            )
        }
        Trains::All { layer_decay: 1.0 } => "everything".into(),
        Trains::All { layer_decay } => {
            format!("everything, each layer {layer_decay} times as fast as the one above")
        }
    }
}

/// How texts were divided, in words.
fn divided(recipe: &SplitRecipe, splits: usize) -> String {
    let how = match recipe {
        SplitRecipe::Random { .. } => "by chance, with the same mixture of classes on each side",
        SplitRecipe::Indices { .. } => "as a file says",
        SplitRecipe::Groups { .. } => "whole groups by chance",
        SplitRecipe::NamedGroups { .. } => "whole groups by name",
        SplitRecipe::Sources { .. } => "by source",
    };
    match splits {
        1 => how.into(),
        n => format!("{how}; {n} times anew"),
    }
}

/// Some columns of a table that a run wrote; what is no number there is NaN and its row left out.
fn rows<const N: usize>(path: &Path, columns: [usize; N]) -> Result<Vec<[f64; N]>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::from(slovo_data::Error::Io {
            action: "read",
            path: path.into(),
            error,
        })
    })?;
    let row = |line: &str| -> Option<[f64; N]> {
        let cells: Vec<&str> = line.split(',').collect();
        let mut values = [0.0; N];
        for (value, column) in values.iter_mut().zip(columns) {
            *value = cells
                .get(column)?
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())?;
        }
        Some(values)
    };
    Ok(text.lines().skip(1).filter_map(row).collect())
}
