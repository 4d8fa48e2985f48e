//! What can be wrong with looking for leaks.

/// Leaks that cannot be looked for.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LeakError {
    /// A threshold below which most texts are similar, or above which none is.
    #[error(
        "the threshold of near duplicates is {0}; give a similarity from 0.5 to 1, such as 0.8"
    )]
    Threshold(f64),
}
