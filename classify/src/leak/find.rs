//! Finds texts that stand on two sides.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::LeakError;
use super::bands::{Bands, Cut};
use super::minhash::{Orders, Signature, estimate};
use super::normal::normalise;
use super::shingles::{jaccard, set};
use crate::labelled::Labelled;
use crate::split::{Side, Split, SplitError};

/// How two texts are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Byte for byte.
    Exact,
    /// Once they are [normalised](super::normalise).
    Normalised,
    /// Nearly: most runs of five characters, once normalised.
    Near,
}

/// An example whose text stands on another side too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leak {
    /// The example, an index.
    pub example: usize,
    /// The one on the other side that is most like it.
    pub other: usize,
    /// How they are the same.
    pub kind: Kind,
    /// The Jaccard similarity of their runs; 1 unless the kind is [`Kind::Near`].
    pub similarity: f64,
    /// Whether one on the other side that is the same in this way has other classes; `other` is
    /// such a one then.
    pub conflicting: bool,
}

/// What to do about leaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DropLeaked {
    /// Nothing: they are reported.
    #[default]
    None,
    /// Train loses what stands in validation or test, and validation what stands in test: the test
    /// stays as it was published.
    FromTrain,
    /// Test loses what stands in train or validation, and validation what stands in train.
    FromTest,
}

/// The leaks of a split.
pub struct Leaks<'a> {
    pub(super) labelled: &'a Labelled,
    pub(super) split: &'a Split,
    pub(super) threshold: f64,
    pub(super) texts: Vec<Text>,
    signatures: Vec<Signature>,
    bands: [Bands; 3],
    pub(super) test_in_train: Vec<Leak>,
    pub(super) test_in_validation: Vec<Leak>,
    pub(super) validation_in_train: Vec<Leak>,
}

pub(super) struct Text {
    normalised: String,
    /// Examples that say it, for each side, ascending.
    pub(super) on: [Vec<usize>; 3],
}

/// No more near duplicates of a text are looked at for conflicting labels: thousands of copies of
/// one message would take minutes and say no more.
const NEIGHBOURS: usize = 64;
/// A candidate whose signature speaks so clearly against it is not looked at: five standard
/// deviations at the default threshold, four at the lowest.
const DOUBT: f64 = 0.2;

impl<'a> Leaks<'a> {
    /// Looks for duplicates between the sides; near ones from a similarity of `threshold`.
    ///
    /// # Errors
    /// A threshold below 0.5 or above 1.
    pub fn find(
        labelled: &'a Labelled,
        split: &'a Split,
        threshold: f64,
    ) -> Result<Self, LeakError> {
        if !(0.5..=1.0).contains(&threshold) {
            return Err(LeakError::Threshold(threshold));
        }
        let texts = texts(labelled, split);
        let orders = Orders::new();
        let signatures: Vec<Signature> = texts
            .par_iter()
            .map(|text| orders.signature(&text.normalised))
            .collect();
        let cut = Cut::at(threshold);
        let bands = [Side::Train, Side::Validation, Side::Test].map(|side| {
            let on_side =
                (0..texts.len()).filter(|&text| !texts[text].on[side as usize].is_empty());
            let on_side: Vec<u32> = on_side.map(|text| text as u32).collect();
            Bands::new(cut, &on_side, &signatures)
        });
        let mut leaks = Self {
            labelled,
            split,
            threshold,
            texts,
            signatures,
            bands,
            test_in_train: Vec::new(),
            test_in_validation: Vec::new(),
            validation_in_train: Vec::new(),
        };
        leaks.test_in_train = leaks.between(Side::Test, Side::Train);
        leaks.test_in_validation = leaks.between(Side::Test, Side::Validation);
        leaks.validation_in_train = leaks.between(Side::Validation, Side::Train);
        Ok(leaks)
    }

    /// Test examples that stand in train, in the order of their indices.
    pub fn test_in_train(&self) -> &[Leak] {
        &self.test_in_train
    }

    /// Test examples that stand in validation, in the order of their indices.
    pub fn test_in_validation(&self) -> &[Leak] {
        &self.test_in_validation
    }

    /// Validation examples that stand in train, in the order of their indices.
    pub fn validation_in_train(&self) -> &[Leak] {
        &self.validation_in_train
    }

    /// The test side without what stands in train, up to `kind`: [`Kind::Exact`] leaves out
    /// copies, [`Kind::Near`] everything that was found.
    pub fn deduplicated_test(&self, kind: Kind) -> Vec<usize> {
        let leaked = self.test_in_train.iter().filter(|leak| leak.kind <= kind);
        without(&self.split.test, leaked)
    }

