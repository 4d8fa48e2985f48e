//! Everything that can go wrong between a recipe and a batch.

use std::path::PathBuf;

use crate::dedup::DedupError;
use crate::mask::MaskError;
use crate::mixture::MixtureError;
use crate::pairs::BucketError;
use crate::recipe::RecipeError;
use crate::score::ScoreError;
use crate::shard::ShardError;
use crate::source::SourceError;
use crate::tokenizer::TokenizerError;

/// An error of this crate. [`Error::is_usage`] tells what the person can mend (exit code 2) from
/// what failed (1).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recipe is wrong.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A tokenizer cannot be read, trained or used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A document cannot be encoded.
    #[error("{document}: {error}")]
    Document {
        /// Its path.
        document: String,
        /// What is wrong, and where.
        #[source]
        error: TokenizerError,
    },
    /// Shards cannot be written, read or trusted.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// Nothing is left for a split.
    #[error("{what} is empty: {why}")]
    Empty {
        /// The corpus, or one of its splits.
        what: String,
        /// What was read and why it did not remain, with what would do.
        why: String,
    },
    /// A held-out group that no document belongs to.
    #[error("split: no document belongs to {missing}; the groups are {present}")]
    Groups {
        /// Names in the recipe that were not met.
        missing: String,
        /// Names that were met.
        present: String,
    },
    /// More context than text.
    #[error(
        "a context of {seq_len} tokens needs at least {} tokens of text, the {split} split has {found}; \
         take a context of {} or less, or more text",
        seq_len + 1,
        found.saturating_sub(1)
    )]
    Context {
        /// `train`, `validation`, or another name for the text.
        split: String,
        /// The context asked for.
        seq_len: usize,
        /// Tokens in the split.
        found: u64,
    },
    /// Masking that hides nothing sensible, or that does not fit the tokenizer or the text.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// A mixture that does not fit its sources.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
    /// Parts of a corpus that cannot be joined.
    #[error("{}: {what}", path.display())]
    Parts {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        what: String,
    },
    /// Documents that cannot be written to the file asked for.
    #[error("{}: {what}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        what: String,
    },
    /// What is compared to find duplicates cannot be written, read or trusted.
    #[error(transparent)]
    Dedup(#[from] DedupError),
    /// A number of a batch that cannot be.
    #[error("{field} is {found}: it must be at least 1")]
    Zero {
        /// Which number.
        field: &'static str,
        /// What it is.
        found: usize,
    },
    /// Pairs that no batch can be made of.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A pair that is not there.
    #[error("pair {pair} was asked for, counted from 0; there are {pairs}")]
    Pair {
        /// Which one.
        pair: u64,
        /// How many there are.
        pairs: u64,
    },
    /// Shards of pairs that do not belong together.
    #[error("{sources} sources and {targets} targets; prepare the pairs again")]
    Sides {
        /// Sources.
        sources: u64,
        /// Targets.
        targets: u64,
    },
    /// Translations that cannot be scored.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Inputs that the report could not tell apart.
    #[error("two inputs are named {0:?}: give each its own name, as in NAME=PATH")]
    SameName(String),
    /// An n-gram model that cannot be.
    #[error(
        "no n-gram model of order {order} over {vocab_size} tokens: orders from 1 to 5 will do"
    )]
    Order {
        /// The order asked for.
        order: usize,
        /// Size of the vocabulary.
        vocab_size: u64,
    },
    /// The output folder holds something else.
    #[error("{} exists and {what}; remove it, or name another folder with --out", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        what: String,
    },
    /// A folder that was never prepared, or that belongs to another version.
    #[error("{} is not prepared data: {message}", path.display())]
    NotPrepared {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What is missing or wrong.
        message: String,
    },
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
    /// The sources gave other text at the second reading.
    #[error("the sources changed while they were read: first {first}, then {second}; run it again")]
    Changed {
        /// What the first reading found.
        first: String,
        /// What a later one found.
        second: String,
    },
    /// A background thread panicked.
    #[error("a background thread failed: {0}")]
    Thread(String),
    /// Asked to stop; nothing half-finished was left.
    #[error("stopped on request")]
    Stopped,
}

impl Error {
    /// Whether the recipe, the command line or an input is at fault (exit code 2).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Recipe(_)
            | Self::Empty { .. }
            | Self::Groups { .. }
            | Self::Context { .. }
            | Self::Mask(_)
            | Self::Mixture(_)
            | Self::Parts { .. }
            | Self::Export { .. }
            | Self::Zero { .. }
            | Self::Bucket(_)
            | Self::SameName(_)
            | Self::Order { .. }
            | Self::Exists { .. }
            | Self::NotPrepared { .. } => true,
            Self::Source(error) => error.is_usage(),
            Self::Tokenizer(error) | Self::Document { error, .. } => error.is_usage(),
            Self::Dedup(error) => error.is_usage(),
            Self::Shard(_)
            | Self::Pair { .. }
            | Self::Sides { .. }
            | Self::Score(_)
            | Self::Io { .. }
            | Self::Changed { .. }
            | Self::Thread(_)
            | Self::Stopped => false,
        }
    }

    /// Whether the run ended because it was asked to (exit code 3).
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped)
    }

    pub(crate) fn io(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io {
            action,
            path,
            error,
        }
    }
}
