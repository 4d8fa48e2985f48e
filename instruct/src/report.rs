//! What tuning made of a model, for people and for programs.

use crate::Result;
use crate::judge::{Baseline, Scores};
use serde::Serialize;
use slovo_data::report::grouped;
use slovo_train::files;
use slovo_train::report::markup::{document, escape, section, table};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The page, in the run folder.
pub const HTML: &str = "report.html";
/// The numbers, in the run folder.
pub const JSON: &str = "report.json";

/// Answers that the page shows.
const SHOWN: usize = 30;

/// What tuning made of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What a person calls the conversations.
    pub name: String,
    /// What was tuned.
    pub base: String,
    /// Its template.
    pub template: String,
    /// What was learnt.
    pub objective: String,
    /// Which parameters, in words.
    pub trains: String,
    /// Parameters in all.
    pub parameters: usize,
    /// Parameters that learn.
    pub learning: usize,
    /// Conversations of each side: train, validation, test.
    pub sides: [usize; 3],
    /// Conversations that lost turns, that were too long, and records that were left out.
    pub cut: usize,
    /// See above.
    pub dropped: usize,
    /// See above.
    pub skipped: u64,
    /// What the base did on the test side.
    pub before: Option<Side>,
    /// Each tuning.
    pub runs: Vec<Run>,
    /// Means over the tunings, by name, of what is measured on the test side.
    pub test: BTreeMap<&'static str, Mean>,
    /// Answers without a model, by name.
    pub baselines: BTreeMap<&'static str, Baseline>,
    /// Questions of the test side, what was expected, and what the base and the kept model said.
    pub answers: Vec<Example>,
    /// Wall time.
    pub seconds: f64,
    /// The most memory that the process ever held.
    pub peak_memory_bytes: Option<u64>,
}

/// What a model did on one side.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Side {
    /// Mean loss of the answers' tokens, in nats.
    pub loss: Option<f64>,
    /// Its exponential.
    pub perplexity: Option<f64>,
    /// What answers are worth.
    pub scores: Option<Scores>,
    /// Share of preferences that are told right, and the mean reward margin.
    pub preference_accuracy: Option<f64>,
    /// See above.
    pub reward_margin: Option<f64>,
    /// Bits per byte of held-out pretraining text.
    pub replay_bits_per_byte: Option<f64>,
}

/// One tuning.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// The step of the model that is kept, of so many.
    pub step: u64,
    /// See above.
    pub steps: u64,
    /// Time of the training steps.
    pub seconds: f64,
    /// Loss on the validation side.
    pub validation_loss: f64,
    /// On the test side.
    pub test: Side,
}

/// A number that was measured several times.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The standard deviation; 0 of one.
    pub sd: f64,
    /// How often.
    pub seeds: usize,
}

/// A question and its answers.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// What was asked, as the model read it.
    pub prompt: String,
    /// What a person answered.
    pub expected: String,
    /// What the base said.
    pub before: Option<String>,
    /// What the tuned model said.
    pub said: Option<String>,
}

impl Mean {
    /// Of at least one number.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = match values.len() {
            0 => return None,
            1 => 0.0,
            _ => (square / (n - 1.0)).sqrt(),
        };
        Some(Self {
            mean,
            sd,
            seeds: values.len(),
        })
    }
}

