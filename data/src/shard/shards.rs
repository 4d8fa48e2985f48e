//! The shards of a split as one sequence of tokens.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::file::ShardFile;
use super::writer::{file_name, io_error};
use super::{ShardDocument, ShardError, Span};
use crate::files::hex;

/// The tokens of a split: one sequence over all of its files, mapped into memory.
pub struct Shards {
    files: Vec<ShardFile>,
    /// First token of each file, and the number of tokens at the end.
    starts: Vec<u64>,
    fingerprint: String,
}

impl std::fmt::Debug for Shards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shards")
            .field("files", &self.files.len())
            .field("tokens", &self.len())
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl Shards {
    /// Opens and verifies the shards of `split` (`train`, `validation`) in a folder, and that they
    /// were written with the tokenizer of this fingerprint, if one is given.
    ///
    /// # Errors
    /// A missing, damaged or foreign file, by name.
    pub fn open(folder: &Path, split: &str, tokenizer: Option<&str>) -> Result<Self, ShardError> {
        let count = count(folder, split)?;
        let files = (0..count)
            .into_par_iter()
            .map(|number| ShardFile::open(&folder.join(file_name(split, number))))
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        for (number, file) in files.iter().enumerate() {
            if let Some(expected) = tokenizer
                && hex(&file.header.tokenizer) != expected
            {
                return Err(ShardError::Tokenizer {
                    path: file.path.clone(),
                    found: hex(&file.header.tokenizer),
                    expected: expected.to_owned(),
                });
            }
            if file.header.number as usize != number {
                return Err(ShardError::Damaged {
                    path: file.path.clone(),
                    what: "its number",
                    found: file.header.number.to_string(),
                    expected: number.to_string(),
                });
            }
            if file.header.last != (number + 1 == count) {
                let (path, why) = if file.header.last {
                    let next = folder.join(file_name(split, number + 1));
                    return Err(ShardError::Damaged {
                        path: next,
                        what: "its place",
                        found: "behind the last shard".to_owned(),
                        expected: format!("no shard after number {number}"),
                    });
                } else {
                    (
                        folder.join(file_name(split, count)),
                        format!("{} is not the last shard", file.path.display()),
                    )
                };
                return Err(ShardError::Missing { path, why });
            }
        }
        let mut starts = vec![0];
        let mut sha256 = Sha256::new();
        let mut total: u64 = 0;
        for file in &files {
            total = total.saturating_add(file.header.tokens);
            starts.push(total);
            sha256.update(file.header.width.to_le_bytes());
            sha256.update(file.header.tokens.to_le_bytes());
            sha256.update(file.header.tokens_sha256);
        }
        Ok(Self {
            files,
            starts,
            fingerprint: hex(&sha256.finalize()),
        })
    }

    /// Tokens in all files.
    pub fn len(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// UTF-8 bytes of the text behind the tokens; boundary tokens have none.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.header.text_bytes).sum()
    }

    /// Size of the vocabulary that the tokens were written for.
    pub fn vocab_size(&self) -> u64 {
        self.files.first().map_or(0, |file| file.header.vocab_size)
    }

    /// Number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Number of documents.
    pub fn document_count(&self) -> u64 {
        self.files.iter().map(|file| file.header.documents).sum()
    }

    /// The documents in order, with their places and provenance.
    ///
    /// # Errors
    /// An unreadable entry, which verified shards do not have.
    pub fn documents(&self) -> impl Iterator<Item = Result<ShardDocument, ShardError>> {
        self.files
            .iter()
            .zip(&self.starts)
            .flat_map(|(file, first)| {
                (0..file.header.documents).map(move |index| {
                    let (entry, tokens, provenance) = file.document(index)?;
                    Ok(ShardDocument {
                        start: first + entry.start,
                        tokens,
                        bytes: entry.bytes,
                        continues: entry.continues,
                        provenance,
                    })
                })
            })
    }

    /// The places of the documents in order, from entry `from` of the whole list on. Cheaper than
    /// [`Shards::documents`], which reads where they came from.
    pub fn spans(&self, from: u64) -> impl Iterator<Item = Span> {
        let mut before = 0;
        self.files
            .iter()
            .zip(&self.starts)
            .flat_map(move |(file, &first)| {
                let skipped = from.saturating_sub(before).min(file.header.documents);
                before += file.header.documents;
                (skipped..file.header.documents).filter_map(move |index| {
                    // Verified shards have every entry that they count.
                    let span = file.span(index)?;
                    Some(Span {
                        start: first + span.start,
                        ..span
                    })
                })
            })
    }

    /// The entry of the whole list that holds a token, counted from the start of the split.
    pub fn entry_at(&self, token: u64) -> u64 {
        let index = self.file_at(token);
        let before = self.files[..index].iter();
        let before: u64 = before.map(|file| file.header.documents).sum();
        before + self.files[index].entry_at(token - self.starts[index])
    }

    /// The documents that the tokens of a range come from, in order.
    ///
    /// # Errors
    /// An unreadable entry, which verified shards do not have.
    pub fn documents_of(&self, range: Range<u64>) -> Result<Vec<ShardDocument>, ShardError> {
        let mut found = Vec::new();
        let mut entry = match range.is_empty() || range.start >= self.len() {
            true => return Ok(found),
            false => self.entry_at(range.start),
        };
        let mut before = 0;
        for (file, &first) in self.files.iter().zip(&self.starts) {
            while entry < before + file.header.documents {
                let (at, tokens, provenance) = file.document(entry - before)?;
                if first + at.start >= range.end {
                    return Ok(found);
                }
                found.push(ShardDocument {
                    start: first + at.start,
                    tokens,
                    bytes: at.bytes,
                    continues: at.continues,
                    provenance,
                });
                entry += 1;
            }
            before += file.header.documents;
        }
        Ok(found)
    }

    /// The last file that begins at or before a token; empty files share their start with the next
    /// one and are passed over.
    fn file_at(&self, token: u64) -> usize {
        let after = self.starts.partition_point(|&first| first <= token);
        (after - 1).min(self.files.len() - 1)
    }

    /// SHA-256 over the tokens (not over paths or provenance), in hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Copies the tokens `start .. start + out.len()`.
    ///
    /// # Errors
    /// A range that goes beyond the end.
    pub fn read(&self, start: u64, out: &mut [u32]) -> Result<(), ShardError> {
        let end = start.checked_add(out.len() as u64);
        match end {
            Some(end) if end <= self.len() => {
                self.copy(start, out);
                Ok(())
            }
            _ => Err(ShardError::Range {
                start,
                end: end.unwrap_or(u64::MAX),
                len: self.len(),
            }),
        }
    }

    /// As [`Shards::read`], for callers that have checked the range.
    pub(crate) fn copy(&self, mut start: u64, mut out: &mut [u32]) {
        let mut index = self.file_at(start);
        while !out.is_empty() && index < self.files.len() {
            let within = start - self.starts[index];
            let here = (self.files[index].header.tokens - within).min(out.len() as u64);
            let (now, later) = out.split_at_mut(here as usize);
            self.files[index].copy(within, now);
            start += here;
            out = later;
            index += 1;
        }
    }
}

/// How many files a split has: their numbers must run from 0 without a gap.
fn count(folder: &Path, split: &str) -> Result<usize, ShardError> {
    let names: std::collections::BTreeSet<String> = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        })
        .map_err(|error| io_error("read", folder, error))?;
    let prefix = format!("{split}-");
    let count = names
        .iter()
        .filter(|name| name.starts_with(&prefix) && name.ends_with(".shard"))
        .count();
    for number in 0..count.max(1) {
        let name = file_name(split, number);
        if !names.contains(&name) {
            return Err(ShardError::Missing {
                path: folder.join(name),
                why: format!("{count} other files of this split are there"),
            });
        }
    }
    Ok(count)
}
