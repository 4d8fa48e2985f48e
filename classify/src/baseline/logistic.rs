//! Logistic regression: the weights under which the right classes are likeliest, held small by a
//! penalty on their squares.
//!
//! Minimised is mean loss + Σ weight² ÷ (2 × C × items), constants free: scikit-learn's
//! `LogisticRegression(C=…)`. Two classes share one output, more have one each (softmax), labels one
//! each (sigmoid, the same as one regression for each label).

use rayon::prelude::*;

use super::lbfgs::{Settings, minimise};
use super::linear::{Linear, Link, Row, add_up, sigmoid};
use crate::Truth;

/// No part of the gradient is larger than this at the end: a tenth of where scikit-learn stops by
/// default. The tests then agree to 10⁻⁴.
const TOLERANCE: f64 = 1e-5;

/// No more steps than this. Tf–idf takes 20 to 60; word counts of tens of thousands of texts, which
/// are ill-conditioned, may reach it (scikit-learn stops at 100 by default).
const MOST_STEPS: usize = 300;

/// Numbers that L-BFGS may remember: 512 MiB. Many classes remember fewer steps.
const REMEMBERED: usize = 64 << 20;

/// Pieces that columns are divided into, so that threads never add to the same sum, and sums stay in
/// the cache.
const PIECES: usize = 16;

struct Objective<'a> {
    rows: &'a [Row],
    link: &'a Link,
    /// What is right: `[rows, outputs]`.
    right: Vec<bool>,
    /// 1 ÷ (C × items).
    penalty: f64,
}

/// Fits weights with `strength` as C, from those of `start` if they are of the same shape.
pub(super) fn fit(
    rows: &[Row],
    columns: usize,
    truth: Truth<'_>,
    n_classes: usize,
    strength: f64,
    start: Option<&Linear>,
) -> Linear {
    let (link, fixed) = Link::of(truth, n_classes, true);
    let classes = link.classes();
    let items = 0..rows.len();
    let right = items.flat_map(|item| classes.iter().map(move |&class| (item, class)));
    let objective = Objective {
        rows,
        link: &link,
        right: right
            .map(|(item, class)| truth.has(item, class, n_classes))
            .collect(),
        penalty: 1.0 / (strength * rows.len().max(1) as f64),
    };
    let length = (columns + 1) * classes.len();
    let mut parameters = match start {
        Some(start) if start.parameters.len() == length => start.parameters.clone(),
        _ => vec![0.0; length],
    };
    let settings = Settings {
        tolerance: TOLERANCE,
        most_steps: MOST_STEPS,
        memory: (REMEMBERED / (2 * length).max(1)).clamp(3, 10),
    };
    minimise(&mut parameters, settings, |at, gradient| {
        objective.evaluate(at, gradient)
    });
    Linear {
        link,
        parameters,
        fixed,
    }
}

impl Objective<'_> {
    /// The value, and the gradient into `gradient`. Each number is summed in the order of the rows,
    /// so that the number of threads changes no bit.
    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let outputs = self.link.classes().len();
        if outputs == 0 {
            return 0.0;
        }
        let mut errors = vec![0.0; self.rows.len() * outputs];
        let rows = errors.par_chunks_mut(outputs).zip(self.rows);
        let rows = rows.zip(self.right.par_chunks(outputs));
        let losses = rows.map(|((errors, row), right)| {
            add_up(row, parameters, errors);
            loss(self.link, errors, right)
        });
        let losses: Vec<f64> = losses.collect();
        let share = 1.0 / self.rows.len().max(1) as f64;

        let (weights, _) = parameters.split_at(parameters.len() - outputs);
        let (slopes, constants) = gradient.split_at_mut(weights.len());
        let piece = (weights.len() / outputs).div_ceil(PIECES).max(1_024);
        let pieces = slopes.par_chunks_mut(piece * outputs).enumerate();
        pieces.for_each(|(number, slopes)| {
            let first = number * piece;
            slopes.fill(0.0);
            for (row, errors) in self.rows.iter().zip(errors.chunks_exact(outputs)) {
                add_errors(row, first, errors, slopes);
            }
            for (slope, weight) in slopes.iter_mut().zip(&weights[first * outputs..]) {
                *slope = *slope * share + self.penalty * weight;
            }
        });
        constants.fill(0.0);
        for errors in errors.chunks_exact(outputs) {
            for (slope, error) in constants.iter_mut().zip(errors) {
                *slope += error * share;
            }
        }
        let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
        losses.iter().sum::<f64>() * share + self.penalty * squares / 2.0
    }
}

