//! Why a paper cannot be read.

use super::{expand, inline, unpack};

/// A paper that goes beyond a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LatexError {
    /// Macros that grow, as an attack or by a loop that needs TeX's conditionals to end.
    #[error(
        "its macros expand to more than {} bytes; at most that is read of a paper",
        expand::MAX_EXPANDED_BYTES
    )]
    Expansion,
    /// Files that are included again and again.
    #[error(
        "with its included files it has more than {} bytes or includes more than {} files",
        unpack::MAX_SOURCE_BYTES,
        inline::MAX_INPUTS
    )]
    Inputs,
    /// Files too large to be held.
    #[error(
        "its TeX files have more than {} bytes; is it data?",
        unpack::MAX_SOURCE_BYTES
    )]
    Source,
    /// An archive that would never end.
    #[error("it unpacks to more than {} bytes", unpack::MAX_UNPACKED_BYTES)]
    Unpacked,
}
