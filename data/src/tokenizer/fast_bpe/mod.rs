//! Byte-level byte-pair encoding with the ids of the `tokenizers` crate, several times as fast.
//!
//! The crate stays the format, the trainer and the reference. [`FastBpe::new`] reads the same
//! `tokenizer.json` and either serves it exactly or says why not ([`NotServed`]); what is not served
//! is left to the crate. Served are byte-level BPE models (GPT-2, Llama 3, Qwen, SmolLM2, OLMo,
//! gpt-oss, what is trained here) with one of the patterns that
//! [`WordPattern`] knows.
//!
//! | step | file | what makes it fast |
//! |---|---|---|
//! | added tokens | `added` | nothing to do where only special tokens exist and they are text |
//! | words | `pattern`, `scan`, `classes` | a scanner for each pattern instead of a regular expression with look-ahead |
//! | words seen before | `cache` | a line of memory holds two words of up to 15 bytes and their tokens |
//! | other words | `merges`, `pairs` | a bit mask instead of a list, up to 64 bytes |
//! | long words | `long_word` | windows whose seams are proved, so that time is linear |
//!
//! Memory: half a megabyte and some 60 bytes a merge for the tables, where merges are ignored some 80
//! bytes a token more; 1.5 MB for each thread that encodes at the same time; 48 bytes for each byte
//! of a word in whose windows no seam holds.

mod added;
mod cache;
mod classes;
mod encoder;
mod file;
mod long_word;
mod merges;
mod pairs;
mod pattern;
mod scan;

#[cfg(test)]
mod tests;

pub use encoder::{FastBpe, SpecialTokens};
pub use file::NotServed;
pub use pattern::WordPattern;
