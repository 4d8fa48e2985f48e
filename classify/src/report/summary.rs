//! The same numbers of several trainings, and the one screen of text that a person reads first.

use super::{Report, over};
use crate::{Scores, SeedScores};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Scores of several trainings on the same side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Texts, of the first split.
    pub n: u64,
    /// The share that is right.
    pub accuracy: SeedScores,
    /// Mean F1 of the classes.
    pub macro_f1: Option<SeedScores>,
    /// Area under the ROC curve.
    pub roc_auc: Option<SeedScores>,
    /// Area under the precision–recall curve.
    pub pr_auc: Option<SeedScores>,
    /// Recall of the positive class at one false positive in a thousand.
    pub recall_at_0_1_percent: Option<SeedScores>,
    /// Expected calibration error, after temperature scaling where there is one.
    pub ece: Option<SeedScores>,
}

impl Summary {
    /// Of scores, one for each training; `None` where there are none, or nothing was measured.
    pub fn of<'a>(scores: impl Iterator<Item = &'a Scores> + Clone) -> Option<Self> {
        let over = |value: fn(&Scores) -> Option<f64>| over(scores.clone().map(value));
        Some(Self {
            n: scores.clone().next()?.n,
            accuracy: over(|scores| Some(scores.accuracy?.value))?,
            macro_f1: over(|scores| scores.macro_f1),
            roc_auc: over(|scores| scores.roc_auc),
            pr_auc: over(|scores| scores.pr_auc),
            recall_at_0_1_percent: over(|scores| Some(scores.recall_at_fpr.first()?.recall)),
            ece: over(|scores| match &scores.after_temperature {
                Some(after) => after.calibration.ece,
                None => scores.calibration.ece,
            }),
        })
    }
}

/// `97.33 ± 0.41 %`, or without a spread.
pub(crate) fn percent(scores: &SeedScores) -> String {
    match scores.sd {
        Some(sd) => format!("{:.2} ± {:.2} %", 100.0 * scores.mean, 100.0 * sd),
        None => format!("{:.2} %", 100.0 * scores.mean),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, value: String| {
            writeln!(f, "{name:<17} {value}")
        };
        let sides = [
            ("test", &self.test),
            ("without leaks", &self.test_deduplicated),
        ];
        for (name, summary) in sides {
            let Some(found) = summary else { continue };
            let mut text = format!("accuracy {}", percent(&found.accuracy));
            if let (Some(low), Some(high)) = (found.accuracy.low, found.accuracy.high) {
                text += &format!(" (mean within {:.2} to {:.2})", 100.0 * low, 100.0 * high);
            }
            if let Some(area) = &found.pr_auc {
                text += &format!(", PR-AUC {:.4}", area.mean);
            }
            if let Some(recall) = &found.recall_at_0_1_percent {
                text += &format!(
                    ", recall {:.1} % at 0.1 % false positives",
                    100.0 * recall.mean
                );
            }
            line(f, name, format!("{text}, {} texts", found.n))?;
        }
        for (name, baseline) in &self.baselines {
            let mut text = format!("accuracy {}", percent(&baseline.test.accuracy));
            if let Some(area) = &baseline.test.pr_auc {
                text += &format!(", PR-AUC {:.4}", area.mean);
            }
            if let Some(found) = &baseline.accuracy_difference {
                text += &format!(
                    "; the classifier is {:+.2} ({:+.2} to {:+.2})",
                    100.0 * found.value,
                    100.0 * found.low,
                    100.0 * found.high
                );
            }
            line(f, name, text)?;
        }
        if let (Some(found), Some((name, baseline))) = (&self.test, self.best_baseline())
            && found.accuracy.mean <= baseline.accuracy
        {
            line(
                f,
                "beaten by",
                format!("{name}: a simpler means does as well or better"),
            )?;
        }
        if let Some(run) = self.best() {
            if let (Some(threshold), Some(reached)) = (&run.threshold, &run.at_threshold) {
                line(
                    f,
                    "threshold",
                    format!(
                        "{:.4}: on the test texts {} of {} others told to be {}, {} of {} found",
                        threshold.threshold,
                        reached.false_positives,
                        reached.negatives,
                        self.positive.as_deref().unwrap_or("positive"),
                        reached.true_positives,
                        reached.positives
                    ),
                )?;
            }
            line(
                f,
                "best model",
                format!("seed {}, step {} of {}", run.seed, run.step, run.steps),
            )?;
        }
        let mut time = format!("{:.0} s", self.seconds);
        if self.frozen_seconds >= 1.0 {
            time += &format!(
                ", of which {:.0} s for the part that does not learn",
                self.frozen_seconds
            );
        }
        line(f, "time", time)?;
        if let Some(peak) = self.peak_memory_bytes {
            line(f, "peak memory", format!("{} MiB", peak >> 20))?;
        }
        Ok(())
    }
}
