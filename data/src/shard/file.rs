//! One shard, mapped and verified.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use sha2::{Digest, Sha256};

use super::documents::{Entry, Span};
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
    /// Opens a shard and verifies every byte of it.
    ///
    /// Verifying reads the file rather than the map: pages of a map count as this program's memory
    /// from their first touch on, and a split may be larger than any memory.
    pub(super) fn open(path: &Path) -> Result<Self, ShardError> {
        let failed = |action| move |error| io_error(action, path, error);
        let mut file = File::open(path).map_err(failed("read"))?;
        let length = file.metadata().map_err(failed("read"))?.len();
        let mut head = Vec::new();
        (&mut file)
            .take(HEADER_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(failed("read"))?;
        let header = Header::from_bytes(path, &head, length)?;
        let tokens = header.tokens * u64::from(header.width);
        let read = checksum(&mut file, tokens).map_err(failed("read"))?;
        let rest = checksum(&mut file, length).map_err(failed("read"))?;
        let shard = Self {
            path: path.to_owned(),
            map: map::map(&file).map_err(failed("map"))?,
            header,
        };
        let expected = &shard.header;
        shard.compare("the checksum of its tokens", read, expected.tokens_sha256)?;
        shard.compare(
            "the checksum of its documents",
            rest,
            expected.documents_sha256,
        )?;
        Ok(shard)
    }

    fn compare(
        &self,
        what: &'static str,
        found: [u8; 32],
        expected: [u8; 32],
    ) -> Result<(), ShardError> {
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

    /// Copies tokens from `start` on; the caller keeps within the shard.
    pub(super) fn copy(&self, start: u64, out: &mut [u32]) {
        let width = self.header.width as usize;
        let at = start as usize * width;
        // The header was checked against the length of the file.
        let bytes = &self.map[HEADER_BYTES + at..][..out.len() * width];
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

    /// Where entry `index` lies, counted from the start of this shard.
    pub(super) fn span(&self, index: u64) -> Option<Span> {
        let entry = self.entry(index)?;
        let end = if index + 1 < self.header.documents {
            self.entry(index + 1)?.start
        } else {
            self.header.tokens
        };
        Some(Span {
            start: entry.start,
            tokens: end.checked_sub(entry.start)?,
            continues: entry.continues,
        })
    }

    /// The entry that holds a token, counted from the start of this shard; the last one beyond its end.
    pub(super) fn entry_at(&self, token: u64) -> u64 {
        let (mut low, mut high) = (0, self.header.documents);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle).is_some_and(|entry| entry.start <= token) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low.saturating_sub(1)
    }

    /// Entry `index`, its tokens and its provenance; entries are of this shard.
    pub(super) fn document(&self, index: u64) -> Result<(Entry, u64, Provenance), ShardError> {
        let read = || {
            let entry = self.entry(index)?;
            let tokens = self.span(index)?.tokens;
            let at = self.header.provenance_at()? + entry.provenance_at;
            let json = self
                .map
                .get(at as usize..at as usize + entry.provenance_bytes as usize)?;
            let provenance = serde_json::from_slice(json).ok()?;
            Some((entry, tokens, provenance))
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

/// SHA-256 of the next `bytes` bytes, or of all that is left.
fn checksum(file: &mut File, bytes: u64) -> io::Result<[u8; 32]> {
    let mut sha256 = Sha256::new();
    let mut left = bytes;
    let mut buffer = vec![0; 1 << 18];
    while left > 0 {
        let most = left.min(buffer.len() as u64) as usize;
        let read = match file.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        sha256.update(&buffer[..read]);
        left -= read as u64;
    }
    Ok(sha256.finalize().into())
}
