//! What the hashes in a file are of.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::SettingError;
use super::minhash::MinHash;
use super::paragraphs::Paragraphs;

/// What hashes are of. Only those of one kind, in all its settings, can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum HashKind {
    /// Of whole documents, word for word: the two halves of [`exact_hash`](super::exact_hash), the
    /// upper first.
    Documents,
    /// Of their paragraphs, word for word: the paragraph's number, then as above.
    Paragraphs(Paragraphs),
    /// The bands of a signature.
    MinHash(MinHash),
}

impl HashKind {
    /// 64-bit numbers in a record, the document's not counted.
    pub fn width(&self) -> usize {
        match self {
            Self::Documents => 2,
            Self::Paragraphs(_) => 3,
            Self::MinHash(minhash) => minhash.bands,
        }
    }

    /// Refuses what cannot be worked with.
    ///
    /// # Errors
    /// Those of [`MinHash::validate`].
    pub fn validate(&self) -> Result<(), SettingError> {
        match self {
            Self::Documents | Self::Paragraphs(_) => Ok(()),
            Self::MinHash(minhash) => minhash.validate(),
        }
    }
}

impl fmt::Display for HashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documents => f.write_str("documents"),
            Self::Paragraphs(paragraphs) => write!(f, "{paragraphs:?}"),
            Self::MinHash(minhash) => write!(f, "{minhash:?}"),
        }
    }
}
