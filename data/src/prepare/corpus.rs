//! The clean documents of a recipe, as often as they are needed.
//!
//! Plain text is read two or three times rather than kept: once to count it, once to train a tokenizer, once
//! to encode. What costs more to read, or can be read once, is in [`parts`](super::parts).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::clean::{CleanReport, TOO_SHORT, Verdict, clean};
use crate::document::Document;
use crate::files::hex;
use crate::prepare::parts::{OpenText, SourceReport, Store, pieces};
use crate::recipe::Clean;
use crate::sample::Sample;
use crate::source::{Inputs, ReadCounts};

/// The documents of a recipe.
pub(super) enum Corpus<'a> {
    /// Text that is read again each time, which costs less than to keep it.
    Sources { inputs: &'a Inputs, clean: Clean },
    /// What was read, cleaned and judged once.
    Store(Store),
}

/// What takes a clean document and the SHA-256 of its text.
type Take<'t> = &'t mut dyn FnMut(Document, &[u8; 32]) -> Result<(), Error>;

/// What one reading of everything found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub read: ReadCounts,
    pub clean: CleanReport,
    /// Over the texts that were kept.
    pub fingerprint: String,
    /// Characters of each source.
    pub chars: BTreeMap<String, u64>,
    /// UTF-8 bytes of text that become tokens.
    pub bytes: u64,
    /// What became of each source.
    pub sources: BTreeMap<String, SourceReport>,
}

impl Seen {
    fn count(&mut self, document: &Document) {
        let chars = document.text.chars().count() as u64;
        match self.chars.get_mut(&document.source) {
            Some(sum) => *sum += chars,
            None => drop(self.chars.insert(document.source.clone(), chars)),
        }
    }
}

impl Corpus<'_> {
    /// The first reading: gives every clean document to `take` and counts.
    pub(super) fn scan(
        &self,
        stop: &AtomicBool,
        take: &mut dyn FnMut(&Document) -> Result<(), Error>,
    ) -> Result<Seen, Error> {
        match self {
            Self::Sources { inputs, clean } => {
                read_sources(inputs, clean, stop, &mut |document, _| take(&document))
            }
            Self::Store(store) => {
                let mut seen = Seen::default();
                let mut fingerprint = Fingerprint::default();
                seen.sources = store.scan(stop, &mut |document| {
                    take(document)?;
                    seen.count(document);
                    seen.bytes += document.text.len() as u64;
                    fingerprint.add(&document.text);
                    Ok(())
                })?;
                for source in seen.sources.values() {
                    seen.read.add(&source.read);
                    seen.clean.add(&source.clean);
                }
                seen.fingerprint = fingerprint.finish();
                Ok(seen)
            }
        }
    }

    /// A later reading: gives every clean document, with the SHA-256 of its text, to `take`.
    ///
    /// # Errors
    /// Sources that give another text than the first time; whatever `take` returns.
    pub(super) fn each(
        &self,
        first: &Seen,
        stop: &AtomicBool,
        take: Take<'_>,
    ) -> Result<(), Error> {
        let fingerprint = match self {
            Self::Sources { inputs, clean } => read_sources(inputs, clean, stop, take)?.fingerprint,
            Self::Store(store) => {
                let mut fingerprint = Fingerprint::default();
                store.each(stop, &mut |document| {
                    let sha256 = fingerprint.add(&document.text);
                    take(document, &sha256)
                })?;
                fingerprint.finish()
            }
        };
        if fingerprint == first.fingerprint {
            Ok(())
        } else {
            Err(Error::Changed {
                first: first.fingerprint.clone(),
                second: fingerprint,
            })
        }
    }
}

fn read_sources(
    inputs: &Inputs,
    rules: &Clean,
    stop: &AtomicBool,
    take: Take<'_>,
) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    let mut fingerprint = Fingerprint::default();
    for (source, streams) in inputs.streams() {
        let mut report = SourceReport::of_files(&inputs.files_of(streams.clone()));
        let mut documents = inputs.documents_of(streams, rules);
        let mut in_order = Pieces::default();
        let mut open = OpenText::default();
        // What became of the text whose pieces come.
        let mut text = CleanReport::default();
        for document in documents.by_ref() {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let document = document?;
            let piece = in_order.is_next(&document);
            let continues = document.continues;
            let mut counts = CleanReport::default();
            let document = cleaned(document, piece, rules, &mut counts);
            text.join(&counts);
            if !continues {
                report.clean.add(&std::mem::take(&mut text));
            }
            if let Some(document) = document {
                pieces(document, &mut |document| {
                    seen.count(&document);
                    report.kept.count(&document, &mut open);
                    seen.bytes += document.text.len() as u64;
                    let sha256 = fingerprint.add(&document.text);
                    take(document, &sha256)
                })?;
            }
        }
        report.read = documents.counts();
        seen.read.add(&report.read);
        seen.clean.add(&report.clean);
        seen.sources.insert(source.to_owned(), report);
    }
    seen.fingerprint = fingerprint.finish();
    Ok(seen)
}

/// Tells which documents, as they come in order, are pieces of a longer one.
#[derive(Default)]
pub(super) struct Pieces {
    continued: bool,
}

impl Pieces {
    /// Whether the next document is a piece.
    pub(super) fn is_next(&mut self, document: &Document) -> bool {
        let piece = self.continued || document.continues;
        self.continued = document.continues;
        piece
    }
}

/// The document, clean; `None` where it goes. No piece of a longer text may go by itself.
pub(super) fn cleaned(
    mut document: Document,
    piece: bool,
    rules: &Clean,
    report: &mut CleanReport,
) -> Option<Document> {
    let rules = Clean {
        min_chars: if piece { 0 } else { rules.min_chars },
        ..*rules
    };
    let bytes_in = document.text.len();
    let verdict = clean(std::mem::take(&mut document.text), &rules);
    report.count(bytes_in, &verdict);
    match verdict {
        Verdict::Keep { text, .. } => {
            document.text = text;
            Some(document)
        }
        Verdict::Drop { text, .. } => {
            let sample = || Sample::at(document.place(), &text);
            report.samples.keep(TOO_SHORT, sample);
            None
        }
    }
}

/// A hash over the hashes of all texts.
#[derive(Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(super) fn add(&mut self, text: &str) -> [u8; 32] {
        let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        self.0.update(sha256);
        sha256
    }

    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}
