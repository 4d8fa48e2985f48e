//! What can go wrong, and whose turn it is: a wrong recipe or input is exit code 2, the rest is 1.

use crate::TruthError;
use crate::labelled::LabelledError;
use crate::leak::LeakError;
use crate::split::SplitError;
use slovo_args::exit;
use std::path::PathBuf;

/// Errors of this stage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whatever the learning stages share.
    #[error(transparent)]
    Train(#[from] slovo_train::Error),
    /// Labelled text that cannot be used.
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    /// Sides that cannot be made.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Leaks that cannot be looked for.
    #[error(transparent)]
    Leak(#[from] LeakError),
    /// Scores of numbers that do not belong together.
    #[error(transparent)]
    Truth(#[from] TruthError),
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
    /// One of several texts.
    #[error("{place}: {source}")]
    Text {
        /// Which one, in the words of whoever gave it.
        place: String,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// A folder or file that is not what it should be.
    #[error("{}: {what}", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// What was found, and what would be right.
        what: String,
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
            Error::Labelled(error) => error.is_usage(),
            Error::Text { source, .. } => source.is_usage(),
            Error::Split(error) => error.is_usage(),
            Error::Leak(_) | Error::Value { .. } | Error::Folder { .. } => true,
            Error::Truth(_) => false,
        }
    }
}

impl From<slovo_data::Error> for Error {
    fn from(error: slovo_data::Error) -> Self {
        Self::Train(error.into())
    }
}

impl From<slovo_data::source::SourceError> for Error {
    fn from(error: slovo_data::source::SourceError) -> Self {
        slovo_data::Error::from(error).into()
    }
}

impl From<slovo_data::recipe::RecipeError> for Error {
    fn from(error: slovo_data::recipe::RecipeError) -> Self {
        Self::Train(error.into())
    }
}

impl From<slovo_model::WeightsError> for Error {
    fn from(error: slovo_model::WeightsError) -> Self {
        Self::Train(error.into())
    }
}

impl From<slovo_model::ConfigError> for Error {
    fn from(error: slovo_model::ConfigError) -> Self {
        Self::Train(error.into())
    }
}

/// Result of this stage.
pub type Result<T> = std::result::Result<T, Error>;
