//! Weights in and out: the model folder.
//!
//! A folder in Hugging Face's layout, `config.json` beside `model.safetensors`, so that what is
//! trained here can be used elsewhere and the other way round. See [`load_model`] and
//! [`save_model`].
//!
//! Nothing in a file is trusted: nothing is allocated by a number in it before it was held against
//! the file's length, and whatever is wrong is an error that says where.

mod adapter;
mod classes;
mod config_bert;
mod config_classifier;
mod config_gpt2;
mod config_json;
mod config_layers;
mod config_llama;
mod config_marian;
mod config_read;
mod config_rope;
mod config_switches;
pub(crate) mod dtype;
mod entries;
mod error;
mod folder;
mod from_gguf;
pub(crate) mod gather;
mod header;
mod index;
mod kind;
pub(crate) mod map;
mod missing;
mod names;
mod names_bert;
mod names_marian;
mod naming;
pub(crate) mod quote;
mod read;
mod refuse;
mod safetensors;
mod tensors;
mod text;
pub mod untrusted;
mod write;

pub use error::WeightsError;
pub use kind::{ModelKind, SavedModel};
pub use read::{
    load_classifier, load_classifier_config, load_config, load_encoder, load_masked_lm, load_model,
    load_seq2seq, load_seq2seq_config, load_trunk, model_kind,
};
pub use write::save_model;
