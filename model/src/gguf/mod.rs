//! GGUF: a whole model in one file, as llama.cpp keeps it.
//!
//! [`Gguf`] reads versions 2 and 3 in little-endian order and trusts nothing in the file: a wrong
//! one is an error that names the place, and costs neither time nor memory. [`Config`] has the
//! settings, [`names`] says which tensor holds which parameter, [`tokenizer`] makes the files of
//! Hugging Face's `tokenizers`.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
//!
//! ```no_run
//! use slovo_model::gguf::{Config, Gguf, names, tokenizer};
//!
//! let file = Gguf::open("SmolLM2-135M-Instruct.Q4_1.gguf")?;
//! let config = Config::read(&file)?;
//! for parameter in names::parameters(&config) {
//!     let values: Vec<f32> = names::read(&file, &parameter)?;
//! }
//! let tokenizer = tokenizer::read(&file)?;
//! # Ok::<(), slovo_model::gguf::GgufError>(())
//! ```

mod config;
mod cursor;
mod error;
mod file;
mod header;
mod info;
mod kind;
pub mod names;
mod quant;
mod refuse;
mod rope;
mod settings;
pub mod tokenizer;
mod value;

pub use config::{Architecture, Config};
pub use error::{Fault, GgufError};
pub use file::{Gguf, Tensor};
pub use kind::TensorKind;
pub use value::{Array, Value, ValueKind};
