//! Tokens on disk.
//!
//! A split (`train`, `validation`) is one or more files, `train-00000.shard` and so on. A file is a
//! header ([`Header`]), the tokens as little-endian `u16` (vocabularies up to 65,536) or `u32`, and
//! the documents: where each begins, how long its text was, and where it came from. Every offset is
//! 64 bits wide. Files are written beside their name, synced and renamed; on opening, every byte is
//! verified, and a damaged file is refused by name.
//!
//! ```text
//! 0      header, 192 bytes
//! 192    tokens, 2 or 4 bytes each
//!        zeros up to a multiple of 8
//!        documents, 32 bytes each
//!        provenance, JSON
//! ```

mod documents;
mod error;
mod file;
mod header;
mod map;
mod shards;
mod writer;

pub use documents::{Provenance, ShardDocument, Span};
pub use error::ShardError;
pub use header::{Header, VERSION};
pub use shards::Shards;
pub use writer::{DEFAULT_SHARD_BYTES, ShardOptions, ShardWriter, Written};
