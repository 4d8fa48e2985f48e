//! A classifier in its folder, ready to be asked.
//!
//! ```no_run
//! use burn::tensor::Device;
//! use slovo_classify::SavedClassifier;
//!
//! # fn main() -> slovo_classify::Result<()> {
//! let filter = SavedClassifier::load("runs/spam-minilm".as_ref(), &Device::default())?;
//! let found = filter.predict(&["Win a prize now!"], |_| "the letter".into())?;
//! println!("{} {:.3}", filter.labels()[found[0].class], found[0].probability());
//! # Ok(())
//! # }
//! ```

use crate::batch::{TextBatch, Texts};
use crate::encode::{Encoded, Encoding};
use crate::metrics::Temperature;
use crate::{Error, Result};
use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use slovo_data::Tokenizer;
use slovo_model::{Classifier, Pass, load_classifier};
use slovo_train::batch::OnDevice;
use slovo_train::place::ModelPlace;
use std::path::Path;

/// What the folder says beside weights and labels.
pub const FILE: &str = "classifier.json";
/// Tokens computed at once, filler among them.
const TOGETHER: usize = 1024;

/// How a classifier reads texts and what its scores mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How texts become token ids.
    pub encoding: Encoding,
    /// What logits are divided by before they become probabilities; fitted on the validation texts.
    pub temperature: f64,
    /// The class whose false positives count, where there is one.
    pub positive: Option<String>,
    /// The least probability with which a text is told to be of the positive class.
    pub threshold: Option<f64>,
}

/// A classifier with all that it needs to read texts.
pub struct SavedClassifier {
    pub(crate) classifier: Classifier,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) settings: Settings,
    pub(crate) device: Device,
}

/// What a text was told to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Number of the class; where a text may have any number of classes, the likeliest.
    pub class: usize,
    /// All classes that it is told to be of; exactly one, unless it may be of any number.
    pub classes: Vec<usize>,
    /// Calibrated probability of each class.
    pub probabilities: Vec<f64>,
    /// Logits, as the model gives them.
    pub logits: Vec<f64>,
    /// Tokens that were left out because the text was too long.
    pub cut: usize,
}

impl Prediction {
    /// The calibrated probability of the class.
    pub fn probability(&self) -> f64 {
        self.probabilities[self.class]
    }
}

impl SavedClassifier {
    /// Loads the classifier of a run folder or model folder.
    ///
    /// # Errors
    ///
    /// A folder without a classifier, or a file in it that is missing or damaged.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let place = ModelPlace::find(path)?;
        let classifier = load_classifier(&place.folder, device)?;
        let config = classifier.config();
        let tokenizer = place.tokenizer_within(config.transformer.vocab_size)?;
        let settings = read_settings(&place.folder)?;
        let wrong = |what: String| {
            Err(Error::Folder {
                path: place.folder.join(FILE),
                what,
            })
        };
        let (reads, positions) = (settings.encoding.max_tokens, config.transformer.max_seq_len);
        if reads == 0 || reads > positions {
            return wrong(format!(
                "encoding.max_tokens is {reads}; the model beside it reads 1 to {positions}"
            ));
        }
        if !(settings.temperature.is_finite() && settings.temperature > 0.0) {
            let found = settings.temperature;
            return wrong(format!(
                "temperature is {found}; a positive number would do"
            ));
        }
        if let Some(positive) = settings
            .positive
            .as_ref()
            .filter(|it| !config.labels.contains(it))
        {
            let known = config.labels.join(", ");
            return wrong(format!("positive is {positive:?}; the model knows {known}"));
        }
        Ok(Self {
            classifier: classifier.valid(),
            tokenizer,
            settings,
            device: device.clone(),
        })
    }

    /// Names of the classes.
    pub fn labels(&self) -> &[String] {
        &self.classifier.config().labels
    }

    /// Whether a text may be of any number of classes.
    pub fn multi_label(&self) -> bool {
        self.classifier.config().multi_label
    }

    /// How it reads, and what its scores mean.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The number of the class whose false positives count, where there is one.
    pub fn positive(&self) -> Option<usize> {
        let name = self.settings.positive.as_ref()?;
        self.labels().iter().position(|label| label == name)
    }

    /// The least probability with which a text is told to be of the positive class.
    pub fn set_threshold(&mut self, threshold: Option<f64>) {
        self.settings.threshold = threshold;
    }

    /// What texts are, in their order; each as if it were alone. `place` says to a person which text has
    /// a fault.
    ///
    /// # Errors
    ///
    /// A character that the tokenizer has no token for, or a device that fails.
    pub fn predict<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        place: impl Fn(usize) -> String,
    ) -> Result<Vec<Prediction>> {
        let encoded = self
            .settings
            .encoding
            .encode(&self.tokenizer, texts, place)?;
        let cut: Vec<usize> = encoded.iter().map(|text| text.cut).collect();
        let all: Vec<usize> = (0..encoded.len()).collect();
        let texts = Texts::unlabelled(encoded);
        let logits = logits(&self.classifier, &texts, &all, &self.device)?;
        let logits = logits.chunks_exact(self.labels().len());
        let found = logits.zip(cut).map(|(logits, cut)| self.judge(logits, cut));
        Ok(found.collect())
    }

    fn judge(&self, logits: &[f64], cut: usize) -> Prediction {
        let multi_label = self.classifier.config().multi_label;
        let temperature = Temperature::new(self.settings.temperature);
        let probabilities = match multi_label {
            true => temperature.sigmoid(logits),
            false => temperature.softmax(logits, logits.len()),
        };
        let positive = self.positive().zip(self.settings.threshold);
        let (class, classes) = decide(&probabilities, positive, multi_label);
        Prediction {
            class,
            classes,
            probabilities,
            logits: logits.to_vec(),
            cut,
        }
    }
}