    /// The split without its leaks of all kinds.
    ///
    /// # Errors
    /// A side of which nothing is left, a class that nothing is learned about any more.
    pub fn dropping(&self, drop: DropLeaked) -> Result<Split, SplitError> {
        let Split {
            train,
            validation,
            test,
        } = self.split;
        let split = match drop {
            DropLeaked::None => return Ok(self.split.clone()),
            DropLeaked::FromTrain => {
                let in_validation = self.between(Side::Train, Side::Validation);
                let in_test = self.between(Side::Train, Side::Test);
                let validation_in_test = self.between(Side::Validation, Side::Test);
                Split {
                    train: without(train, in_validation.iter().chain(&in_test)),
                    validation: without(validation, validation_in_test.iter()),
                    test: test.clone(),
                }
            }
            DropLeaked::FromTest => {
                let leaked = self.test_in_train.iter().chain(&self.test_in_validation);
                Split {
                    train: train.clone(),
                    validation: without(validation, self.validation_in_train.iter()),
                    test: without(test, leaked),
                }
            }
        };
        split.check([validation.is_empty(), test.is_empty()], self.labelled)?;
        Ok(split)
    }

    /// The examples of `side` that stand in `other`.
    fn between(&self, side: Side, other: Side) -> Vec<Leak> {
        if self.split.side(other).is_empty() {
            return Vec::new();
        }
        let texts = self.texts.par_iter().enumerate();
        let leaks = texts.flat_map_iter(|(text, Text { on, .. })| {
            let here = &on[side as usize];
            let there = &on[other as usize];
            // Only who has no copy is asked for near ones.
            let near = match here.is_empty() || !there.is_empty() {
                true => Vec::new(),
                false => self.near(text, other),
            };
            let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
            for &other in there.iter().filter(|_| !here.is_empty()) {
                let text = self.labelled.examples[other].text.as_str();
                exact.entry(text).or_default().push(other);
            }
            let leaks = here.iter().filter_map(|&example| {
                let text = self.labelled.examples[example].text.as_str();
                if let Some(others) = exact.get(text) {
                    self.leak(
                        example,
                        Kind::Exact,
                        others.iter().map(|&other| (other, 1.0)),
                    )
                } else if !there.is_empty() {
                    self.leak(
                        example,
                        Kind::Normalised,
                        there.iter().map(|&other| (other, 1.0)),
                    )
                } else {
                    self.leak(example, Kind::Near, near.iter().copied())
                }
            });
            leaks.collect::<Vec<_>>()
        });
        let mut leaks: Vec<Leak> = leaks.collect();
        leaks.sort_unstable_by_key(|leak| leak.example);
        leaks
    }

    /// The examples of a side that are near duplicates of a text, most similar first.
    fn near(&self, text: usize, side: Side) -> Vec<(usize, f64)> {
        let signature = &self.signatures[text];
        let mut own = None;
        let mut seen = HashSet::from([text as u32]);
        let mut found = Vec::new();
        for other in self.bands[side as usize].candidates(signature) {
            let guess = estimate(signature, &self.signatures[other as usize]);
            if guess < self.threshold - DOUBT || !seen.insert(other) {
                continue;
            }
            let own = own.get_or_insert_with(|| set(&self.texts[text].normalised));
            let similarity = jaccard(own, &set(&self.texts[other as usize].normalised));
            if similarity >= self.threshold {
                found.push((other, similarity));
                if found.len() == NEIGHBOURS {
                    break;
                }
            }
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let examples = found.into_iter().flat_map(|(text, similarity)| {
            let examples = self.texts[text as usize].on[side as usize].iter();
            examples.map(move |&example| (example, similarity))
        });
        examples.collect()
    }

    /// The leak of an example that is the same as `others` in this way; `None` where there are none.
    fn leak(
        &self,
        example: usize,
        kind: Kind,
        mut others: impl Iterator<Item = (usize, f64)> + Clone,
    ) -> Option<Leak> {
        let examples = &self.labelled.examples;
        let conflict = others
            .clone()
            .find(|&(other, _)| examples[other].classes != examples[example].classes);
        let (other, similarity) = conflict.or_else(|| others.next())?;
        Some(Leak {
            example,
            other,
            kind,
            similarity,
            conflicting: conflict.is_some(),
        })
    }
}

/// The normalised texts of a split, each once, and which of them an example says.
fn texts(labelled: &Labelled, split: &Split) -> Vec<Text> {
    let sides = [Side::Train, Side::Validation, Side::Test];
    let used = sides
        .iter()
        .flat_map(|&side| split.side(side).iter().map(move |&i| (side, i)));
    let used: Vec<(Side, usize)> = used.collect();
    let normalised: Vec<String> = used
        .par_iter()
        .map(|&(_, i)| normalise(&labelled.examples[i].text))
        .collect();
    let mut numbers: HashMap<String, usize> = HashMap::with_capacity(used.len());
    let mut texts: Vec<Text> = Vec::new();
    for ((side, i), normalised) in used.into_iter().zip(normalised) {
        let number = *numbers.entry(normalised).or_insert_with_key(|normalised| {
            texts.push(Text {
                normalised: normalised.clone(),
                on: Default::default(),
            });
            texts.len() - 1
        });
        texts[number].on[side as usize].push(i);
    }
    texts
}

fn without<'a>(side: &[usize], leaked: impl Iterator<Item = &'a Leak>) -> Vec<usize> {
    let leaked: HashSet<usize> = leaked.map(|leak| leak.example).collect();
    let kept = side.iter().copied();
    kept.filter(|example| !leaked.contains(example)).collect()
}
