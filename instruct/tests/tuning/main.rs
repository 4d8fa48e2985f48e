//! From conversations to a tuned model, with tiny models.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bases;
mod masks;
mod sources;
mod templates;
#[path = "../tiny/mod.rs"]
mod tiny;
mod whole;
