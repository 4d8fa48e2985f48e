//! Sorting more records than fit into memory (Knuth, The Art of Computer Programming 3, 5.4).
//!
//! Records gather in memory; whenever it is full they are sorted and written as a run. [`FAN_IN`]
//! runs of one length are merged into one of the next length, so that the number of open files grows
//! with the logarithm of the records. What comes out depends on the records alone, not on the memory
//! nor on the order in which they came.
//!
//! Memory: what is allowed, and no more than that. Disk: the bytes of the records, and up to twice
//! that while runs are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::path::{Path, PathBuf};
use std::vec;

use rayon::slice::ParallelSliceMut;

use super::error::{DedupError, SettingError};
use super::run::{Record, Run, RunReader, RunWriter, WRITE_BYTES};

/// The least memory that a finder takes, in bytes: with less, merging would read a few records at a
/// time.
pub const LEAST_MEMORY: usize = 1 << 20;
/// Runs that are merged at once. Three lengths of them, 96 files, hold 32,768 times the memory;
/// systems allow 256 open files at the least.
const FAN_IN: usize = 32;
/// No reader takes more: a disk's speed is reached long before.
const MOST_READ_BYTES: usize = 4 << 20;

/// Gathers records.
pub(super) struct Sorter<const W: usize> {
    folder: PathBuf,
    memory: usize,
    gathered: Vec<Record<W>>,
    /// Runs by length: those of level l + 1 are [`FAN_IN`] times as long as those of level l.
    levels: Vec<Vec<Run>>,
}

impl<const W: usize> Sorter<W> {
    /// With `memory` bytes, and temporary files in `folder`.
    pub(super) fn new(memory: usize, folder: &Path) -> Result<Self, SettingError> {
        if memory < LEAST_MEMORY {
            return Err(SettingError {
                field: "memory",
                value: format!("{memory} bytes"),
                right: format!("give at least {LEAST_MEMORY}"),
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            memory,
            gathered: Vec::new(),
            levels: Vec::new(),
        })
    }

    #[inline]
    pub(super) fn push(&mut self, record: Record<W>) -> Result<(), DedupError> {
        if self.gathered.len() == self.gathered.capacity() {
            self.make_room()?;
        }
        self.gathered.push(record);
        Ok(())
    }

    /// Takes the memory at the first call, all of it at once: growing would need half as much
    /// again. What is never touched costs nothing.
    #[cold]
    fn make_room(&mut self) -> Result<(), DedupError> {
        if !self.gathered.is_empty() {
            self.write_run()?;
        }
        let bytes = self.memory - WRITE_BYTES;
        self.gathered
            .try_reserve_exact(bytes / size_of::<Record<W>>())
            .map_err(|_| DedupError::Memory(bytes))
    }

    fn write_run(&mut self) -> Result<(), DedupError> {
        self.gathered.par_sort_unstable();
        let mut writer = RunWriter::new(&self.folder)?;
        for record in &self.gathered {
            writer.push(record)?;
        }
        self.gathered.clear();
        self.keep(0, writer.finish()?)?;
        for level in 0.. {
            if self.levels[level].len() < FAN_IN {
                break;
            }
            // The room for records is the readers' now.
            self.gathered = Vec::new();
            let runs = std::mem::take(&mut self.levels[level]);
            let mut merge = Merge::<W>::new(runs, self.memory - WRITE_BYTES)?;
            let mut writer = RunWriter::new(&self.folder)?;
            while let Some(record) = merge.next()? {
                writer.push(&record)?;
            }
            self.keep(level + 1, writer.finish()?)?;
        }
        Ok(())
    }

    fn keep(&mut self, level: usize, run: Run) -> Result<(), DedupError> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(run);
        Ok(())
    }

    /// The records in order.
    pub(super) fn finish(mut self) -> Result<Sorted<W>, DedupError> {
        if self.levels.is_empty() {
            self.gathered.par_sort_unstable();
            return Ok(Sorted::Memory(self.gathered.into_iter()));
        }
        self.write_run()?;
        drop(self.gathered);
        let runs = self.levels.into_iter().flatten().collect();
        Ok(Sorted::Files(Merge::new(runs, self.memory)?))
    }
}

/// Records in order.
pub(super) enum Sorted<const W: usize> {
    /// They fit into memory.
    Memory(vec::IntoIter<Record<W>>),
    /// They did not.
    Files(Merge<W>),
}

impl<const W: usize> Sorted<W> {
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Record<W>>, DedupError> {
        match self {
            Self::Memory(records) => Ok(records.next()),
            Self::Files(merge) => merge.next(),
        }
    }
}

/// The records of several runs in order.
pub(super) struct Merge<const W: usize> {
    readers: Vec<RunReader<W>>,
    /// The next record of each reader that has one, and the reader's number.
    next: BinaryHeap<Reverse<(Record<W>, usize)>>,
}

impl<const W: usize> Merge<W> {
    fn new(runs: Vec<Run>, memory: usize) -> Result<Self, DedupError> {
        let each = (memory / runs.len().max(1)).min(MOST_READ_BYTES);
        let mut merge = Self {
            readers: Vec::with_capacity(runs.len()),
            next: BinaryHeap::with_capacity(runs.len()),
        };
        for (number, run) in runs.into_iter().enumerate() {
            let mut reader = RunReader::new(run, each)?;
            if let Some(record) = reader.next()? {
                merge.next.push(Reverse((record, number)));
            }
            merge.readers.push(reader);
        }
        Ok(merge)
    }

    #[inline]
    fn next(&mut self) -> Result<Option<Record<W>>, DedupError> {
        let Some(mut least) = self.next.peek_mut() else {
            return Ok(None);
        };
        let Reverse((record, number)) = *least;
        match self.readers[number].next()? {
            Some(next) => least.0.0 = next,
            None => {
                PeekMut::pop(least);
            }
        }
        Ok(Some(record))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::order::finalise;

    fn sorted(records: impl Iterator<Item = [u64; 2]>, memory: usize) -> (Vec<[u64; 2]>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(memory, folder.path()).unwrap();
        for record in records {
            sorter.push(record).unwrap();
        }
        let runs = sorter.levels.iter().map(Vec::len).sum();
        let mut records = sorter.finish().unwrap();
        let mut out = Vec::new();
        while let Some(record) = records.next().unwrap() {
            out.push(record);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        (out, runs)
    }

    #[test]
    fn the_memory_does_not_change_the_order() {
        // 61,440 records fit into the least memory: 40 runs, 32 of which become one.
        let records = || (0..2_500_000).map(|i| [finalise(i) >> 44, finalise(i + 7) >> 60]);
        let (small, runs) = sorted(records(), LEAST_MEMORY);
        assert_eq!(runs, 1 + 8);
        let (large, runs) = sorted(records(), 1 << 30);
        assert_eq!(runs, 0);
        assert_eq!(small, large);
        let mut expected: Vec<_> = records().collect();
        expected.sort_unstable();
        assert_eq!(small, expected);
        assert_eq!(sorted(records().take(0), LEAST_MEMORY), (vec![], 0));
    }

    #[test]
    fn too_little_memory_and_too_much_are_errors() {
        let folder = std::env::temp_dir();
        let fault = Sorter::<2>::new(1_000, &folder).err().unwrap();
        assert_eq!(
            fault.to_string(),
            "memory is 1000 bytes; give at least 1048576"
        );
        let mut absurd = Sorter::<2>::new(usize::MAX, &folder).unwrap();
        assert!(matches!(absurd.push([1, 2]), Err(DedupError::Memory(_))));
    }
}
