//! Where a run stands: everything besides tensors that going on needs.

use serde::{Deserialize, Serialize};

/// The best evaluation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// After which step.
    pub step: u64,
    /// Validation loss in nats per token.
    pub loss: f64,
}

/// What a run must share with the one that goes on from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// Fingerprint of tokens and tokenizer.
    pub data: String,
    /// Fingerprint of the tokenizer.
    pub tokenizer: String,
}

/// State of a run after a step. No random-number generator is in it: batches and dropout masks are
/// functions of the seed and the step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    /// Steps taken, skipped ones included: the index of the next batch.
    pub step: u64,
    /// Updates made: where the learning-rate schedule is.
    pub updates: u64,
    /// Target tokens seen.
    pub tokens: u64,
    /// Steps skipped because loss or gradient was not finite.
    pub skipped: u64,
    /// How many of the last steps in a row were skipped.
    pub skipped_in_a_row: u64,
    /// Step of the last evaluation.
    pub evaluated: u64,
    /// The best evaluation.
    pub best: Option<Best>,
    /// Evaluations since the best one.
    pub patience_used: u64,
    /// Time spent training so far, in seconds.
    pub seconds: f64,
    /// What the run is.
    pub identity: RunIdentity,
}
