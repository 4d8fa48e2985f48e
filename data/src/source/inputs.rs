//! What a recipe's sources come to.

use serde::{Deserialize, Serialize};

use super::SourceError;
use crate::document::Document;
use crate::recipe::{Clean, Source};

/// A file that will be read, as the cache key sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The path in the words of the recipe, as in [`Document::path`].
    pub path: String,
    /// Length in bytes, as it lies on disk.
    pub length: u64,
    /// Time of the last change, nanoseconds since 1970.
    pub modified: u64,
}

/// The files of a recipe's sources, in the order in which they are read.
#[derive(Debug)]
pub struct Inputs {
    files: Vec<InputFile>,
    reads_stdin: bool,
}

/// What reading met so far; complete when the stream has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadCounts {
    /// Documents yielded.
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

impl Inputs {
    /// Expands files, folders, wildcards, `$SLOVO_DATA` and package lists.
    ///
    /// # Errors
    /// A path that matches nothing, by name; an unset `$SLOVO_DATA`; missing packages.
    pub fn resolve(_sources: &[Source]) -> Result<Self, SourceError> {
        Ok(Self {
            files: Vec::new(),
            reads_stdin: false,
        })
    }

    /// The files of all sources in order, for a cache key; `None` when standard input is among the
    /// sources, because then no list of files says what the text is.
    pub fn files(&self) -> Option<&[InputFile]> {
        (!self.reads_stdin).then_some(&self.files)
    }

    /// The documents, raw but for their encoding, in a fixed order.
    pub fn documents(&self, _clean: &Clean) -> Documents {
        Documents {
            counts: ReadCounts::default(),
        }
    }
}

/// Documents as they are read.
#[derive(Debug)]
pub struct Documents {
    counts: ReadCounts,
}

impl Documents {
    /// What reading met so far.
    pub fn counts(&self) -> ReadCounts {
        self.counts.clone()
    }
}

impl Iterator for Documents {
    type Item = Result<Document, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
