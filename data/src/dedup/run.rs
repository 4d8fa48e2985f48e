//! Sorted runs of records in temporary files.
//!
//! The files have no name: the system takes them back when they are closed, whatever ends the
//! program. What is read back is held against a checksum, for it passes through a disk.

use std::fs::File;
use std::hash::Hasher;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_64;

use super::DedupError;

/// A record: a few numbers, ordered by the first that differs.
pub(super) type Record<const W: usize> = [u64; W];

/// Bytes that are written at once.
pub(super) const WRITE_BYTES: usize = 1 << 16;

/// A complete run.
pub(super) struct Run {
    file: File,
    folder: PathBuf,
    bytes: u64,
    checksum: u64,
}

/// Writes a run.
pub(super) struct RunWriter {
    file: File,
    folder: PathBuf,
    waiting: Vec<u8>,
    bytes: u64,
    hasher: XxHash3_64,
}

impl RunWriter {
    pub(super) fn new(folder: &Path) -> Result<Self, DedupError> {
        let file = tempfile::tempfile_in(folder)
            .map_err(DedupError::io("make a temporary file in", folder))?;
        Ok(Self {
            file,
            folder: folder.to_owned(),
            waiting: Vec::with_capacity(WRITE_BYTES),
            bytes: 0,
            hasher: XxHash3_64::new(),
        })
    }

    pub(super) fn push<const W: usize>(&mut self, record: &Record<W>) -> Result<(), DedupError> {
        if self.waiting.len() + size_of::<Record<W>>() > WRITE_BYTES {
            self.flush()?;
        }
        for number in record {
            self.waiting.extend_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DedupError> {
        self.file
            .write_all(&self.waiting)
            .map_err(DedupError::io("write a temporary file in", &*self.folder))?;
        self.hasher.write(&self.waiting);
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Run, DedupError> {
        self.flush()?;
        Ok(Run {
            file: self.file,
            folder: self.folder,
            bytes: self.bytes,
            checksum: self.hasher.finish(),
        })
    }
}

/// Reads a run.
pub(super) struct RunReader<const W: usize> {
    run: Run,
    buffer: Vec<u8>,
    /// Of `buffer`: where the next record begins, and where the last ends.
    at: usize,
    end: usize,
    /// Bytes that are still in the file.
    left: u64,
    hasher: XxHash3_64,
}

impl<const W: usize> RunReader<W> {
    const SIZE: usize = size_of::<Record<W>>();

    /// With `memory` bytes, at least those of one record.
    pub(super) fn new(mut run: Run, memory: usize) -> Result<Self, DedupError> {
        run.file
            .rewind()
            .map_err(DedupError::io("read a temporary file in", &*run.folder))?;
        let room = (memory / Self::SIZE).max(1) * Self::SIZE;
        Ok(Self {
            buffer: vec![0; room],
            at: 0,
            end: 0,
            left: run.bytes,
            hasher: XxHash3_64::new(),
            run,
        })
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Record<W>>, DedupError> {
        if self.at == self.end {
            if self.left == 0 {
                return Ok(None);
            }
            self.fill()?;
        }
        let mut record = [0; W];
        let (numbers, _) = self.buffer[self.at..self.end].as_chunks::<8>();
        for (number, bytes) in record.iter_mut().zip(numbers) {
            *number = u64::from_le_bytes(*bytes);
        }
        self.at += Self::SIZE;
        Ok(Some(record))
    }

    /// Reads on. Whole records lie in the file, and whole ones fit into the buffer.
    fn fill(&mut self) -> Result<(), DedupError> {
        self.end = usize::try_from(self.left)
            .map_or(self.buffer.len(), |left| left.min(self.buffer.len()));
        self.at = 0;
        let part = &mut self.buffer[..self.end];
        self.run.file.read_exact(part).map_err(DedupError::io(
            "read a temporary file in",
            &*self.run.folder,
        ))?;
        self.hasher.write(part);
        self.left -= self.end as u64;
        if self.left == 0 && self.hasher.finish() != self.run.checksum {
            return Err(DedupError::DamagedRun {
                folder: self.run.folder.clone(),
                what: "its checksum differs",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::SeekFrom;

    use super::*;

    fn run(folder: &Path, records: u64) -> Run {
        let mut writer = RunWriter::new(folder).unwrap();
        for number in 0..records {
            writer.push(&[number, !number, 7]).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn records_come_back_through_any_buffer() {
        let folder = tempfile::tempdir().unwrap();
        for records in [0, 1, 5_000] {
            for memory in [0, 100, 1 << 20] {
                let mut reader = RunReader::<3>::new(run(folder.path(), records), memory).unwrap();
                for number in 0..records {
                    assert_eq!(reader.next().unwrap(), Some([number, !number, 7]));
                }
                assert_eq!(reader.next().unwrap(), None);
                assert_eq!(reader.next().unwrap(), None);
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_changed_or_shortened_run_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut changed = run(folder.path(), 100);
        changed.file.seek(SeekFrom::Start(1_234)).unwrap();
        changed.file.write_all(&[0x55]).unwrap();
        let shortened = run(folder.path(), 100);
        shortened.file.set_len(2_399).unwrap();
        for (run, message) in [
            (changed, "came back changed: its checksum differs"),
            (shortened, "cannot read a temporary file in"),
        ] {
            let mut reader = RunReader::<3>::new(run, 240).unwrap();
            let fault = loop {
                match reader.next() {
                    Ok(record) => assert!(record.is_some()),
                    Err(fault) => break fault.to_string(),
                }
            };
            assert!(fault.contains(message), "{fault}");
            assert!(fault.contains(folder.path().to_str().unwrap()), "{fault}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let fault = RunWriter::new(&folder.path().join("absent")).err().unwrap();
        assert!(fault.to_string().contains("absent"), "{fault}");
    }

    /// Linux has a device on which no byte finds room.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::new(folder.path()).unwrap();
        writer.file = File::options().write(true).open("/dev/full").unwrap();
        writer.push(&[1, 2]).unwrap();
        let fault = writer.finish().err().unwrap().to_string();
        assert!(
            fault.contains("cannot write a temporary file in"),
            "{fault}"
        );
        assert!(fault.contains(folder.path().to_str().unwrap()), "{fault}");
    }
}
