//! Files of unknown origin: a typed error or a value, within 100 milliseconds and 16 MB, and never a
//! panic. The memory is the whole process's, which is why these tests have their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../gguf/common.rs"]
mod common;
mod config;
mod corpus;
#[path = "../exchange/folders.rs"]
mod folders;
mod measure;
mod mutate;
mod safetensors;
mod seeds;
#[path = "../shapes/mod.rs"]
mod shapes;
