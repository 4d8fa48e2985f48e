//! One number that makes probabilities honest: logits ÷ temperature (Guo et al. 2017,
//! <https://arxiv.org/abs/1706.04599>, section 4.2).
//!
//! Above 1 it makes a model less sure, below 1 surer; which class comes first never changes.

use serde::{Deserialize, Serialize};

use crate::Truth;

/// What logits are divided by before they become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Temperature(f64);

/// The temperatures that are looked through. Beyond them nothing is gained that validation items
/// could show: a model that never errs would ask for 0.
const RANGE: (f64, f64) = (0.05, 20.0);

/// How often the range is halved: to 6 × 2⁻⁵⁰.
const HALVINGS: u32 = 50;

impl Temperature {
    /// Changes nothing.
    pub const ONE: Self = Self(1.0);

    /// The number, from 0.05 to 20.
    pub fn get(self) -> f64 {
        self.0
    }

    /// A temperature that was kept, brought into 0.05 to 20.
    pub fn new(temperature: f64) -> Self {
        match temperature.is_nan() {
            true => Self::ONE,
            false => Self(temperature.clamp(RANGE.0, RANGE.1)),
        }
    }

    /// The one with the lowest negative log likelihood on validation items that have one class
    /// each; logits `[items, classes]`. 1 without an item, or where nothing is better than 1.
    ///
    /// # Panics
    /// Where `n_classes` is 0, or a class is not below it.
    pub fn fit_softmax(logits: &[f64], truth: &[usize], n_classes: usize) -> Self {
        Self::search(|scale| {
            let rows = logits.chunks_exact(n_classes).zip(truth);
            rows.map(|(row, &truth)| {
                // The mean logit minus the right one, both below the highest: exact for equal ones.
                let top = highest(row);
                let (mut sum, mut mean) = (0.0, 0.0);
                for below in row.iter().map(|logit| logit - top) {
                    let weight = (scale * below).exp();
                    sum += weight;
                    mean += weight * below;
                }
                mean / sum - (row[truth] - top)
            })
            .sum()
        })
    }

    /// The same for labels, whose probabilities are sigmoids of their logits.
    pub fn fit_sigmoid(logits: &[f64], truth: &[bool]) -> Self {
        Self::search(|scale| {
            let labels = logits.iter().zip(truth);
            labels
                .map(|(&logit, &truth)| {
                    let toward = if truth { -logit } else { logit };
                    toward * (-softplus(-scale * toward)).exp()
                })
                .sum()
        })
    }

    /// The one for logits `[items, classes]` of validation items, none of which is believed entirely: of
    /// `n` items of a class, `n + 1` in `n + 2` count as certain (Platt 1999, "Probabilistic outputs for
    /// support vector machines", section 2.2). A model that errs on none of a few items is so not taken
    /// for one that never errs.
    ///
    /// # Panics
    /// As [`Self::fit_softmax`].
    pub fn fit_cautiously(logits: &[f64], truth: Truth<'_>, n_classes: usize) -> Self {
        match truth {
            Truth::Single(truth) => {
                let mut sizes = vec![0_u64; n_classes];
                truth.iter().for_each(|&class| sizes[class] += 1);
                let others = n_classes.saturating_sub(1).max(1) as f64;
                Self::search(|scale| {
                    let rows = logits.chunks_exact(n_classes).zip(truth);
                    rows.map(|(row, &class)| {
                        let top = highest(row);
                        let (mut sum, mut mean, mut all) = (0.0, 0.0, 0.0);
                        for below in row.iter().map(|logit| logit - top) {
                            let weight = (scale * below).exp();
                            sum += weight;
                            mean += weight * below;
                            all += below;
                        }
                        let doubt = 1.0 / (sizes[class] + 2) as f64;
                        let right = row[class] - top;
                        let wanted = (1.0 - doubt) * right + doubt * (all - right) / others;
                        mean / sum - wanted
                    })
                    .sum()
                })
            }
            Truth::Multi(truth) => {
                let positives = truth.iter().filter(|&&truth| truth).count();
                let doubt = |of: usize| 1.0 / (of + 2) as f64;
                let doubts = [doubt(truth.len() - positives), doubt(positives)];
                Self::search(|scale| {
                    let labels = logits.iter().zip(truth);
                    labels
                        .map(|(&logit, &truth)| {
                            let doubt = doubts[usize::from(truth)];
                            let wanted = if truth { 1.0 - doubt } else { doubt };
                            logit * ((-softplus(-scale * logit)).exp() - wanted)
                        })
                        .sum()
                })
            }
        }
    }

