//! The baselines on real messages, against scikit-learn 1.9.1.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::split::{Split, SplitRecipe};
use crate::{ScoreOptions, Scores};

pub(super) const TRAIN: [&str; 6] = [
    "Free prize, call now!",
    "call me when you are home",
    "Win a FREE  phone now",
    "see you at home tonight",
    "the weather is fine today",
    "fine weather, bright sun",
];
pub(super) const CLASSES: [usize; 6] = [0, 1, 0, 1, 2, 2];
/// Two labels each.
pub(super) const LABELS: [bool; 12] = [
    true, false, false, true, true, false, false, true, false, false, true, true,
];
pub(super) const TEST: [&str; 5] = [
    "free phone call",
    "are you home?",
    "sunny weather today",
    "",
    "a",
];

pub(super) fn assert_near(found: &[f64], expected: &[f64], within: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= within, "{found} {expected}");
    }
}

type Part = (Vec<String>, Vec<usize>);

/// Messages of the SMS Spam Collection (Almeida et al. 2011, <https://doi.org/10.1145/2034691.2034742>),
/// and which of them are spam: train, validation, test.
fn sms() -> Option<[Part; 3]> {
    let messages = crate::shared("sms-spam/messages.tsv")?;
    let recipe = format!(
        "(name: \"sms\", labels: [\"ham\", \"spam\"],
          sources: [Table(paths: [{messages:?}], header: false, label: 0, text: 1)])"
    );
    let recipe = slovo_data::recipe::from_ron_str(&recipe).unwrap();
    let labelled = crate::labelled::read(&recipe).unwrap();
    assert_eq!(labelled.examples.len(), 5_572);
    let split = SplitRecipe::Indices {
        path: crate::shared("sms-spam/split.json")?,
    };
    let split = Split::new(&split, 0, &labelled).unwrap();
    Some([split.train, split.validation, split.test].map(|items| {
        let examples = items.iter().map(|item| &labelled.examples[*item]);
        examples.map(|it| (it.text.clone(), it.classes[0])).unzip()
    }))
}

fn texts(part: &Part) -> Vec<&str> {
    part.0.iter().map(String::as_str).collect()
}

/// Right test messages of 300, average precision, ROC-AUC and log loss of scikit-learn 1.9.1:
/// `MultinomialNB()` and `LogisticRegression(tol=1e-8)` on `CountVectorizer()`,
/// `LogisticRegression(tol=1e-8)` on `TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))`.
#[test]
fn sms_spam_scores_are_those_of_scikit_learn() {
    let Some([train, validation, test]) = sms() else {
        return;
    };
    for (baseline, right, expected) in [
        (Baseline::Majority, 149, None),
        (Baseline::NaiveBayes, 291, Some(NAIVE_BAYES)),
        (Baseline::WordCounts, 287, Some(WORD_COUNTS)),
        (Baseline::CharacterGrams, 293, Some(CHARACTER_GRAMS)),
    ] {
        let fitted = baseline
            .fit(&texts(&train), Truth::Single(&train.1), 2)
            .unwrap();
        let probabilities = fitted.probabilities(&texts(&test));
        let options = ScoreOptions {
            positive: Some(1),
            temperature: None,
        };
        let truth = Truth::Single(&test.1);
        let scores = Scores::of(truth, &probabilities, &["ham", "spam"], options).unwrap();
        let found = scores.confusion.as_ref().unwrap().correct();
        assert_eq!(found, right, "{}", baseline.name());
        if let Some(expected) = expected {
            let found = [scores.pr_auc, scores.roc_auc, scores.calibration.log_loss];
            assert_near(&found.map(Option::unwrap), &expected, 1e-4);
        }
    }
    // Chosen on validation messages, the strength changes nothing but how sure the model is.
    let fitted = Baseline::CharacterGrams
        .fit_choosing(
            &texts(&train),
            Truth::Single(&train.1),
            2,
            &texts(&validation),
            Truth::Single(&validation.1),
        )
        .unwrap();
    let probabilities = fitted.probabilities(&texts(&test));
    let options = ScoreOptions::default();
    let scores = Scores::of(
        Truth::Single(&test.1),
        &probabilities,
        &["ham", "spam"],
        options,
    );
    let scores = scores.unwrap();
    assert_eq!(fitted.strength(), Some(100.0));
    assert_near(&[scores.calibration.log_loss.unwrap()], &[CHOSEN], 1e-3);
    assert_eq!(scores.confusion.unwrap().correct(), 293);
}
/// Log loss of the last with `C=100`.
const CHOSEN: f64 = 0.08640736479362562;
const NAIVE_BAYES: [f64; 3] = [0.9834426581734537, 0.9735099337748344, 0.2497233721228281];
const WORD_COUNTS: [f64; 3] = [0.9883842933126236, 0.9839992888572826, 0.13896149691516407];
const CHARACTER_GRAMS: [f64; 3] = [0.9945691360567444, 0.9934663762833904, 0.2604986790806474];
