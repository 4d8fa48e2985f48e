//! What is done with files of unknown origin, on bytes in memory.
//!
//! For fuzz targets (`fuzz/`) and for the tests that replay their corpora: whatever the bytes are,
//! the answer is a value or an error, soon and in little memory, and never a panic. Programs have no
//! use for these functions; they call [`load_model`](crate::load_model) and its like.

use super::config_read::{LONGEST, from_json};
use super::error::WeightsError;
use super::gather::Gather;
use super::index::Index;
use super::map::Source;
use super::tensors::Tensors;
use super::text;
use crate::config::TransformerConfig;
use crate::gguf::{Config, Gguf, GgufError, names, tokenizer};
use std::path::Path;

/// Reads `bytes` as a safetensors file: its header, and the values of all tensors that can be read.
/// Returns how many these are.
///
/// # Errors
///
/// When this is no safetensors file, or when no model could be read from it.
pub fn safetensors(bytes: &[u8]) -> Result<usize, WeightsError> {
    let file = ("model.safetensors".into(), Source::Lent(bytes));
    let tensors = Tensors::of(vec![file])?;
    let mut values = 0;
    for tensor in tensors.all() {
        tensor.check_format()?;
        let count = tensor.shape().iter().product();
        values += tensor.values(&Gather::plain(count, 1))?.len();
    }
    Ok(values)
}

/// Reads `bytes` as a `model.safetensors.index.json`. Returns how many tensors it names.
///
/// # Errors
///
/// When this is no index.
pub fn index(bytes: &[u8]) -> Result<usize, WeightsError> {
    let path = Path::new("model.safetensors.index.json");
    let text = text::check(path, bytes.into(), super::index::LONGEST)?;
    Index::parse(path, &text).map(|index| index.tensors.len())
}

/// Reads `bytes` as a `config.json`.
///
/// # Errors
///
/// When this describes no model of ours.
pub fn config(bytes: &[u8]) -> Result<TransformerConfig, WeightsError> {
    let path = Path::new("config.json");
    let text = text::check(path, bytes.into(), LONGEST)?;
    from_json(path, &text).map(|described| described.config)
}

/// Reads `bytes` as a GGUF file: its settings, its tokenizer, the values of all tensors that can be
/// read, and the parameters of the model.
///
/// # Errors
///
/// When this is no GGUF file, or when a part of it makes no sense.
pub fn gguf(bytes: &[u8]) -> Result<(), GgufError> {
    let file = Gguf::from_bytes("model.gguf", bytes)?;
    for key in file.keys() {
        let _ = file.get(key).map(|value| value.to_string());
    }
    let values = file.tensors().try_for_each(|tensor| {
        let values = tensor.values();
        values.map(|_| ())
    });
    let tokens = tokenizer::read(&file);
    let config = Config::read(&file)?;
    names::check(&file, &config)?;
    for parameter in names::parameters(&config) {
        names::read(&file, &parameter)?;
    }
    tokens.and_then(|_| values.map(|_| ()))
}
