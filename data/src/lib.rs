//! Text to documents, tokens, shards and batches.

pub mod cargo_corpus;
pub mod clean;
pub mod document;
pub mod recipe;
pub mod source;
