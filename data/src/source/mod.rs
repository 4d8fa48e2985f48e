//! Sources: files, standard input and the cargo corpus as streams of documents, or of pairs.
//!
//! [`Inputs::resolve`] turns a recipe's sources into a fixed list of files before anything is
//! read; [`Inputs::documents`] then streams their documents in that order in bounded memory, and
//! [`Inputs::pairs`] their pairs.

mod compression;
mod documents;
mod encoding;
mod error;
mod inputs;
mod jsonl;
mod pair_lines;
mod pairs;
mod paths;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod zstd;

pub use documents::{Documents, ReadCounts};
pub use error::SourceError;
pub use inputs::{InputFile, Inputs};
pub use pairs::{PairCounts, PairText, PairTexts};
pub use paths::SourceFile;
pub use stream::stdin;

/// What a reader finds next in a file.
#[derive(Debug)]
enum Item {
    /// A document, or a piece of one.
    Document {
        text: String,
        /// Invalid byte sequences that became U+FFFD.
        replaced: u64,
        index: u64,
        continues: bool,
    },
    /// A document left out because it is not UTF-8.
    BadEncoding,
    /// A JSON line left out.
    BadLine,
}
