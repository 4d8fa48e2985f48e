//! Sources: files, standard input and the cargo corpus as streams of documents.
//!
//! [`Inputs::resolve`] turns a recipe's sources into a fixed list of files before anything is
//! read; [`Inputs::documents`] then streams their documents in that order in bounded memory.

mod error;
mod inputs;

pub use error::SourceError;
pub use inputs::{Documents, InputFile, Inputs, ReadCounts};
