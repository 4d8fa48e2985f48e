//! Papers written in LaTeX, as arXiv hands them out in bulk
//! (<https://info.arxiv.org/help/bulk_data_s3.html>): text with its mathematics kept as source.
//!
//! ```text
//! reader ─► tar, unpack ─► inline ─► expand ─► convert
//! archive   files          one       macros    text
//! ```
//!
//! [`Arxiv`] reads an archive of papers; [`convert`] is the last three steps for one source, a pure
//! function. Nothing is run and nothing is written to disk. Each step is one pass without recursion
//! and has a bound in bytes: a paper needs [`MAX_SOURCE_BYTES`] for its files, as much again for the
//! whole source, `MAX_EXPANDED_BYTES` more for what its macros become, and the text.
//!
//! Left out are comments, the preamble, authors, the bibliography, references in the text, figures
//! and tables except for their captions.

mod accents;
mod arxiv_id;
mod commands;
mod comments;
mod convert;
mod definitions;
mod environments;
mod error;
mod expand;
mod gullet;
mod inline;
mod input;
mod math;
mod output;
mod paragraphs;
mod reader;
mod structure;
mod symbols;
mod tar;
mod unpack;
mod verbatim;

pub use convert::{Article, Options, convert};
pub use error::LatexError;
pub use reader::Arxiv;
pub use unpack::MAX_SOURCE_BYTES;

#[cfg(test)]
mod tests;
