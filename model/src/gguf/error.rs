//! What can be wrong with a GGUF file.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

pub(super) use crate::weights::quote::{plain, quote, quote_bytes};

/// Why a GGUF file could not be read. The message names the file and the place in it.
#[derive(Debug, Error)]
#[error("{}: {fault}", path.display())]
pub struct GgufError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

impl GgufError {
    /// Attaches the path to a fault.
    pub(super) fn at(path: &Path) -> impl FnOnce(Fault) -> Self {
        let path = path.to_path_buf();
        |fault| Self { path, fault }
    }
}

/// What is wrong with a GGUF file.
#[derive(Debug, Error)]
pub enum Fault {
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file begins with something else.
    #[error("not a GGUF file: it begins with {found}, and should with \"GGUF\"")]
    NotGguf {
        /// Its first bytes.
        found: String,
    },
    /// What Git keeps in place of a large file.
    #[error(
        "this is a Git LFS pointer of a few lines, not the model; fetch the model with `git lfs \
         pull`, or download the file itself"
    )]
    LfsPointer,
    /// Numbers stand in the other byte order.
    #[error(
        "the file is big-endian, and only little-endian files can be read; convert it with \
         llama.cpp's gguf_convert_endian.py"
    )]
    BigEndian,
    /// Another version of the format.
    #[error(
        "GGUF version {found}, but 2 and 3 can be read; convert the model again with a current \
         llama.cpp"
    )]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The file ends too early, or a length in it is wrong.
    #[error(
        "{place} begins at byte {at} and needs {needs} bytes, but {left} are left; the file is cut \
         short or altered: copy or download it again"
    )]
    Short {
        /// What was being read.
        place: String,
        /// Where it begins, in bytes.
        at: u64,
        /// How many bytes it should have.
        needs: u64,
        /// How many there are.
        left: u64,
    },
    /// A count or length beyond what any published model has.
    #[error("{place} is {found}, but at most {limit} is read; the file is damaged or made up")]
    TooLarge {
        /// What was counted.
        place: String,
        /// The number in the file.
        found: u64,
        /// The largest that is read.
        limit: u64,
    },
    /// A value of the metadata of a type that the format does not have.
    #[error("metadata `{key}` has value type {found}, but the types are 0 to 12")]
    ValueKind {
        /// The key.
        key: String,
        /// The number of the type.
        found: u32,
    },
    /// Bytes that do not stand for what they should.
    #[error("{place} is {found}, and should be {expected}")]
    Invalid {
        /// What was being read.
        place: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// The same name twice.
    #[error("two {what} are named {name}; the file is damaged or made up")]
    Duplicate {
        /// Keys, tensors or tokens.
        what: &'static str,
        /// The name, quoted.
        name: String,
    },
    /// A tensor of a type that ggml does not have.
    #[error("tensor `{tensor}` has type {found}, which is none of ggml's that are known here")]
    UnknownKind {
        /// The tensor.
        tensor: String,
        /// The number of the type.
        found: u32,
    },
    /// Two tensors share bytes.
    #[error("tensors `{first}` and `{second}` overlap; the file is damaged or made up")]
    Overlap {
        /// The one that begins first.
        first: String,
        /// The other.
        second: String,
    },
    /// Values in a format that is not read.
    #[error(
        "tensor `{tensor}` holds {found} values, but {supported} can be read; take the model in \
         one of these, or quantise it again", supported = super::quant::SUPPORTED
    )]
    Format {
        /// The tensor.
        tensor: String,
        /// Its format.
        found: &'static str,
    },
    /// A setting that every such model has.
    #[error("metadata `{key}` is missing; it should be {expected}")]
    MissingKey {
        /// The key.
        key: String,
        /// What it holds in other files.
        expected: &'static str,
    },
    /// A setting that a model of ours cannot honour.
    #[error("metadata `{key}` is {found}, but only {supported} can be loaded")]
    Unsupported {
        /// The key.
        key: String,
        /// Its value.
        found: String,
        /// The values that can be loaded.
        supported: String,
    },
    /// A tensor that the settings ask for is not there.
    #[error(
        "tensor `{tensor}` of shape {expected:?} is missing; the metadata describes another model, \
         or the file is incomplete"
    )]
    MissingTensor {
        /// The tensor.
        tensor: String,
        /// The shape that it should have, slowest axis first.
        expected: Vec<usize>,
    },
    /// A tensor that no part of the model asks for.
    #[error("tensor `{tensor}` belongs to no part of the model that the metadata describes")]
    ExtraTensor {
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another size.
    #[error("tensor `{tensor}` has shape {found:?}, but the metadata makes it {expected:?}")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape in the file, slowest axis first.
        found: Vec<usize>,
        /// The shape that the metadata asks for.
        expected: Vec<usize>,
    },
}
