//! The stream of documents, file after file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::inputs::{Form, Planned};
use super::jsonl::JsonlReader;
use super::text::TextReader;
use super::{Item, SourceError};
use crate::document::{Document, MAX_DOCUMENT_BYTES};
use crate::recipe::Encoding;

/// Documents as they are read. One file is open at a time, and one document is held.
///
/// The first fault ends the stream.
pub struct Documents {
    plan: Arc<[Planned<Form>]>,
    encoding: Encoding,
    /// The file being read, or the next one.
    at: usize,
    reader: Option<Reader>,
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
}

enum Reader {
    Text(TextReader),
    Jsonl(JsonlReader),
}

impl Documents {
    pub(super) fn new(plan: Arc<[Planned<Form>]>, encoding: Encoding) -> Self {
        Self {
            plan,
            encoding,
            at: 0,
            reader: None,
            counts: ReadCounts::default(),
        }
    }

    /// What reading met so far.
    pub fn counts(&self) -> ReadCounts {
        self.counts.clone()
    }

    fn open(&self, planned: &Planned<Form>) -> Result<Reader, SourceError> {
        let mut stream = planned.open()?;
        Ok(match &planned.form {
            Form::Text { separator } => {
                stream.check_text()?;
                let separator = separator.as_deref();
                let reader = TextReader::new(stream, self.encoding, separator, MAX_DOCUMENT_BYTES);
                Reader::Text(reader)
            }
            Form::Jsonl { field, bad_lines } => {
                Reader::Jsonl(JsonlReader::new(stream, self.encoding, field, *bad_lines))
            }
        })
    }

    /// The next document, or the next file's first.
    fn advance(&mut self) -> Result<Option<Document>, SourceError> {
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
            let item = match reader {
                Reader::Text(reader) => reader.next()?,
                Reader::Jsonl(reader) => reader.next()?,
            };
            match item {
                None => {
                    self.reader = None;
                    self.at += 1;
                }
                Some(Item::BadEncoding) => self.counts.encoding_skipped += 1,
                Some(Item::BadLine) => self.counts.bad_lines_skipped += 1,
                Some(Item::Document {
                    text,
                    replaced,
                    index,
                    continues,
                }) => {
                    self.counts.documents += u64::from(!continues);
                    self.counts.bytes += text.len() as u64;
                    self.counts.encoding_replaced += replaced;
                    return Ok(Some(planned.document(text, index, continues)));
                }
            }
        }
        Ok(None)
    }
}

impl Planned<Form> {
    fn document(&self, text: String, index_in_file: u64, continues: bool) -> Document {
        Document {
            text,
            source: self.source.clone(),
            path: self.name.clone(),
            group: self.group.clone(),
            package: self.package.clone(),
            licence: self.licence.clone(),
            index_in_file,
            continues,
        }
    }
}

impl Iterator for Documents {
    type Item = Result<Document, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.at = self.plan.len();
            self.reader = None;
        }
        next.transpose()
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents")
            .field("file", &self.at)
            .field("files", &self.plan.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
