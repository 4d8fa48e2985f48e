//! Pairs of one file, a pair a line: `source<TAB>target`, or JSON Lines with two fields.
//!
//! One pair is held at a time, and none is changed but for its encoding.

use std::io::{BufRead, Read};

use super::SourceError;
use super::encoding::{Decoded, decode, not_utf8};
use super::json_line::Fields;
use super::jsonl::MAX_LINE_BYTES;
use super::stream::Stream;
use crate::recipe::{Encoding, OnBadLine};

/// How a line holds a pair.
#[derive(Clone, Debug)]
pub(super) enum PairLine {
    /// Source, tab, target.
    Tsv,
    /// A JSON object; blank lines are passed over.
    Jsonl { source: String, target: String },
}

/// Why a line is no pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// This many tabs instead of one.
    Columns(usize),
    /// Nothing to translate, or no translation.
    Empty(&'static str),
    /// JSON that does not hold two texts.
    Json(String),
    /// Not UTF-8: the first such byte.
    Encoding(u8),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instead = "where `source<TAB>target` should be";
        match self {
            Self::Columns(0) => write!(f, "no tab {instead}"),
            Self::Columns(tabs) => write!(f, "{tabs} tabs {instead}"),
            Self::Empty(side) => write!(f, "the {side} is empty; both sides need text"),
            Self::Json(message) => f.write_str(message),
            Self::Encoding(byte) => f.write_str(&not_utf8(*byte)),
        }
    }
}

/// What a line holds.
#[derive(Debug)]
pub(super) enum PairItem {
    Pair {
        source: String,
        target: String,
        /// Invalid byte sequences that became U+FFFD.
        replaced: u64,
        /// Its number in the file, blank lines of JSON not counted, from 0.
        index: u64,
    },
    /// A line left out.
    Bad(Fault),
}

/// The pairs of one file.
pub(super) struct PairLines {
    stream: Stream,
    encoding: Encoding,
    form: PairLine,
    bad_lines: OnBadLine,
    line: u64,
    offset: u64,
    index: u64,
}

impl PairLines {
    pub(super) fn new(
        stream: Stream,
        encoding: Encoding,
        form: PairLine,
        bad_lines: OnBadLine,
    ) -> Self {
        Self {
            stream,
            encoding,
            form,
            bad_lines,
            line: 0,
            offset: 0,
            index: 0,
        }
    }

    /// The number of the line read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn next(&mut self) -> Result<Option<PairItem>, SourceError> {
        loop {
            let offset = self.offset;
            let Some(bytes) = self.read_line()? else {
                return Ok(None);
            };
            let is_json = matches!(self.form, PairLine::Jsonl { .. });
            if is_json && bytes.trim_ascii().is_empty() {
                continue;
            }
            let index = self.index;
            self.index += 1;
            let (line, replaced) = match decode(bytes, self.encoding) {
                Decoded::Text(line, replaced) => (line, replaced),
                Decoded::Skipped(_, byte) => {
                    return Ok(Some(PairItem::Bad(Fault::Encoding(byte))));
                }
                Decoded::Stopped(at, byte) => {
                    return Err(SourceError::Encoding {
                        path: format!("{}:{}", self.stream.path, self.line),
                        offset: offset + at as u64,
                        byte,
                    });
                }
            };
            return match (self.pair(&line), self.bad_lines) {
                (Ok((source, target)), _) => Ok(Some(PairItem::Pair {
                    source,
                    target,
                    replaced,
                    index,
                })),
                (Err(fault), OnBadLine::Skip) => Ok(Some(PairItem::Bad(fault))),
                (Err(fault), OnBadLine::Stop) => Err(SourceError::BadLine {
                    path: self.stream.path.clone(),
                    line: self.line,
                    message: fault.to_string(),
                }),
            };
        }
    }

    /// A line without its end; `None` at the end of the stream.
    fn read_line(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let mut bytes = Vec::new();
        let read = (&mut self.stream.input)
            .take(MAX_LINE_BYTES as u64 + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| self.stream.fault(error))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.offset += read as u64;
        if read > MAX_LINE_BYTES {
            return Err(SourceError::LongLine {
                path: self.stream.path.clone(),
                line: self.line,
                limit: MAX_LINE_BYTES,
                right: "is this one pair a line?",
            });
        }
        for end in [b'\n', b'\r'] {
            if bytes.last() == Some(&end) {
                bytes.pop();
            }
        }
        Ok(Some(bytes))
    }

    fn pair(&self, line: &str) -> Result<(String, String), Fault> {
        // A byte order mark before the first line is no part of it.
        let line = match self.line {
            1 => line.strip_prefix('\u{FEFF}').unwrap_or(line),
            _ => line,
        };
        let (source, target) = match &self.form {
            PairLine::Tsv => match line.split_once('\t') {
                Some((source, target)) if !target.contains('\t') => {
                    (source.to_owned(), target.to_owned())
                }
                _ => return Err(Fault::Columns(line.matches('\t').count())),
            },
            PairLine::Jsonl { source, target } => {
                let mut fields = Fields::of(line, &[source, target]).map_err(Fault::Json)?;
                let mut text = |name: &str| fields.text(name).map_err(Fault::Json);
                (text(source)?, text(target)?)
            }
        };
        for (side, text) in [("source", &source), ("target", &target)] {
            if text.trim().is_empty() {
                return Err(Fault::Empty(side));
            }
        }
        Ok((source, target))
    }
}

#[cfg(test)]
mod tests;
