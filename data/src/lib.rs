//! Text to documents, tokens, shards and batches.

pub mod cargo_corpus;
pub mod clean;
pub mod document;
pub mod recipe;
pub mod source;
pub mod baseline;
pub mod batch;
mod error;
mod files;
pub mod order;
mod prefetch;
pub mod prepare;
pub mod report;
pub mod shard;
pub mod split;
pub mod tokenizer;

pub use batch::{Batches, EvalWindows, TokenBatch};
pub use error::Error;
pub use order::Windows;
pub use prefetch::Prefetch;
pub use prepare::{Prepared, Progress, prepare};
pub use report::Report;
pub use shard::Shards;
pub use tokenizer::Tokenizer;
