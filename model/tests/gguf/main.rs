//! GGUF files: what is read, and what is refused.
#![allow(clippy::unwrap_used)]

mod common;
mod config;
mod names;
mod quants;
mod smollm2;
mod tokenizer;
