//! What one part came to: what went in, what each step left out, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clean::CleanReport;
use crate::document::Document;
use crate::sample::{Sample, Samples};
use crate::source::{InputFile, ReadCounts};

/// Version of a part's files, and of everything that decides what is in them.
pub(super) const VERSION: u32 = 3;
/// Hosts of a source that are told apart; a host that comes anew is one of the others.
const HOSTS: usize = 20_000;
/// What those are called together. No host is.
const OTHERS: &str = "others";

/// The report of a part: `part-00000.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartReport {
    /// Version of its files.
    pub version: u32,
    /// SHA-256 over everything that decides what is in it, but for the files' times.
    pub key: String,
    /// Its place among the parts, from 0.
    pub number: usize,
    /// The source.
    pub source: String,
    /// The files that it was made from.
    pub files: Vec<InputFile>,
    /// What reading met.
    pub read: ReadCounts,
    /// What cleaning changed and left out.
    pub clean: CleanReport,
    /// What each rule did, in order.
    pub steps: Vec<StepReport>,
    /// Documents, and pieces of long ones, in its file.
    pub documents: u64,
    /// UTF-8 bytes of their text.
    pub bytes: u64,
}

/// What became of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Files that were read.
    pub files: u64,
    /// Their bytes, as they lie on disk.
    pub file_bytes: u64,
    /// What reading met.
    pub read: ReadCounts,
    /// What cleaning changed and left out.
    pub clean: CleanReport,
    /// What each step after it did, in order: the rules, then duplicates.
    pub steps: Vec<StepReport>,
    /// What is kept.
    pub kept: Kept,
}

impl SourceReport {
    /// Before anything is read of it.
    pub(in crate::prepare) fn of_files(files: &[InputFile]) -> Self {
        Self {
            files: files.len() as u64,
            file_bytes: files.iter().map(|file| file.length).sum(),
            ..Self::default()
        }
    }

    /// Adds a part of the source.
    pub(super) fn add(&mut self, part: &PartReport) {
        let files = Self::of_files(&part.files);
        self.files += files.files;
        self.file_bytes += files.file_bytes;
        self.read.add(&part.read);
        self.clean.add(&part.clean);
        for (i, step) in part.steps.iter().enumerate() {
            match self.steps.get_mut(i) {
                Some(sum) => sum.add(step),
                None => self.steps.push(step.clone()),
            }
        }
    }
}

/// The documents that are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Documents; the pieces of a long one count as one.
    pub documents: u64,
    /// UTF-8 bytes of their text.
    pub bytes: u64,
    /// Documents by language, an ISO 639-1 code; `?` where none could be told.
    pub languages: BTreeMap<String, u64>,
    /// Documents by length: number *i* holds those of 2^i to 2^(i+1) − 1 bytes.
    pub lengths: Vec<u64>,
    /// Documents by host, where they have an address; those of hosts that came after 20,000 others together, as
    /// `others`.
    pub hosts: BTreeMap<String, u64>,
}

/// The text whose pieces are being counted.
#[derive(Debug, Default)]
pub(in crate::prepare) struct OpenText {
    begun: bool,
    bytes: u64,
}

/// What one rule did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// The rule's name.
    pub name: String,
    /// Documents that came to it.
    pub documents_in: u64,
    /// Bytes that came to it.
    pub bytes_in: u64,
    /// Documents that it changed.
    pub changed: u64,
    /// Documents that it only told of.
    #[serde(default)]
    pub told: u64,
    /// Documents that it kept.
    pub documents_out: u64,
    /// Bytes that it kept.
    pub bytes_out: u64,
    /// Documents in which it found something, by what that is called: of evaluations, their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<String, u64>,
    /// Documents that it left out, by criterion.
    pub dropped: BTreeMap<String, u64>,
    /// Some of them.
    pub samples: Samples,
}

impl StepReport {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Counts a document that comes to it.
    pub(crate) fn enter(&mut self, text: &str) {
        self.documents_in += 1;
        self.bytes_in += text.len() as u64;
    }

    /// Counts a document that it keeps, as the text that it has become.
    pub(crate) fn leave(&mut self, text: &str) {
        self.documents_out += 1;
        self.bytes_out += text.len() as u64;
    }

    /// Counts a document that is left out; a sample is made where there is room for one.
    pub(crate) fn drop(&mut self, reason: &str, sample: impl FnOnce() -> Sample) {
        *self.dropped.entry(reason.to_owned()).or_default() += 1;
        self.samples.keep(reason, sample);
    }

    /// Counts a document that is told of, and stays.
    pub(crate) fn tell(&mut self, reason: &str, sample: impl FnOnce() -> Sample) {
        self.told += 1;
        self.samples.keep(reason, sample);
    }

