//! Stack Exchange's `Posts.xml`: a question with its answers as one document.
//!
//! Source: the dumps' own description of their schema
//! <https://meta.stackexchange.com/questions/2677/database-schema-documentation-for-the-public-data-dump-and-sede>.
//!
//! A post is a line (`row`), its body HTML (`html`). Answers come after their question, but
//! anywhere after it, so posts are sorted first: sorted runs of them go to a temporary file, which
//! `spill` merges by question and score, and `reader` puts documents together from what the merge
//! gives. The dump is read once, from a stream.

mod html;
mod reader;
mod row;
mod spill;
#[cfg(test)]
mod tests;

pub use reader::{MAX_DOCUMENT_BYTES, StackExchangeOptions, StackExchangeReader};
pub use row::MAX_ROW_BYTES;
pub use spill::MIN_MEMORY;
