//! What can be wrong with a request, or with the model that is to answer it.

use burn::tensor::TensorReadError;
use thiserror::Error;

/// Why a text could not be continued.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// There is nothing to continue.
    #[error("the prompt has no tokens; give at least one, for example the end-of-text token")]
    EmptyPrompt,
    /// A token that the model does not know.
    #[error(
        "token {token} at position {position} of the prompt is not below the model's vocabulary \
         size {vocab_size}; encode the prompt with the model's own tokenizer"
    )]
    UnknownToken {
        /// The token.
        token: u32,
        /// Its place in the prompt, from 0.
        position: usize,
        /// The model's vocabulary size.
        vocab_size: usize,
    },
    /// More positions than the model has.
    #[error(
        "{prompt} prompt tokens and {max_new} new ones need {} positions, but the model has \
         {max_seq_len} (max_seq_len); {}, or let it `slide` past them",
        prompt.saturating_add(*max_new), shorter(*prompt, *max_seq_len)
    )]
    TooLong {
        /// Tokens in the prompt.
        prompt: usize,
        /// Tokens asked for.
        max_new: usize,
        /// Positions of the model.
        max_seq_len: usize,
    },
    /// A slide that leaves no room.
    #[error(
        "slide: {keep} tokens are to stay, but the model has {max_seq_len} positions (max_seq_len) \
         and one is for the next token; keep at most {}", max_seq_len.saturating_sub(1)
    )]
    Slide {
        /// Tokens that should stay.
        keep: usize,
        /// Positions of the model.
        max_seq_len: usize,
    },
    /// A source text that has more tokens than the model has positions.
    #[error(
        "the source has {source_len} tokens, but the model has {max_seq_len} positions \
         (max_seq_len); translate it sentence by sentence"
    )]
    SourceTooLong {
        /// Tokens of the source.
        source_len: usize,
        /// Positions of the model.
        max_seq_len: usize,
    },
    /// A beam search that cannot be.
    #[error("{0}")]
    Beams(String),
    /// A sampling setting that makes no distribution.
    #[error("sampling: `{field}` is {value}; {cure}")]
    Sampling {
        /// The field of [`Sampling`](crate::Sampling).
        field: &'static str,
        /// The value that was found.
        value: String,
        /// A value that would do.
        cure: &'static str,
    },
    /// The model's output is not a number.
    #[error(
        "the logits after {position} tokens are not finite; the weights are damaged or the \
         training diverged"
    )]
    NotFinite {
        /// Tokens of the text so far.
        position: usize,
    },
    /// One of several prompts.
    #[error("prompt {row} (counted from 0): {source}")]
    Row {
        /// Which one, from 0.
        row: usize,
        /// What is wrong with it.
        source: Box<GenerateError>,
    },
    /// The device failed.
    #[error("the device failed to compute logits: {0}")]
    Device(#[from] TensorReadError),
}

fn shorter(prompt: usize, max_seq_len: usize) -> String {
    match max_seq_len.checked_sub(prompt) {
        Some(left) if left > 0 => format!("at most {left} new tokens fit behind this prompt"),
        _ => format!("shorten the prompt below {max_seq_len} tokens"),
    }
}
