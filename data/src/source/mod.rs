//! Sources: files, standard input and the cargo corpus as streams of documents, or of pairs.
//!
//! [`Inputs::resolve`] turns a recipe's sources into a fixed list of files before anything is
//! read; [`Inputs::documents`] then streams their documents in that order in bounded memory, and
//! [`Inputs::pairs`] their pairs.

pub mod columns;
mod compression;
pub mod delimited;
mod documents;
mod encoding;
pub mod entry;
mod error;
mod forms;
pub mod gutenberg;
mod gzip;
mod html;
mod inputs;
mod json_line;
mod jsonl;
pub mod latex;
pub mod mediawiki;
mod pair_lines;
mod pairs;
#[cfg(feature = "parquet")]
pub mod parquet;
mod paths;
mod records;
pub mod stackexchange;
mod stream;
#[cfg(test)]
mod tests;
mod text;
pub mod web;
mod xml;
mod zstd;

pub use documents::{Documents, ReadCounts};
pub use error::SourceError;
pub use inputs::{InputFile, Inputs};
pub use pairs::{PairCounts, PairText, PairTexts};
pub use paths::SourceFile;
pub use stream::stdin;
pub use web::LinkReport;

use std::io::Read;

use self::pair_lines::{PairItem, PairLine, PairLines};
use crate::document::Origin;
use crate::recipe::{Encoding, FileFormat, OnBadLine, TableColumns};

/// The texts of a stream's documents, with what cannot be read left out.
pub(crate) fn read_bytes(
    input: impl Read + Send + 'static,
    format: &FileFormat,
    field: &str,
    columns: &TableColumns,
) -> Result<Vec<String>, SourceError> {
    let form = forms::Form::of(format, "bytes", field, columns, None);
    let stream = stream::Stream::new(Box::new(input), "bytes", None)?;
    let mut reader = form.reader(stream, None, Encoding::Replace, OnBadLine::Skip)?;
    let mut texts = Vec::new();
    while let Some(item) = reader.next()? {
        if let Item::Document(piece) = item {
            texts.push(piece.text);
        }
    }
    Ok(texts)
}

/// How many pairs bytes in memory hold, with what is bad left out.
pub(crate) fn count_pairs(
    input: impl Read + Send + 'static,
    json: bool,
) -> Result<usize, SourceError> {
    let form = match json {
        true => PairLine::Jsonl {
            source: "source".to_owned(),
            target: "target".to_owned(),
        },
        false => PairLine::Tsv,
    };
    let stream = stream::Stream::new(Box::new(input), "bytes", None)?;
    let mut lines = PairLines::new(stream, Encoding::Replace, form, OnBadLine::Skip);
    let mut count = 0;
    while let Some(item) = lines.next()? {
        count += usize::from(matches!(item, PairItem::Pair { .. }));
    }
    Ok(count)
}

/// What a reader finds next in a file.
#[derive(Debug)]
enum Item {
    /// A document, or a piece of one.
    Document(Piece),
    /// Something left out because it cannot be read.
    Unread(Unread),
    /// A record without a document, where it stands, and why.
    LeftOut(At, &'static str),
}

/// Something that cannot be read.
#[derive(Debug)]
struct Unread {
    what: What,
    at: At,
    /// What was found.
    message: String,
}

/// What cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A document that is not in its encoding.
    Encoding,
    /// A line of JSON.
    Line,
    /// A record.
    Record,
}

/// A place in a file.
#[derive(Clone, Copy, Debug)]
enum At {
    /// A line, from 1.
    Line(u64),
    /// A byte, from 0, after decompression.
    Byte(u64),
    /// A record, from 1.
    Record(u64),
}

impl At {
    fn of(self, path: &str) -> String {
        match self {
            Self::Line(line) => format!("{path}:{line}"),
            Self::Byte(byte) => format!("{path}: byte {byte}"),
            Self::Record(number) => format!("{path}: record {number}"),
        }
    }
}

/// A document, or a piece of one, as its file gives it.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    /// Invalid byte sequences that became U+FFFD.
    replaced: u64,
    /// The document's number in the file.
    index: u64,
    /// The next piece continues this text.
    continues: bool,
    origin: Origin,
    /// Licence, where the record states one of its own.
    licence: Option<String>,
}
