//! What can be wrong with a model folder.

use crate::validate::ConfigError;
use burn::tensor::TensorReadError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a model folder could not be read or written. Every message names the file.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `config.json` (or an index) is not what its kind of model needs.
    #[error("{}: {reason}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and what.
        reason: serde_json::Error,
    },
    /// A kind of model that this crate does not build.
    #[error(
        "{}: model_type is {found:?}, but known are \"gpt2\", \"llama\" and \"slovo\"; convert the \
         model to one of these, or choose another", path.display()
    )]
    UnknownModel {
        /// The `config.json`.
        path: PathBuf,
        /// Its `model_type`.
        found: String,
    },
    /// A setting of a known kind of model that this crate does not build.
    #[error("{}: `{field}` is {found}, but only {supported} can be loaded", path.display())]
    Unsupported {
        /// The `config.json`.
        path: PathBuf,
        /// The setting.
        field: &'static str,
        /// Its value.
        found: String,
        /// The values that can be loaded.
        supported: &'static str,
    },
    /// The settings do not fit together.
    #[error("{}: {source}", path.display())]
    Config {
        /// The `config.json`.
        path: PathBuf,
        /// What does not fit, named as in [`TransformerConfig`](crate::TransformerConfig).
        source: ConfigError,
    },
    /// The weights are damaged.
    #[error(
        "{}: not a whole safetensors file ({reason}); it may be cut short or altered: copy or \
         download it again", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the format's reader found.
        reason: String,
    },
    /// A tensor that the configuration asks for is not there.
    #[error(
        "{}: tensor `{tensor}` of shape {expected:?} is missing; config.json describes another \
         model, or the file is incomplete", path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that it should have, as in the file.
        expected: Vec<usize>,
    },
    /// A tensor that no part of the model asks for.
    #[error(
        "{}: tensor `{tensor}` belongs to no part of the model that config.json describes; it \
         may belong to another model", path.display()
    )]
    Extra {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another size.
    #[error(
        "{}: tensor `{tensor}` has shape {found:?}, but config.json makes it {expected:?}; one of \
         the two files belongs to another model", path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
    /// Values in a format that this crate does not read.
    #[error(
        "{}: tensor `{tensor}` holds {found} values, but F32, F16 and BF16 can be read; convert \
         the file to one of these", path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its format.
        found: String,
    },
    /// A head that should be the embedding and is not.
    #[error(
        "{}: `{tensor}` differs from the token embedding although config.json ties them; set \
         \"tie_word_embeddings\": false in it to use both", path.display()
    )]
    TiedHead {
        /// The file.
        path: PathBuf,
        /// The head.
        tensor: String,
    },
    /// The device failed to hand out a weight.
    #[error("the device failed to hand out `{tensor}`: {source}")]
    Device {
        /// The parameter.
        tensor: String,
        /// What the device said.
        source: TensorReadError,
    },
}

impl WeightsError {
    /// Attaches the path to a file system's answer.
    pub(super) fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        |source| Self::Io { path, source }
    }
}
