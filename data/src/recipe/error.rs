//! What can be wrong with a recipe.

use std::path::PathBuf;

use crate::mixture::MixtureError;

/// A recipe that cannot be used. Every case is the person's to mend (exit code 2).
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("cannot read recipe {}: {error}", path.display())]
    Read {
        /// The recipe.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// Not RON, or not this recipe's fields and types.
    #[error("{place}:{line}:{column}: {message}")]
    Syntax {
        /// The recipe's path, or `recipe` for text from elsewhere.
        place: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1, in characters.
        column: usize,
        /// What was found and what would be right.
        message: String,
    },
    /// A `--set` that is not `path=value`, leads nowhere, or has a value of the wrong type.
    #[error("--set {set}: {message}")]
    Set {
        /// The argument as given.
        set: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A value that cannot work.
    #[error("{field} is {value}: {right}")]
    Value {
        /// Path of the field.
        field: String,
        /// What it is.
        value: String,
        /// What would do.
        right: String,
    },
    /// A mixture that does not fit the sources.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
    /// The recipe cannot be written as RON.
    #[error("cannot write the recipe as RON: {0}")]
    Write(String),
}
