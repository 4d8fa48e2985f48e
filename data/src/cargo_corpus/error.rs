//! Why the cargo corpus cannot be read.

use std::io;
use std::path::PathBuf;

/// A cargo corpus that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CargoCorpusError {
    /// No `Cargo.lock` in this folder or one above.
    #[error(
        "cargo corpus: no Cargo.lock in {} or a folder above it; run this inside the workspace, or \
         name a recipe with sources of its own",
        start.display()
    )]
    NoLock {
        /// Where the search began.
        start: PathBuf,
    },
    /// Packages of the recipe that the lock does not know.
    #[error(
        "cargo corpus: {} does not hold: {}; name packages that it holds",
        lock.display(),
        names.join(", ")
    )]
    NotLocked {
        /// The lock.
        lock: PathBuf,
        /// The names.
        names: Vec<String>,
    },
    /// Packages that cargo has not unpacked on this machine.
    #[error(
        "cargo corpus: not unpacked under {}: {}; `cargo fetch --locked` brings them (it downloads)",
        folder.display(),
        packages.join(", ")
    )]
    NotUnpacked {
        /// Cargo's folder of sources.
        folder: PathBuf,
        /// Names and versions.
        packages: Vec<String>,
    },
    /// All files were left out.
    #[error("cargo corpus: no file of {} is within max_bytes_per_package {max}; raise it", packages.join(", "))]
    Empty {
        /// The names.
        packages: Vec<String>,
        /// The recipe's bound.
        max: u64,
    },
    /// Neither `CARGO_HOME` nor a home folder.
    #[error("cargo corpus: neither CARGO_HOME nor a home folder is known; set CARGO_HOME")]
    NoHome,
    /// A file or folder that the system does not give.
    #[error("cargo corpus: cannot read {}: {error}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

impl CargoCorpusError {
    /// Whether the recipe or the input is at fault rather than the machine (exit code 2, not 1).
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Read { .. })
    }
}
