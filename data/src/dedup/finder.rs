//! Duplicate documents from the hashes of all of them.
//!
//! The hashes are sorted, documents of one hash are joined to the first of them, and clusters are
//! what is joined: if A resembles B and B resembles C, all three are one cluster, of which the first
//! stays. A hash that ten million documents share costs no more than ten million hashes.
//!
//! Memory: what is allowed, and 4 bytes a document, or 8 bytes a document where that is more. Disk,
//! where the hashes outgrow the memory: 16 bytes for each band of a document (24 for an exact hash),
//! and up to twice that while runs are merged.

use std::path::Path;

use super::clusters::{Clusters, Duplicates};
use super::error::{DedupError, SettingError};
use super::exact::halves;
use super::hash_file::HashFileReader;
use super::hash_kind::HashKind;
use super::minhash::MinHash;
use super::sort::Sorter;

/// Finds documents that share a band.
pub struct Finder {
    minhash: MinHash,
    entries: Entries<2>,
}

impl Finder {
    /// With `memory` bytes, at least [`LEAST_MEMORY`](super::LEAST_MEMORY), and temporary files in
    /// `folder`.
    ///
    /// # Errors
    /// Settings that cannot be worked with.
    pub fn new(minhash: &MinHash, memory: usize, folder: &Path) -> Result<Self, SettingError> {
        minhash.validate()?;
        Ok(Self {
            minhash: *minhash,
            entries: Entries::new(memory, folder)?,
        })
    }

    /// Adds a document's signature, in any order of the documents.
    ///
    /// # Errors
    /// A signature of another number of bands, a document beyond 4294967294, or temporary files that
    /// cannot be written; the finder is of no use then.
    pub fn push(&mut self, document: u64, bands: &[u64]) -> Result<(), DedupError> {
        if bands.len() != self.minhash.bands {
            return Err(DedupError::Width {
                document,
                found: bands.len(),
                expected: self.minhash.bands,
            });
        }
        for &band in bands {
            self.entries.push(document, [band, document])?;
        }
        Ok(())
    }

    /// Adds the signatures of a part whose documents are numbered from `first`. Returns how many
    /// documents the part has: the next one goes on behind them.
    ///
    /// # Errors
    /// A file that is damaged or of another [`MinHash`], and the errors of [`Finder::push`]; the
    /// finder is of no use then.
    pub fn read(&mut self, path: &Path, first: u64) -> Result<u64, DedupError> {
        let mut file = HashFileReader::open_as(path, &HashKind::MinHash(self.minhash))?;
        let mut bands = vec![0; self.minhash.bands];
        while let Some(document) = file.next(&mut bands)? {
            self.push(first.saturating_add(document), &bands)?;
        }
        Ok(file.documents())
    }

    /// Joins what is equal.
    ///
    /// # Errors
    /// Temporary files that cannot be written or read back, or too little memory.
    pub fn finish(self) -> Result<Duplicates, DedupError> {
        self.entries.finish()
    }
}

/// Finds documents of one exact hash.
pub struct ExactFinder(Entries<3>);

impl ExactFinder {
    /// As [`Finder::new`].
    ///
    /// # Errors
    /// Too little memory.
    pub fn new(memory: usize, folder: &Path) -> Result<Self, SettingError> {
        Entries::new(memory, folder).map(Self)
    }

    /// Adds a document's hash, in any order of the documents.
    ///
    /// # Errors
    /// As [`Finder::push`].
    pub fn push(&mut self, document: u64, hash: u128) -> Result<(), DedupError> {
        let [upper, lower] = halves(hash);
        self.0.push(document, [upper, lower, document])
    }

    /// Adds the hashes of a part, as [`Finder::read`].
    ///
    /// # Errors
    /// As [`Finder::read`].
    pub fn read(&mut self, path: &Path, first: u64) -> Result<u64, DedupError> {
        let mut file = HashFileReader::open_as(path, &HashKind::Documents)?;
        let mut hash = [0; 2];
        while let Some(document) = file.next(&mut hash)? {
            let document = first.saturating_add(document);
            self.0.push(document, [hash[0], hash[1], document])?;
        }
        Ok(file.documents())
    }

    /// Joins what is equal.
    ///
    /// # Errors
    /// As [`Finder::finish`].
    pub fn finish(self) -> Result<Duplicates, DedupError> {
        self.0.finish()
    }
}

/// Records of a hash and, last, a document.
struct Entries<const W: usize> {
    sorter: Sorter<W>,
    /// One more than the greatest number of a document.
    documents: u64,
}

impl<const W: usize> Entries<W> {
    fn new(memory: usize, folder: &Path) -> Result<Self, SettingError> {
        Ok(Self {
            sorter: Sorter::new(memory, folder)?,
            documents: 0,
        })
    }

    #[inline]
    fn push(&mut self, document: u64, record: [u64; W]) -> Result<(), DedupError> {
        DedupError::check(document)?;
        self.documents = self.documents.max(document + 1);
        self.sorter.push(record)
    }

