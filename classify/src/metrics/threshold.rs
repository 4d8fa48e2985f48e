//! From which score on an item is called positive, chosen on validation items.
//!
//! What a threshold reaches on the items it was chosen on is flattering: it was chosen for them.
//! [`Reached::of`] says what it reaches on others.

use serde::{Deserialize, Serialize};

use super::{Estimate, Ranking, Step, ratio, wilson};

/// What a threshold is to be good for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// The highest recall with at most so many false positives a negative item (0.001 is 0.1 %).
    MaxFalsePositiveRate(f64),
    /// The lowest cost of all errors together.
    Cost {
        /// Of a negative item that is called positive.
        false_positive: f64,
        /// Of a positive item that is missed.
        false_negative: f64,
    },
    /// The highest F1 of the positive class.
    F1,
}

/// A threshold and how it was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Items with this probability or more are called positive.
    pub threshold: f64,
    /// What it was chosen for.
    pub aim: Aim,
    /// What it reaches on the items that it was chosen on.
    pub reached: Reached,
}

/// What a threshold does to some items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Positive items.
    pub positives: u64,
    /// Negative items.
    pub negatives: u64,
    /// Positive items that are called positive.
    pub true_positives: u64,
    /// Negative items that are called positive.
    pub false_positives: u64,
    /// true positives ÷ positives, with its 95 % interval.
    pub recall: Option<Estimate>,
    /// true positives ÷ all that are called positive, with its 95 % interval.
    pub precision: Option<Estimate>,
    /// false positives ÷ negatives, with its 95 % interval: 0 of 150 still leaves 2.5 % possible.
    pub false_positive_rate: Option<Estimate>,
    /// The harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// The share of items that are right.
    pub accuracy: Option<Estimate>,
}

/// Above every probability: nothing is called positive.
const NOTHING: f64 = 2.0;

impl Threshold {
    /// The best threshold for `aim`; of equals the highest, which calls the fewest items positive.
    ///
    /// It lies halfway between the last score above it and the next one below, so that rounding
    /// changes no decision. Scores are probabilities; `None` where all items are of one kind, which
    /// say nothing about a threshold.
    pub fn choose(positive: &[bool], scores: &[f64], aim: Aim) -> Option<Self> {
        let ranking = Ranking::of(positive, scores);
        if ranking.positives == 0 || ranking.negatives == 0 {
            return None;
        }
        let nothing = Step {
            threshold: NOTHING,
            true_positives: 0,
            false_positives: 0,
        };
        let steps = || std::iter::once(&nothing).chain(&ranking.steps);
        // A threshold that breaks the limit has no worth at all.
        let worths = steps().map(|step| aim.worth(step, ranking.positives, ranking.negatives));
        let mut best: Option<(usize, f64)> = None;
        for (place, worth) in worths.enumerate() {
            if let Some(worth) = worth
                && best.is_none_or(|(_, most)| worth > most)
            {
                best = Some((place, worth));
            }
        }
        let place = best.map_or(0, |(place, _)| place);
        let step = *steps().nth(place)?;
        let below = steps().nth(place + 1).map(|step| step.threshold);
        let threshold = match (place, below) {
            (0, Some(highest)) if highest < 1.0 => (1.0 + highest) / 2.0,
            (0, _) => NOTHING,
            (_, Some(below)) => between(below, step.threshold),
            (_, None) => step.threshold,
        };
        Some(Self {
            threshold,
            aim,
            reached: Reached::new(&step, ranking.positives, ranking.negatives),
        })
    }
}

/// Halfway, but above `low` even where no number lies between.
fn between(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    if middle > low { middle } else { high }
}

impl Aim {
    fn worth(&self, step: &Step, positives: u64, negatives: u64) -> Option<f64> {
        let missed = positives - step.true_positives;
        match *self {
            Self::MaxFalsePositiveRate(limit) => {
                let rate = step.false_positives as f64 / negatives as f64;
                (rate <= limit).then_some(step.true_positives as f64)
            }
            Self::Cost {
                false_positive,
                false_negative,
            } => Some(
                -(false_positive * step.false_positives as f64 + false_negative * missed as f64),
            ),
            Self::F1 => Some(
                2.0 * step.true_positives as f64
                    / (step.true_positives + step.false_positives + positives) as f64,
            ),
        }
    }
}

