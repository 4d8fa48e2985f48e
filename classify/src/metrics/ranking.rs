//! How well scores put positive items above negative ones, at every threshold.
//!
//! ROC and its area (Fawcett 2006, "An introduction to ROC analysis",
//! <https://doi.org/10.1016/j.patrec.2005.10.010>); precision and recall (Davis and Goadrich 2006,
//! <https://doi.org/10.1145/1143844.1143874>).

use serde::{Deserialize, Serialize};

use super::{ratio, thin};

/// What is called positive where every score from `threshold` upwards is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// A score that occurs.
    pub threshold: f64,
    /// Positive items with this score or more.
    pub true_positives: u64,
    /// Negative items with this score or more.
    pub false_positives: u64,
}

/// Items in the order of their scores; equal scores are one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Positive items.
    pub positives: u64,
    /// Negative items.
    pub negatives: u64,
    /// Distinct scores, highest first. The last step has all items.
    pub steps: Vec<Step>,
}

/// The recall that a rate of false positives allows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtRate {
    /// The highest rate of false positives that was allowed.
    pub limit: f64,
    /// The highest recall within it: the share of positive items that are found.
    pub recall: f64,
    /// The rate of false positives there. Where the limit is below 1 ÷ negatives, only 0 is within
    /// it, and the set is too small to tell such limits apart.
    pub false_positive_rate: f64,
    /// Items with this score or more are called positive; `None` where that must be none.
    pub threshold: Option<f64>,
}

impl Ranking {
    /// Ranks items, as many as both slices have.
    pub fn of(positive: &[bool], scores: &[f64]) -> Self {
        let mut items: Vec<(f64, bool)> = scores.iter().copied().zip(positive.to_vec()).collect();
        items.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<Step> = Vec::new();
        let (mut true_positives, mut false_positives) = (0, 0);
        for (threshold, positive) in items {
            true_positives += u64::from(positive);
            false_positives += u64::from(!positive);
            let step = Step {
                threshold,
                true_positives,
                false_positives,
            };
            match steps.last_mut() {
                Some(last) if last.threshold == threshold => *last = step,
                _ => steps.push(step),
            }
        }
        Self {
            positives: true_positives,
            negatives: false_positives,
            steps,
        }
    }

    /// The chance that a positive item scores above a negative one, ties counted half: the area
    /// under the ROC curve. `None` where one kind is missing.
    pub fn roc_auc(&self) -> Option<f64> {
        let (mut last, mut twice_area) = ((0, 0), 0_u128);
        for step in &self.steps {
            let width = u128::from(step.false_positives - last.0);
            twice_area += width * u128::from(step.true_positives + last.1);
            last = (step.false_positives, step.true_positives);
        }
        let whole = 2 * u128::from(self.positives) * u128::from(self.negatives);
        (whole > 0).then(|| twice_area as f64 / whole as f64)
    }

    /// Σ (recall − the recall before) × precision over the thresholds, scikit-learn's
    /// `average_precision_score`: the area under the precision–recall curve without interpolation,
    /// which would be too favourable. `None` without a positive item.
    pub fn average_precision(&self) -> Option<f64> {
        let (mut before, mut sum) = (0, 0.0);
        for step in &self.steps {
            let called = (step.true_positives + step.false_positives) as f64;
            let found = (step.true_positives - before) as f64;
            sum += found * step.true_positives as f64 / called;
            before = step.true_positives;
        }
        (self.positives > 0).then(|| sum / self.positives as f64)
    }

    /// The highest recall with at most `limit` false positives a negative item, and the highest
    /// threshold that reaches it. `None` where one kind is missing.
    pub fn recall_at_rate(&self, limit: f64) -> Option<AtRate> {
        if self.positives == 0 || self.negatives == 0 {
            return None;
        }
        let mut best: Option<&Step> = None;
        for step in &self.steps {
            if step.false_positives as f64 / self.negatives as f64 > limit {
                break;
            }
            if step.true_positives > best.map_or(0, |best| best.true_positives) {
                best = Some(step);
            }
        }
        Some(AtRate {
            limit,
            recall: best.map_or(0, |step| step.true_positives) as f64 / self.positives as f64,
            false_positive_rate: best.map_or(0, |step| step.false_positives) as f64
                / self.negatives as f64,
            threshold: best.map(|step| step.threshold),
        })
    }