impl Side {
    /// What was measured, by name.
    pub fn numbers(&self) -> Vec<(&'static str, f64)> {
        let scores = self.scores.as_ref();
        let of = |number: fn(&Scores) -> f64| scores.map(number);
        [
            ("loss", self.loss),
            ("perplexity", self.perplexity),
            ("exact_match", of(|it| it.exact_match)),
            ("rouge_l", of(|it| it.rouge_l)),
            ("chrf", of(|it| it.chrf)),
            ("empty", of(|it| it.empty)),
            ("refused", of(|it| it.refused)),
            ("looping", of(|it| it.looping)),
            ("unended", of(|it| it.unended)),
            ("words", of(|it| it.words)),
            ("grade", scores.and_then(|it| it.grade)),
            ("preference_accuracy", self.preference_accuracy),
            ("reward_margin", self.reward_margin),
            ("replay_bits_per_byte", self.replay_bits_per_byte),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

impl Report {
    /// Fills in the means over the tunings.
    pub fn sum_up(&mut self) {
        let mut all: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for run in &self.runs {
            for (name, value) in run.test.numbers() {
                all.entry(name).or_default().push(value);
            }
        }
        let means = all.into_iter();
        self.test = means
            .filter_map(|(name, values)| Some((name, Mean::of(&values)?)))
            .collect();
    }

    /// Writes `report.html` and `report.json` into the run folder.
    ///
    /// # Errors
    ///
    /// A folder that cannot be written.
    pub fn write(&self, run: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| slovo_train::Error::Training(error.to_string()))?;
        files::write_atomic(&run.join(JSON), format!("{json}\n").as_bytes())?;
        Ok(files::write_atomic(
            &run.join(HTML),
            self.page().as_bytes(),
        )?)
    }

    /// Rows of before, after and baselines: name and numbers.
    fn rows(&self) -> Vec<Vec<String>> {
        let names: Vec<&str> = self.names();
        let row = |name: &str, of: &dyn Fn(&str) -> Option<String>| {
            let numbers = names
                .iter()
                .map(|name| of(name).unwrap_or_else(|| "–".into()));
            std::iter::once(name.to_owned()).chain(numbers).collect()
        };
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (name, baseline) in &self.baselines {
            let side = Side {
                scores: Some(baseline.scores.clone()),
                ..Side::default()
            };
            rows.push(row(&name.replace('_', " "), &|name| found(&side, name)));
        }
        if let Some(before) = &self.before {
            rows.push(row("before tuning", &|name| found(before, name)));
        }
        rows.push(row("after tuning", &|name| {
            let mean = self.test.get(name)?;
            Some(match mean.seeds {
                1 => shown(name, mean.mean),
                _ => format!("{} ± {}", shown(name, mean.mean), shown(name, mean.sd)),
            })
        }));
        rows
    }

    /// What is measured of the tuned model.
    fn names(&self) -> Vec<&'static str> {
        let of_first = self.runs.first().map(|run| run.test.numbers());
        let of_first = of_first.unwrap_or_default().into_iter();
        of_first.map(|(name, _)| name).collect()
    }

    fn page(&self) -> String {
        let mut body = format!(
            "<header>\n<p class=\"kind\">Tuning</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n</header>\n",
            escape(&self.name),
            escape(&self.lead())
        );
        let names = self.names();
        let spelled: Vec<String> = names.iter().map(|name| name.replace('_', " ")).collect();
        let head: Vec<&str> = std::iter::once("")
            .chain(spelled.iter().map(String::as_str))
            .collect();
        body += &section("On the test side", &table("numbers", &head, &self.rows()));
        let runs: Vec<Vec<String>> = self
            .runs
            .iter()
            .map(|run| {
                vec![
                    run.seed.to_string(),
                    format!("{} of {}", run.step, run.steps),
                    format!("{:.4}", run.validation_loss),
                    format!("{:.0} s", run.seconds),
                ]
            })
            .collect();
        let head = ["seed", "kept step", "validation loss", "training"];
        body += &section("Tunings", &table("numbers", &head, &runs));
        let answers: Vec<Vec<String>> = self
            .answers
            .iter()
            .take(SHOWN)
            .map(|it| {
                let text = |text: &Option<String>| escape(text.as_deref().unwrap_or("–"));
                vec![
                    escape(&it.prompt),
                    escape(&it.expected),
                    text(&it.before),
                    text(&it.said),
                ]
            })
            .collect();
        if !answers.is_empty() {
            let head = ["asked", "expected", "before tuning", "after tuning"];
            body += &section("Answers", &table("texts", &head, &answers));
        }
        body += &format!(
            "<footer>Slovo {} made this page; the same numbers for programs, and all answers, are in \
             report.json beside it.</footer>\n",
            env!("CARGO_PKG_VERSION")
        );
        document(&self.name, &body)
    }

    fn lead(&self) -> String {
        format!(
            "{} tuned on {} conversations; {} of {} parameters learn ({}). {}",
            self.base,
            grouped(self.sides[0] as u64),
            grouped(self.learning as u64),
            grouped(self.parameters as u64),
            self.trains,
            self.objective,
        )
    }
}

fn found(side: &Side, name: &str) -> Option<String> {
    let numbers = side.numbers();
    let (_, value) = numbers.iter().find(|(known, _)| *known == name)?;
    Some(shown(name, *value))
}

fn shown(name: &str, value: f64) -> String {
    match name {
        "exact_match" | "empty" | "refused" | "looping" | "unended" | "preference_accuracy" => {
            format!("{:.1} %", 100.0 * value)
        }
        "chrf" | "words" | "grade" => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// For a terminal.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.lead())?;
        if self.cut + self.dropped > 0 || self.skipped > 0 {
            writeln!(
                f,
                "{} conversations lost turns, {} were too long, {} records were left out",
                self.cut, self.dropped, self.skipped
            )?;
        }
        let names = self.names();
        let rows = self.rows();
        // Numbers below one another; what is measured stands at the left.
        let titles: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        write!(f, "{:<22}", "")?;
        for title in &titles {
            write!(f, "{title:>18}")?;
        }
        writeln!(f)?;
        for (place, name) in names.iter().enumerate() {
            write!(f, "{:<22}", name.replace('_', " "))?;
            for row in &rows {
                write!(f, "{:>18}", row[place + 1])?;
            }
            writeln!(f)?;
        }
        let memory = self.peak_memory_bytes.map_or(0, |bytes| bytes >> 20);
        writeln!(f, "{:.0} s, {} MiB", self.seconds, grouped(memory))
    }
}
