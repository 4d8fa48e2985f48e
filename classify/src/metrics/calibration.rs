//! Whether probabilities can be taken at their word.
//!
//! Expected calibration error: Guo et al. 2017, "On Calibration of Modern Neural Networks",
//! <https://arxiv.org/abs/1706.04599>. Brier score: Brier 1950. Log loss: the mean negative
//! logarithm of the probability of what is right.

use serde::{Deserialize, Serialize};

use super::top_class;

/// Equal parts that confidence is divided into, as in the paper.
pub const CALIBRATION_BINS: usize = 15;

/// Probabilities below this count as this, as in scikit-learn: one of 0 would make the mean
/// infinite.
const LEAST: f64 = f64::EPSILON;

/// How far probabilities are from what happens. `None` without an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error: |accuracy − confidence| of each bin, weighted by its items.
    pub ece: Option<f64>,
    /// The mean squared error of the probabilities, from 0 to 1 for two classes and for labels,
    /// from 0 to 2 for more classes; scikit-learn's `brier_score_loss`.
    pub brier: Option<f64>,
    /// In nats.
    pub log_loss: Option<f64>,
    /// The reliability diagram, lowest confidence first.
    pub bins: Vec<Bin>,
}

/// Decisions of about the same confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Confidence is above this.
    pub low: f64,
    /// Confidence is at most this.
    pub high: f64,
    /// Decisions.
    pub count: u64,
    /// Their mean confidence: the probability of what was chosen.
    pub confidence: Option<f64>,
    /// The share of them that is right.
    pub accuracy: Option<f64>,
}

impl Calibration {
    /// Of probabilities `[items, classes]` where each item has one class. A decision is for the
    /// class with the highest probability.
    ///
    /// # Panics
    /// Where `n_classes` is 0, or a class is not below it.
    pub fn single(probabilities: &[f64], truth: &[usize], n_classes: usize) -> Self {
        let mut sums = Sums::default();
        for (row, &truth) in probabilities.chunks_exact(n_classes).zip(truth) {
            let top = top_class(row);
            sums.decision(row[top], top == truth);
            let errors = row.iter().enumerate().map(|(class, p)| {
                let error = p - f64::from(u8::from(class == truth));
                error * error
            });
            let error: f64 = errors.sum();
            sums.squares += if n_classes == 2 { error / 2.0 } else { error };
            sums.nats -= row[truth].clamp(LEAST, 1.0).ln();
        }
        sums.calibration()
    }

    /// Of probabilities of labels, each a decision of its own: its confidence is that of the label
    /// or of its absence, whichever is higher.
    pub fn multi(probabilities: &[f64], truth: &[bool]) -> Self {
        let mut sums = Sums::default();
        for (&p, &truth) in probabilities.iter().zip(truth) {
            sums.decision(p.max(1.0 - p), (p >= 0.5) == truth);
            let right = if truth { p } else { 1.0 - p };
            sums.squares += (1.0 - right) * (1.0 - right);
            sums.nats -= right.clamp(LEAST, 1.0).ln();
        }
        sums.calibration()
    }
}

#[derive(Default)]
struct Sums {
    count: u64,
    squares: f64,
    nats: f64,
    /// Decisions, right ones, confidence.
    bins: [(u64, u64, f64); CALIBRATION_BINS],
}

impl Sums {
    fn decision(&mut self, confidence: f64, right: bool) {
        let above = (confidence * CALIBRATION_BINS as f64).ceil() as usize;
        let bin = &mut self.bins[above.clamp(1, CALIBRATION_BINS) - 1];
        bin.0 += 1;
        bin.1 += u64::from(right);
        bin.2 += confidence;
        self.count += 1;
    }

    fn calibration(self) -> Calibration {
        let mean = |sum: f64| (self.count > 0).then(|| sum / self.count as f64);
        let gaps = self.bins.iter().map(|bin| (bin.1 as f64 - bin.2).abs());
        let bins = self.bins.iter().enumerate();
        let bins = bins.map(|(place, &(count, right, confidence))| Bin {
            low: place as f64 / CALIBRATION_BINS as f64,
            high: (place + 1) as f64 / CALIBRATION_BINS as f64,
            count,
            confidence: (count > 0).then(|| confidence / count as f64),
            accuracy: super::ratio(right, count),
        });
        Calibration {
            ece: mean(gaps.sum()),
            brier: mean(self.squares),
            log_loss: mean(self.nats),
            bins: bins.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::test_data::{binary, labels, near, several, sigmoid, softmax};

    /// `brier_score_loss` and `log_loss` of scikit-learn 1.9.1; the bins counted in NumPy.
    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        let (truth, logits) = several();
        let found = Calibration::single(&softmax(&logits, 4), &truth, 4);
        assert!(near(found.ece, 0.0994265770111715));
        assert!(near(found.brier, 0.49398654079654314));
        assert!(near(found.log_loss, 0.893050190171407));
        let counts: Vec<u64> = found.bins.iter().map(|bin| bin.count).collect();
        let expected = [0, 0, 0, 0, 0, 22, 41, 39, 48, 50, 18, 20, 26, 33, 3];
        assert_eq!(counts, expected);

        let (positive, scores) = binary();
        let rows: Vec<f64> = scores.iter().flat_map(|&p| [1.0 - p, p]).collect();
        let truth: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
        let found = Calibration::single(&rows, &truth, 2);
        assert!(near(found.brier, 0.18341289940828404));
        assert!(near(found.log_loss, 0.5285020089009173));

        let (truth, logits) = labels();
        let found = Calibration::multi(&sigmoid(&logits), &truth);
        assert!(near(found.ece, 0.10777139008540099));
        assert!(near(found.brier, 0.2162080691016794));
        assert!(near(found.log_loss, 0.6160512174063766));
    }

    #[test]
    fn certainty_lies_in_the_last_bin_and_zeros_stay_finite() {
        let found = Calibration::single(&[1.0, 0.0, 0.0, 1.0], &[0, 0], 2);
        assert_eq!(found.bins[CALIBRATION_BINS - 1].count, 2);
        assert_eq!((found.ece, found.brier), (Some(0.5), Some(0.5)));
        assert!(near(found.log_loss, -f64::EPSILON.ln() / 2.0));
        let one = Calibration::multi(&[0.0], &[false]);
        assert_eq!((one.ece, one.log_loss), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn no_item_says_nothing() {
        let none = Calibration::single(&[], &[], 3);
        assert_eq!((none.ece, none.brier, none.log_loss), (None, None, None));
        assert_eq!(none.bins.len(), CALIBRATION_BINS);
        assert_eq!(none, Calibration::multi(&[], &[]));
    }
}
