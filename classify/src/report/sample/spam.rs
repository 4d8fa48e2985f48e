//! A spam filter of two classes.

use super::stream::Stream;
use super::texts::{leaks, mistakes};
use crate::labelled::{ReadCounts, Skipped};
use crate::metrics::{Aim, Difference, Reached, Temperature, Threshold, mcnemar};
use crate::report::{Baseline, Data, Model, Report, Run, Summary};
use crate::{ScoreOptions, Scores, Truth};
use std::collections::BTreeMap;

/// Right classes, and probabilities with so much noise; with no end of it they are all the same.
struct Filter {
    truth: Vec<usize>,
    rows: Vec<f64>,
}

fn filter(seed: u64, texts: usize, noise: f64) -> Filter {
    let (mut truth, mut rows) = (Vec::new(), Vec::new());
    // What is hard is hard for all: the same texts under every seed.
    let mut texts_own = Stream(7);
    let mut own = Stream(seed);
    for _ in 0..texts {
        let class = usize::from(texts_own.uniform() < 0.134);
        let sign = if class == 1 { 1.0 } else { -1.0 };
        let logit = 6.0 * (sign + 0.37 * texts_own.normal() + noise * own.normal()) - 1.5;
        let spam = match noise.is_finite() {
            true => 1.0 / (1.0 + f64::exp(-logit)),
            false => 0.134,
        };
        truth.push(class);
        rows.extend([1.0 - spam, spam]);
    }
    Filter { truth, rows }
}

impl Filter {
    fn scores(&self, temperature: Option<f64>) -> Scores {
        let options = ScoreOptions {
            positive: Some(1),
            temperature: temperature.map(Temperature::new),
        };
        Scores::of(
            Truth::Single(&self.truth),
            &self.rows,
            &["ham", "spam"],
            options,
        )
        .unwrap()
    }

    fn right(&self) -> Vec<bool> {
        let rows = self.truth.iter().zip(self.rows.chunks(2));
        rows.map(|(truth, row)| (row[1] > 0.5) == (*truth == 1))
            .collect()
    }

    fn reached(&self, threshold: f64) -> Reached {
        let positive: Vec<bool> = self.truth.iter().map(|class| *class == 1).collect();
        let spam: Vec<f64> = self.rows.chunks(2).map(|row| row[1]).collect();
        Reached::of(&positive, &spam, threshold)
    }
}

/// A spam filter of five trainings, beside three simpler means.
pub fn spam() -> Report {
    let tests: Vec<_> = (0..5).map(|seed| filter(seed + 11, 1115, 0.18)).collect();
    let runs: Vec<_> = tests
        .iter()
        .enumerate()
        .map(|(seed, test)| run(seed as u64, test))
        .collect();
    let summary = |pick: fn(&Run) -> &Option<Scores>| Summary::of(runs.iter().flat_map(pick));
    let baseline = |what: &str, seed, noise: f64, half: f64| {
        let found = filter(seed, 1115, noise);
        let scores = found.scores(None);
        let difference = |value: f64, within: f64| Difference {
            value,
            low: value - within,
            high: value + within,
            above_zero: 0.99,
            resamples: 10_000,
        };
        let test = Summary::of([scores.clone()].iter()).unwrap();
        Baseline {
            what: what.into(),
            accuracy: test.accuracy.mean,
            accuracy_deduplicated: Some(test.accuracy.mean - 0.004),
            accuracy_difference: Some(difference(0.9959 - test.accuracy.mean, half)),
            test_deduplicated: None,
            test,
            scores,
            pr_auc_difference: Some(difference(1.4 * half, 0.004)),
            mcnemar: mcnemar(&tests[0].right(), &found.right()),
        }
    };
    let baselines = BTreeMap::from([
        (
            "majority".into(),
            baseline(
                "the most frequent class, whatever the text",
                3,
                f64::INFINITY,
                0.02,
            ),
        ),
        (
            "naive Bayes".into(),
            baseline(
                "multinomial naive Bayes on counts of words, α = 1",
                31,
                0.4,
                0.006,
            ),
        ),
        (
            "tf-idf + logistic regression".into(),
            baseline(
                "logistic regression on tf-idf of words and pairs of words, C chosen on validation",
                47,
                0.3,
                0.004,
            ),
        ),
    ]);
    Report {
        name: "sms-spam".into(),
        labels: vec!["ham".into(), "spam".into()],
        positive: Some("spam".into()),
        model: Model {
            base: "bert-base-uncased".into(),
            trains: "the last 2 blocks and the head".into(),
            pool: "mean".into(),
            head: "linear".into(),
            parameters: 109_483_778,
            learning: 14_177_282,
            max_tokens: 128,
            backend: "flex".into(),
        },
        data: Data {
            name: "SMS Spam Collection".into(),
            counts: ReadCounts {
                rows: 5574,
                missing_label: skipped(2, &["messages.tsv:17", "messages.tsv:2045"]),
                malformed: skipped(
                    9,
                    &[
                        "messages.tsv:88",
                        "messages.tsv:91",
                        "messages.tsv:140",
                        "messages.tsv:141",
                        "messages.tsv:600",
                    ],
                ),
                ..ReadCounts::default()
            },
            repeated: 0,
            split: "at random by class: 64 % train, 16 % validation, 20 % test; anew for each seed"
                .into(),
            sides: [vec![3084, 477], vec![771, 119], vec![964, 151]],
            cut: 23,
        },
        leaks: leaks(),
        validation: summary(|run| &run.validation),
        test: summary(|run| &run.test),
        test_deduplicated: summary(|run| &run.test_deduplicated),
        baselines,
        mistakes: mistakes(),
        seconds: 1284.0,
        frozen_seconds: 212.0,
        peak_memory_bytes: Some(1_904_000_000),
        runs,
    }
}

fn skipped(rows: u64, first: &[&str]) -> Skipped {
    Skipped {
        rows,
        first: first.iter().map(ToString::to_string).collect(),
    }
}

fn run(seed: u64, test: &Filter) -> Run {
    let validation = filter(seed + 100, 890, 0.18);
    let mut noise = Stream(seed + 5);
    let fall = |step: f64| 0.62 * (-step / 70.0).exp() + 0.05;
    let mut train_losses = Vec::new();
    let mut evaluations = Vec::new();
    for step in 1..=560u32 {
        let at = f64::from(step);
        train_losses.push([at, (fall(at) * (1.0 + 0.3 * noise.normal())).max(0.003)]);
        if step % 56 == 0 {
            let loss = fall(at) + 0.02 + 3e-7 * (at - 300.0).powi(2) + 0.004 * noise.normal();
            evaluations.push([at, loss, 1.0 - 0.26 * loss + 0.001 * noise.normal()]);
        }
    }
    let best = evaluations
        .iter()
        .min_by(|a, b| a[1].total_cmp(&b[1]))
        .unwrap();
    let threshold = 0.94 + 0.01 * noise.uniform();
    Run {
        seed,
        step: best[0] as u64,
        steps: 560,
        seconds: 204.0 + 3.0 * noise.normal(),
        validation_loss: best[1],
        threshold: Some(Threshold {
            threshold,
            aim: Aim::MaxFalsePositiveRate(0.001),
            reached: validation.reached(threshold),
        }),
        at_threshold: Some(test.reached(threshold)),
        validation: Some(validation.scores(Some(1.7))),
        test: Some(test.scores(Some(1.7))),
        test_deduplicated: Some(filter(seed + 11, 1032, 0.19).scores(Some(1.7))),
        train_losses,
        evaluations,
    }
}
