//! Precision, recall and F1 where an item may have any number of labels.

use serde::{Deserialize, Serialize};

use super::{ClassScore, mean_defined, ratio};

/// Labels given against labels that are right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiLabel {
    /// Items.
    pub items: u64,
    /// Items of which every label is right.
    pub exact: u64,
    /// Each label against its absence.
    pub classes: Vec<ClassScore>,
    /// The mean F1 of the labels that occur or are given; scikit-learn counts the others as 0
    /// unless it is called with `zero_division=nan`.
    pub macro_f1: Option<f64>,
    /// F1 of all labels together.
    pub micro_f1: Option<f64>,
    /// exact ÷ items, which scikit-learn calls the accuracy.
    pub subset_accuracy: Option<f64>,
    /// The share of all decisions (items × labels) that are wrong.
    pub hamming_loss: Option<f64>,
}

impl MultiLabel {
    /// Compares `[items, classes]` with `[items, classes]`.
    ///
    /// # Panics
    /// Where `n_classes` is 0.
    pub fn of(truth: &[bool], predicted: &[bool], n_classes: usize) -> Self {
        let mut counts = vec![(0, 0, 0); n_classes];
        let (mut items, mut exact, mut wrong) = (0, 0, 0);
        let rows = truth.chunks_exact(n_classes);
        for (truth, predicted) in rows.zip(predicted.chunks_exact(n_classes)) {
            items += 1;
            exact += u64::from(truth == predicted);
            for (count, (&right, &given)) in counts.iter_mut().zip(truth.iter().zip(predicted)) {
                count.0 += u64::from(right);
                count.1 += u64::from(given);
                count.2 += u64::from(right && given);
                wrong += u64::from(right != given);
            }
        }
        let sum = counts.iter().fold((0, 0, 0), |sum, count| {
            (sum.0 + count.0, sum.1 + count.1, sum.2 + count.2)
        });
        let new = |(support, given, correct)| ClassScore::new(support, given, correct);
        let classes: Vec<ClassScore> = counts.into_iter().map(new).collect();
        Self {
            items,
            exact,
            macro_f1: mean_defined(classes.iter().map(|class| class.f1)),
            micro_f1: new(sum).f1,
            classes,
            subset_accuracy: ratio(exact, items),
            hamming_loss: ratio(wrong, items * n_classes as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::test_data::{labels, near};

    /// `precision_recall_fscore_support`, `f1_score`, `accuracy_score` and `hamming_loss` of
    /// scikit-learn 1.9.1.
    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        let (truth, logits) = labels();
        let given: Vec<bool> = logits.iter().map(|&logit| logit >= 0.0).collect();
        let found = MultiLabel::of(&truth, &given, 3);
        assert!(near(found.subset_accuracy, 0.26666666666666666));
        assert!(near(found.hamming_loss, 0.35777777777777775));
        assert!(near(found.macro_f1, 0.6803805815160956));
        assert!(near(found.micro_f1, 0.6830708661417323));
        assert!(near(found.classes[0].precision, 0.6748768472906403));
        assert!(near(found.classes[1].recall, 0.828125));
        assert!(near(found.classes[2].f1, 0.6479750778816199));
        assert_eq!(found.classes[2].support, 129);
    }

    #[test]
    fn no_item_and_no_label_leave_everything_undefined() {
        let none = MultiLabel::of(&[], &[], 2);
        assert_eq!((none.subset_accuracy, none.hamming_loss), (None, None));
        let never = MultiLabel::of(&[false, false], &[false, false], 2);
        assert_eq!((never.macro_f1, never.micro_f1), (None, None));
        assert_eq!(never.subset_accuracy, Some(1.0));
    }
}
