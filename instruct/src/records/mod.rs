//! Conversations from files: whatever form a record has is told by its fields.
//!
//! | fields | form |
//! |---|---|
//! | `instruction`, `output`, perhaps `input`, `system`, `history` | Alpaca |
//! | `messages` of `role` and `content`, or `conversations` of `from` and `value` | ChatML, ShareGPT |
//! | `prompt` and `completion` (or `response`) | prompt and completion |
//! | one of these with `chosen` and `rejected` | preference |
//!
//! A file holds one JSON array, or an object a line; with the feature `parquet`, also a table.

mod form;
mod functions;
mod json;
#[cfg(feature = "parquet")]
mod parquet;
mod sentences;
mod source;

pub use form::conversation;
pub use sentences::first as first_sentence;
pub use source::{OnBadRecord, Records, RecordsRecipe, Source};

use crate::Error;
use serde_json::Value;

/// A record as it stands in its file, or why the file ends there.
type Raw = Result<(u64, Value), Error>;