impl Reached {
    /// What `threshold` does to items, as many as both slices have.
    pub fn of(positive: &[bool], scores: &[f64], threshold: f64) -> Self {
        let mut step = Step {
            threshold,
            true_positives: 0,
            false_positives: 0,
        };
        let (mut positives, mut negatives) = (0, 0);
        for (&positive, &score) in positive.iter().zip(scores) {
            let called = u64::from(score >= threshold);
            if positive {
                positives += 1;
                step.true_positives += called;
            } else {
                negatives += 1;
                step.false_positives += called;
            }
        }
        Self::new(&step, positives, negatives)
    }

    fn new(step: &Step, positives: u64, negatives: u64) -> Self {
        let (found, wrong) = (step.true_positives, step.false_positives);
        Self {
            positives,
            negatives,
            true_positives: found,
            false_positives: wrong,
            recall: wilson(found, positives),
            precision: wilson(found, found + wrong),
            false_positive_rate: wilson(wrong, negatives),
            f1: ratio(2 * found, found + wrong + positives),
            accuracy: wilson(found + negatives - wrong, positives + negatives),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metrics::test_data::{binary, near};

    /// The same optimum found in NumPy over all thresholds of scikit-learn's `roc_curve` and
    /// `precision_recall_curve` (1.9.1).
    #[test]
    fn every_aim_finds_its_best_threshold() {
        let (positive, scores) = binary();
        let choose = |aim| Threshold::choose(&positive, &scores, aim).unwrap();

        let rate = choose(Aim::MaxFalsePositiveRate(0.1));
        assert!(near(rate.reached.recall.unwrap().value, 0.4236111111111111));
        let found = rate.reached.false_positive_rate.unwrap().value;
        assert!(near(found, 0.07303370786516854));

        let f1 = choose(Aim::F1);
        assert!(near(f1.reached.f1, 0.5635103926096998));

        for (false_positive, false_negative, least) in [(1.0, 5.0, 241), (5.0, 1.0, 90)] {
            let reached = choose(Aim::Cost {
                false_positive,
                false_negative,
            })
            .reached;
            let missed = reached.positives - reached.true_positives;
            let wrong = reached.false_positives;
            let cost = wrong * false_positive as u64 + missed * false_negative as u64;
            assert_eq!(cost, least);
        }
        // What is promised is what the threshold does, even a little off.
        for chosen in [rate, f1] {
            for threshold in [chosen.threshold - 1e-9, chosen.threshold + 1e-9] {
                assert_eq!(Reached::of(&positive, &scores, threshold), chosen.reached);
            }
        }
    }

    #[test]
    fn a_limit_that_cannot_be_kept_calls_nothing_positive() {
        let positive = [true, false, true];
        for (top, threshold) in [(0.9, 0.95), (1.0, 2.0)] {
            let scores = [0.2, top, top];
            let aim = Aim::MaxFalsePositiveRate(0.1);
            let chosen = Threshold::choose(&positive, &scores, aim).unwrap();
            assert!(near(chosen.threshold, threshold));
            assert_eq!(chosen.reached.true_positives, 0);
            assert_eq!(chosen.reached.precision, None);
            let reached = Reached::of(&positive, &scores, chosen.threshold);
            assert_eq!(reached, chosen.reached);
        }
    }

    #[test]
    fn one_kind_alone_has_no_threshold() {
        for positive in [&[] as &[bool], &[true], &[false, false]] {
            let scores = vec![0.5; positive.len()];
            assert_eq!(Threshold::choose(positive, &scores, Aim::F1), None);
            let reached = Reached::of(positive, &scores, 0.5);
            assert_eq!(reached.accuracy.is_none(), positive.is_empty());
        }
        assert_eq!(between(0.5, 0.5_f64.next_up()), 0.5_f64.next_up());
    }
}
