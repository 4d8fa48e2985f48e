//! What can be wrong with masking.

/// Settings that hide nothing sensible, or a tokenizer, text or row that does not fit them.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum MaskError {
    /// A share that is none.
    #[error("{field} is {found}; {right}")]
    Share {
        /// The field of [`Masking`](super::Masking).
        field: &'static str,
        /// What it is.
        found: f64,
        /// What would do.
        right: &'static str,
    },
    /// A special token beyond the vocabulary.
    #[error("special token {id} is not below the vocabulary's size {vocab_size}")]
    Special {
        /// The token.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: u32,
    },
    /// Windows that hold several texts.
    #[error("windows is BestFit: masked rows hold one text each; take Documents")]
    BestFit,
    /// Nothing to hide tokens behind.
    #[error("all {0} tokens of the vocabulary are special; give ordinary ones too")]
    NoOrdinary(u32),
    /// Marks that do not belong to the row.
    #[error("{tokens} tokens, but {marks} marks of what continues a word; each token has one")]
    Marks {
        /// Tokens of the row.
        tokens: usize,
        /// Marks for it.
        marks: usize,
    },
    /// Whole words asked for, and nobody says what a word is.
    #[error("whole_words is true: say of each token whether it continues a word")]
    NoMarks,
    /// A tokenizer without a mask token.
    #[error(
        "the tokenizer ({kind}) has no mask token; take WordPiece(vocab_size: 8192) or \
         Bpe(vocab_size: 8192, specials: Masked), or a file that has [MASK] or <mask>"
    )]
    NoMask {
        /// What the tokenizer is made of.
        kind: String,
    },
    /// A tokenizer that does not show where words begin.
    #[error(
        "whole_words is true: the tokenizer ({kind}) does not show where words begin; take false"
    )]
    NoWords {
        /// What the tokenizer is made of.
        kind: String,
    },
    /// No room for text.
    #[error(
        "a context of {context} tokens has no room for text beside {around} special ones; take {} \
         or more",
        around + 1
    )]
    NoRoom {
        /// The context asked for.
        context: usize,
        /// Special tokens around the text of a row.
        around: usize,
    },
    /// Less text than a row takes.
    #[error(
        "a context of {context} tokens takes {least} tokens of text, the {split} split has {found}; \
         take a shorter context, or more text"
    )]
    Text {
        /// `train` or `validation`.
        split: &'static str,
        /// The context asked for.
        context: usize,
        /// The fewest tokens that would do.
        least: u64,
        /// Tokens in the split.
        found: u64,
    },
    /// More places than can be numbered.
    #[error(
        "{sequences} sequences of {context} tokens are more places than 2^32; take fewer sequences"
    )]
    Places {
        /// Rows of a batch.
        sequences: usize,
        /// Tokens of a row.
        context: usize,
    },
}
