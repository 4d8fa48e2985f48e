//! The text that every build machine has: sources and documentation of pinned packages.
//!
//! Who has built this project has its dependencies on disk, unpacked by cargo, at exactly the
//! versions of `Cargo.lock`. That is some megabytes of real text (Rust and English), the same on
//! every machine, under licences that are known, and it asks the network for nothing.
//! Generated code and tables, exact duplicates, and what a package has beyond its share are left
//! out; [`CargoSummary`] counts them.

mod error;
mod files;
mod lock;
mod packages;
mod registry;
mod select;

pub use error::CargoCorpusError;
pub use lock::Package;
pub use packages::{HELD_OUT_PACKAGES, TRAINING_PACKAGES, default_packages};
pub use select::{CargoSummary, Corpus, CorpusFile, PackageSummary, select};

/// No package gives more than this many bytes, unless a recipe says otherwise: large ones would
/// otherwise make up most of the text.
pub const DEFAULT_MAX_BYTES_PER_PACKAGE: u64 = 500_000;
