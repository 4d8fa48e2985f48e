//! The stream of documents, file after file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::forms::{FileReader, Form};
use super::inputs::Planned;
use super::{At, Item, Piece, SourceError, Unread, What};
use crate::document::Document;
use crate::recipe::{Encoding, OnBadLine};
use crate::sample::{Sample, Samples};

/// Why a file is left out that has neither a document nor anything else in it.
const NOTHING: &str = "empty file";
/// Why a page is left out that no link of the source's lists leads to.
const NOT_LINKED: &str = "not in the list of links";

/// Documents as they are read. One file is open at a time, and one document is held.
///
/// The first fault ends the stream.
pub struct Documents {
    plan: Arc<[Planned<Form>]>,
    encoding: Encoding,
    /// The file being read, or the next one.
    at: usize,
    /// The file behind the last one.
    end: usize,
    reader: Option<FileReader>,
    /// Something was found in the file.
    found: bool,
    /// The last piece said that its text goes on: the number of that document.
    open: Option<u64>,
    counts: ReadCounts,
}

/// What reading met so far; complete when the stream has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadCounts {
    /// Documents yielded; the pieces of a long one count as one.
    pub documents: u64,
    /// Bytes of text yielded.
    pub bytes: u64,
    /// Invalid byte sequences that became U+FFFD.
    pub encoding_replaced: u64,
    /// Documents left out because they are not UTF-8.
    pub encoding_skipped: u64,
    /// JSON lines left out.
    pub bad_lines_skipped: u64,
    /// Records left out because they cannot be read.
    #[serde(default)]
    pub damaged_skipped: u64,
    /// Files that break off or do not unpack, read up to that place: a sentence each.
    #[serde(default)]
    pub broken_files: Vec<String>,
    /// Records that hold no document by their format's rules, by reason.
    #[serde(default)]
    pub left_out: BTreeMap<String, u64>,
    /// Some of what was left out: where it stands, and what was found.
    #[serde(default)]
    pub samples: Samples,
}

/// What documents, lines and records are called that cannot be read.
const NOT_ENCODED: &str = "not in their encoding";
pub(super) const BAD_LINES: &str = "bad lines";
const DAMAGED: &str = "damaged records";

impl ReadCounts {
    /// Adds the counts of another part of the same sources.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.encoding_replaced += other.encoding_replaced;
        self.encoding_skipped += other.encoding_skipped;
        self.bad_lines_skipped += other.bad_lines_skipped;
        self.damaged_skipped += other.damaged_skipped;
        self.broken_files.extend_from_slice(&other.broken_files);
        for (reason, count) in &other.left_out {
            *self.left_out.entry(reason.clone()).or_default() += count;
        }
        self.samples.add(&other.samples);
    }

    /// Documents, lines and records that were left out because they cannot be read, by what they are called.
    pub fn unread(&self) -> [(&'static str, u64); 3] {
        [
            (NOT_ENCODED, self.encoding_skipped),
            (BAD_LINES, self.bad_lines_skipped),
            (DAMAGED, self.damaged_skipped),
        ]
    }

    fn leave_out(&mut self, reason: &str, sample: impl FnOnce() -> Sample) {
        *self.left_out.entry(reason.to_owned()).or_default() += 1;
        self.samples.keep(reason, sample);
    }

    /// Some of what cannot be read.
    pub fn faults(&self) -> impl Iterator<Item = &Sample> {
        let unread = self.unread().map(|(name, _)| name);
        let samples = self.samples.iter();
        samples.filter(move |sample| unread.contains(&sample.reason.as_str()))
    }

    fn leave_unread(&mut self, path: &str, unread: &Unread) {
        let (name, count) = match unread.what {
            What::Encoding => (NOT_ENCODED, &mut self.encoding_skipped),
            What::Line => (BAD_LINES, &mut self.bad_lines_skipped),
            What::Record => (DAMAGED, &mut self.damaged_skipped),
        };
        *count += 1;
        let sample = || Sample::at(unread.at.of(path), &unread.message);
        self.samples.keep(name, sample);
    }
}

impl Documents {
    pub(super) fn new(plan: Arc<[Planned<Form>]>, encoding: Encoding) -> Self {
        let all = 0..plan.len();
        Self::of(plan, all, encoding)
    }

