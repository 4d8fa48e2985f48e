//! What a search finds, and why it may find nothing.

/// A target for a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Its tokens, without the first and the last one that every target has.
    pub tokens: Vec<u32>,
    /// The natural logarithm of its probability, the end token's included where it ended.
    pub log_prob: f64,
    /// `log_prob` over the length penalty: what hypotheses were compared by.
    pub score: f64,
    /// Whether it ended by itself, rather than at the greatest length.
    pub ended: bool,
}

/// ((5 + length) ÷ 6)^α of Wu et al. 2016; the length counts the end token.
pub(super) fn length_penalty(length: usize, alpha: f64) -> f64 {
    ((5.0 + length as f64) / 6.0).powf(alpha)
}

/// Why nothing was searched.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum BeamError<E> {
    /// Nothing to follow.
    #[error("beams is 0: it must be at least 1; 4 will do")]
    NoBeams,
    /// A length penalty that is none.
    #[error("alpha is {0}; a finite number of at least 0 will do, such as 0.6")]
    Alpha(f64),
    /// An end token that never comes.
    #[error("the end token {end} is not below the vocabulary's size {vocab_size}")]
    End {
        /// The token.
        end: u32,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// The caller's numbers are too many or too few.
    #[error(
        "{found} log-probabilities for {rows} rows and {vocab_size} tokens; there must be one for \
         each token of each row, {}", rows * vocab_size
    )]
    Shape {
        /// Numbers that came.
        found: usize,
        /// Rows that were given.
        rows: usize,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// The caller's numbers are something else.
    #[error(
        "source {source_number}, pass {pass} (both counted from 0): {found} for token {token} is \
         no log-probability; give a log-softmax of finite logits"
    )]
    NotLogProbability {
        /// The source.
        source_number: usize,
        /// The token.
        token: usize,
        /// Tokens that were found before it.
        pass: usize,
        /// What came.
        found: f32,
    },
    /// The caller could not go on.
    #[error("{0}")]
    Step(E),
}
