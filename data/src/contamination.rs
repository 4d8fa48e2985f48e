//! Contamination: texts of an evaluation that stand in the training text.
//!
//! GPT-3's way (Brown et al. 2020, appendix C, <https://arxiv.org/abs/2005.14165>): every run of 13
//! words, without case and punctuation, of the evaluations is looked for. What is found is cut out
//! with 200 characters on either side; what is left in pieces of fewer than 200 characters goes, and
//! so does all of a document that falls into more than ten pieces. GPT-3 first forgot n-grams that stand in
//! more than ten training documents, common phrases and legal formulas: [`Evaluations::count`] and
//! [`Evaluations::forget_common`] do it, where a caller reads the documents twice; preparing does not.
//!
//! Words are those of [`Words`], with their numbers: sums differ in nothing else.
//!
//! Memory: about 30 bytes for each different n-gram of the evaluations.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::dedup::{MOST_WORDS, Ngrams, Numbers, SettingError, Words};

/// The widest window of a cut, in characters: it is walked for each hit, and whoever wants to cut
/// more than some pages may as well remove the document.
const MOST_WINDOW: usize = 10_000;

/// What is looked for, and what is done where it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contamination {
    /// Words in an n-gram.
    pub words: usize,
    /// An evaluation text of fewer words than an n-gram is looked for whole if it has this many, as
    /// GPT-3's shortest n-grams; otherwise it is ignored and counted.
    pub shortest: usize,
    /// What is done with a document in which an n-gram stands.
    pub action: Action,
}

impl Default for Contamination {
    fn default() -> Self {
        Self {
            words: 13,
            shortest: 8,
            action: Action::Remove,
        }
    }
}

/// What is done with a contaminated document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Action {
    /// It stays as it is.
    Report,
    /// It goes.
    Remove,
    /// What was found is cut out of it. The numbers that may be left out are GPT-3's.
    Cut {
        /// Characters that go on either side.
        #[serde(default = "gpt3_chars")]
        window: usize,
        /// A piece of fewer characters goes.
        #[serde(default = "gpt3_chars")]
        min_chars: usize,
        /// A document that falls into more pieces, short ones included, goes.
        #[serde(default = "gpt3_pieces")]
        max_pieces: usize,
    },
}

fn gpt3_chars() -> usize {
    200
}

fn gpt3_pieces() -> usize {
    10
}

/// A place where a text of an evaluation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Words of the document, counted from 0: one n-gram, or several that overlap or follow on.
    pub words: Range<usize>,
    /// The same in bytes.
    pub bytes: Range<usize>,
    /// Number of the evaluation; of several that share an n-gram, the least.
    pub evaluation: u32,
}

/// What is left of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Whole,
    /// These pieces, in bytes: each a document of its own.
    Pieces(Vec<Range<usize>>),
    /// Nothing.
    Gone,
}

/// The n-grams of evaluations.
#[derive(Clone, Debug)]
pub struct Evaluations {
    rules: Contamination,
    /// Evaluations by n-gram, for each length that occurs.
    ngrams: BTreeMap<usize, HashMap<u64, u32, AsIs>>,
    ignored: u64,
}

/// In how many documents each n-gram of the evaluations stands.
#[derive(Clone, Debug, Default)]
pub struct NgramCounts(HashMap<u64, u32, AsIs>);

impl NgramCounts {
    /// Adds the counts of other documents.
    pub fn add(&mut self, other: &Self) {
        for (&ngram, &count) in &other.0 {
            let sum = self.0.entry(ngram).or_default();
            *sum = sum.saturating_add(count);
        }
    }
}

impl Evaluations {
    /// None yet.
    ///
    /// # Errors
    /// Lengths that cannot be worked with.
    pub fn new(rules: &Contamination) -> Result<Self, SettingError> {
        SettingError::check("words", rules.words, 1, MOST_WORDS)?;
        SettingError::check("shortest", rules.shortest, 1, rules.words)?;
        if let Action::Cut { window, .. } = rules.action {
            SettingError::check("window", window, 0, MOST_WINDOW)?;
        }
        Ok(Self {
            rules: *rules,
            ngrams: BTreeMap::new(),
            ignored: 0,
        })
    }

    /// Adds a text of an evaluation: a question with its answer, a passage.
    pub fn add(&mut self, evaluation: u32, text: &str) {
        let mut ngrams = Ngrams::new(self.rules.words);
        let mut whole = true;
        for word in Words::new(text, Numbers::Kept) {
            if let Some(ngram) = ngrams.push(word.hash) {
                self.insert(self.rules.words, ngram, evaluation);
                whole = false;
            }
        }
        match ngrams.hash() {
            Some(ngram) if whole && ngrams.words() >= self.rules.shortest => {
                self.insert(ngrams.words(), ngram, evaluation);
            }
            _ => self.ignored += u64::from(whole),
        }
    }

    fn insert(&mut self, words: usize, ngram: u64, evaluation: u32) {
        let known = self.ngrams.entry(words).or_default();
        let least = known.entry(ngram).or_insert(evaluation);
        *least = evaluation.min(*least);
    }

