//! What a classifier has to beat: four models that need no network and little time.
//!
//! | baseline | features | model | SMS spam test (300 messages) |
//! |---|---|---|---|
//! | [`Baseline::Majority`] | none | shares of the classes | 49.7 % |
//! | [`Baseline::NaiveBayes`] | word counts | multinomial naive Bayes | 97.0 % |
//! | [`Baseline::WordCounts`] | word counts | logistic regression | 95.7 % |
//! | [`Baseline::CharacterGrams`] | tf–idf of runs of 2 to 5 characters | logistic regression | 97.7 % |
//!
//! The numbers are those of scikit-learn 1.9.1 with the same settings.

mod grams;
mod lbfgs;
mod linear;
mod logistic;
mod majority;
mod naive_bayes;
mod tfidf;
mod vocabulary;
mod words;

use serde::{Deserialize, Serialize};

use crate::metrics::Calibration;
use crate::{Truth, TruthError};
use linear::{Linear, Row};
use majority::Majority;
use tfidf::TfIdf;
use words::WordCounts;

pub use grams::{LONGEST_GRAM, MOST_CHARACTERS, SHORTEST_GRAM};
pub use tfidf::MOST_GRAMS;
pub use words::MOST_WORDS;

/// scikit-learn's default for how loosely logistic regression is held: its `C`.
pub const STRENGTH: f64 = 1.0;

/// The values of `C` that validation items may choose from.
pub const STRENGTHS: [f64; 3] = [1.0, 10.0, 100.0];

/// A model without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// Each class as likely as it is among the training items, whatever the text.
    Majority,
    /// Multinomial naive Bayes on word counts.
    NaiveBayes,
    /// Logistic regression on word counts.
    WordCounts,
    /// Logistic regression on tf–idf of character n-grams.
    CharacterGrams,
}

/// A baseline that has learnt.
#[derive(Clone, Debug)]
pub struct Fitted {
    features: Features,
    model: Model,
    strength: Option<f64>,
}

#[derive(Clone, Debug)]
enum Features {
    None,
    Words(WordCounts),
    Grams(TfIdf),
}

#[derive(Clone, Debug)]
enum Model {
    Majority(Majority),
    Linear(Linear),
}

impl Baseline {
    /// All of them, the simplest first.
    pub const ALL: [Self; 4] = [
        Self::Majority,
        Self::NaiveBayes,
        Self::WordCounts,
        Self::CharacterGrams,
    ];

    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Majority => "majority class",
            Self::NaiveBayes => "naive Bayes on words",
            Self::WordCounts => "logistic regression on words",
            Self::CharacterGrams => "logistic regression on character n-grams",
        }
    }

    /// Learns from texts, with `C` = [`STRENGTH`]. Any number of threads gives the same bits.
    ///
    /// # Errors
    /// No text; answers that do not belong to the texts.
    pub fn fit(
        self,
        texts: &[&str],
        truth: Truth<'_>,
        n_classes: usize,
    ) -> Result<Fitted, TruthError> {
        self.learn(texts, truth, n_classes, &[STRENGTH], |_| 0.0)
    }

    /// Learns from texts with each `C` of [`STRENGTHS`] and keeps the model with the lowest log loss
    /// on validation texts, of equals the one with the smallest `C`. Models without a `C` do not look
    /// at the validation texts.
    ///
    /// # Errors
    /// As [`Self::fit`], of validation texts too; these may be none.
    pub fn fit_choosing(
        self,
        texts: &[&str],
        truth: Truth<'_>,
        n_classes: usize,
        validation_texts: &[&str],
        validation: Truth<'_>,
    ) -> Result<Fitted, TruthError> {
        validation.check(validation_texts.len(), n_classes)?;
        self.learn(texts, truth, n_classes, &STRENGTHS, |fitted| {
            let probabilities = fitted.probabilities(validation_texts);
            let calibration = match validation {
                Truth::Single(truth) => Calibration::single(&probabilities, truth, n_classes),
                Truth::Multi(truth) => Calibration::multi(&probabilities, truth),
            };
            calibration.log_loss.unwrap_or_default()
        })
    }

    fn learn(
        self,
        texts: &[&str],
        truth: Truth<'_>,
        n_classes: usize,
        strengths: &[f64],
        loss: impl Fn(&Fitted) -> f64,
    ) -> Result<Fitted, TruthError> {
        truth.check(texts.len(), n_classes)?;
        if texts.is_empty() {
            return Err(TruthError::NoItem);
        }
        let features = match self {
            Self::Majority => Features::None,
            Self::NaiveBayes | Self::WordCounts => Features::Words(WordCounts::learn(texts)),
            Self::CharacterGrams => Features::Grams(TfIdf::learn(texts)),
        };
        let rows = features.rows(texts);
        let columns = features.columns();
        let mut fitted = Fitted {
            features,
            model: Model::Majority(Majority::fit(truth, n_classes)),
            strength: None,
        };
        match self {
            Self::Majority => {}
            Self::NaiveBayes => {
                fitted.model = Model::Linear(naive_bayes::fit(&rows, columns, truth, n_classes));
            }
            Self::WordCounts | Self::CharacterGrams => {
                let mut best: Option<(f64, f64, Model)> = None;
                for &strength in strengths {
                    // The last model is near the next one, and a good place to begin.
                    let start = match &fitted.model {
                        Model::Linear(linear) => Some(linear),
                        Model::Majority(_) => None,
                    };
                    let next = logistic::fit(&rows, columns, truth, n_classes, strength, start);
                    fitted.model = Model::Linear(next);
                    let loss = loss(&fitted);
                    if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                        best = Some((loss, strength, fitted.model.clone()));
                    }
                }
                if let Some((_, strength, model)) = best {
                    (fitted.model, fitted.strength) = (model, Some(strength));
                }
            }
        }
        Ok(fitted)
    }
}

impl Features {
    fn rows(&self, texts: &[&str]) -> Vec<Row> {
        match self {
            Self::None => Vec::new(),
            Self::Words(words) => words.rows(texts),
            Self::Grams(grams) => grams.rows(texts),
        }
    }

    fn columns(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Words(words) => words.columns(),
            Self::Grams(grams) => grams.columns(),
        }
    }
}

impl Fitted {
    /// Probabilities `[texts, classes]`. Where each text has one class, those of a text sum to 1;
    /// labels are independent.
    pub fn probabilities(&self, texts: &[&str]) -> Vec<f64> {
        match &self.model {
            Model::Majority(majority) => majority.probabilities(texts.len()),
            Model::Linear(linear) => linear.probabilities(&self.features.rows(texts)),
        }
    }

    /// The `C` of logistic regression.
    pub fn strength(&self) -> Option<f64> {
        self.strength
    }

    /// Words or n-grams that it knows.
    pub fn features(&self) -> usize {
        self.features.columns()
    }
}

#[cfg(test)]
mod tests;
