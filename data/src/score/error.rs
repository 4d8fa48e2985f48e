//! What cannot be scored.

/// Why there is no score.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// Nothing to score.
    #[error("there is no sentence to score; give at least one")]
    Empty,
    /// Sentences and references that do not belong together.
    #[error(
        "{hypotheses} sentences are to be scored, but there are references for {references}; \
         give references for each sentence, in the same order"
    )]
    Lengths {
        /// Sentences to be scored.
        hypotheses: usize,
        /// Sentences that have references.
        references: usize,
    },
    /// A sentence that cannot be right or wrong.
    #[error("sentence {sentence} (counted from 0) has no reference; give at least one")]
    NoReference {
        /// Which one, from 0.
        sentence: usize,
    },
}

/// Refuses what no score is defined for.
pub(super) fn check<R: AsRef<[S]>, S>(
    hypotheses: usize,
    references: &[R],
) -> Result<(), ScoreError> {
    if hypotheses != references.len() {
        return Err(ScoreError::Lengths {
            hypotheses,
            references: references.len(),
        });
    }
    if hypotheses == 0 {
        return Err(ScoreError::Empty);
    }
    match references.iter().position(|refs| refs.as_ref().is_empty()) {
        Some(sentence) => Err(ScoreError::NoReference { sentence }),
        None => Ok(()),
    }
}
