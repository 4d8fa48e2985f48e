//! What can be wrong with shards.

use std::path::PathBuf;

/// Shards that cannot be written, read or trusted.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The file system refuses.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        error: std::io::Error,
    },
    /// The file is not what it should be: what was found, and what was expected.
    #[error("{} is damaged or not a shard: {what} is {found}, expected {expected}; prepare the data again", path.display())]
    Damaged {
        /// The shard.
        path: PathBuf,
        /// Which part.
        what: &'static str,
        /// What stands there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// Written by another version of this program.
    #[error("{} has shard version {found}, this program reads version {expected}; prepare the data again", path.display())]
    Version {
        /// The shard.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// The tokens were made by another tokenizer.
    #[error("{} was written with tokenizer {found}, the one beside it is {expected}", path.display())]
    Tokenizer {
        /// The shard.
        path: PathBuf,
        /// Fingerprint in the shard.
        found: String,
        /// Fingerprint of the tokenizer.
        expected: String,
    },
    /// A split lacks a file.
    #[error("{} is missing: {why}; prepare the data again", path.display())]
    Missing {
        /// The file that should be there.
        path: PathBuf,
        /// How that is known.
        why: String,
    },
    /// A token that the vocabulary does not have.
    #[error("token {token} does not fit a vocabulary of {vocab_size}")]
    Token {
        /// The id.
        token: u32,
        /// The vocabulary.
        vocab_size: u64,
    },
    /// A read beyond the end.
    #[error("tokens {start} to {end} were asked for, there are {len}")]
    Range {
        /// First token.
        start: u64,
        /// One after the last.
        end: u64,
        /// Tokens in all.
        len: u64,
    },
}
