//! The first 192 bytes of a shard.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::ShardError;
use crate::files::hex;

/// The format's version; another one is refused.
pub const VERSION: u32 = 1;

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = 192;
/// The part of a header that its own checksum covers.
const CHECKED_BYTES: usize = 160;
const MAGIC: [u8; 8] = *b"SLOVOSHD";
/// Bytes of an entry in the list of documents.
pub(super) const ENTRY_BYTES: u64 = 32;

/// What a shard says of itself. Numbers are little-endian, in this order, after 8 bytes of magic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes a token: 2 or 4 (stored as `u32`, after the version).
    pub width: u32,
    /// Number of the shard in its split, from 0 (stored as `u32`).
    pub number: u32,
    /// Whether the split ends with this shard (stored as `u32`).
    pub last: bool,
    /// Tokens in this shard.
    pub tokens: u64,
    /// Entries in its list of documents.
    pub documents: u64,
    /// UTF-8 bytes of the text behind the tokens.
    pub text_bytes: u64,
    /// Size of the vocabulary.
    pub vocab_size: u64,
    /// Bytes of the provenance at the end.
    pub provenance_bytes: u64,
    /// SHA-256 of the tokenizer.json.
    pub tokenizer: [u8; 32],
    /// SHA-256 of the tokens as they lie in the file.
    pub tokens_sha256: [u8; 32],
    /// SHA-256 of everything behind the tokens.
    pub documents_sha256: [u8; 32],
}

impl Header {
    /// Bytes a token, by the vocabulary.
    pub(super) fn width_for(vocab_size: u64) -> u32 {
        if vocab_size <= 1 << 16 { 2 } else { 4 }
    }

    /// Where the list of documents begins; `None` where a false header overflows.
    pub(super) fn documents_at(&self) -> Option<u64> {
        let tokens = self.tokens.checked_mul(u64::from(self.width))?;
        tokens
            .checked_add(HEADER_BYTES as u64)?
            .checked_next_multiple_of(8)
    }

    /// Where the provenance begins.
    pub(super) fn provenance_at(&self) -> Option<u64> {
        self.documents
            .checked_mul(ENTRY_BYTES)?
            .checked_add(self.documents_at()?)
    }

    /// Length of the whole file.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        self.provenance_at()?.checked_add(self.provenance_bytes)
    }

    pub(super) fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(&MAGIC);
        put(&VERSION.to_le_bytes());
        put(&self.width.to_le_bytes());
        put(&self.number.to_le_bytes());
        put(&u32::from(self.last).to_le_bytes());
        for number in [
            self.tokens,
            self.documents,
            self.text_bytes,
            self.vocab_size,
            self.provenance_bytes,
        ] {
            put(&number.to_le_bytes());
        }
        put(&self.tokenizer);
        put(&self.tokens_sha256);
        put(&self.documents_sha256);
        debug_assert_eq!(at, CHECKED_BYTES);
        let checksum: [u8; 32] = Sha256::digest(&bytes[..CHECKED_BYTES]).into();
        bytes[CHECKED_BYTES..].copy_from_slice(&checksum);
        bytes
    }

    /// Reads and verifies the header of a file of `length` bytes that begins with `head`.
    pub(super) fn from_bytes(path: &Path, head: &[u8], length: u64) -> Result<Self, ShardError> {
        let damaged = |what, found: String, expected: String| ShardError::Damaged {
            path: path.to_owned(),
            what,
            found,
            expected,
        };
        let Some(bytes) = head.first_chunk::<HEADER_BYTES>() else {
            return Err(damaged(
                "its length",
                format!("{length} bytes"),
                format!("at least {HEADER_BYTES}"),
            ));
        };
        let u32_at = |at: usize| u32::from_le_bytes(chunk(bytes, at));
        let u64_at = |at: usize| u64::from_le_bytes(chunk(bytes, at));
        if bytes[..8] != MAGIC {
            return Err(damaged(
                "its beginning",
                format!("{:?}", String::from_utf8_lossy(&bytes[..8])),
                format!("{:?}", String::from_utf8_lossy(&MAGIC)),
            ));
        }
        // Before the checksum: another version may keep it elsewhere.
        if u32_at(8) != VERSION {
            return Err(ShardError::Version {
                path: path.to_owned(),
                found: u32_at(8),
                expected: VERSION,
            });
        }
        let checksum: [u8; 32] = Sha256::digest(&bytes[..CHECKED_BYTES]).into();
        if bytes[CHECKED_BYTES..] != checksum {
            return Err(damaged(
                "the checksum of its header",
                hex(&checksum),
                hex(&bytes[CHECKED_BYTES..]),
            ));
        }
        let header = Self {
            width: u32_at(12),
            number: u32_at(16),
            last: u32_at(20) != 0,
            tokens: u64_at(24),
            documents: u64_at(32),
            text_bytes: u64_at(40),
            vocab_size: u64_at(48),
            provenance_bytes: u64_at(56),
            tokenizer: chunk(bytes, 64),
            tokens_sha256: chunk(bytes, 96),
            documents_sha256: chunk(bytes, 128),
        };
        if header.width != Self::width_for(header.vocab_size) {
            return Err(damaged(
                "its bytes a token",
                header.width.to_string(),
                format!(
                    "{} for {} tokens",
                    Self::width_for(header.vocab_size),
                    header.vocab_size
                ),
            ));
        }
        match header.file_bytes() {
            Some(expected) if expected == length => Ok(header),
            expected => Err(damaged(
                "its length",
                format!("{length} bytes"),
                expected.map_or("less".to_owned(), |bytes| format!("{bytes}")),
            )),
        }
    }
}

/// `N` bytes at a place that the callers keep inside the header.
fn chunk<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header() -> Header {
        Header {
            width: 2,
            number: 3,
            last: true,
            tokens: 0,
            documents: 0,
            text_bytes: 9,
            vocab_size: 65,
            provenance_bytes: 0,
            tokenizer: [1; 32],
            tokens_sha256: [2; 32],
            documents_sha256: [3; 32],
        }
    }

    #[test]
    fn a_header_comes_back() {
        let bytes = header().to_bytes();
        assert_eq!(
            Header::from_bytes(Path::new("a"), &bytes, 192).unwrap(),
            header()
        );
    }

    #[test]
    fn offsets_are_64_bits_wide_and_do_not_wrap() {
        let large = Header {
            width: 4,
            tokens: 5_000_000_000,
            ..header()
        };
        assert_eq!(large.documents_at(), Some(20_000_000_192));
        let absurd = Header {
            tokens: u64::MAX / 2,
            ..header()
        };
        assert_eq!(absurd.documents_at(), None);
        let error = Header::from_bytes(Path::new("a"), &absurd.to_bytes(), 192).unwrap_err();
        assert!(
            error.to_string().contains("its length is 192 bytes"),
            "{error}"
        );
    }
}
