//! Everything that is said about one classifier on one set of items.

use serde::{Deserialize, Serialize};

use crate::metrics::{
    AtRate, CURVE_POINTS, Calibration, ClassScore, Confusion, Estimate, MultiLabel, Ranking,
    Temperature, mean_defined, top_class, wilson,
};
use crate::{Truth, TruthError};

/// Rates of false positives for which the recall is given.
pub const RATES: [f64; 2] = [0.001, 0.01];

/// Points of all curves of one kind together: many classes share them.
const ALL_CURVE_POINTS: usize = 3_000;

/// Scores of probabilities. What is undefined is `None`, `null` in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Items.
    pub n: u64,
    /// The share of items that are right, with its 95 % interval (Wilson); where an item may have
    /// several labels, those of which every label is right.
    pub accuracy: Option<Estimate>,
    /// The mean F1 of the classes that occur or are predicted.
    pub macro_f1: Option<f64>,
    /// F1 of all decisions together; where each item has one class, the accuracy.
    pub micro_f1: Option<f64>,
    /// The share of wrong decisions; only where an item may have several labels.
    pub hamming_loss: Option<f64>,
    /// Area under the ROC curve: of the positive class, or the mean over all classes, each against
    /// the others.
    pub roc_auc: Option<f64>,
    /// Area under the precision–recall curve (average precision), likewise.
    pub pr_auc: Option<f64>,
    /// Recall of the positive class at 0.1 % and 1 % of false positives; empty without one.
    pub recall_at_fpr: Vec<AtRate>,
    /// The probabilities as the model gave them.
    pub calibration: Calibration,
    /// The probabilities after temperature scaling, if there is a temperature.
    pub after_temperature: Option<AfterTemperature>,
    /// Each class against the others.
    pub classes: Vec<ClassRow>,
    /// Counts `[true class, predicted class]`; only where each item has one class.
    pub confusion: Option<Confusion>,
    /// Of the positive class, or of each class.
    pub curves: Vec<Curves>,
}

/// Calibration with a temperature that was fitted on validation items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AfterTemperature {
    /// What logits were divided by.
    pub temperature: Temperature,
    /// The probabilities that result.
    #[serde(flatten)]
    pub calibration: Calibration,
}

/// One class against the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// Its name.
    pub name: String,
    /// Support, precision, recall, F1.
    #[serde(flatten)]
    pub score: ClassScore,
    /// Area under its ROC curve.
    pub roc_auc: Option<f64>,
    /// Area under its precision–recall curve.
    pub pr_auc: Option<f64>,
}

/// Curves of one class, thinned for drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The class's name.
    pub name: String,
    /// `[false-positive rate, recall]`.
    pub roc: Vec<[f64; 2]>,
    /// `[recall, precision]`.
    pub precision_recall: Vec<[f64; 2]>,
}

/// What else [`Scores::of`] is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScoreOptions {
    /// The class that is looked for, such as spam. Without one, areas are means over all classes,
    /// and there is no recall at a rate of false positives. Labels have none.
    pub positive: Option<usize>,
    /// A temperature from validation items.
    pub temperature: Option<Temperature>,
}