/// Adds value × error of each feature from column `first` on, as far as `slopes` reach.
fn add_errors(row: &Row, first: usize, errors: &[f64], slopes: &mut [f64]) {
    let outputs = errors.len();
    let from = row.partition_point(|&(column, _)| (column as usize) < first);
    let end = first + slopes.len() / outputs;
    for &(column, value) in &row[from..] {
        if column as usize >= end {
            break;
        }
        let slopes = &mut slopes[(column as usize - first) * outputs..][..outputs];
        for (slope, error) in slopes.iter_mut().zip(errors) {
            *slope += f64::from(value) * error;
        }
    }
}

/// The negative log likelihood of one row; its outputs become probability − right.
fn loss(link: &Link, numbers: &mut [f64], right: &[bool]) -> f64 {
    let one = |right: bool| f64::from(u8::from(right));
    match link {
        Link::Softmax(_) => {
            let top = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = numbers.iter().map(|number| (number - top).exp()).sum();
            let mut loss = sum.ln();
            for (number, &right) in numbers.iter_mut().zip(right) {
                let above = *number - top;
                if right {
                    loss -= above;
                }
                *number = above.exp() / sum - one(right);
            }
            loss
        }
        Link::Pair(..) | Link::Sigmoid(_) => {
            let mut loss = 0.0;
            for (number, &right) in numbers.iter_mut().zip(right) {
                let toward = if right { -*number } else { *number };
                loss += toward.max(0.0) + (-toward.abs()).exp().ln_1p();
                *number = sigmoid(*number) - one(right);
            }
            loss
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::baseline::tests::{CLASSES, LABELS, TEST, TRAIN, assert_near};
    use crate::baseline::tfidf::TfIdf;
    use crate::baseline::words::WordCounts;

    fn on_words(truth: Truth<'_>, n_classes: usize) -> Vec<f64> {
        let words = WordCounts::learn(&TRAIN);
        let rows = words.rows(&TRAIN);
        let model = fit(&rows, words.columns(), truth, n_classes, 1.0, None);
        model.probabilities(&words.rows(&TEST))
    }

    /// `LogisticRegression(tol=1e-10).predict_proba` of scikit-learn 1.9.1 on `CountVectorizer()`;
    /// for labels `OneVsRestClassifier` around it.
    #[test]
    fn probabilities_on_words_are_those_of_scikit_learn() {
        let expected = [
            [0.6340899625208465, 0.19562990018748738, 0.17028013729166627],
            [0.16643201116042533, 0.6618084666942913, 0.17175952214528342],
            [0.23400142497760096, 0.20080551099692595, 0.5651930640254732],
            [0.3578991185576028, 0.2970327553705697, 0.3450681260718274],
        ];
        let found = on_words(Truth::Single(&CLASSES), 3);
        assert_near(&found[..12], expected.as_flattened(), 1e-4);
        let expected = [
            [0.6878117033141814, 0.3277136976230907],
            [0.2888552408290055, 0.7265338794004323],
            [0.46085851184647514, 0.4251393598967188],
            [0.5390635758157065, 0.4900119757978777],
        ];
        let found = on_words(Truth::Multi(&LABELS), 2);
        assert_near(&found[..8], expected.as_flattened(), 1e-4);
    }

    /// The same on `TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))`, two classes with C = 10.
    #[test]
    fn probabilities_on_character_grams_are_those_of_scikit_learn() {
        let grams = TfIdf::learn(&TRAIN);
        let rows = grams.rows(&TRAIN);
        let free: Vec<usize> = CLASSES
            .iter()
            .map(|&class| usize::from(class == 0))
            .collect();
        let fit = |truth: &[usize], n, strength, start: Option<&Linear>| {
            fit(
                &rows,
                grams.columns(),
                Truth::Single(truth),
                n,
                strength,
                start,
            )
        };
        let found = fit(&CLASSES, 3, 1.0, None).probabilities(&grams.rows(&TEST));
        let expected = [0.48255195322707073, 0.28049889615630097, 0.2369491506166283];
        assert_near(&found[..3], &expected, 1e-4);

        let cold = fit(&free, 2, 10.0, None);
        let warm = fit(&free, 2, 10.0, Some(&fit(&free, 2, 1.0, None)));
        for model in [cold, warm] {
            let found = model.probabilities(&grams.rows(&TEST));
            let positive: Vec<f64> = found.chunks(2).map(|row| row[1]).collect();
            let expected = [
                0.6841627441095952,
                0.12208341096422949,
                0.11174181160840083,
                0.28432798212822,
                0.37115177529047877,
            ];
            assert_near(&positive, &expected, 1e-4);
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let run = || on_words(Truth::Single(&CLASSES), 3);
            pool.build().unwrap().install(run)
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn one_class_alone_is_certain() {
        assert_eq!(on_words(Truth::Single(&[1; 6]), 3)[..3], [0.0, 1.0, 0.0]);
        let found = on_words(Truth::Multi(&[true, false].repeat(6)), 2);
        assert_eq!(found[..2], [1.0, 0.0]);
    }
}
