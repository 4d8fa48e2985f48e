//! A few of many, kept for a person to look at.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::report::markup::one_line;

/// What is kept of each reason.
pub(crate) const SAMPLES: usize = 3;
/// Characters of a text that are kept.
const CHARS: usize = 240;

/// Something that was left out, changed or told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Where it stands: an address, or a file with a number, a line or a byte.
    pub place: String,
    /// The criterion.
    pub reason: String,
    /// How it begins, or what is wrong with it.
    pub text: String,
    /// Where the text stands that it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// The first samples of each reason, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Samples(Vec<Sample>);

impl Sample {
    /// What stands at a place, and begins so.
    pub(crate) fn at(place: String, text: &str) -> Self {
        Self {
            place,
            text: text.chars().take(CHARS).collect(),
            ..Self::default()
        }
    }

    /// The same, which was compared with what stands at another place.
    pub(crate) fn beside(self, other: Option<String>) -> Self {
        Self { other, ..self }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", one_line(&self.place), one_line(&self.text))
    }
}

impl Samples {
    /// Keeps a sample of a reason; it is made only if there is room for one more.
    pub(crate) fn keep(&mut self, reason: &str, sample: impl FnOnce() -> Sample) {
        if self.has_room(reason) {
            self.0.push(Sample {
                reason: reason.to_owned(),
                ..sample()
            });
        }
    }

    /// Adds the samples of what comes behind.
    pub(crate) fn add(&mut self, others: &Self) {
        for sample in &others.0 {
            if self.has_room(&sample.reason) {
                self.0.push(sample.clone());
            }
        }
    }

    fn has_room(&self, reason: &str) -> bool {
        self.iter().filter(|it| it.reason == reason).count() < SAMPLES
    }
}

impl std::ops::Deref for Samples {
    type Target = [Sample];

    fn deref(&self) -> &[Sample] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_keeps_a_few() {
        let mut samples = Samples::default();
        for i in 0..10 {
            samples.keep("short", || Sample::at(format!("document {i}"), "text"));
        }
        let long = "é".repeat(1000);
        samples.keep("long", || Sample::at("another".to_owned(), &long));
        assert_eq!(samples.len(), SAMPLES + 1);
        assert_eq!(samples[SAMPLES].text.chars().count(), CHARS);
        let before = samples.clone();
        samples.add(&before);
        assert_eq!(samples.len(), SAMPLES + 2);
        assert_eq!(samples[0].place, "document 0");
    }
}