impl Scores {
    /// Scores probabilities `[items, classes]`; classes are as many as `names`. Where each item has
    /// one class, that with the highest probability is predicted; labels are given from 0.5 on.
    ///
    /// # Errors
    /// Answers or probabilities that do not belong together; a class that does not exist, the
    /// positive one among them; numbers that are no probabilities.
    pub fn of<S: AsRef<str>>(
        truth: Truth<'_>,
        probabilities: &[f64],
        names: &[S],
        options: ScoreOptions,
    ) -> Result<Self, TruthError> {
        let n_classes = names.len();
        if n_classes == 0 {
            return Err(TruthError::NoClass);
        }
        let items = truth.items(n_classes);
        truth.check(items, n_classes)?;
        check(probabilities, items, n_classes)?;
        let positive = match (truth, options.positive) {
            (Truth::Single(_), Some(class)) if class >= n_classes => {
                return Err(TruthError::Positive {
                    class,
                    classes: n_classes,
                });
            }
            (Truth::Single(_), positive) => positive,
            (Truth::Multi(_), _) => None,
        };

        let decisions = Decisions::of(truth, probabilities, n_classes);
        let rankings: Vec<Ranking> = (0..n_classes)
            .map(|class| {
                let column = probabilities.chunks_exact(n_classes).map(|row| row[class]);
                let column: Vec<f64> = column.collect();
                Ranking::of(&truth.column(class, n_classes), &column)
            })
            .collect();
        let shown = match positive {
            Some(class) => &rankings[class..=class],
            None => &rankings,
        };
        let first = positive.unwrap_or(0);
        let points = (ALL_CURVE_POINTS / shown.len()).clamp(20, CURVE_POINTS);
        let calibrate = |probabilities: &[f64]| match truth {
            Truth::Single(truth) => Calibration::single(probabilities, truth, n_classes),
            Truth::Multi(truth) => Calibration::multi(probabilities, truth),
        };
        let at_rates = positive.map(|class| {
            let recall = |&rate| rankings[class].recall_at_rate(rate);
            RATES.iter().filter_map(recall).collect()
        });
        let multi = matches!(truth, Truth::Multi(_));
        Ok(Self {
            n: items as u64,
            accuracy: wilson(decisions.right, items as u64),
            macro_f1: decisions.macro_f1,
            micro_f1: decisions.micro_f1,
            hamming_loss: decisions.hamming_loss,
            roc_auc: mean_defined(shown.iter().map(Ranking::roc_auc)),
            pr_auc: mean_defined(shown.iter().map(Ranking::average_precision)),
            recall_at_fpr: at_rates.unwrap_or_default(),
            calibration: calibrate(probabilities),
            after_temperature: options.temperature.map(|temperature| AfterTemperature {
                temperature,
                calibration: calibrate(&temperature.apply(probabilities, n_classes, multi)),
            }),
            classes: names
                .iter()
                .zip(&decisions.classes)
                .zip(&rankings)
                .map(|((name, score), ranking)| ClassRow {
                    name: name.as_ref().to_owned(),
                    score: *score,
                    roc_auc: ranking.roc_auc(),
                    pr_auc: ranking.average_precision(),
                })
                .collect(),
            confusion: decisions.confusion,
            curves: names[first..]
                .iter()
                .zip(shown)
                .map(|(name, ranking)| Curves {
                    name: name.as_ref().to_owned(),
                    roc: ranking.roc_curve(points),
                    precision_recall: ranking.precision_recall_curve(points),
                })
                .collect(),
        })
    }
}

/// What follows from the predicted classes alone.
struct Decisions {
    right: u64,
    macro_f1: Option<f64>,
    micro_f1: Option<f64>,
    hamming_loss: Option<f64>,
    classes: Vec<ClassScore>,
    confusion: Option<Confusion>,
}

impl Decisions {
    fn of(truth: Truth<'_>, probabilities: &[f64], n_classes: usize) -> Self {
        match truth {
            Truth::Single(truth) => {
                let rows = probabilities.chunks_exact(n_classes);
                let predicted: Vec<usize> = rows.map(top_class).collect();
                let confusion = Confusion::of(truth, &predicted, n_classes);
                Self {
                    right: confusion.correct(),
                    macro_f1: confusion.macro_f1(),
                    micro_f1: confusion.micro_f1(),
                    hamming_loss: None,
                    classes: confusion.classes(),
                    confusion: Some(confusion),
                }
            }
            Truth::Multi(truth) => {
                let given: Vec<bool> = probabilities.iter().map(|&p| p >= 0.5).collect();
                let found = MultiLabel::of(truth, &given, n_classes);
                Self {
                    right: found.exact,
                    macro_f1: found.macro_f1,
                    micro_f1: found.micro_f1,
                    hamming_loss: found.hamming_loss,
                    classes: found.classes,
                    confusion: None,
                }
            }
        }
    }
}