/// The class of a text, and all of its classes. `positive` is a class and the least probability with
/// which a text is told to be of it.
pub(crate) fn decide(
    probabilities: &[f64],
    positive: Option<(usize, f64)>,
    multi_label: bool,
) -> (usize, Vec<usize>) {
    let likeliest = |without: Option<usize>| {
        let classes = (0..probabilities.len()).filter(|class| Some(*class) != without);
        // The first of equals.
        classes
            .rev()
            .max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]))
    };
    let class = match positive {
        Some((class, least)) if !multi_label => match probabilities[class] >= least {
            true => Some(class),
            false => likeliest(Some(class)),
        },
        _ => likeliest(None),
    };
    let class = class.unwrap_or(0);
    let least_of = |class: usize| match positive {
        Some((positive, least)) if positive == class => least,
        _ => 0.5,
    };
    let classes = match multi_label {
        false => vec![class],
        true => (0..probabilities.len())
            .filter(|class| probabilities[*class] >= least_of(*class))
            .collect(),
    };
    (class, classes)
}

/// Logits of some texts, `[items, classes]`, in their order.
///
/// # Errors
///
/// What is kept on disk cannot be read, or the device fails.
pub(crate) fn logits(
    classifier: &Classifier,
    texts: &Texts,
    items: &[usize],
    device: &Device,
) -> Result<Vec<f64>> {
    let classes = classifier.config().labels.len();
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|place| texts.encoded[items[*place]].ids.len());
    let mut found = vec![0.0; items.len() * classes];
    let mut done = 0;
    while done < order.len() {
        let rest = &order[done..];
        let length = |place: usize| texts.encoded[items[place]].ids.len();
        let mut count = 1;
        while count < rest.len() && (count + 1) * length(rest[count]) <= TOGETHER {
            count += 1;
        }
        let chosen: Vec<usize> = rest[..count].iter().map(|place| items[*place]).collect();
        let batch = TextBatch::new(0, texts.batch(&chosen, None)?, 0, device);
        let mut pass = Pass {
            padding: batch.padding.as_ref(),
            ..Pass::default()
        };
        let values = classifier.logits(batch.reading, &mut pass);
        let values = values
            .try_into_vec_as::<f32>()
            .map_err(|error| slovo_train::Error::Training(format!("the device failed: {error}")))?;
        for (place, row) in rest[..count].iter().zip(values.chunks_exact(classes)) {
            for (to, from) in found[place * classes..].iter_mut().zip(row) {
                *to = f64::from(*from);
            }
        }
        done += count;
    }
    if let Some(place) = found.iter().position(|value| !value.is_finite()) {
        let what = format!(
            "a score of text {} is not finite: the weights are damaged, or the training diverged",
            place / classes
        );
        return Err(slovo_train::Error::Training(what).into());
    }
    Ok(found)
}

fn read_settings(folder: &Path) -> Result<Settings> {
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path).map_err(|error| Error::Folder {
        path: path.clone(),
        what: format!("{error}; `cargo xtask classify` writes it beside the weights"),
    })?;
    serde_json::from_str(&text).map_err(|error| Error::Folder {
        path,
        what: error.to_string(),
    })
}

impl Texts {
    /// Texts of which nothing is known but their tokens.
    pub(crate) fn unlabelled(encoded: Vec<Encoded>) -> Self {
        Self {
            classes: vec![Vec::new(); encoded.len()],
            encoded,
            count: 0,
            multi_label: false,
            front: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_moves_one_class_only() {
        let found = [0.3, 0.6, 0.1];
        assert_eq!(decide(&found, None, false), (1, vec![1]));
        assert_eq!(decide(&found, Some((1, 0.7)), false), (0, vec![0]));
        assert_eq!(decide(&found, Some((2, 0.1)), false), (2, vec![2]));
        assert_eq!(decide(&[0.6, 0.4, 0.5], None, true), (0, vec![0, 2]));
        assert_eq!(
            decide(&[0.6, 0.4, 0.5], Some((1, 0.3)), true),
            (0, vec![0, 1, 2])
        );
        assert_eq!(decide(&[0.5, 0.5], None, false).0, 0);
    }
}
