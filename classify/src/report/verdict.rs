//! Whether the classifier was worth its while, in plain words.

use super::shown::{chance, has_several_labels, many, share, signed};
use super::{Baseline, Report};
use crate::metrics::Difference;

/// The answer.
pub struct Verdict {
    /// A class of the style sheet.
    pub class: &'static str,
    /// In a few words; empty where there is no answer.
    pub short: &'static str,
    /// In a sentence.
    pub answer: String,
    /// What supports it.
    pub reasons: String,
}

/// Below this chance, McNemar's test sees a difference.
const UNLIKELY: f64 = 0.05;

/// Does the classifier beat the best of the simpler means?
pub fn verdict(report: &Report) -> Verdict {
    let unknown = |answer: &str| Verdict {
        class: "going",
        short: "",
        answer: answer.into(),
        reasons: String::new(),
    };
    let Some(test) = &report.test else {
        return unknown(
            "Nothing was measured on test texts, so that nothing says how good the classifier is \
             on new ones.",
        );
    };
    let Some((name, baseline)) = report.best_baseline() else {
        return unknown(
            "No simpler means was trained beside the classifier, so that nothing says whether one \
             would have done as well.",
        );
    };
    let found = baseline.accuracy_difference.as_ref();
    let mean = found.map_or(test.accuracy.mean - baseline.accuracy, |found| found.value);
    let (class, short, does) = match found {
        Some(found) if found.low > 0.0 => ("good", "beats the baselines", "beats"),
        Some(found) if found.high < 0.0 => ("broken", "worse than a baseline", "is worse than"),
        Some(_) if mean > 0.0 => (
            "going",
            "not surely better than a baseline",
            "does not surely beat",
        ),
        None if mean > 0.0 => ("going", "", "is ahead of"),
        _ => ("broken", "no better than a baseline", "does not beat"),
    };
    Verdict {
        class,
        short,
        answer: format!(
            "The classifier {does} the best baseline, {name}: {} of test texts are right, where {} \
             {}.{}",
            share(test.accuracy.mean),
            name,
            share_words(baseline),
            found.map_or_else(String::new, |found| format!(" {}", interval(found)))
        ),
        reasons: reasons(report, baseline),
    }
}

fn share_words(baseline: &Baseline) -> String {
    format!("has {}", share(baseline.accuracy))
}

fn interval(found: &Difference) -> String {
    let [value, low, high] =
        [found.value, found.low, found.high].map(|value| signed(100.0 * value, 2));
    let says = match found {
        found if found.low > 0.0 => "lies above 0",
        found if found.high < 0.0 => "lies below 0",
        _ => "holds 0: these texts do not tell which of the two is better",
    };
    format!(
        "The difference is {value} percentage points, and its 95 % interval, {low} to {high}, {says}."
    )
}

fn reasons(report: &Report, baseline: &Baseline) -> String {
    let mut text = String::new();
    let paired = &baseline.mcnemar;
    text += &match paired.only_first + paired.only_second {
        0 => "The best training and the baseline have the same texts right.".to_string(),
        differing => format!(
            "Of the best training and the baseline, only one is right about {}: the classifier \
             about {}, the baseline about {} (McNemar: {}, {}).",
            many(differing, "text"),
            paired.only_first,
            paired.only_second,
            chance(paired.p),
            match paired.p < UNLIKELY {
                true => "hardly luck",
                false => "which may be luck",
            }
        ),
    };
    if let Some(found) = &baseline.pr_auc_difference {
        let [value, low, high] = [found.value, found.low, found.high].map(|x| signed(x, 4));
        text += &format!(
            " The area under the precision–recall curve differs by {value} ({low} to {high})."
        );
    }
    let leaked = report.leaks.test_in_train.leaked();
    if let (1.., Some(without)) = (leaked, &report.test_deduplicated) {
        let stand = if leaked == 1 { "stands" } else { "stand" };
        text += &format!(
            " {} {stand} in training too; without such, {} are right.",
            many(leaked, "test text"),
            share(without.accuracy.mean)
        );
    }
    if has_several_labels(report) {
        text += " A text counts as right where every label is.";
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sample;
    use super::*;

    fn with(value: f64, low: f64, high: f64) -> Verdict {
        let mut report = sample::spam();
        for baseline in report.baselines.values_mut() {
            baseline.accuracy_difference = Some(Difference {
                value,
                low,
                high,
                above_zero: 0.5,
                resamples: 10_000,
            });
        }
        verdict(&report)
    }

    #[test]
    fn it_is_plain_where_the_classifier_does_not_win() {
        let found = with(0.02, 0.01, 0.03);
        assert!(
            found
                .answer
                .starts_with("The classifier beats the best baseline")
        );
        assert!(
            found.answer.contains("+1.00 to +3.00, lies above 0"),
            "{}",
            found.answer
        );
        let found = with(0.002, -0.01, 0.03);
        assert!(found.answer.contains("does not surely beat") && found.answer.contains("holds 0"));
        assert!(with(-0.002, -0.01, 0.03).answer.contains("does not beat"));
        let found = with(-0.02, -0.03, -0.01);
        assert!(found.answer.contains("is worse than") && found.class == "broken");
    }

    #[test]
    fn without_a_test_or_a_baseline_there_is_no_answer() {
        let mut report = sample::spam();
        report.baselines.clear();
        assert!(verdict(&report).answer.starts_with("No simpler means"));
        report.test = None;
        assert!(verdict(&report).answer.starts_with("Nothing was measured"));
    }
}