    /// The same from probabilities: their logarithms are logits.
    ///
    /// # Panics
    /// As [`Self::fit_softmax`].
    pub fn fit(probabilities: &[f64], truth: Truth<'_>, n_classes: usize) -> Self {
        match truth {
            Truth::Single(truth) => Self::fit_softmax(&logs(probabilities), truth, n_classes),
            Truth::Multi(truth) => Self::fit_sigmoid(&log_odds(probabilities), truth),
        }
    }

    /// Probabilities of classes from logits `[items, classes]`.
    ///
    /// # Panics
    /// Where `n_classes` is 0.
    pub fn softmax(self, logits: &[f64], n_classes: usize) -> Vec<f64> {
        let rows = logits.chunks_exact(n_classes);
        rows.flat_map(|row| {
            // Relative to the highest, or large logits would lose their last digits.
            let top = highest(row);
            let weight = move |logit: &f64| ((logit - top) / self.0).exp();
            let sum: f64 = row.iter().map(weight).sum();
            row.iter().map(move |logit| weight(logit) / sum)
        })
        .collect()
    }

    /// Probabilities of labels from logits.
    pub fn sigmoid(self, logits: &[f64]) -> Vec<f64> {
        let scaled = logits.iter().map(|logit| logit / self.0);
        scaled.map(|logit| (-softplus(-logit)).exp()).collect()
    }

    /// Probabilities from those at temperature 1; `multi` where they are of labels.
    ///
    /// # Panics
    /// Where `n_classes` is 0.
    pub fn apply(self, probabilities: &[f64], n_classes: usize, multi: bool) -> Vec<f64> {
        match multi {
            false => self.softmax(&logs(probabilities), n_classes),
            true => self.sigmoid(&log_odds(probabilities)),
        }
    }

    /// Bisection for where the loss is flat, in the logarithm. The loss is convex in the scale,
    /// 1 ÷ temperature, so its slope there only rises and crosses 0 at most once.
    fn search(slope: impl Fn(f64) -> f64) -> Self {
        // Where every temperature is as good, such as for logits that are all equal.
        if slope(1.0) == 0.0 {
            return Self::ONE;
        }
        let (mut low, mut high) = (RANGE.0.ln(), RANGE.1.ln());
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            match slope((-middle).exp()) > 0.0 {
                true => low = middle,
                false => high = middle,
            }
        }
        Self::new(((low + high) / 2.0).exp())
    }
}

impl Default for Temperature {
    fn default() -> Self {
        Self::ONE
    }
}