    /// Adds what the same rule did to the next piece of one text, which counts as one document.
    pub(crate) fn join(&mut self, piece: &Self) {
        let first = self.documents_in == 0;
        self.add(piece);
        if first {
            return;
        }
        for count in [
            &mut self.documents_in,
            &mut self.changed,
            &mut self.told,
            &mut self.documents_out,
        ]
        .into_iter()
        .chain(self.found.values_mut())
        {
            *count = (*count).min(1);
        }
    }

    /// Adds what the same rule did to another part.
    pub(crate) fn add(&mut self, other: &Self) {
        self.documents_in += other.documents_in;
        self.bytes_in += other.bytes_in;
        self.changed += other.changed;
        self.told += other.told;
        self.documents_out += other.documents_out;
        self.bytes_out += other.bytes_out;
        self.samples.add(&other.samples);
        for (sums, counts) in [
            (&mut self.dropped, &other.dropped),
            (&mut self.found, &other.found),
        ] {
            add(sums, counts);
        }
    }
}

impl Kept {
    /// Counts a document, or the next piece of the `text` that began before it.
    pub(in crate::prepare) fn count(&mut self, document: &Document, text: &mut OpenText) {
        let bytes = document.text.len() as u64;
        self.bytes += bytes;
        text.bytes += bytes;
        if !document.continues {
            let class = text.bytes.max(1).ilog2() as usize;
            if self.lengths.len() <= class {
                self.lengths.resize(class + 1, 0);
            }
            self.lengths[class] += 1;
            text.bytes = 0;
        }
        let begins = !std::mem::replace(&mut text.begun, document.continues);
        if !begins {
            return;
        }
        self.documents += 1;
        let language = document.origin.language.as_deref().unwrap_or("?");
        match self.languages.get_mut(language) {
            Some(count) => *count += 1,
            None => drop(self.languages.insert(language.to_owned(), 1)),
        }
        let Some(host) = document.origin.url.as_deref().and_then(host) else {
            return;
        };
        match self.hosts.get_mut(host) {
            Some(count) => *count += 1,
            None => {
                let name = if self.hosts.len() < HOSTS {
                    host
                } else {
                    OTHERS
                };
                *self.hosts.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    /// Adds what is kept of another source.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        for (sums, counts) in [
            (&mut self.languages, &other.languages),
            (&mut self.hosts, &other.hosts),
        ] {
            add(sums, counts);
        }
        let classes = self.lengths.len().max(other.lengths.len());
        self.lengths.resize(classes, 0);
        for (sum, count) in self.lengths.iter_mut().zip(&other.lengths) {
            *sum += count;
        }
    }
}

/// Adds counts by name.
fn add(sums: &mut BTreeMap<String, u64>, counts: &BTreeMap<String, u64>) {
    for (name, count) in counts {
        *sums.entry(name.clone()).or_default() += count;
    }
}

/// The host of an address: `example.org` of `https://www.example.org:443/a?b`.
fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Origin;

    #[test]
    fn hosts_are_taken_out_of_addresses() {
        for (url, want) in [
            ("https://www.example.org:443/a?b", Some("example.org")),
            ("http://user:word@a.b.c", Some("a.b.c")),
            ("https://x.org?q=/", Some("x.org")),
            ("no address", None),
            ("file:///etc", None),
        ] {
            assert_eq!(host(url), want, "{url}");
        }
    }

    #[test]
    fn what_is_kept_is_counted_by_language_length_and_host() {
        let mut kept = Kept::default();
        let mut open = OpenText::default();
        for (i, text) in ["a", "bb", "слово", &"x".repeat(1000)].iter().enumerate() {
            let document = Document {
                text: (*text).to_owned(),
                origin: Origin {
                    language: (i > 1).then(|| "en".to_owned()),
                    url: Some("https://example.org/a".to_owned()),
                    ..Origin::default()
                },
                // The last is a piece of the one before.
                continues: i == 2,
                ..Document::default()
            };
            kept.count(&document, &mut open);
        }
        assert_eq!((kept.documents, kept.bytes), (3, 1013));
        // 1,010 bytes, together.
        assert_eq!(kept.lengths, [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(
            kept.languages,
            [("?".to_owned(), 2), ("en".to_owned(), 1)].into()
        );
        assert_eq!(kept.hosts, [("example.org".to_owned(), 3)].into());
    }

    #[test]
    fn a_reason_keeps_a_few_samples() {
        let mut step = StepReport::new("rule");
        for i in 0..10 {
            step.drop("short", || Sample::at(format!("document {i}"), "text"));
        }
        step.drop("long", || Sample::at("another".to_owned(), "text"));
        assert_eq!(step.dropped["short"], 10);
        assert_eq!(step.samples.len(), 4);
        let mut sum = step.clone();
        sum.add(&step);
        assert_eq!(sum.dropped["short"], 20);
        assert_eq!(sum.samples.len(), 5);
    }
}
