//! Character n-grams, weighted by how rare they are: scikit-learn's `TfidfVectorizer(
//! analyzer="char_wb", ngram_range=(2, 5))`, with counts as they are (`sublinear_tf=False`).
//!
//! A weight is count × (ln((1 + texts) ÷ (1 + texts with it)) + 1), and all weights of a text
//! together have length 1 (Salton and Buckley 1988,
//! <https://doi.org/10.1016/0306-4573(88)90021-0>).

use rayon::prelude::*;

use super::grams::{Gram, grams};
use super::linear::Row;
use super::vocabulary::{Runs, Vocabulary};

/// No more n-grams than this are counted, those that occur in most texts. scikit-learn's
/// `max_features` would choose by occurrences instead; below the limit there is no difference.
pub const MOST_GRAMS: usize = 400_000;

/// N-grams that are counted, and how rare they are.
#[derive(Clone, Debug)]
pub(super) struct TfIdf {
    vocabulary: Vocabulary<Gram>,
    /// Of each column.
    rarity: Vec<f64>,
}

impl TfIdf {
    /// The n-grams of training texts.
    pub(super) fn learn(texts: &[&str]) -> Self {
        Self::at_most(MOST_GRAMS, texts)
    }

    fn at_most(most: usize, texts: &[&str]) -> Self {
        let distinct = |text: &str| {
            let mut grams = grams(text);
            grams.dedup();
            grams
        };
        let vocabulary = Vocabulary::learn(texts, most, distinct);
        let all = (1 + texts.len()) as f64;
        let counts = vocabulary.texts_with().iter();
        Self {
            rarity: counts
                .map(|&texts| (all / (1.0 + f64::from(texts))).ln() + 1.0)
                .collect(),
            vocabulary,
        }
    }

    /// N-grams that are counted.
    pub(super) fn columns(&self) -> usize {
        self.rarity.len()
    }

    /// Weights of the n-grams of each text.
    pub(super) fn rows(&self, texts: &[&str]) -> Vec<Row> {
        texts.par_iter().map(|text| self.row(text)).collect()
    }

    fn row(&self, text: &str) -> Row {
        let runs = Runs(grams(text).into_iter().peekable());
        let weights: Vec<(u32, f64)> = runs
            .filter_map(|(gram, count)| {
                let column = self.vocabulary.column(&gram)?;
                Some((column, f64::from(count) * self.rarity[column as usize]))
            })
            .collect();
        let squares: f64 = weights.iter().map(|(_, weight)| weight * weight).sum();
        // A text without a known n-gram has no weight to divide.
        let scale = if squares > 0.0 {
            1.0 / squares.sqrt()
        } else {
            0.0
        };
        let weights = weights.iter();
        weights
            .map(|&(column, weight)| (column, (weight * scale) as f32))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::tests::{TEST, TRAIN};

    /// `fit_transform` and `transform` of scikit-learn 1.9.1: how many weights, Σ weight³ of each
    /// training text, Σ weight of each test text.
    #[test]
    fn weights_are_those_of_scikit_learn() {
        let found = TfIdf::learn(&TRAIN);
        assert_eq!(found.columns(), 261);
        let rows = found.rows(&TRAIN);
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        assert_eq!(lengths, [64, 64, 54, 64, 69, 76]);
        let sum = |row: &Row, power: i32| -> f64 {
            let weights = row.iter().map(|&(_, weight)| f64::from(weight));
            weights.map(|weight| weight.powi(power)).sum()
        };
        let cubes = [
            0.12798613905549316,
            0.13393562043981086,
            0.14017412047248584,
            0.13043542066654426,
            0.1299267008800944,
            0.11767736701951922,
        ];
        for (row, cubes) in rows.iter().zip(cubes) {
            assert!((sum(row, 3) - cubes).abs() < 1e-7);
            assert!((sum(row, 2) - 1.0).abs() < 1e-6);
        }
        let sums = [6.656021371670192, 5.424686036853472, 6.928005233492216];
        let sums = sums.into_iter().chain([0.0, 1.7098626362457967]);
        for (row, expected) in found.rows(&TEST).iter().zip(sums) {
            assert!((sum(row, 1) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn columns_are_bounded_and_rise_within_a_row() {
        let found = TfIdf::at_most(50, &TRAIN);
        assert_eq!((found.columns(), TfIdf::learn(&[]).columns()), (50, 0));
        for row in found.rows(&TRAIN) {
            assert!(row.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
