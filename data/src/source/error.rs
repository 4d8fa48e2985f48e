//! What can be wrong with a source.

use std::io;
use std::path::PathBuf;

use crate::cargo_corpus::CargoCorpusError;

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A path that is neither a file nor a folder.
    #[error("{given}: there is no such file or folder (looked for {})", path.display())]
    Missing {
        /// The path in the recipe.
        given: String,
        /// Where it leads.
        path: PathBuf,
    },
    /// A wildcard that matches no file, or a folder without files.
    #[error("{given}: {what}; give a path that names at least one file")]
    NoFiles {
        /// The path in the recipe.
        given: String,
        /// What was found instead.
        what: String,
    },
    /// A wildcard that cannot be read as one.
    #[error("{given}: not a wildcard pattern: {message}")]
    Pattern {
        /// The path in the recipe.
        given: String,
        /// What is wrong with it.
        message: String,
    },
    /// `$SLOVO_DATA` in a path, and no such variable.
    #[error(
        "{given}: the environment variable SLOVO_DATA is not set; set it to the folder that holds \
         the data, as in SLOVO_DATA=../shared/data"
    )]
    DataFolderUnset {
        /// The path in the recipe.
        given: String,
    },
    /// Something that is said of a source and means nothing for its files.
    #[error(
        "sources: {source_name}: `{field}` is given, and no file of it has any use for it: {right}; leave it out"
    )]
    Unused {
        /// The source.
        source_name: String,
        /// The field of the recipe.
        field: &'static str,
        /// What it is for.
        right: &'static str,
    },
    /// Standard input named twice.
    #[error("sources: standard input is named {0} times; it can be read once")]
    StdinTwice(usize),
    /// A file or folder that the system does not give.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file or folder.
        path: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A compressed file that is cut short or damaged.
    #[error(
        "{path}: not readable as {format}, the file is cut short or damaged: {message}; {}",
        FETCH
    )]
    Compressed {
        /// The file.
        path: String,
        /// `gzip`, `zstd`, `bzip2` or `xz`.
        format: &'static str,
        /// What the decoder says.
        message: String,
    },
    /// A file that is not what its format or the recipe says of it: cut off, or without a column.
    #[error("{path}: {message}; {}", MEND)]
    Content {
        /// The file.
        path: String,
        /// What was found, and what would be right.
        message: String,
    },
    /// A temporary file that cannot be written or read back.
    #[error(
        "cannot keep what is read of {path} in a temporary file in {}: {error}; make room there, or \
         let the environment variable TMPDIR name another folder",
        folder.display()
    )]
    Temporary {
        /// The file being read.
        path: String,
        /// Where the temporary file lies.
        folder: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A file in a form that is not read here.
    #[error("{path}: {what}; {right}")]
    NotText {
        /// The file.
        path: String,
        /// What it is.
        what: String,
        /// What would do.
        right: String,
    },
    /// A format that this program was built without.
    #[error(
        "{path}: it is a Parquet file, and this program was built without the feature that reads them; build it with \
         `--features parquet`, as in `cargo run --release -p slovo-data --features parquet -- prepare RECIPE`"
    )]
    Unbuilt {
        /// The file.
        path: String,
    },
    /// Bytes that are not UTF-8, under `encoding: Stop`.
    #[error(
        "{path}: byte {offset} is not UTF-8 (0x{byte:02X}); convert the file, or let the recipe \
         say clean.encoding Replace or Skip"
    )]
    Encoding {
        /// The file; of pairs, with the line.
        path: String,
        /// Place of the first such byte, from 0, after decompression.
        offset: u64,
        /// The byte there.
        byte: u8,
    },
    /// A line that cannot be used, under `bad_lines: Stop`.
    #[error("{path}:{line}: {message}; mend the line, or let the recipe say bad_lines: Skip")]
    BadLine {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// A line that is too long to hold.
    #[error("{path}:{line}: the line is longer than {limit} bytes; {right}")]
    LongLine {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
        /// The most that is read.
        limit: usize,
        /// What the file should be.
        right: &'static str,
    },
    /// A record that cannot be read, under `bad_lines: Stop`.
    #[error(
        "{path}: the record at byte {offset}: {message}; mend the file, or let the recipe say \
         bad_lines: Skip"
    )]
    Record {
        /// The file.
        path: String,
        /// Place of the record, from 0, after decompression.
        offset: u64,
        /// What was found, and what would be right.
        message: String,
    },
    /// The cargo corpus cannot be read.
    #[error(transparent)]
    Cargo(#[from] CargoCorpusError),
}

/// What to do about a damaged file.
const FETCH: &str = "fetch it again, or let the recipe say bad_lines: Skip";
const MEND: &str = "mend the file or the recipe, or let the recipe say bad_lines: Skip";

impl SourceError {
    /// What was found, without that advice: for a report of a recipe that says so.
    pub(super) fn found(&self) -> String {
        let said = self.to_string();
        let found = [FETCH, MEND]
            .into_iter()
            .find_map(|advice| said.strip_suffix(advice)?.strip_suffix("; "));
        found.map(str::to_owned).unwrap_or(said)
    }

    /// Whether one file is damaged, so that the others can be read without it.
    pub(super) fn is_of_one_file(&self) -> bool {
        matches!(
            self,
            Self::Compressed { .. }
                | Self::Content { .. }
                | Self::NotText { .. }
                | Self::LongLine { .. }
        )
    }

    /// Whether the recipe or the input is at fault rather than the machine (exit code 2, not 1).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Temporary { .. } => false,
            Self::Cargo(error) => error.is_usage(),
            _ => true,
        }
    }
}
