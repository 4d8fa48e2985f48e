//! A model that adds up one weight for each feature of a text, and what makes probabilities of it.

use rayon::prelude::*;

use crate::Truth;

/// Features of a text that are not 0: column and value, columns rising. Single precision halves the
/// memory and keeps seven digits.
pub(super) type Row = Box<[(u32, f32)]>;

/// How the numbers that come out become probabilities of classes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Link {
    /// One number: the log odds of the second class against the first.
    Pair(usize, usize),
    /// One number for each of these classes, which exclude each other.
    Softmax(Vec<usize>),
    /// One number for each of these labels: its log odds.
    Sigmoid(Vec<usize>),
}

/// Weights, and which classes they are for.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    pub(super) link: Link,
    /// `[columns, outputs]`, then one constant for each output.
    pub(super) parameters: Vec<f64>,
    /// Probabilities of classes that have no output: of one that never occurs in training 0, of a
    /// label that always does 1.
    pub(super) fixed: Vec<f64>,
}

impl Link {
    /// Outputs for the classes that training items tell apart. With `pair`, two classes share one
    /// output. Also what is fixed of the others.
    pub(super) fn of(truth: Truth<'_>, n_classes: usize, pair: bool) -> (Self, Vec<f64>) {
        let items = truth.items(n_classes);
        let count = |class| {
            let column = truth.column(class, n_classes);
            column.into_iter().filter(|&has| has).count()
        };
        let counts: Vec<usize> = (0..n_classes).map(count).collect();
        let classes = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..n_classes)
                .filter(|&class| wanted(counts[class]))
                .collect()
        };
        match truth {
            Truth::Single(_) => {
                let occurring = classes(&|count| count > 0);
                let link = match occurring[..] {
                    [first, second] if pair => Self::Pair(first, second),
                    _ => Self::Softmax(occurring),
                };
                (link, vec![0.0; n_classes])
            }
            Truth::Multi(_) => {
                let always = |&count: &usize| f64::from(u8::from(count == items));
                let fixed = counts.iter().map(always).collect();
                (Self::Sigmoid(classes(&|c| c > 0 && c < items)), fixed)
            }
        }
    }

    /// The class of each output.
    pub(super) fn classes(&self) -> &[usize] {
        match self {
            Self::Pair(_, second) => std::slice::from_ref(second),
            Self::Softmax(classes) | Self::Sigmoid(classes) => classes,
        }
    }

    fn probabilities(&self, numbers: &[f64], out: &mut [f64]) {
        match self {
            Self::Pair(first, second) => {
                // Not one minus the other, which would round small ones to 0.
                out[*first] = sigmoid(-numbers[0]);
                out[*second] = sigmoid(numbers[0]);
            }
            Self::Softmax(classes) => {
                let top = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = numbers.iter().map(|number| (number - top).exp()).sum();
                for (&class, number) in classes.iter().zip(numbers) {
                    out[class] = (number - top).exp() / sum;
                }
            }
            Self::Sigmoid(classes) => {
                for (&class, &number) in classes.iter().zip(numbers) {
                    out[class] = sigmoid(number);
                }
            }
        }
    }
}

impl Linear {
    /// Probabilities `[rows, classes]`.
    pub(super) fn probabilities(&self, rows: &[Row]) -> Vec<f64> {
        let mut out = self.fixed.repeat(rows.len());
        let out_rows = out.par_chunks_mut(self.fixed.len());
        out_rows.zip(rows).for_each(|(out, row)| {
            let mut numbers = vec![0.0; self.link.classes().len()];
            add_up(row, &self.parameters, &mut numbers);
            self.link.probabilities(&numbers, out);
        });
        out
    }
}

/// The outputs for one row: constants, plus weight × value of each feature.
pub(super) fn add_up(row: &Row, parameters: &[f64], numbers: &mut [f64]) {
    let outputs = numbers.len();
    if outputs == 1 {
        let weighted = row
            .iter()
            .map(|&(column, value)| f64::from(value) * parameters[column as usize]);
        numbers[0] = parameters[parameters.len() - 1] + weighted.sum::<f64>();
        return;
    }
    numbers.copy_from_slice(&parameters[parameters.len() - outputs..]);
    for &(column, value) in row {
        let weights = &parameters[column as usize * outputs..][..outputs];
        for (number, weight) in numbers.iter_mut().zip(weights) {
            *number += f64::from(value) * weight;
        }
    }
}

/// 1 ÷ (1 + exp −x), without overflow and without loss where it is small.
pub(super) fn sigmoid(x: f64) -> f64 {
    match x >= 0.0 {
        true => 1.0 / (1.0 + (-x).exp()),
        false => x.exp() / (1.0 + x.exp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_for_what_training_items_tell_apart() {
        let (link, _) = Link::of(Truth::Single(&[2, 0, 2]), 4, true);
        assert_eq!(link, Link::Pair(0, 2));
        let (link, _) = Link::of(Truth::Single(&[2, 0, 2]), 4, false);
        assert_eq!(link, Link::Softmax(vec![0, 2]));
        let labels = [true, true, false, true, false, false];
        let (link, fixed) = Link::of(Truth::Multi(&labels), 3, true);
        assert_eq!((link, fixed), (Link::Sigmoid(vec![1]), vec![1.0, 0.0, 0.0]));
    }

    #[test]
    fn extreme_numbers_stay_probabilities() {
        let link = Link::Softmax(vec![0, 1]);
        let mut out = [0.0; 2];
        link.probabilities(&[1e308, -1e308], &mut out);
        assert_eq!(out, [1.0, 0.0]);
        Link::Pair(1, 0).probabilities(&[-40.0], &mut out);
        assert!(out[0] > 0.0 && out[0] < 1e-17 && out[1] == 1.0);
        assert_eq!((sigmoid(-1e9), sigmoid(1e9)), (0.0, 1.0));
    }
}