    fn finish(self) -> Result<Duplicates, DedupError> {
        let mut records = self.sorter.finish()?;
        let mut clusters = Clusters::new(self.documents)?;
        let mut first: Option<[u64; W]> = None;
        while let Some(record) = records.next()? {
            match first {
                Some(first) if first[..W - 1] == record[..W - 1] => {
                    clusters.join(first[W - 1], record[W - 1]);
                }
                _ => first = Some(record),
            }
        }
        drop(records);
        clusters.finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::exact::exact_hash;
    use super::super::hash_file::HashFileWriter;
    use super::super::sort::LEAST_MEMORY;
    use super::*;
    use crate::order::finalise;

    const BANDS: MinHash = MinHash {
        shingle: 5,
        bands: 4,
        rows: 8,
        seed: 1,
    };
    const UNLIMITED: usize = 1 << 30;

    /// Of 100,000 documents every tenth shares a band with its neighbour and every hundredth two
    /// with another far away.
    fn bands(document: u64) -> [u64; 4] {
        std::array::from_fn(|band| {
            let owner = match (document % 10, document % 100, band) {
                (9, _, 2) => document - 1,
                (_, 50, 0 | 3) => document / 1_000 * 1_000 + 50,
                _ => document,
            };
            finalise(owner << 2 | band as u64)
        })
    }

    fn found(documents: impl Iterator<Item = u64>, memory: usize) -> Duplicates {
        let folder = tempfile::tempdir().unwrap();
        let mut finder = Finder::new(&BANDS, memory, folder.path()).unwrap();
        for document in documents {
            finder.push(document, &bands(document)).unwrap();
        }
        finder.finish().unwrap()
    }

    #[test]
    fn neither_memory_nor_order_change_what_is_found() {
        const DOCUMENTS: u64 = 100_000;
        let all = found(0..DOCUMENTS, UNLIMITED);
        let tens = DOCUMENTS / 10;
        let hundreds = DOCUMENTS / 100 - DOCUMENTS / 1_000;
        assert_eq!(all.count(), tens + hundreds);
        assert_eq!((all.of(19), all.of(18)), (Some(18), None));
        assert_eq!((all.of(7_950), all.of(7_050)), (Some(7_050), None));
        assert_eq!(all.sizes()[&2], tens);
        assert_eq!(all.sizes()[&10], DOCUMENTS / 1_000);
        // 400,000 entries of 16 bytes: seven runs.
        assert_eq!(found(0..DOCUMENTS, LEAST_MEMORY), all);
        assert_eq!(found((0..DOCUMENTS).rev(), LEAST_MEMORY), all);
        let parts = (0..7).flat_map(|part| (part..DOCUMENTS).step_by(7));
        assert_eq!(found(parts, LEAST_MEMORY), all);
    }

    #[test]
    fn likeness_is_handed_on() {
        let mut finder = Finder::new(&BANDS, UNLIMITED, &std::env::temp_dir()).unwrap();
        finder.push(3, &[1, 2, 3, 4]).unwrap();
        finder.push(1, &[5, 6, 7, 4]).unwrap();
        finder.push(2, &[5, 10, 11, 12]).unwrap();
        finder.push(9, &[13, 14, 15, 16]).unwrap();
        let found = finder.finish().unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [(2, 1), (3, 1)]);
    }

    #[test]
    fn equal_pages_without_end_are_one_cluster() {
        let folder = tempfile::tempdir().unwrap();
        let mut finder = Finder::new(&BANDS, LEAST_MEMORY, folder.path()).unwrap();
        for document in (0..500_000).rev() {
            finder.push(document, &[1, 2, 3, 4]).unwrap();
        }
        let found = finder.finish().unwrap();
        assert_eq!((found.count(), found.clusters()), (499_999, 1));
        assert_eq!(found.of(499_999), Some(0));
    }

    #[test]
    fn exact_duplicates_are_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut finder = ExactFinder::new(LEAST_MEMORY, folder.path()).unwrap();
        for (document, text) in ["a b", "c", "a  b\n", "A b", "c "].iter().enumerate() {
            finder.push(document as u64, exact_hash(text)).unwrap();
        }
        // The upper halves agree.
        finder.push(5, 1 << 90 | 1).unwrap();
        finder.push(6, 1 << 90 | 2).unwrap();
        let found = finder.finish().unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [(2, 0), (4, 1)]);
    }

    #[test]
    fn parts_are_joined_in_their_order_whenever_they_were_made() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        for (path, documents) in paths.iter().zip([[0, 1], [1, 2]]) {
            let kind = HashKind::MinHash(BANDS);
            let mut writer = HashFileWriter::create(path, &kind).unwrap();
            for document in documents {
                writer.push(document, &[document, 8, 9, 10]).unwrap();
            }
            writer.finish(3).unwrap();
        }
        let mut finder = Finder::new(&BANDS, UNLIMITED, folder.path()).unwrap();
        assert_eq!(finder.read(&paths[1], 3).unwrap(), 3);
        assert_eq!(finder.read(&paths[0], 0).unwrap(), 3);
        let found = finder.finish().unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [(1, 0), (4, 0), (5, 0)]);

        let other = MinHash { seed: 2, ..BANDS };
        let mut finder = Finder::new(&other, UNLIMITED, folder.path()).unwrap();
        let fault = finder.read(&paths[0], 0).unwrap_err().to_string();
        assert!(
            fault.contains("seed: 1") && fault.contains("seed: 2"),
            "{fault}"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut finder = Finder::new(&BANDS, UNLIMITED, &std::env::temp_dir()).unwrap();
        assert!(matches!(
            finder.push(0, &[1]),
            Err(DedupError::Width { .. })
        ));
        for document in [u64::MAX, u64::from(u32::MAX)] {
            let fault = finder.push(document, &[1, 2, 3, 4]);
            assert!(matches!(fault, Err(DedupError::TooMany(_))));
        }
        let nothing = finder.finish().unwrap();
        assert_eq!((nothing.count(), nothing.clusters()), (0, 0));
    }
}
