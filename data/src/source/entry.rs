//! What a reader of a format finds: a document, something left out by the format's own rules, or damage.

use std::io;
use std::path::PathBuf;

/// A document as a source yields it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The text.
    pub text: String,
    /// Place of its record in the decompressed stream, in bytes from the start.
    pub offset: u64,
    /// Address, where the format states one.
    pub url: Option<String>,
    /// Title, where the format states one.
    pub title: Option<String>,
    /// Date, as the format writes it (ISO 8601 where it can be told).
    pub date: Option<String>,
    /// Licence, where the format states one.
    pub licence: Option<String>,
    /// Invalid byte sequences that became U+FFFD.
    pub replaced: u64,
}

/// What comes next in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A document.
    Document(Entry),
    /// A record that holds no document by the format's rules: a redirect, an image, a request.
    LeftOut {
        /// Why, in a few words that stay the same from record to record: a report counts them.
        reason: &'static str,
    },
    /// A record that cannot be read. The reader goes on behind it where that place can be told, and
    /// ends otherwise. The recipe decides whether it stops the run or is counted.
    Damaged {
        /// Place in the decompressed stream.
        offset: u64,
        /// What was found, and what would be right.
        message: String,
    },
}

/// Why a reader cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The stream below fails.
    #[error(transparent)]
    Stream(#[from] io::Error),
    /// The file as a whole is not what its format or the recipe says of it.
    #[error("{0}")]
    Content(String),
    /// A temporary file of our own cannot be written or read back.
    #[error("a temporary file in {}: {error}", folder.display())]
    Temporary {
        /// Where the file lies.
        folder: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// A format's reader. It holds one document at a time, in bounded memory.
pub trait Reader: Send {
    /// What comes next; `None` at the end.
    ///
    /// # Errors
    /// What a [`Fault`] says; the reader is not asked again.
    fn next(&mut self) -> Result<Option<Found>, Fault>;
}