    /// The documents of a range of the files.
    pub(super) fn of(plan: Arc<[Planned<Form>]>, files: Range<usize>, encoding: Encoding) -> Self {
        Self {
            plan,
            encoding,
            at: files.start,
            end: files.end,
            reader: None,
            found: false,
            open: None,
            counts: ReadCounts::default(),
        }
    }

    /// What reading met so far.
    pub fn counts(&self) -> ReadCounts {
        self.counts.clone()
    }

    /// The next document, or the next file's first.
    fn advance(&mut self) -> Result<Option<Document>, SourceError> {
        let plan = Arc::clone(&self.plan);
        while let Some(planned) = plan.get(self.at)
            && self.at < self.end
        {
            let item = match &mut self.reader {
                Some(reader) => reader.next(),
                None => match planned.reader(self.encoding) {
                    Ok(reader) => {
                        self.found = false;
                        self.reader.insert(reader).next()
                    }
                    Err(SourceError::NotText { what, .. }) if self.encoding == Encoding::Skip => {
                        let unread = Unread {
                            what: What::Encoding,
                            at: At::Byte(0),
                            message: what,
                        };
                        self.counts.leave_unread(&planned.name, &unread);
                        self.at += 1;
                        continue;
                    }
                    Err(fault) => Err(fault),
                },
            };
            let item = match item {
                Err(fault) if planned.bad_lines == OnBadLine::Skip && fault.is_of_one_file() => {
                    self.counts.broken_files.push(fault.found());
                    self.found = true;
                    None
                }
                item => item?,
            };
            // What breaks off in the middle of a text ends it; the next one does not continue it.
            if matches!(item, None | Some(Item::Unread(_)))
                && let Some(index) = self.open.take()
            {
                if let Some(Item::Unread(unread)) = item {
                    self.counts.leave_unread(&planned.name, &unread);
                } else {
                    self.reader = None;
                    self.at += 1;
                }
                self.counts.documents += 1;
                return Ok(Some(planned.document(Piece {
                    index,
                    ..Piece::default()
                })));
            }
            self.found |= item.is_some();
            match item {
                None => {
                    if !self.found {
                        let sample = || Sample::at(planned.name.clone(), "");
                        self.counts.leave_out(NOTHING, sample);
                    }
                    self.reader = None;
                    self.at += 1;
                }
                Some(Item::Unread(unread)) => self.counts.leave_unread(&planned.name, &unread),
                Some(Item::LeftOut(at, reason)) => {
                    let sample = || Sample::at(at.of(&planned.name), "");
                    self.counts.leave_out(reason, sample);
                }
                Some(Item::Document(piece)) if !planned.leads_to(&piece) => {
                    let sample = || planned.document(piece).sample();
                    self.counts.leave_out(NOT_LINKED, sample);
                }
                Some(Item::Document(piece)) => {
                    self.open = piece.continues.then_some(piece.index);
                    self.counts.documents += u64::from(!piece.continues);
                    self.counts.bytes += piece.text.len() as u64;
                    self.counts.encoding_replaced += piece.replaced;
                    return Ok(Some(planned.document(piece)));
                }
            }
        }
        Ok(None)
    }
}

impl Planned<Form> {
    /// What reads this file.
    fn reader(&self, encoding: Encoding) -> Result<FileReader, SourceError> {
        let stream = self.open()?;
        self.form
            .reader(stream, self.path.as_deref(), encoding, self.bad_lines)
    }

    /// Whether the source's links lead to a document, where only such are kept.
    fn leads_to(&self, piece: &Piece) -> bool {
        let url = piece.origin.url.as_deref();
        let links = self.outlinks.as_ref();
        links.is_none_or(|links| url.is_some_and(|url| links.keeps(url)))
    }

    fn document(&self, piece: Piece) -> Document {
        Document {
            text: piece.text,
            source: self.source.clone(),
            path: self.name.clone(),
            group: self.group.clone(),
            package: self.package.clone(),
            licence: piece.licence.or_else(|| self.licence.clone()),
            index_in_file: piece.index,
            origin: piece.origin,
            continues: piece.continues,
        }
    }
}

impl Iterator for Documents {
    type Item = Result<Document, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.at = self.end;
            self.reader = None;
        }
        next.transpose()
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents")
            .field("file", &self.at)
            .field("end", &self.end)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
