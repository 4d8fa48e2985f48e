//! From conversations to a tuned model, with tiny models.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod base;
mod masks;
mod templates;
mod whole;
