//! One shard, mapped and verified.

use std::path::{Path, PathBuf};

use memmap2::Mmap;
use sha2::{Digest, Sha256};

use super::documents::Entry;
use super::header::{ENTRY_BYTES, HEADER_BYTES, Header};
use super::writer::io_error;
use super::{Provenance, ShardError, map};
use crate::files::hex;

/// A shard file.
pub(super) struct ShardFile {
    pub path: PathBuf,
    pub header: Header,
    map: Mmap,
}

impl ShardFile {
    /// Maps a shard and verifies every byte of it.
    pub(super) fn open(path: &Path) -> Result<Self, ShardError> {
        let empty = std::fs::metadata(path)
            .map_err(|error| io_error("read", path, error))?
            .len()
            == 0;
        if empty {
            // An empty file cannot be mapped everywhere; it gets the error of a short one.
            Header::from_bytes(path, &[])?;
        }
        let map = map::map(path).map_err(|error| io_error("map", path, error))?;
        let header = Header::from_bytes(path, &map)?;
        let shard = Self {
            path: path.to_owned(),
            header,
            map,
        };
        let (tokens, documents) = shard.parts();
        shard.verify(
            "the checksum of its tokens",
            tokens,
            shard.header.tokens_sha256,
        )?;
        shard.verify(
            "the checksum of its documents",
            documents,
            shard.header.documents_sha256,
        )?;
        Ok(shard)
    }

    fn verify(
        &self,
        what: &'static str,
        bytes: &[u8],
        expected: [u8; 32],
    ) -> Result<(), ShardError> {
        let found: [u8; 32] = Sha256::digest(bytes).into();
        if found == expected {
            Ok(())
        } else {
            Err(self.damaged(what, hex(&found), hex(&expected)))
        }
    }

    fn damaged(&self, what: &'static str, found: String, expected: String) -> ShardError {
        ShardError::Damaged {
            path: self.path.clone(),
            what,
            found,
            expected,
        }
    }

    /// The tokens' bytes, and everything behind them.
    fn parts(&self) -> (&[u8], &[u8]) {
        let tokens = self.header.tokens as usize * self.header.width as usize;
        // The header was checked against the length of the file.
        self.map[HEADER_BYTES..].split_at(tokens)
    }

    /// Copies tokens from `start` on; the caller keeps within the shard.
    pub(super) fn copy(&self, start: u64, out: &mut [u32]) {
        let width = self.header.width as usize;
        let at = start as usize * width;
        let bytes = &self.parts().0[at..at + out.len() * width];
        if width == 2 {
            for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *out = u32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
            }
        } else {
            for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *out = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
    }

    fn entry(&self, index: u64) -> Option<Entry> {
        let at = self.header.documents_at()? + index * ENTRY_BYTES;
        let bytes = self.map.get(at as usize..)?.first_chunk()?;
        Some(Entry::from_bytes(bytes))
    }

    /// Entry `index`, its tokens and its provenance; entries are of this shard.
    pub(super) fn document(&self, index: u64) -> Result<(Entry, u64, Provenance), ShardError> {
        let read = || {
            let entry = self.entry(index)?;
            let end = if index + 1 < self.header.documents {
                self.entry(index + 1)?.start
            } else {
                self.header.tokens
            };
            let at = self.header.provenance_at()? + entry.provenance_at;
            let json = self
                .map
                .get(at as usize..at as usize + entry.provenance_bytes as usize)?;
            let provenance = serde_json::from_slice(json).ok()?;
            Some((entry, end.checked_sub(entry.start)?, provenance))
        };
        read().ok_or_else(|| {
            self.damaged(
                "the list of its documents",
                format!("unreadable at entry {index}"),
                "what its checksum says was written".to_owned(),
            )
        })
    }
}
