//! Weights in and out: the model folder.
//!
//! A folder in Hugging Face's layout, `config.json` beside `model.safetensors`, so that what is
//! trained here can be used elsewhere and the other way round. See [`load_model`] and
//! [`save_model`].

mod config_json;
mod config_read;
mod error;
mod names;
mod read;
mod tensors;
mod write;

pub use error::WeightsError;
pub use read::{load_config, load_model};
pub use write::save_model;
