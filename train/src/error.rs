//! What can go wrong, and whose turn it is: a wrong recipe or input is exit code 2, the rest is 1.

use slovo_args::exit;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Errors of the learning stages.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A recipe that cannot be read.
    #[error(transparent)]
    Recipe(#[from] slovo_data::recipe::RecipeError),
    /// A recipe whose values do not go together.
    #[error("{field} is {found}; {expected}")]
    Value {
        /// Path of the field inside the recipe, or the flag.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A model shape that cannot be built.
    #[error("model: {0}")]
    Model(#[from] slovo_model::ConfigError),
    /// Text, tokens or shards.
    #[error(transparent)]
    Data(#[from] slovo_data::Error),
    /// A model folder.
    #[error(transparent)]
    Weights(#[from] slovo_model::WeightsError),
    /// A prompt that cannot be continued.
    #[error(transparent)]
    Generate(#[from] slovo_model::GenerateError),
    /// Texts that have no vectors.
    #[error(transparent)]
    Embed(#[from] slovo_model::EmbedError),
    /// One of several prompts.
    #[error("{place}: {source}")]
    Prompt {
        /// Which one, in the words of whoever gave it.
        place: String,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// The file system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A checkpoint that is not what its manifest says.
    #[error("checkpoint {}: {what}", path.display())]
    Checkpoint {
        /// The checkpoint's folder, or the file in it.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A folder that is not the run (or model) it should be.
    #[error("{}: {what}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was found, and what would be right.
        what: String,
    },
    /// A model of the hub.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] crate::command::import::hub::HubError),
    /// A backend that this program was built without, or a device that is not there.
    #[error("{0}")]
    Device(String),
    /// A tensor that the adapter has no buffer for.
    #[error("{0}")]
    TooLarge(String),
    /// Training went wrong in a way that going on would not mend.
    #[error("{0}")]
    Training(String),
}

impl Error {
    /// The exit code that tells this error (see `slovo_args::exit`).
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Data(slovo_data::Error::Stopped) => exit::STOPPED,
            #[cfg(feature = "hub")]
            Error::Hub(crate::command::import::hub::HubError::Stopped) => exit::STOPPED,
            error if error.is_usage() => exit::USAGE,
            _ => exit::FAILED,
        }
    }

    /// Whether the person's recipe, flags or input are to blame (exit code 2) and not this machine
    /// or this program (exit code 1).
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Recipe(_)
            | Error::Value { .. }
            | Error::Model(_)
            | Error::Generate(_)
            | Error::Folder { .. }
            | Error::Device(_)
            | Error::TooLarge(_) => true,
            Error::Data(error) => error.is_usage(),
            #[cfg(feature = "hub")]
            Error::Hub(error) => error.is_usage(),
            Error::Prompt { source, .. } => source.is_usage(),
            Error::Weights(slovo_model::WeightsError::Io { source, .. })
            | Error::Io { source, .. } => matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::IsADirectory
            ),
            Error::Weights(slovo_model::WeightsError::Device { .. }) => false,
            Error::Embed(error) => !matches!(error, slovo_model::EmbedError::Device(_)),
            Error::Weights(_) => true,
            Error::Checkpoint { .. } | Error::Training(_) => false,
        }
    }

    /// What the file system refused, for `map_err`: `Error::io("read", path)`.
    pub fn io(
        action: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io {
            action,
            path,
            source,
        }
    }
}

/// Result of the learning stages.
pub type Result<T> = std::result::Result<T, Error>;
