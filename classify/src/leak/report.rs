//! The leaks of a split, for people and for files.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::find::{Kind, Leak, Leaks, Text};
use crate::labelled::Labelled;
use crate::split::{Side, Split};

/// What stands on two sides of a split, and how often on one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakReport {
    /// The similarity from which texts are near duplicates.
    pub threshold: f64,
    /// Test examples that stand in train.
    pub test_in_train: Crossing,
    /// Test examples that stand in validation.
    pub test_in_validation: Crossing,
    /// Validation examples that stand in train.
    pub validation_in_train: Crossing,
    /// Duplicates within train.
    pub train: Within,
    /// Duplicates within validation.
    pub validation: Within,
    /// Duplicates within test.
    pub test: Within,
}

/// Examples of one side that stand on another; each is counted once, by its closest duplicate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// Examples of the side.
    pub examples: u64,
    /// Those that stand there byte for byte.
    pub exact: u64,
    /// Those that do once normalised, and not before.
    pub normalised: u64,
    /// Those that do nearly, and not otherwise.
    pub near: u64,
    /// Those of all kinds whose duplicate has other classes.
    pub conflicting: u64,
    /// The first of each kind, at most fifty.
    pub pairs: Vec<LeakPair>,
}

/// An example and its duplicate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakPair {
    /// How they are the same.
    pub kind: Kind,
    /// The Jaccard similarity of their runs of five characters.
    pub similarity: f64,
    /// Whether their classes differ.
    pub conflicting: bool,
    /// The example that is held out.
    pub held_out: Excerpt,
    /// Its duplicate on the other side.
    pub other: Excerpt,
}

/// An example for people to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excerpt {
    /// Where it stands, as `messages.tsv:17`.
    pub place: String,
    /// Names of its classes.
    pub labels: Vec<String>,
    /// Its first 200 characters.
    pub text: String,
}

/// Examples of a side that repeat an earlier one of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Examples of the side.
    pub examples: u64,
    /// Those that do byte for byte.
    pub exact: u64,
    /// Those that do once normalised, and not before.
    pub normalised: u64,
    /// Those of both kinds that have other classes than an earlier one.
    pub conflicting: u64,
}

const PAIRS: usize = 50;
const CHARS: usize = 200;

impl Leaks<'_> {
    /// Counts, and the first pairs of each kind.
    pub fn report(&self) -> LeakReport {
        let Split {
            train,
            validation,
            test,
        } = self.split;
        let within = |side: Side, examples: &[usize]| {
            within(self.labelled, &self.texts, side, examples.len())
        };
        LeakReport {
            threshold: self.threshold,
            test_in_train: crossing(self.labelled, test.len(), &self.test_in_train),
            test_in_validation: crossing(self.labelled, test.len(), &self.test_in_validation),
            validation_in_train: crossing(
                self.labelled,
                validation.len(),
                &self.validation_in_train,
            ),
            train: within(Side::Train, train),
            validation: within(Side::Validation, validation),
            test: within(Side::Test, test),
        }
    }
}

fn crossing(labelled: &Labelled, examples: usize, leaks: &[Leak]) -> Crossing {
    let count = |kind| leaks.iter().filter(|leak| leak.kind == kind).count() as u64;
    let pairs = [Kind::Exact, Kind::Normalised, Kind::Near].map(|kind| {
        let leaks = leaks
            .iter()
            .filter(move |leak| leak.kind == kind)
            .take(PAIRS);
        leaks.map(move |leak| LeakPair {
            kind,
            similarity: leak.similarity,
            conflicting: leak.conflicting,
            held_out: excerpt(labelled, leak.example),
            other: excerpt(labelled, leak.other),
        })
    });
    Crossing {
        examples: examples as u64,
        exact: count(Kind::Exact),
        normalised: count(Kind::Normalised),
        near: count(Kind::Near),
        conflicting: leaks.iter().filter(|leak| leak.conflicting).count() as u64,
        pairs: pairs.into_iter().flatten().collect(),
    }
}

fn excerpt(labelled: &Labelled, example: usize) -> Excerpt {
    let example = &labelled.examples[example];
    let names = example.classes.iter();
    Excerpt {
        place: example.place.to_string(),
        labels: names
            .map(|&class| labelled.classes[class].clone())
            .collect(),
        text: example.text.chars().take(CHARS).collect(),
    }
}

fn within(labelled: &Labelled, texts: &[Text], side: Side, examples: usize) -> Within {
    let mut counts = Within {
        examples: examples as u64,
        ..Within::default()
    };
    for text in texts {
        let (mut bytes, mut classes) = (HashSet::new(), HashSet::new());
        for (earlier, &i) in text.on[side as usize].iter().enumerate() {
            let example = &labelled.examples[i];
            let is_new = bytes.insert(example.text.as_str());
            classes.insert(example.classes.as_slice());
            if earlier > 0 {
                counts.exact += u64::from(!is_new);
                counts.normalised += u64::from(is_new);
                counts.conflicting += u64::from(classes.len() > 1);
            }
        }
    }
    counts
}

impl LeakReport {
    /// Examples that stand on two sides, of all kinds.
    pub fn leaked(&self) -> u64 {
        let all = [
            &self.test_in_train,
            &self.test_in_validation,
            &self.validation_in_train,
        ];
        all.iter().map(|crossing| crossing.leaked()).sum()
    }
}

impl Crossing {
    /// Examples of all kinds.
    pub fn leaked(&self) -> u64 {
        self.exact + self.normalised + self.near
    }
}

impl fmt::Display for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {}: {} byte for byte, {} once normalised, {} nearly; {} with other labels",
            self.leaked(),
            self.examples,
            self.exact,
            self.normalised,
            self.near,
            self.conflicting
        )
    }
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "test in train: {}", self.test_in_train)?;
        writeln!(f, "test in validation: {}", self.test_in_validation)?;
        write!(f, "validation in train: {}", self.validation_in_train)
    }
}
