//! Repeated paragraphs from the hashes of all documents.
//!
//! Two sorts: by hash, which says of each paragraph whether it stood before, and by document, so that
//! the answers come in the order in which the documents are read again.
//!
//! Memory: what is allowed, half for each sort. Disk, where the hashes outgrow the memory: 32 bytes a
//! paragraph and 16 bytes a repeated one, and up to twice that while runs are merged.

use std::path::Path;

use super::error::{DedupError, SettingError};
use super::exact::halves;
use super::hash_file::HashFileReader;
use super::hash_kind::HashKind;
use super::paragraphs::{ParagraphHash, Paragraphs};
use super::sort::{LEAST_MEMORY, Sorted, Sorter};

/// Finds paragraphs that stood before.
pub struct ParagraphFinder {
    paragraphs: Paragraphs,
    by_hash: Sorter<4>,
    by_document: Sorter<2>,
}

impl ParagraphFinder {
    /// With `memory` bytes, at least twice [`LEAST_MEMORY`], and temporary files in `folder`.
    ///
    /// # Errors
    /// Too little memory.
    pub fn new(
        paragraphs: &Paragraphs,
        memory: usize,
        folder: &Path,
    ) -> Result<Self, SettingError> {
        if memory < 2 * LEAST_MEMORY {
            return Err(SettingError {
                field: "memory",
                value: format!("{memory} bytes"),
                right: format!("give at least {}", 2 * LEAST_MEMORY),
            });
        }
        Ok(Self {
            paragraphs: *paragraphs,
            by_hash: Sorter::new(memory / 2, folder)?,
            by_document: Sorter::new(memory / 2, folder)?,
        })
    }

    /// Adds a document's paragraphs, in any order of the documents.
    ///
    /// # Errors
    /// A number of a document that is too great; temporary files that cannot be written, and the finder is of no
    /// use then.
    pub fn push(&mut self, document: u64, hashes: &[ParagraphHash]) -> Result<(), DedupError> {
        DedupError::check(document)?;
        for found in hashes {
            let [upper, lower] = halves(found.hash);
            self.by_hash
                .push([upper, lower, document, found.paragraph])?;
        }
        Ok(())
    }

    /// Adds the paragraphs of a part whose documents are numbered from `first`. Returns how many
    /// documents the part has.
    ///
    /// # Errors
    /// A file that is damaged or of other [`Paragraphs`], and the errors of
    /// [`ParagraphFinder::push`]; the finder is of no use then.
    pub fn read(&mut self, path: &Path, first: u64) -> Result<u64, DedupError> {
        let mut file = HashFileReader::open_as(path, &HashKind::Paragraphs(self.paragraphs))?;
        let mut record = [0; 3];
        while let Some(document) = file.next(&mut record)? {
            let [paragraph, upper, lower] = record;
            let document = first.saturating_add(document);
            DedupError::check(document)?;
            self.by_hash.push([upper, lower, document, paragraph])?;
        }
        Ok(file.documents())
    }

    /// Says which paragraphs go.
    ///
    /// # Errors
    /// Temporary files that cannot be written or read back, or too little memory.
    pub fn finish(mut self) -> Result<RepeatedParagraphs, DedupError> {
        let mut records = self.by_hash.finish()?;
        let mut before = None;
        let mut count = 0;
        while let Some([upper, lower, document, paragraph]) = records.next()? {
            if before == Some([upper, lower]) {
                self.by_document.push([document, paragraph])?;
                count += 1;
            }
            before = Some([upper, lower]);
        }
        drop(records);
        let mut records = self.by_document.finish()?;
        Ok(RepeatedParagraphs {
            next: records.next()?,
            records,
            count,
            last: 0,
        })
    }
}

/// The paragraphs that go, read in the order of the documents.
pub struct RepeatedParagraphs {
    records: Sorted<2>,
    next: Option<[u64; 2]>,
    count: u64,
    last: u64,
}

