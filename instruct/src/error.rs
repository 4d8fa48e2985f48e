//! What can go wrong, and whose turn it is: a wrong recipe or input is exit code 2, the rest is 1.

use slovo_args::exit;
use std::path::PathBuf;

/// Errors of this stage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whatever the learning stages share.
    #[error(transparent)]
    Train(#[from] slovo_train::Error),
    /// A record that cannot be used.
    #[error("{file}, record {index}, {field}: {what}")]
    Record {
        /// The file, in the recipe's words.
        file: String,
        /// Its number in the file, from 1.
        index: u64,
        /// The field.
        field: String,
        /// What was found, and what would be right.
        what: String,
    },
    /// A file that cannot be read as records.
    #[error("{file}: {what}")]
    File {
        /// The file, in the recipe's words.
        file: String,
        /// What was found, and what would be right.
        what: String,
    },
    /// A chat template that cannot be rendered.
    #[error("chat template {name}: {what}")]
    Template {
        /// Its name, or where it comes from.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A recipe's or flag's value that does not go with the rest.
    #[error("{field} is {found}; {expected}")]
    Value {
        /// Path of the field inside the recipe, or the flag.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A folder or file that is not what it should be.
    #[error("{}: {what}", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// What was found, and what would be right.
        what: String,
    },
    /// A model that cannot go on with a text.
    #[error(transparent)]
    Generate(#[from] slovo_model::GenerateError),
    /// A socket, a thread or a terminal.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        error: std::io::Error,
    },
}

impl Error {
    /// The exit code that tells this error (see `slovo_args::exit`).
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Train(error) => error.exit_code(),
            error if error.is_usage() => exit::USAGE,
            _ => exit::FAILED,
        }
    }

    /// Whether the person's recipe, flags or input are to blame.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Train(error) => error.is_usage(),
            Error::Record { .. }
            | Error::File { .. }
            | Error::Template { .. }
            | Error::Value { .. }
            | Error::Folder { .. } => true,
            Error::Generate(_) | Error::System { .. } => false,
        }
    }
}

macro_rules! through_train {
    ($($source:ty),*) => {
        $(impl From<$source> for Error {
            fn from(error: $source) -> Self {
                Self::Train(error.into())
            }
        })*
    };
}

through_train!(
    slovo_data::Error,
    slovo_data::recipe::RecipeError,
    slovo_model::WeightsError,
    slovo_model::ConfigError
);

impl From<slovo_data::source::SourceError> for Error {
    fn from(error: slovo_data::source::SourceError) -> Self {
        slovo_data::Error::from(error).into()
    }
}

impl From<slovo_data::tokenizer::TokenizerError> for Error {
    fn from(error: slovo_data::tokenizer::TokenizerError) -> Self {
        slovo_data::Error::from(error).into()
    }
}

/// Result of this stage.
pub type Result<T> = std::result::Result<T, Error>;
