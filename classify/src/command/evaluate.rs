//! A classifier on a labelled file, and beside another one.

use super::rows::labelled;
use super::{json, say};
use crate::classification::aim;
use crate::labelled::{self, Labelled};
use crate::metrics::{McNemar, Reached, Temperature, Threshold, mcnemar};
use crate::tell::{Answers, truth};
use crate::{Error, Result, SavedClassifier, ScoreOptions, Scores};
use serde::Serialize;
use slovo_args::{EvaluateClassifierArgs, exit};
use slovo_train::backend;
use std::fmt;
use std::path::Path;

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    /// Which classifier.
    model: String,
    /// Its scores, with calibrated probabilities.
    scores: Scores,
    /// What its own threshold does to these texts.
    at_threshold: Option<(f64, Reached)>,
    /// The threshold that these texts ask for.
    chosen: Option<Threshold>,
    /// Another classifier.
    against: Option<Against>,
    /// Rows that were left out.
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct Against {
    model: String,
    scores: Scores,
    /// The first classifier against this one.
    mcnemar: McNemar,
}

/// What one classifier said.
struct Said {
    probabilities: Vec<f64>,
    right: Vec<bool>,
    scores: Scores,
}

/// `classify evaluate`.
///
/// # Errors
///
/// A folder without a classifier, or a file that cannot be read or has other labels.
pub fn evaluate(args: &EvaluateClassifierArgs) -> Result<u8> {
    let aim = aim(args.max_false_positive_rate)?;
    let device = backend::device(&args.backend)?;
    let model = SavedClassifier::load(&args.model.model, &device)?;
    if aim.is_some() && model.positive().is_none() {
        return Err(Error::Value {
            field: "--max-false-positive-rate",
            found: "given".into(),
            expected: "the model has no positive class that it could be for".into(),
        });
    }
    let multi_label = model.multi_label();
    let recipe = labelled(
        &args.rows,
        &args.data,
        model.labels(),
        multi_label,
        args.skip_bad_rows,
    )?;
    let texts = labelled::read(&recipe)?;
    let all: Vec<usize> = (0..texts.examples.len()).collect();
    let answers = truth(&texts, &all, multi_label);
    let said = ask(&model, &texts, &answers)?;
    let column = |probabilities: &[f64], class: usize| -> Vec<f64> {
        let rows = probabilities.chunks_exact(model.labels().len());
        rows.map(|row| row[class]).collect()
    };
    let is = |class: usize| -> Vec<bool> {
        let examples = texts.examples.iter();
        examples
            .map(|example| example.classes.contains(&class))
            .collect()
    };
    let of_positive = model
        .positive()
        .map(|class| (is(class), column(&said.probabilities, class)));
    let against = match &args.against {
        None => None,
        Some(path) => {
            let other = SavedClassifier::load(path, &device)?;
            if other.labels() != model.labels() {
                return Err(Error::Value {
                    field: "--against",
                    found: format!("a classifier of {}", other.labels().join(", ")),
                    expected: format!("one of {} would do", model.labels().join(", ")),
                });
            }
            let found = ask(&other, &texts, &answers)?;
            Some(Against {
                model: path.display().to_string(),
                mcnemar: mcnemar(&said.right, &found.right),
                scores: found.scores,
            })
        }
    };
    let measured = Measured {
        model: args.model.model.display().to_string(),
        at_threshold: of_positive
            .as_ref()
            .zip(model.settings().threshold)
            .map(|((is, scores), least)| (least, Reached::of(is, scores, least))),
        chosen: of_positive
            .as_ref()
            .zip(aim)
            .and_then(|((is, scores), aim)| Threshold::choose(is, scores, aim)),
        scores: said.scores,
        against,
        left_out: texts.counts.skipped(),
    };
    say(&match args.json {
        true => json(&measured)?,
        false => measured.to_string().trim_end().to_owned(),
    });
    Ok(exit::DONE)
}

/// What a classifier says of all texts.
fn ask(model: &SavedClassifier, labelled: &Labelled, answers: &Answers) -> Result<Said> {
    let texts: Vec<&str> = labelled
        .examples
        .iter()
        .map(|example| example.text.as_str())
        .collect();
    let place = |i: usize| labelled.examples[i].place.to_string();
    let found = model.predict(&texts, place)?;
    let right = found.iter().zip(&labelled.examples);
    let right = right
        .map(|(found, example)| found.classes == example.classes)
        .collect();
    let probabilities: Vec<f64> = found
        .iter()
        .flat_map(|found| found.probabilities.clone())
        .collect();
    let options = ScoreOptions {
        positive: model.positive(),
        temperature: None::<Temperature>,
    };
    let scores = Scores::of(answers.truth(), &probabilities, model.labels(), options)?;
    Ok(Said {
        probabilities,
        right,
        scores,
    })
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scores(f, &self.model, &self.scores)?;
        if self.left_out > 0 {
            writeln!(f, "{:<18}{} rows", "left out", self.left_out)?;
        }
        if let Some((least, reached)) = &self.at_threshold {
            writeln!(
                f,
                "{:<18}{least:.4}, the model's own: {}",
                "threshold",
                told(reached)
            )?;
        }
        if let Some(chosen) = &self.chosen {
            let reached = told(&chosen.reached);
            writeln!(
                f,
                "{:<18}{:.4}, chosen on these texts: {reached}",
                "threshold", chosen.threshold
            )?;
        }
        if let Some(against) = &self.against {
            writeln!(f)?;
            scores(f, &against.model, &against.scores)?;
            let found = &against.mcnemar;
            writeln!(
                f,
                "{:<18}{} texts are right with the first alone, {} with the second alone; McNemar's test: \
                 p = {:.4}",
                "difference", found.only_first, found.only_second, found.p
            )?;
        }
        Ok(())
    }
}

fn told(reached: &Reached) -> String {
    format!(
        "{} of {} found, {} of {} others told to be",
        reached.true_positives, reached.positives, reached.false_positives, reached.negatives
    )
}

fn scores(f: &mut fmt::Formatter<'_>, model: &str, found: &Scores) -> fmt::Result {
    let part = |value: Option<f64>| value.map_or("–".to_string(), |value| format!("{value:.4}"));
    let name = Path::new(model).display();
    writeln!(f, "{name}, {} texts", found.n)?;
    if let Some(accuracy) = &found.accuracy {
        writeln!(
            f,
            "{:<18}{:.2} % ({:.2} to {:.2})",
            "accuracy",
            100.0 * accuracy.value,
            100.0 * accuracy.low,
            100.0 * accuracy.high
        )?;
    }
    writeln!(f, "{:<18}{}", "macro F1", part(found.macro_f1))?;
    writeln!(f, "{:<18}{}", "ROC-AUC", part(found.roc_auc))?;
    writeln!(f, "{:<18}{}", "PR-AUC", part(found.pr_auc))?;
    for at in &found.recall_at_fpr {
        let name = format!("recall at {} %", 100.0 * at.limit);
        writeln!(
            f,
            "{name:<18}{:.4}, at most so many false positives",
            at.recall
        )?;
    }
    writeln!(
        f,
        "{:<18}{}",
        "calibration error",
        part(found.calibration.ece)
    )?;
    writeln!(
        f,
        "{:<18}{:>8} {:>9} {:>9} {:>9}",
        "class", "texts", "precision", "recall", "F1"
    )?;
    for class in &found.classes {
        writeln!(
            f,
            "{:<18}{:>8} {:>9} {:>9} {:>9}",
            class.name,
            class.score.support,
            part(class.score.precision),
            part(class.score.recall),
            part(class.score.f1)
        )?;
    }
    Ok(())
}
