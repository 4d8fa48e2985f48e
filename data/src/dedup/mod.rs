//! Duplicates: documents and paragraphs that stand in a corpus more than once.
//!
//! Documents are numbered from 0 in a fixed order, all sources together, and the first of several
//! stays. The work has two halves. Hashes of a text alone are made where it is cleaned, on any
//! machine and in any order, and kept in a [file](HashFileWriter) beside it. A finder then sorts the
//! hashes of all parts, on disk where they outgrow its memory, and says which documents go.
//!
//! | repeated | hashes | finder |
//! |---|---|---|
//! | documents, word for word | [`exact_hash`] | [`ExactFinder`] |
//! | documents that share most of their shingles | [`MinHash`] | [`Finder`] |
//! | paragraphs, word for word | [`Paragraphs`] | [`ParagraphFinder`] |
//!
//! Whole documents come first: a copy that only loses its long paragraphs leaves a husk of short ones.
//!
//! ```
//! use slovo_data::dedup::{Finder, MinHash};
//!
//! let minhash = MinHash::default();
//! let sketcher = minhash.sketcher()?;
//! let mut finder = Finder::new(&minhash, 64 << 20, &std::env::temp_dir())?;
//! for (document, text) in ["Call me Ishmael.", "call me\nIshmael", "Another text."].iter().enumerate() {
//!     if let Some(bands) = sketcher.signature(text) {
//!         finder.push(document as u64, &bands)?;
//!     }
//! }
//! let duplicates = finder.finish()?;
//! assert_eq!(duplicates.iter().collect::<Vec<_>>(), [(1, 0)]);
//! # Ok::<(), slovo_data::dedup::DedupError>(())
//! ```

mod clusters;
mod error;
mod exact;
mod finder;
mod fold;
mod hash_file;
mod hash_kind;
mod minhash;
mod ngrams;
mod paragraph_finder;
mod paragraphs;
mod run;
mod sort;
mod words;

pub use clusters::Duplicates;
pub use error::{DedupError, SettingError};
pub use exact::exact_hash;
pub(crate) use exact::halves;
pub use finder::{ExactFinder, Finder};
pub use hash_file::{HashFileReader, HashFileWriter};
pub use hash_kind::HashKind;
pub use minhash::{MinHash, Sketcher};
pub use ngrams::{MOST_WORDS, Ngrams};
pub use paragraph_finder::{ParagraphFinder, RepeatedParagraphs};
pub use paragraphs::{ParagraphBreak, ParagraphHash, Paragraphs};
pub use sort::LEAST_MEMORY;
pub use words::{Numbers, Word, Words};
