//! Which classes are taken for which, and what follows: accuracy, precision, recall, F1.

use serde::{Deserialize, Serialize};

use super::{mean_defined, ratio};

/// Counts of items `[true class, predicted class]`. In JSON a list of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confusion {
    counts: Vec<Vec<u64>>,
}

/// One class against all others.
///
/// Where scikit-learn warns and puts 0 (`zero_division="warn"`), here stands `None`: precision of a
/// class that is never predicted, recall of one that never occurs. F1 is 2·correct ÷ (support +
/// predicted), so it is 0 in both cases, as there, and `None` only where neither happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Items of this class.
    pub support: u64,
    /// Items taken for this class.
    pub predicted: u64,
    /// Items of this class taken for this class.
    pub correct: u64,
    /// correct ÷ predicted.
    pub precision: Option<f64>,
    /// correct ÷ support.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
}

impl ClassScore {
    /// From its three counts.
    pub fn new(support: u64, predicted: u64, correct: u64) -> Self {
        Self {
            support,
            predicted,
            correct,
            precision: ratio(correct, predicted),
            recall: ratio(correct, support),
            f1: ratio(2 * correct, support + predicted),
        }
    }
}

impl Confusion {
    /// Counts pairs of right and predicted classes, as many as both slices have.
    ///
    /// # Panics
    /// Where a class is not below `n_classes`.
    pub fn of(truth: &[usize], predicted: &[usize], n_classes: usize) -> Self {
        let mut counts = vec![vec![0; n_classes]; n_classes];
        for (&truth, &predicted) in truth.iter().zip(predicted) {
            counts[truth][predicted] += 1;
        }
        Self { counts }
    }

    /// Counts, the outer index the true class.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// Items.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Items on the diagonal.
    pub fn correct(&self) -> u64 {
        let rows = self.counts.iter().enumerate();
        rows.map(|(class, row)| row[class]).sum()
    }

    /// The share of items that are right.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.correct(), self.total())
    }

    /// Each class against all others.
    pub fn classes(&self) -> Vec<ClassScore> {
        let rows = self.counts.iter().enumerate();
        rows.map(|(class, row)| {
            let predicted = self.counts.iter().map(|row| row[class]).sum();
            ClassScore::new(row.iter().sum(), predicted, row[class])
        })
        .collect()
    }

    /// The mean F1 of the classes that occur or are predicted, as scikit-learn's
    /// `f1_score(average="macro")`.
    pub fn macro_f1(&self) -> Option<f64> {
        mean_defined(self.classes().iter().map(|class| class.f1))
    }

    /// F1 of all decisions together: where each item has one class, the accuracy.
    pub fn micro_f1(&self) -> Option<f64> {
        self.accuracy()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metrics::test_data::{near, several};
    use crate::metrics::top_class;

    /// `confusion_matrix`, `precision_recall_fscore_support`, `f1_score` of scikit-learn 1.9.1.
    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        let (truth, logits) = several();
        let predicted: Vec<usize> = logits.chunks(4).map(top_class).collect();
        let confusion = Confusion::of(&truth, &predicted, 4);
        let expected = [
            [28, 8, 5, 5],
            [16, 80, 21, 22],
            [7, 6, 30, 3],
            [8, 10, 11, 40],
        ];
        assert_eq!(confusion.counts(), expected.map(|row| row.to_vec()));
        assert!(near(confusion.accuracy(), 0.5933333333333334));
        assert!(near(confusion.macro_f1(), 0.574570641749465));
        assert!(near(confusion.micro_f1(), 0.5933333333333334));
        let precision = [0.4745762711864407, 0.7692307692307693, 0.44776119402985076];
        let recall = [0.6086956521739131, 0.5755395683453237, 0.6521739130434783];
        let f1 = [0.5333333333333333, 0.6584362139917695, 0.5309734513274337];
        for (class, found) in confusion.classes().iter().take(3).enumerate() {
            assert!(near(found.precision, precision[class]));
            assert!(near(found.recall, recall[class]));
            assert!(near(found.f1, f1[class]));
        }
        assert_eq!(confusion.classes()[1].support, 139);
    }

    #[test]
    fn what_never_happens_is_undefined() {
        // Class 1 is never predicted, class 2 never occurs, class 3 neither.
        let confusion = Confusion::of(&[0, 1], &[0, 2], 4);
        let classes = confusion.classes();
        assert_eq!((classes[1].precision, classes[1].f1), (None, Some(0.0)));
        assert_eq!((classes[2].recall, classes[2].f1), (None, Some(0.0)));
        assert_eq!(classes[3], ClassScore::default());
        assert!(near(confusion.macro_f1(), 1.0 / 3.0));
        for n_classes in [0, 1, 3] {
            let empty = Confusion::of(&[], &[], n_classes);
            assert_eq!((empty.accuracy(), empty.macro_f1()), (None, None));
        }
    }

    #[test]
    fn json_has_rows_of_counts() {
        let confusion = Confusion::of(&[0, 1, 1], &[0, 0, 1], 2);
        let json = serde_json::to_string(&confusion).unwrap();
        assert_eq!(json, "[[1,0],[1,1]]");
        assert_eq!(serde_json::from_str::<Confusion>(&json).unwrap(), confusion);
    }
}