    /// Different n-grams.
    pub fn ngrams(&self) -> usize {
        self.ngrams.values().map(HashMap::len).sum()
    }

    /// Texts that were too short.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Where the evaluations stand in a text, in order.
    ///
    /// Time grows with the text, times the lengths of n-grams that occur.
    pub fn hits(&self, text: &str) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut last: HashMap<u32, usize> = HashMap::new();
        self.scan(text, |hit, _| match last.get(&hit.evaluation) {
            Some(&at) if hit.words.start <= hits[at].words.end => extend(&mut hits[at], &hit),
            _ => {
                last.insert(hit.evaluation, hits.len());
                hits.push(hit);
            }
        });
        // A longer n-gram that ended later may reach back over a shorter one and the gap before it.
        hits.sort_unstable_by_key(|hit| (hit.evaluation, hit.words.start));
        hits.dedup_by(|hit, before| {
            let joins = hit.evaluation == before.evaluation && hit.words.start <= before.words.end;
            if joins {
                extend(before, hit);
            }
            joins
        });
        hits.sort_unstable_by_key(|hit| (hit.words.start, hit.evaluation));
        hits
    }

    /// Calls `found` with each n-gram that stands in the text, in the order of their ends.
    fn scan(&self, text: &str, mut found: impl FnMut(Hit, u64)) {
        if self.ngrams.is_empty() {
            return;
        }
        // Where the last words begin: word i at i modulo their number.
        let mut starts = [0; MOST_WORDS];
        let mut rolled: Vec<_> = self
            .ngrams
            .iter()
            .map(|(&words, known)| (words, Ngrams::new(words), known))
            .collect();
        for (number, word) in Words::new(text, Numbers::Kept).enumerate() {
            starts[number % MOST_WORDS] = word.start;
            for (words, ngrams, known) in &mut rolled {
                let Some(ngram) = ngrams.push(word.hash) else {
                    continue;
                };
                if let Some(&evaluation) = known.get(&ngram) {
                    let first = number + 1 - *words;
                    let hit = Hit {
                        words: first..number + 1,
                        bytes: starts[first % MOST_WORDS]..word.end,
                        evaluation,
                    };
                    found(hit, ngram);
                }
            }
        }
    }

    /// What is left of a text in which there are these [hits](Self::hits).
    pub fn outcome(&self, text: &str, hits: &[Hit]) -> Outcome {
        match self.rules.action {
            _ if hits.is_empty() => Outcome::Whole,
            Action::Report => Outcome::Whole,
            Action::Remove => Outcome::Gone,
            Action::Cut {
                window,
                min_chars,
                max_pieces,
            } => {
                let mut pieces = Vec::new();
                let mut at = 0;
                for hit in hits {
                    let before = text.get(at..hit.bytes.start).unwrap_or_default();
                    let length = without_last(before, window);
                    if length > 0 {
                        pieces.push(at..at + length);
                    }
                    at = at.max(hit.bytes.end + of_first(&text[hit.bytes.end..], window));
                }
                if at < text.len() {
                    pieces.push(at..text.len());
                }
                if pieces.len() > max_pieces {
                    return Outcome::Gone;
                }
                pieces.retain(|piece| {
                    text[piece.clone()].chars().take(min_chars).count() == min_chars
                });
                if pieces.is_empty() {
                    return Outcome::Gone;
                }
                Outcome::Pieces(pieces)
            }
        }
    }

    /// Counts a training document: one for each different n-gram that stands in it.
    pub fn count(&self, text: &str, counts: &mut NgramCounts) {
        let mut seen: HashSet<u64, AsIs> = HashSet::default();
        self.scan(text, |_, ngram| {
            if seen.insert(ngram) {
                let count = counts.0.entry(ngram).or_default();
                *count = count.saturating_add(1);
            }
        });
    }

    /// Forgets the n-grams that stand in more than `most` documents, 10 in GPT-3; returns how many.
    pub fn forget_common(&mut self, counts: &NgramCounts, most: u32) -> usize {
        let before = self.ngrams();
        for known in self.ngrams.values_mut() {
            known.retain(|ngram, _| counts.0.get(ngram).is_none_or(|&count| count <= most));
        }
        before - self.ngrams()
    }
}

fn extend(hit: &mut Hit, other: &Hit) {
    hit.words = hit.words.start.min(other.words.start)..hit.words.end.max(other.words.end);
    hit.bytes = hit.bytes.start.min(other.bytes.start)..hit.bytes.end.max(other.bytes.end);
}

/// Bytes of a text without its last `chars` characters.
fn without_last(text: &str, chars: usize) -> usize {
    match chars.checked_sub(1) {
        Some(passed) => text
            .char_indices()
            .rev()
            .nth(passed)
            .map_or(0, |(at, _)| at),
        None => text.len(),
    }
}

/// Bytes of the first `chars` characters of a text.
fn of_first(text: &str, chars: usize) -> usize {
    text.char_indices()
        .nth(chars)
        .map_or(text.len(), |(at, _)| at)
}

/// N-grams are hashes already.
type AsIs = BuildHasherDefault<Identity>;

/// Gives a number as its own hash.
#[derive(Clone, Copy, Debug, Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
}

#[cfg(test)]
mod tests;
