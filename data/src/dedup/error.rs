//! What can go wrong in looking for duplicates.

use std::io;
use std::path::PathBuf;

/// A setting that cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}; {right}")]
pub struct SettingError {
    /// The setting.
    pub field: &'static str,
    /// What was given.
    pub value: String,
    /// What would do.
    pub right: String,
}

impl SettingError {
    /// Holds `value` against the numbers from `least` to `most`.
    ///
    /// # Errors
    /// The value lies outside.
    pub(crate) fn check(
        field: &'static str,
        value: usize,
        least: usize,
        most: usize,
    ) -> Result<(), Self> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Self {
            field,
            value: value.to_string(),
            right: format!("give a number from {least} to {most}"),
        })
    }
}

/// Duplicates that cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub enum DedupError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The file system refuses.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file; for a temporary file, which has no name, in which folder.
        path: PathBuf,
        /// Why it failed.
        #[source]
        error: io::Error,
    },
    /// A file of hashes is not what was written.
    #[error("{} is damaged or not a file of hashes: {what}; make it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, and what would be right.
        what: String,
    },
    /// A temporary file is not what was written a moment ago.
    #[error("a temporary file in {} came back changed: {what}; is the disk sound?", folder.display())]
    DamagedRun {
        /// Where the file lies.
        folder: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// A file of hashes by another version of this program.
    #[error("{} has version {found} of the format, this program reads version {expected}; make it again", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// Hashes that were made in another way cannot be compared.
    #[error("{} holds hashes of {found}, wanted are {expected}; make it again", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What is compared.
        expected: String,
    },
    /// A record of the wrong length.
    #[error("document {document} has {found} hashes, expected {expected}")]
    Width {
        /// The document.
        document: u64,
        /// Hashes given.
        found: usize,
        /// Hashes of this kind.
        expected: usize,
    },
    /// A number beyond those that what is found is kept under.
    #[error("document {0} is too many: documents are numbered from 0 to 4294967294")]
    TooMany(u64),
    /// Documents asked for in falling order.
    #[error("document {asked} was asked for after document {last}; ask in rising order")]
    Order {
        /// This document.
        asked: u64,
        /// The one before.
        last: u64,
    },
    /// The system does not give the memory.
    #[error("cannot get {0} bytes of memory; allow less, and more goes to disk")]
    Memory(usize),
}

impl DedupError {
    /// Whether a setting is at fault rather than the machine (exit code 2, not 1).
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Setting(_))
    }

    /// Holds a document's number against those that can be.
    ///
    /// # Errors
    /// The number is greater.
    pub(super) fn check(document: u64) -> Result<(), Self> {
        match document < u64::from(u32::MAX) {
            true => Ok(()),
            false => Err(Self::TooMany(document)),
        }
    }

    /// Wraps the error of an attempt on a file.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io {
            action,
            path,
            error,
        }
    }
}
