//! What can be wrong with labelled text.

use std::io;

use slovo_data::cargo_corpus::CargoCorpusError;
use slovo_data::recipe::RecipeError;
use slovo_data::source::SourceError;

use super::Place;

/// Labelled text that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LabelledError {
    /// The recipe is wrong.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A file cannot be found or opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The packages of this program cannot be read.
    #[error(transparent)]
    Cargo(#[from] CargoCorpusError),
    /// A file that the system does not give, or that is damaged.
    #[error("cannot read {file}: {error}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A file that is not what the recipe says, whatever `bad_rows` is.
    #[error("{file}: {what}; {right}")]
    File {
        /// The file, or the line of it.
        file: String,
        /// What was found.
        what: String,
        /// What would do.
        right: String,
    },
    /// A row that cannot be used. [`Rows`](super::Rows) can go on behind it.
    #[error("{place}: {fault}; mend the row, or leave such rows out with bad_rows: Skip")]
    Row {
        /// Where it begins.
        place: Place,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Not one usable row.
    #[error("sources: no text with a label was found ({counts}); name files that hold some")]
    Empty {
        /// What was read.
        counts: Box<super::ReadCounts>,
    },
}

impl LabelledError {
    /// Whether the recipe or the input is at fault rather than the machine (exit code 2, not 1).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Source(error) => error.is_usage(),
            Self::Cargo(error) => error.is_usage(),
            Self::Read { .. } => false,
            _ => true,
        }
    }
}

/// Why a row cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No label where one is needed.
    #[error("there is no label{0}")]
    MissingLabel(String),
    /// A label that the recipe does not list.
    #[error("the label `{label}` is none of the recipe's labels: {}", known.join(", "))]
    UnknownLabel {
        /// The label.
        label: String,
        /// The labels of the recipe.
        known: Vec<String>,
    },
    /// A text of white space.
    #[error("the text is empty")]
    NoText,
    /// Bytes that are not UTF-8.
    #[error("{what} is not UTF-8 (0x{byte:02X} at its byte {at}, counted from 0)")]
    Encoding {
        /// The text, the label, the group or the row.
        what: &'static str,
        /// Place of the first such byte.
        at: usize,
        /// The byte there.
        byte: u8,
    },
    /// Columns, quotes or JSON that are not right.
    #[error("{0}")]
    Malformed(String),
}

/// The text of some bytes.
pub(super) fn utf8<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| Fault::Encoding {
        what,
        at: error.valid_up_to(),
        byte: bytes.get(error.valid_up_to()).copied().unwrap_or_default(),
    })
}

/// A text if it says anything.
pub(super) fn with_text(text: &str) -> Result<&str, Fault> {
    match text.trim().is_empty() {
        true => Err(Fault::NoText),
        false => Ok(text),
    }
}
