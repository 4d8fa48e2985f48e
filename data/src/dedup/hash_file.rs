//! The hashes of one part, in a file beside it.
//!
//! Numbers are little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 8 | `SLOVOHSH` |
//! | 4 | version |
//! | 4 | bytes of the kind |
//! | | the kind, as JSON |
//! | 8 | XXH3 of all before |
//! | 8 each | records: the document's number in the part, then the kind's numbers |
//! | 8 | documents in the part, those without a record included |
//! | 8 | records |
//! | 8 | XXH3 of the records and of the two numbers before |

use std::fs::File;
use std::hash::Hasher;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_64;

use super::error::DedupError;
use super::hash_kind::HashKind;
use crate::files::beside;

const MAGIC: [u8; 8] = *b"SLOVOHSH";
/// The format's version; another one is refused. It rises when texts get other hashes, too. New
/// versions of Unicode change only those of texts with characters that the old one did not have.
const VERSION: u32 = 1;
const BUFFER_BYTES: usize = 1 << 18;
/// The longest kind, written out, takes a quarter of it.
const MOST_KIND_BYTES: u32 = 1 << 10;
const END_BYTES: u64 = 24;

/// Writes a file of hashes. It stands under its name when it is complete, and not before.
pub struct HashFileWriter {
    path: PathBuf,
    width: usize,
    records: u64,
    hasher: XxHash3_64,
    record: Vec<u8>,
    output: BufWriter<File>,
    temporary: Temporary,
}

/// The file while it is incomplete; removed when dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the renaming there is none.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl HashFileWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// A kind that cannot be worked with, or a file that cannot be made.
    pub fn create(path: &Path, kind: &HashKind) -> Result<Self, DedupError> {
        kind.validate()?;
        let temporary = Temporary(beside(path));
        let file = File::create(&temporary.0).map_err(DedupError::io("make", &*temporary.0))?;
        let mut writer = Self {
            path: path.to_owned(),
            width: kind.width(),
            records: 0,
            hasher: XxHash3_64::new(),
            record: Vec::new(),
            output: BufWriter::with_capacity(BUFFER_BYTES, file),
            temporary,
        };
        let kind = serde_json::to_vec(kind)
            .map_err(|error| DedupError::io("write", path)(error.into()))?;
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend((kind.len() as u32).to_le_bytes());
        head.extend(kind);
        head.extend(XxHash3_64::oneshot(&head).to_le_bytes());
        writer.write(&head)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DedupError> {
        self.output
            .write_all(bytes)
            .map_err(DedupError::io("write", &*self.temporary.0))
    }

    /// Adds a record of a document, numbered from 0 in its part.
    ///
    /// # Errors
    /// A record of the wrong length, or a file that cannot be written.
    pub fn push(&mut self, document: u64, hashes: &[u64]) -> Result<(), DedupError> {
        if hashes.len() != self.width {
            return Err(DedupError::Width {
                document,
                found: hashes.len(),
                expected: self.width,
            });
        }
        self.records += 1;
        self.put([document].iter().chain(hashes))
    }

    fn put<'a>(&mut self, numbers: impl Iterator<Item = &'a u64>) -> Result<(), DedupError> {
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        record.extend(numbers.flat_map(|number| number.to_le_bytes()));
        self.hasher.write(&record);
        self.write(&record)?;
        self.record = record;
        Ok(())
    }

    /// Ends the file of a part of `documents` documents, waits until it is on disk and gives it its
    /// name.
    ///
    /// # Errors
    /// Any failing step; the file is not there then.
    pub fn finish(mut self, documents: u64) -> Result<(), DedupError> {
        let records = self.records;
        self.put([documents, records].iter())?;
        self.write(&self.hasher.finish().to_le_bytes())?;
        let temporary = &*self.temporary.0;
        self.output
            .flush()
            .and_then(|()| self.output.get_ref().sync_all())
            .map_err(DedupError::io("write", temporary))?;
        std::fs::rename(temporary, &self.path).map_err(DedupError::io("make", &*self.path))
    }
}

/// Reads a file of hashes.
pub struct HashFileReader {
    path: PathBuf,
    input: BufReader<File>,
    kind: HashKind,
    documents: u64,
    records: u64,
    left: u64,
    checksum: u64,
    hasher: XxHash3_64,
    record: Vec<u8>,
}

