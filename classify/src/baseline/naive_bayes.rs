//! Multinomial naive Bayes: words as if each were drawn anew from its class (McCallum and Nigam
//! 1998, "A Comparison of Event Models for Naive Bayes Text Classification").
//!
//! Every word is counted once more than it occurs (α = 1), as in scikit-learn's `MultinomialNB`.
//! Labels are each a pair of classes: the texts that have it, and the others.

use super::linear::{Linear, Link, Row};
use crate::Truth;

/// Fits word counts.
pub(super) fn fit(rows: &[Row], columns: usize, truth: Truth<'_>, n_classes: usize) -> Linear {
    let (link, fixed) = Link::of(truth, n_classes, false);
    let classes = link.classes();
    let outputs = classes.len();
    // Counts of words [columns, outputs] and of texts, of each class and of all texts.
    let mut words = vec![0.0; columns * outputs];
    let mut all_words = vec![0.0; columns];
    let mut texts = vec![0.0; outputs];
    for (item, row) in rows.iter().enumerate() {
        for &(column, count) in row {
            all_words[column as usize] += f64::from(count);
        }
        for (output, &class) in classes.iter().enumerate() {
            if truth.has(item, class, n_classes) {
                texts[output] += 1.0;
                for &(column, count) in row {
                    words[column as usize * outputs + output] += f64::from(count);
                }
            }
        }
    }
    let every: f64 = all_words.iter().sum();
    let mut of_class = vec![0.0; outputs];
    for counts in words.chunks_exact(outputs.max(1)) {
        for (sum, count) in of_class.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let log_share = |count: f64, sum: f64| ((count + 1.0) / (sum + columns as f64)).ln();
    let odds = matches!(link, Link::Sigmoid(_));
    let mut parameters = Vec::with_capacity(words.len() + outputs);
    for (place, &count) in words.iter().enumerate() {
        let (column, output) = (place / outputs, place % outputs);
        let sum = of_class[output];
        let others = match odds {
            true => log_share(all_words[column] - count, every - sum),
            false => 0.0,
        };
        parameters.push(log_share(count, sum) - others);
    }
    for &count in &texts {
        let others = if odds {
            rows.len() as f64 - count
        } else {
            rows.len() as f64
        };
        parameters.push((count / others).ln());
    }
    Linear {
        link,
        parameters,
        fixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::tests::{CLASSES, LABELS, TEST, TRAIN, assert_near};
    use crate::baseline::words::WordCounts;

    fn probabilities(truth: Truth<'_>, n_classes: usize) -> Vec<f64> {
        let words = WordCounts::learn(&TRAIN);
        let model = fit(&words.rows(&TRAIN), words.columns(), truth, n_classes);
        model.probabilities(&words.rows(&TEST))
    }

    /// `MultinomialNB().predict_proba` of scikit-learn 1.9.1.
    #[test]
    fn probabilities_are_those_of_scikit_learn() {
        let expected = [
            [0.8338033481603947, 0.10343236215354351, 0.06276428968606135],
            [0.0653570246196577, 0.8756062171044602, 0.059036758275882666],
            [0.13462654281492167, 0.11056730713608316, 0.7548061500489952],
            [1.0 / 3.0; 3],
            [1.0 / 3.0; 3],
        ];
        let found = probabilities(Truth::Single(&CLASSES), 3);
        assert_near(&found, expected.as_flattened(), 1e-12);
    }

    /// `OneVsRestClassifier(MultinomialNB()).predict_proba` of scikit-learn 1.9.1.
    #[test]
    fn labels_are_those_of_one_against_the_rest() {
        let expected = [
            [0.8942578452575366, 0.12311740383410612],
            [0.07261881038365979, 0.9381325186175289],
            [0.3859599661685933, 0.30843116328708653],
            [0.5, 0.5],
            [0.5, 0.5],
        ];
        let found = probabilities(Truth::Multi(&LABELS), 2);
        assert_near(&found, expected.as_flattened(), 1e-12);
    }

    #[test]
    fn a_class_without_an_item_is_never_predicted() {
        let found = probabilities(Truth::Single(&[3; 6]), 5);
        assert_eq!(found, [0.0, 0.0, 0.0, 1.0, 0.0].repeat(5));
        let found = probabilities(Truth::Multi(&[true, false].repeat(6)), 2);
        assert_eq!(found, [1.0, 0.0].repeat(5));
    }
}