fn check(probabilities: &[f64], items: usize, n_classes: usize) -> Result<(), TruthError> {
    if probabilities.len() != items * n_classes {
        return Err(TruthError::Probabilities {
            items,
            classes: n_classes,
            expected: items * n_classes,
            found: probabilities.len(),
        });
    }
    // A softmax may end a rounding error above 1.
    let wrong = |p: &f64| !(0.0..=1.0 + 1e-6).contains(p);
    match probabilities.iter().position(wrong) {
        Some(place) => Err(TruthError::NotAProbability {
            item: place / n_classes,
            value: probabilities[place],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metrics::test_data::{binary, labels, near, several, sigmoid, softmax};

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];

    /// `roc_auc_score(multi_class="ovr")` and `average_precision_score` of scikit-learn 1.9.1; the
    /// rest stands in the tests of each metric.
    #[test]
    fn areas_of_several_classes_are_means_over_the_classes() {
        let (truth, logits) = several();
        let probabilities = softmax(&logits, 4);
        let options = ScoreOptions {
            positive: None,
            temperature: Some(Temperature::fit_softmax(&logits, &truth, 4)),
        };
        let scores = Scores::of(Truth::Single(&truth), &probabilities, &NAMES, options).unwrap();
        assert!(near(scores.roc_auc, 0.857333031212825));
        assert!(near(scores.pr_auc, 0.6919840754767042));
        assert!(near(scores.accuracy.unwrap().value, 0.5933333333333334));
        assert!(scores.recall_at_fpr.is_empty() && scores.curves.len() == 4);
        let after = scores.after_temperature.as_ref().unwrap();
        assert!(after.calibration.ece < scores.calibration.ece);

        let (truth, logits) = labels();
        let probabilities = sigmoid(&logits);
        let options = ScoreOptions::default();
        let names = &NAMES[..3];
        let scores = Scores::of(Truth::Multi(&truth), &probabilities, names, options).unwrap();
        assert!(near(scores.roc_auc, 0.7633001505432402));
        assert!(near(scores.pr_auc, 0.7760397401254409));
        assert!(near(scores.accuracy.unwrap().value, 0.26666666666666666));
        assert_eq!(scores.confusion, None);
    }

    #[test]
    fn areas_of_a_positive_class_are_its_own() {
        let (positive, scores) = binary();
        let truth: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
        let rows: Vec<f64> = scores.iter().flat_map(|&p| [1.0 - p, p]).collect();
        let options = ScoreOptions {
            positive: Some(1),
            temperature: None,
        };
        let scores = Scores::of(Truth::Single(&truth), &rows, &["ham", "spam"], options).unwrap();
        assert!(near(scores.roc_auc, 0.7812207397003745));
        assert!(near(scores.pr_auc, 0.6717881555008318));
        assert_eq!(scores.curves[0].name, "spam");
        assert_eq!(scores.recall_at_fpr.len(), 2);

        let json = serde_json::to_value(&scores).unwrap();
        for field in ["value", "low", "high"] {
            assert!(json["accuracy"][field].is_f64());
        }
        assert_eq!(json["classes"][1]["name"], "spam");
        assert_eq!(json["classes"][1]["support"], 144);
        assert!(json["calibration"]["ece"].is_f64() && json["confusion"][1][1].is_u64());
        let text = serde_json::to_string(&scores).unwrap();
        let again: Scores = serde_json::from_str(&text).unwrap();
        assert_eq!(again.classes.len(), 2);
    }

    #[test]
    fn no_item_gives_scores_without_numbers() {
        let options = ScoreOptions {
            positive: Some(0),
            temperature: Some(Temperature::ONE),
        };
        let scores = Scores::of(Truth::Single(&[]), &[], &NAMES, options).unwrap();
        assert_eq!((scores.n, scores.accuracy, scores.roc_auc), (0, None, None));
        let text = serde_json::to_string(&scores).unwrap();
        assert!(!text.contains("NaN"));
        let one = Scores::of(Truth::Single(&[0]), &[1.0], &["only"], options).unwrap();
        assert_eq!(one.accuracy.unwrap().value, 1.0);
    }

    #[test]
    fn what_cannot_be_scored_is_said() {
        let options = ScoreOptions::default();
        let score = |truth: &[usize], rows: &[f64], names: &[&str]| {
            let scores = Scores::of(Truth::Single(truth), rows, names, options);
            scores.unwrap_err().to_string()
        };
        assert!(score(&[0], &[1.0], &[]).contains("no class"));
        assert!(score(&[3], &[1.0, 0.0], &["a", "b"]).contains("class 3"));
        assert!(score(&[0], &[1.0], &["a", "b"]).contains("need 2"));
        assert!(score(&[0], &[f64::NAN, 0.0], &["a", "b"]).contains("NaN"));
        let options = ScoreOptions {
            positive: Some(2),
            temperature: None,
        };
        let positive = Scores::of(Truth::Single(&[0]), &[1.0, 0.0], &["a", "b"], options);
        assert!(
            positive
                .unwrap_err()
                .to_string()
                .contains("positive class 2")
        );
        let labels = Scores::of(Truth::Multi(&[true]), &[], &["a", "b"], options);
        assert!(labels.is_err());
    }
}