impl RepeatedParagraphs {
    /// How many paragraphs go, of all documents.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The numbers of a document's paragraphs that go, rising: what [`Paragraphs::without`] takes.
    /// Documents may be left out, and must be asked for in rising order, each once.
    ///
    /// # Errors
    /// A document that is not greater than the one before, or temporary files that cannot be read
    /// back.
    pub fn of(&mut self, document: u64) -> Result<Vec<u64>, DedupError> {
        if document < self.last {
            return Err(DedupError::Order {
                asked: document,
                last: self.last.saturating_sub(1),
            });
        }
        self.last = document.saturating_add(1);
        let mut paragraphs = Vec::new();
        while let Some([of, paragraph]) = self.next.filter(|next| next[0] <= document) {
            if of == document {
                paragraphs.push(paragraph);
            }
            self.next = self.records.next()?;
        }
        Ok(paragraphs)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::hash_file::HashFileWriter;
    use super::super::paragraphs::ParagraphBreak;
    use super::*;

    const LINES: Paragraphs = Paragraphs {
        end: ParagraphBreak::Line,
        min_chars: 2,
    };

    #[test]
    fn later_ones_go_and_a_document_may_lose_everything() {
        let texts = ["aa\nbb\nx", "bb\ncc\nx\ncc\n", "aa\n bb \n", "dd"];
        let folder = tempfile::tempdir().unwrap();
        let mut finder = ParagraphFinder::new(&LINES, 2 << 20, folder.path()).unwrap();
        for (document, text) in texts.iter().enumerate().rev() {
            finder.push(document as u64, &LINES.hashes(text)).unwrap();
        }
        let mut repeated = finder.finish().unwrap();
        assert_eq!(repeated.count(), 4);
        let kept: Vec<Option<String>> = texts
            .iter()
            .enumerate()
            .map(|(document, text)| LINES.without(text, &repeated.of(document as u64).unwrap()))
            .collect();
        let expected = [Some("aa\nbb\nx"), Some("cc\nx"), None, Some("dd")];
        assert_eq!(kept, expected.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn documents_are_asked_for_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut finder = ParagraphFinder::new(&LINES, 2 << 20, folder.path()).unwrap();
        for document in 0..10 {
            finder.push(document, &LINES.hashes("aa")).unwrap();
        }
        let mut repeated = finder.finish().unwrap();
        assert!(repeated.of(0).unwrap().is_empty());
        assert_eq!(repeated.of(5).unwrap(), [0]);
        let fault = repeated.of(5).unwrap_err().to_string();
        assert!(
            fault.contains("document 5 was asked for after document 5"),
            "{fault}"
        );
        assert_eq!(repeated.of(9).unwrap(), [0]);
        assert!(repeated.of(u64::MAX).unwrap().is_empty());
    }

    #[test]
    fn neither_memory_nor_order_change_what_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let found = |memory, documents: &mut dyn Iterator<Item = u64>| {
            let mut finder = ParagraphFinder::new(&LINES, memory, folder.path()).unwrap();
            for document in documents {
                let hashes = [0, 1, 2].map(|paragraph| ParagraphHash {
                    paragraph,
                    hash: u128::from(document * (paragraph + 1) % 60_000) << 60,
                });
                finder.push(document, &hashes).unwrap();
            }
            let mut repeated = finder.finish().unwrap();
            let all: Vec<Vec<u64>> = (0..50_000).map(|at| repeated.of(at).unwrap()).collect();
            assert_eq!(
                repeated.count() as usize,
                all.iter().map(Vec::len).sum::<usize>()
            );
            all
        };
        let large = found(1 << 30, &mut (0..50_000));
        assert!(large.iter().any(|paragraphs| paragraphs.len() > 1));
        assert_eq!(found(2 << 20, &mut (0..50_000).rev()), large);
    }

    #[test]
    fn parts_are_read_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let mut writer = HashFileWriter::create(&path, &HashKind::Paragraphs(LINES)).unwrap();
        writer.push(1, &[7, 1, 2]).unwrap();
        writer.finish(2).unwrap();
        let mut finder = ParagraphFinder::new(&LINES, 2 << 20, folder.path()).unwrap();
        assert_eq!(finder.read(&path, 2).unwrap(), 2);
        assert_eq!(finder.read(&path, 0).unwrap(), 2);
        let mut repeated = finder.finish().unwrap();
        assert!(repeated.of(1).unwrap().is_empty());
        assert_eq!(repeated.of(3).unwrap(), [7]);
        assert!(ParagraphFinder::new(&LINES, 1 << 20, folder.path()).is_err());
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let mut writer = HashFileWriter::create(&path, &HashKind::Paragraphs(LINES)).unwrap();
        writer.push(1, &[7, 1, 2]).unwrap();
        writer.finish(2).unwrap();
        let mut finder = ParagraphFinder::new(&LINES, 2 << 20, folder.path()).unwrap();
        let most = u64::from(u32::MAX) - 1;
        finder.push(most, &LINES.hashes("aa")).unwrap();
        for fault in [
            finder.push(most + 1, &LINES.hashes("aa")),
            finder.push(u64::MAX, &[]),
            finder.read(&path, most).map(drop),
        ] {
            assert!(matches!(fault, Err(DedupError::TooMany(_))), "{fault:?}");
        }
    }
}