impl HashFileReader {
    /// Opens a file and reads its two ends.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or is of another version.
    pub fn open(path: &Path) -> Result<Self, DedupError> {
        let io = || DedupError::io("read", path);
        let damaged = |what: String| DedupError::Damaged {
            path: path.to_owned(),
            what,
        };
        let file = File::open(path).map_err(io())?;
        let length = file.metadata().map_err(io())?.len();
        let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut head = Vec::new();
        let mut read = |bytes: u64| {
            let before = head.len();
            (&mut input)
                .take(bytes)
                .read_to_end(&mut head)
                .map_err(io())?;
            if (head.len() - before) as u64 == bytes {
                return Ok(head.clone());
            }
            Err(damaged(format!(
                "it ends after {length} bytes, in its head"
            )))
        };
        if read(8)? != MAGIC {
            return Err(damaged(format!(
                "it does not begin with {}",
                MAGIC.escape_ascii()
            )));
        }
        let version = u32_at(&read(4)?, 8);
        if version != VERSION {
            return Err(DedupError::Version {
                path: path.to_owned(),
                found: version,
                expected: VERSION,
            });
        }
        let kind_bytes = u32_at(&read(4)?, 12);
        if kind_bytes > MOST_KIND_BYTES {
            return Err(damaged(format!("its kind takes {kind_bytes} bytes")));
        }
        let checked = read(kind_bytes.into())?;
        let checksum = u64_at(&read(8)?, checked.len());
        if XxHash3_64::oneshot(&checked) != checksum {
            return Err(damaged("the checksum of its head differs".to_owned()));
        }
        let kind: HashKind = serde_json::from_slice(&checked[16..])
            .map_err(|error| damaged(format!("its kind cannot be read: {error}")))?;
        kind.validate()?;

        let begin = checked.len() as u64 + 8;
        let size = (1 + kind.width() as u64) * 8;
        let expected = length.checked_sub(begin + END_BYTES);
        let Some(records) = expected
            .filter(|bytes| bytes % size == 0)
            .map(|bytes| bytes / size)
        else {
            return Err(damaged(format!(
                "its length, {length} bytes, is of no whole records"
            )));
        };
        let mut end = [0; END_BYTES as usize];
        input
            .seek(SeekFrom::Start(length - END_BYTES))
            .and_then(|_| input.read_exact(&mut end))
            .and_then(|()| input.seek(SeekFrom::Start(begin)))
            .map_err(io())?;
        if u64_at(&end, 8) != records {
            return Err(damaged(format!(
                "it has room for {records} records and says {}",
                u64_at(&end, 8)
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            input,
            kind,
            documents: u64_at(&end, 0),
            records,
            left: records,
            checksum: u64_at(&end, 16),
            hasher: XxHash3_64::new(),
            record: vec![0; size as usize],
        })
    }

    /// Opens a file of this kind.
    ///
    /// # Errors
    /// Those of [`HashFileReader::open`], and a file of another kind.
    pub fn open_as(path: &Path, kind: &HashKind) -> Result<Self, DedupError> {
        let reader = Self::open(path)?;
        if reader.kind == *kind {
            return Ok(reader);
        }
        Err(DedupError::Kind {
            path: reader.path,
            found: reader.kind.to_string(),
            expected: kind.to_string(),
        })
    }

    /// What the hashes are of.
    pub fn kind(&self) -> &HashKind {
        &self.kind
    }

    /// Documents in the part, those without a record included.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Records in the file.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Fills `hashes` with the next record, as far as it reaches, and gives the record's document;
    /// `None` at the end.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged. The checksum is known with the last record: an
    /// error makes void all that came before.
    pub fn next(&mut self, hashes: &mut [u64]) -> Result<Option<u64>, DedupError> {
        if self.left == 0 {
            if self.records == 0 {
                self.check()?;
            }
            return Ok(None);
        }
        self.input
            .read_exact(&mut self.record)
            .map_err(DedupError::io("read", &*self.path))?;
        self.hasher.write(&self.record);
        self.left -= 1;
        if self.left == 0 {
            self.check()?;
        }
        let document = u64_at(&self.record, 0);
        if document >= self.documents {
            return Err(self.damaged(format!(
                "a record is of document {document}, and there are {}",
                self.documents
            )));
        }
        let (numbers, _) = self.record.as_chunks::<8>();
        for (hash, bytes) in hashes.iter_mut().zip(&numbers[1..]) {
            *hash = u64::from_le_bytes(*bytes);
        }
        Ok(Some(document))
    }

    fn check(&self) -> Result<(), DedupError> {
        let mut hasher = self.hasher.clone();
        hasher.write(&self.documents.to_le_bytes());
        hasher.write(&self.records.to_le_bytes());
        if hasher.finish() == self.checksum {
            return Ok(());
        }
        Err(self.damaged("the checksum of its records differs".to_owned()))
    }

    fn damaged(&self, what: String) -> DedupError {
        DedupError::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}

/// A number at a place where the callers have read one.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

/// A number at a place where the callers have read one.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
mod tests;
