//! What can be wrong with a model folder.

use super::kind::ModelKind;
use super::quote;
use crate::gguf::GgufError;
use crate::validate::ConfigError;
use burn::tensor::TensorReadError;
use std::io;
use std::path::{Path, PathBuf};
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
        reason: String,
    },
    /// A text file that is longer than any that makes sense.
    #[error("{}: has more than {limit} bytes, and should have a few thousand", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How many bytes are read at most.
        limit: usize,
    },
    /// A text file with bytes that are no text.
    #[error("{}: byte {at} is not UTF-8; the file is damaged, or not text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is wrong, counted from 0.
        at: usize,
    },
    /// What Git keeps in place of a large file.
    #[error(
        "{}: this is a Git LFS pointer of a few lines, not the file itself; fetch it with `git lfs \
         pull`, or download it", path.display()
    )]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// Weights that only a program could read.
    #[error(
        "{}: weights in this format are a program that Python runs when it loads them, so they are \
         not read; convert them where you trust them, with `save_pretrained(folder, \
         safe_serialization=True)` of `transformers`, which writes model.safetensors",
        path.display()
    )]
    Pickle {
        /// The file.
        path: PathBuf,
    },
    /// No weights under a name that is read.
    #[error(
        "{}: is not there, and neither is model.safetensors.index.json; the folder has {found}; \
         weights in one safetensors file must have that name, and a GGUF file is given by its own \
         path", path.display()
    )]
    NoWeights {
        /// Where they should be.
        path: PathBuf,
        /// The weights that are there.
        found: String,
    },
    /// An index that does not fit its shards.
    #[error("{}: {reason}; copy or download the whole folder again", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A kind of model that this crate does not build.
    #[error(
        "{}: model_type is {found}, but known are \"gpt2\", \"llama\", \"mistral\", \"qwen2\", \
         \"qwen3\", \"bert\", \"distilbert\" and \"slovo\"; convert the model to one of these, or \
         choose another", path.display()
    )]
    UnknownModel {
        /// The `config.json`.
        path: PathBuf,
        /// Its `model_type`, quoted.
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
    /// A model of another kind than the one that is needed.
    #[error("{}: here is {found}, but {wanted} is needed", path.display())]
    Kind {
        /// The `config.json`, or the GGUF file.
        path: PathBuf,
        /// What it describes.
        found: ModelKind,
        /// What is needed.
        wanted: ModelKind,
    },
    /// Positions that are not those that are computed.
    #[error(
        "{}: tensor `{tensor}` is not the table of sines and cosines that positions are here; a model \
         with positions of its own cannot be loaded", path.display()
    )]
    Positions {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A GGUF file that cannot be read.
    #[error(transparent)]
    Gguf(#[from] GgufError),
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
    /// A tensor that should be equal to another one and is not.
    #[error(
        "{}: `{tensor}` differs from `{original}`, to which config.json ties it; if both are meant, \
         set \"tie_word_embeddings\": false in it, where the kind of model allows it",
        path.display()
    )]
    Tied {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What it should equal.
        original: String,
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
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        |source| Self::Io { path, source }
    }

    /// Attaches the path to what the JSON reader says.
    pub(super) fn json(path: &Path) -> impl FnOnce(serde_json::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::Json {
            path,
            reason: quote::json(&error),
        }
    }
}