fn highest(row: &[f64]) -> f64 {
    row.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// ln(1 + exp x), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Probabilities of 0 have no logarithm; the least number takes their place.
fn logs(probabilities: &[f64]) -> Vec<f64> {
    let positive = probabilities.iter().map(|p| p.max(f64::MIN_POSITIVE));
    positive.map(f64::ln).collect()
}

fn log_odds(probabilities: &[f64]) -> Vec<f64> {
    let inner = probabilities
        .iter()
        .map(|p| p.clamp(f64::MIN_POSITIVE, 1.0_f64.next_down()));
    inner.map(|p| p.ln() - (-p).ln_1p()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Calibration;
    use crate::metrics::test_data::{labels, several, softmax};

    /// `scipy.optimize.minimize_scalar(method="bounded", xatol=1e-12)` of SciPy 1.17.1 over the
    /// logarithm.
    #[test]
    fn the_best_temperature_is_that_of_scipy() {
        let (truth, logits) = several();
        let found = Temperature::fit_softmax(&logits, &truth, 4);
        assert!((found.get() - 0.9382806617469414).abs() < 1e-6);
        let after = Calibration::single(&found.softmax(&logits, 4), &truth, 4);
        assert!((after.log_loss.unwrap_or_default() - 0.8919742690133102).abs() < 1e-12);
        assert!((after.ece.unwrap_or_default() - 0.09492370606636018).abs() < 1e-6);

        let (truth, logits) = labels();
        let found = Temperature::fit_sigmoid(&logits, &truth);
        assert!((found.get() - 1.5157909649475048).abs() < 1e-6);
        let after = Calibration::multi(&found.sigmoid(&logits), &truth);
        assert!((after.log_loss.unwrap_or_default() - 0.5986729040516937).abs() < 1e-12);
    }

    #[test]
    fn few_items_without_an_error_are_no_proof() {
        // 18 items of each class, all told right by the same lead: 19 in 20 are believed.
        let truth: Vec<usize> = (0..36).map(|item| item % 2).collect();
        let logits: Vec<f64> = (truth.iter())
            .flat_map(|class| [[4.0, 0.0], [0.0, 4.0]][*class])
            .collect();
        let found = Temperature::fit_cautiously(&logits, Truth::Single(&truth), 2);
        assert!((found.softmax(&logits, 2)[0] - 0.95).abs() < 1e-6);
        let labels: Vec<bool> = truth.iter().map(|class| *class == 1).collect();
        let leads: Vec<f64> = truth.iter().map(|class| [-4.0, 4.0][*class]).collect();
        let found = Temperature::fit_cautiously(&leads, Truth::Multi(&labels), 1);
        assert!((found.sigmoid(&leads)[1] - 0.95).abs() < 1e-6);
    }

    #[test]
    fn probabilities_serve_as_well_as_logits() {
        let (truth, logits) = several();
        let probabilities = softmax(&logits, 4);
        let found = Temperature::fit(&probabilities, Truth::Single(&truth), 4);
        let from_logits = Temperature::fit_softmax(&logits, &truth, 4);
        assert!((found.get() - from_logits.get()).abs() < 1e-6);
        let pairs = [
            (
                found.apply(&probabilities, 4, false),
                from_logits.softmax(&logits, 4),
            ),
            (
                Temperature::ONE.apply(&[0.0, 0.3, 1.0], 3, true),
                vec![0.0, 0.3, 1.0],
            ),
        ];
        for (one, other) in pairs {
            let mut gaps = one
                .iter()
                .zip(other)
                .map(|(one, other)| (one - other).abs());
            assert!(gaps.all(|gap| gap < 1e-6));
        }
    }

    #[test]
    fn a_known_temperature_is_found_again() {
        // Logits three times too large, with exactly the outcomes that a third of them promises.
        let odds = [(-2.0_f64, 12), (0.0, 50), (2.0, 88)];
        let mut logits = Vec::new();
        let mut truth = Vec::new();
        for (logit, right) in odds {
            for item in 0..100 {
                logits.push(3.0 * logit);
                truth.push(item < right);
            }
        }
        let found = Temperature::fit_sigmoid(&logits, &truth);
        let exact = 6.0 / (0.88_f64 / 0.12).ln();
        assert!((found.get() - exact).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn no_items_change_nothing_and_extremes_stay_in_range() {
        assert_eq!(Temperature::fit_softmax(&[], &[], 3), Temperature::ONE);
        assert_eq!(
            Temperature::fit_softmax(&[2.0; 4], &[0, 1], 2),
            Temperature::ONE
        );
        let sure = Temperature::fit_softmax(&[1.0, 0.0, 0.0, 1.0], &[0, 1], 2);
        assert!((sure.get() - 0.05).abs() < 1e-6);
        let wrong = Temperature::fit_softmax(&[1e300, -1e300], &[1], 2);
        assert!((wrong.get() - 20.0).abs() < 1e-3);
        let row = Temperature::ONE.softmax(&[1e9, -1e9, 1e9], 3);
        assert_eq!(row, [0.5, 0.0, 0.5]);
        assert_eq!(Temperature::new(f64::NAN), Temperature::ONE);
    }
}
