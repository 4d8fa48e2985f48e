//! The list of documents in a shard.

use serde::{Deserialize, Serialize};

use super::header::ENTRY_BYTES;
use crate::document::{Document, Origin};

/// Where a document came from, as a shard keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Which of the recipe's sources.
    pub source: String,
    /// File, as the recipe wrote it.
    pub path: String,
    /// What a split keeps together.
    pub group: String,
    /// Package and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Licence, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Number within the file.
    #[serde(default)]
    pub index_in_file: u64,
    /// What its record says of it.
    #[serde(flatten)]
    pub origin: Origin,
}

impl From<&Document> for Provenance {
    fn from(document: &Document) -> Self {
        Self {
            source: document.source.clone(),
            path: document.path.clone(),
            group: document.group.clone(),
            package: document.package.clone(),
            licence: document.licence.clone(),
            index_in_file: document.index_in_file,
            origin: document.origin.clone(),
        }
    }
}

/// A document in a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardDocument {
    /// Its first token, counted from the start of the split.
    pub start: u64,
    /// Its tokens, the end of text included.
    pub tokens: u64,
    /// UTF-8 bytes of its text.
    pub bytes: u64,
    /// The next document continues this text.
    pub continues: bool,
    /// Where it came from.
    pub provenance: Provenance,
}

/// Where the text of an entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first token, counted from the start of the split.
    pub start: u64,
    /// Its tokens, the end of text included.
    pub tokens: u64,
    /// The next entry continues this text.
    pub continues: bool,
}

/// An entry as it lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// First token, from the start of the shard.
    pub start: u64,
    pub bytes: u64,
    /// Where its JSON begins, from the start of the provenance.
    pub provenance_at: u64,
    pub provenance_bytes: u32,
    pub continues: bool,
}

impl Entry {
    pub(super) fn to_bytes(self) -> [u8; ENTRY_BYTES as usize] {
        let mut bytes = [0; ENTRY_BYTES as usize];
        bytes[..8].copy_from_slice(&self.start.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.provenance_at.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.provenance_bytes.to_le_bytes());
        bytes[28..].copy_from_slice(&u32::from(self.continues).to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; ENTRY_BYTES as usize]) -> Self {
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        Self {
            start: u64_at(0),
            bytes: u64_at(8),
            provenance_at: u64_at(16),
            provenance_bytes: u32_at(24),
            continues: u32_at(28) != 0,
        }
    }
}
