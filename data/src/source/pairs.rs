//! The stream of pairs, file after file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::inputs::{PairForm, Planned};
use super::pair_lines::{Fault, PairItem, PairLines};
use super::{At, SourceError};
use crate::recipe::Encoding;
use crate::sample::{Sample, Samples};
use crate::shard::Provenance;

/// A text, what it is to become, and where both stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairText {
    /// What is given.
    pub source: String,
    /// What is wanted.
    pub target: String,
    /// The file, and the pair's number in it.
    pub from: Provenance,
    /// Its line in the file, from 1.
    pub line: u64,
    /// The most tokens that either side may have, its end among them.
    pub max_length: usize,
}

/// Pairs as they are read. One file is open at a time, and one pair is held.
///
/// The first fault ends the stream.
pub struct PairTexts {
    plan: Arc<[Planned<PairForm>]>,
    encoding: Encoding,
    /// The file being read, or the next one.
    at: usize,
    reader: Option<PairLines>,
    counts: PairCounts,
}

/// What reading met so far; complete when the stream has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairCounts {
    /// Pairs yielded.
    pub pairs: u64,
    /// Bytes of text yielded, both sides.
    pub bytes: u64,
    /// Invalid byte sequences that became U+FFFD.
    pub encoding_replaced: u64,
    /// Pairs, and whole files, left out because they are not UTF-8.
    pub encoding_skipped: u64,
    /// Lines left out for their tabs: not one.
    pub columns_skipped: u64,
    /// Lines left out because a side has no text.
    pub empty_skipped: u64,
    /// Lines left out because they are not JSON, or not with two texts.
    pub json_skipped: u64,
    /// Some of the lines that were left out: where they stand, and what was found.
    #[serde(default)]
    pub samples: Samples,
}

impl PairCounts {
    fn leave_out(&mut self, path: &str, line: u64, fault: &Fault) {
        let (reason, count) = match fault {
            Fault::Columns(_) => ("not one tab", &mut self.columns_skipped),
            Fault::Empty(_) => ("a side empty", &mut self.empty_skipped),
            Fault::Json(_) => ("not JSON", &mut self.json_skipped),
            Fault::Encoding(_) => ("not UTF-8", &mut self.encoding_skipped),
        };
        *count += 1;
        let sample = || Sample::at(At::Line(line).of(path), &fault.to_string());
        self.samples.keep(reason, sample);
    }

    /// All lines that were left out.
    pub fn skipped(&self) -> u64 {
        self.encoding_skipped + self.columns_skipped + self.empty_skipped + self.json_skipped
    }
}

impl PairTexts {
    pub(super) fn new(plan: Arc<[Planned<PairForm>]>, encoding: Encoding) -> Self {
        Self {
            plan,
            encoding,
            at: 0,
            reader: None,
            counts: PairCounts::default(),
        }
    }

    /// What reading met so far.
    pub fn counts(&self) -> PairCounts {
        self.counts.clone()
    }

    fn open(&self, planned: &Planned<PairForm>) -> Result<PairLines, SourceError> {
        let mut stream = planned.open()?;
        stream.check_text()?;
        let form = planned.form.line.clone();
        let lines = PairLines::new(stream, self.encoding, form, planned.bad_lines);
        Ok(lines)
    }

    /// The next pair, or the next file's first.
    fn advance(&mut self) -> Result<Option<PairText>, SourceError> {
        let plan = Arc::clone(&self.plan);
        while let Some(planned) = plan.get(self.at) {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                None => match self.open(planned) {
                    Ok(reader) => self.reader.insert(reader),
                    Err(SourceError::NotText { .. }) if self.encoding == Encoding::Skip => {
                        self.counts.encoding_skipped += 1;
                        self.at += 1;
                        continue;
                    }
                    Err(fault) => return Err(fault),
                },
            };
            match reader.next()? {
                None => {
                    self.reader = None;
                    self.at += 1;
                }
                Some(PairItem::Bad(fault)) => {
                    let line = reader.line();
                    self.counts.leave_out(&planned.name, line, &fault);
                }
                Some(PairItem::Pair {
                    source,
                    target,
                    replaced,
                    index,
                }) => {
                    let line = reader.line();
                    self.counts.pairs += 1;
                    self.counts.bytes += (source.len() + target.len()) as u64;
                    self.counts.encoding_replaced += replaced;
                    return Ok(Some(PairText {
                        source,
                        target,
                        from: planned.provenance(index),
                        line,
                        max_length: planned.form.max_length,
                    }));
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for PairTexts {
    type Item = Result<PairText, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.at = self.plan.len();
            self.reader = None;
        }
        next.transpose()
    }
}

impl std::fmt::Debug for PairTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairTexts")
            .field("file", &self.at)
            .field("files", &self.plan.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
