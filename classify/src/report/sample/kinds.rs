//! Other kinds of reports: several labels, many classes, nothing at all.

use super::spam::spam;
use super::stream::Stream;
use crate::labelled::ReadCounts;
use crate::leak::Crossing;
use crate::report::{Report, Summary};
use crate::{ScoreOptions, Scores, Truth};

/// Messages that may have several labels, three classes or more of them.
pub fn several_labels(classes: usize) -> Report {
    let names: Vec<String> = (0..classes).map(|class| format!("topic {class}")).collect();
    let mut stream = Stream(3);
    let (mut truth, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..200 * classes {
        let is = stream.uniform() < 0.3;
        let logit = 1.4 * (if is { 1.0 } else { -1.0 } + stream.normal());
        truth.push(is);
        rows.push(1.0 / (1.0 + (-logit).exp()));
    }
    let scores = Scores::of(Truth::Multi(&truth), &rows, &names, ScoreOptions::default()).unwrap();
    with_scores(names, &scores)
}

/// Texts of many classes, each of one.
pub fn many_classes(classes: usize) -> Report {
    let names: Vec<String> = (0..classes)
        .map(|class| format!("intent number {class}"))
        .collect();
    let mut stream = Stream(9);
    let (mut truth, mut rows) = (Vec::new(), Vec::new());
    for text in 0..60 * classes {
        let class = text % classes;
        let logits: Vec<f64> = (0..classes)
            .map(|other| (2.2 * (stream.normal() + if other == class { 2.4 } else { 0.0 })).exp())
            .collect();
        let sum: f64 = logits.iter().sum();
        truth.push(class);
        rows.extend(logits.iter().map(|logit| logit / sum));
    }
    let scores = Scores::of(
        Truth::Single(&truth),
        &rows,
        &names,
        ScoreOptions::default(),
    )
    .unwrap();
    with_scores(names, &scores)
}

/// One training with such scores.
fn with_scores(labels: Vec<String>, scores: &Scores) -> Report {
    let mut report = spam();
    let summary = Summary::of([scores.clone()].iter());
    report.data.sides = [640, 160, 200].map(|texts| vec![texts; labels.len()]);
    report.labels = labels;
    report.positive = None;
    report.runs.truncate(1);
    for run in &mut report.runs {
        run.validation = None;
        run.test_deduplicated = None;
        run.test = Some(scores.clone());
        (run.threshold, run.at_threshold) = (None, None);
    }
    for baseline in report.baselines.values_mut() {
        baseline.scores = scores.clone();
        baseline.test.clone_from(summary.as_ref().unwrap());
    }
    report.test = summary;
    report.test_deduplicated = None;
    report
}

/// Of nothing: no run, no number, no text.
pub fn nothing() -> Report {
    let mut report = spam();
    report.labels.clear();
    report.positive = None;
    report.data.counts = ReadCounts::default();
    report.data.sides = [const { Vec::new() }; 3];
    report.leaks.test_in_train = Crossing::default();
    report.leaks.test_in_validation = Crossing::default();
    (report.validation, report.test, report.test_deduplicated) = (None, None, None);
    report.baselines.clear();
    report.runs.clear();
    report.mistakes.clear();
    report.peak_memory_bytes = None;
    report
}
