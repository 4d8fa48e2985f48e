//! Models into folders and back, in the layouts of the families that `transformers` has.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bert_settings;
mod folders;
mod gpt2_settings;
mod kinds;
mod llama_settings;
mod names;
mod settings;
#[path = "../shapes/mod.rs"]
mod shapes;
mod shards;
#[path = "../tensors/mod.rs"]
mod tensors;
