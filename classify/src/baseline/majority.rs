//! Each class as likely as it is among the training items: what one knows without reading.

use crate::Truth;

/// Shares of the classes, scikit-learn's `DummyClassifier(strategy="prior")`.
#[derive(Clone, Debug)]
pub(super) struct Majority {
    shares: Vec<f64>,
}

impl Majority {
    /// Counts the classes. Without an item, all are 0.
    pub(super) fn fit(truth: Truth<'_>, n_classes: usize) -> Self {
        let items = truth.items(n_classes).max(1) as f64;
        let shares = (0..n_classes).map(|class| {
            let column = truth.column(class, n_classes);
            column.into_iter().filter(|&has| has).count() as f64 / items
        });
        Self {
            shares: shares.collect(),
        }
    }

    /// The shares, once for each text.
    pub(super) fn probabilities(&self, texts: usize) -> Vec<f64> {
        self.shares.repeat(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_training_items() {
        let single = Majority::fit(Truth::Single(&[0, 2, 2, 2]), 3);
        assert_eq!(single.probabilities(2), [0.25, 0.0, 0.75, 0.25, 0.0, 0.75]);
        let multi = Majority::fit(Truth::Multi(&[true, true, false, true]), 2);
        assert_eq!(multi.probabilities(1), [0.5, 1.0]);
        assert_eq!(Majority::fit(Truth::Single(&[]), 1).shares, [0.0]);
    }
}