    /// The ROC curve from (0, 0) to (1, 1): `[false-positive rate, recall]`, at most `points` of
    /// them. Empty where one kind is missing.
    pub fn roc_curve(&self, points: usize) -> Vec<[f64; 2]> {
        let mut curve = vec![[0.0, 0.0]];
        for step in &self.steps {
            let rate = ratio(step.false_positives, self.negatives);
            let (Some(x), Some(y)) = (rate, ratio(step.true_positives, self.positives)) else {
                return Vec::new();
            };
            curve.push([x, y]);
        }
        if self.steps.is_empty() {
            curve.clear();
        }
        thin(&curve, points)
    }

    /// The precision–recall curve, `[recall, precision]`, at most `points` of them. It begins at
    /// (0, 1), as scikit-learn's. Empty without a positive item.
    pub fn precision_recall_curve(&self, points: usize) -> Vec<[f64; 2]> {
        if self.positives == 0 {
            return Vec::new();
        }
        let mut curve = vec![[0.0, 1.0]];
        for step in &self.steps {
            let called = step.true_positives + step.false_positives;
            curve.push([
                step.true_positives as f64 / self.positives as f64,
                step.true_positives as f64 / called as f64,
            ]);
            // Beyond full recall, precision only falls.
            if step.true_positives == self.positives {
                break;
            }
        }
        thin(&curve, points)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metrics::test_data::{binary, near};

    /// `roc_auc_score`, `average_precision_score`, `roc_curve(drop_intermediate=False)` of
    /// scikit-learn 1.9.1.
    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        let (positive, scores) = binary();
        let ranking = Ranking::of(&positive, &scores);
        assert_eq!((ranking.positives, ranking.negatives), (144, 356));
        assert!(near(ranking.roc_auc(), 0.7812207397003745));
        assert!(near(ranking.average_precision(), 0.6717881555008318));
        for (limit, recall, threshold, rate) in [
            (0.001, 0.375, 0.7461538461538462, 0.0),
            (0.01, 0.375, 0.7461538461538462, 0.0),
            (0.1, 0.4236111111111111, 0.7, 0.07303370786516854),
            (
                0.25,
                0.5416666666666666,
                0.5538461538461539,
                0.23595505617977527,
            ),
        ] {
            let found = ranking.recall_at_rate(limit).unwrap();
            assert!(near(found.recall, recall) && near(found.threshold, threshold));
            assert!(near(found.false_positive_rate, rate));
        }
    }

    #[test]
    fn a_coin_is_worth_one_half_and_ties_are_counted_half() {
        let ranking = Ranking::of(&[true, false, true, false], &[0.5; 4]);
        assert_eq!(ranking.roc_auc(), Some(0.5));
        assert_eq!(ranking.average_precision(), Some(0.5));
        let found = ranking.recall_at_rate(0.1).unwrap();
        assert_eq!((found.recall, found.threshold), (0.0, None));
        // Two zeros of either sign are one threshold.
        let zeros = Ranking::of(&[true, false], &[0.0, -0.0]);
        assert_eq!((zeros.steps.len(), zeros.roc_auc()), (1, Some(0.5)));
    }

    #[test]
    fn one_kind_alone_has_no_curve() {
        for positive in [&[] as &[bool], &[true], &[false], &[true, true]] {
            let ranking = Ranking::of(positive, &vec![0.3; positive.len()]);
            assert_eq!(ranking.roc_auc(), None);
            assert_eq!(ranking.recall_at_rate(0.5), None);
            assert!(ranking.roc_curve(300).is_empty());
            let any = positive.contains(&true);
            assert_eq!(ranking.average_precision(), any.then_some(1.0));
            assert_eq!(ranking.precision_recall_curve(300).is_empty(), !any);
        }
    }

    #[test]
    fn curves_run_from_corner_to_corner() {
        let (positive, scores) = binary();
        let ranking = Ranking::of(&positive, &scores);
        let roc = ranking.roc_curve(30);
        assert_eq!((roc[0], roc[roc.len() - 1]), ([0.0, 0.0], [1.0, 1.0]));
        assert!(roc.len() <= 30);
        let curve = ranking.precision_recall_curve(30);
        assert_eq!((curve[0], curve[curve.len() - 1][0]), ([0.0, 1.0], 1.0));
    }
}
