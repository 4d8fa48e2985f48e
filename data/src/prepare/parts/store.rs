//! All parts together: the documents in order, without those that go as duplicates.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::file::DocumentReader;
use super::list::{Beside, List};
use super::make::Names;
use super::report::{OpenText, PartReport, SourceReport, StepReport};
use super::run::read_part;
use crate::Error;
use crate::document::Document;
use crate::prepare::corpus::Pieces;
use crate::prepare::duplicates::{Fate, Gone, Shown};
use crate::prepare::pipe::{Batches, pipe};
use crate::source::InputFile;

/// The documents of all parts.
#[derive(Debug)]
pub(in crate::prepare) struct Store {
    /// Reports of the parts in order, each with the folder that it lies in.
    parts: Vec<(PathBuf, PartReport)>,
    /// What was read beside the sources.
    beside: Beside,
    gone: Gone,
    /// Held while the parts are read.
    _lock: Option<File>,
}

impl Store {
    /// The parts that were made in one folder, which is locked.
    pub(in crate::prepare) fn new(
        folder: &Path,
        reports: Vec<PartReport>,
        beside: Beside,
        lock: File,
    ) -> Self {
        let parts = reports.into_iter();
        Self {
            parts: parts.map(|report| (folder.to_owned(), report)).collect(),
            beside,
            gone: Gone::default(),
            _lock: Some(lock),
        }
    }

    /// The parts of several folders, as machines made them. They must have been made by `recipe`, whose hash
    /// it is, from one list of files, and none may be missing.
    ///
    /// # Errors
    /// A folder without a list of parts, parts of different recipes, a part that is missing.
    pub(in crate::prepare) fn join(folders: &[PathBuf], recipe: &str) -> Result<Self, Error> {
        let mut parts: Vec<(PathBuf, PartReport)> = Vec::new();
        let mut first: Option<(List, &Path)> = None;
        for folder in folders {
            let wrong = |what: String| Error::Parts {
                path: folder.clone(),
                what,
            };
            let list = List::read(folder)?;
            if list.recipe != recipe {
                return Err(wrong(
                    "its parts were made by another recipe: sources, clean, rules, duplicates and \
                     contamination must be the same"
                        .to_owned(),
                ));
            }
            if let Some((first, other)) = &first
                && first.key != list.key
            {
                return Err(wrong(format!(
                    "its parts were made from other files than those of {}",
                    other.display()
                )));
            }
            for number in 0..list.parts {
                if let Some(report) = read_part(folder, number, &list.key)? {
                    parts.push((folder.clone(), report));
                }
            }
            first.get_or_insert((list, folder));
        }
        parts.sort_by_key(|(_, report)| report.number);
        parts.dedup_by_key(|(_, report)| report.number);
        if let Some((list, folder)) = &first
            && let Some(missing) =
                (0..list.parts).find(|&i| parts.get(i).is_none_or(|(_, it)| it.number != i))
        {
            return Err(Error::Parts {
                path: (*folder).to_owned(),
                what: format!(
                    "of {} parts {} are in the folders given; part {missing} is missing: of --shard I/N, run again \
                     that whose I is 1 more than {missing} modulo N",
                    list.parts,
                    parts.len()
                ),
            });
        }
        Ok(Self {
            parts,
            beside: first.map(|(list, _)| list.beside).unwrap_or_default(),
            gone: Gone::default(),
            _lock: None,
        })
    }

    /// The reports, in order.
    pub(in crate::prepare) fn reports(&self) -> impl Iterator<Item = &PartReport> {
        self.parts.iter().map(|(_, report)| report)
    }

    /// What was read beside the sources.
    pub(in crate::prepare) fn beside(&self) -> &Beside {
        &self.beside
    }

    /// The files that the parts were made from.
    pub(in crate::prepare) fn files(&self) -> Vec<InputFile> {
        let files = self.reports().flat_map(|report| &report.files);
        files.cloned().collect()
    }

    /// The files of documents, in order.
    pub(in crate::prepare) fn files_of_parts(&self) -> impl Iterator<Item = PathBuf> {
        let named =
            |(folder, report): &(PathBuf, PartReport)| Names::new(folder, report.number).documents;
        self.parts.iter().map(named)
    }

    /// How many groups of duplicates there are of each size.
    pub(in crate::prepare) fn duplicate_sizes(&self) -> BTreeMap<u64, u64> {
        self.gone.sizes()
    }

    /// Says which documents go as duplicates.
    pub(in crate::prepare) fn leave_out(&mut self, gone: Gone) {
        self.gone = gone;
    }

    /// The documents that stay for the first few that go of each source.
    fn examples(&self) -> impl Iterator<Item = u64> {
        let mut next = 0;
        let mut shown: BTreeMap<&str, Shown> = BTreeMap::new();
        self.reports().flat_map(move |report| {
            let these = next..next + report.documents;
            next = these.end;
            let shown = shown.entry(&report.source).or_default();
            self.gone.examples(these, shown)
        })
    }

    /// Gives every document that stays to `take`, in order, and says what became of each source.
    pub(in crate::prepare) fn scan(
        &self,
        stop: &AtomicBool,
        take: &mut dyn FnMut(&Document) -> Result<(), Error>,
    ) -> Result<BTreeMap<String, SourceReport>, Error> {
        let mut sources: BTreeMap<String, SourceReport> = BTreeMap::new();
        for report in self.reports() {
            sources
                .entry(report.source.clone())
                .or_default()
                .add(report);
        }
        if self.gone.looked() {
            for source in sources.values_mut() {
                source.steps.push(StepReport::new("duplicates"));
            }
        }
        let sources = RefCell::new(sources);
        // Where those stand that stay for the first to go.
        let mut places: BTreeMap<u64, String> = self
            .examples()
            .map(|document| (document, String::new()))
            .collect();
        let mut open = OpenText::default();
        // What became of the text whose pieces come.
        let mut text = StepReport::default();
        self.each_of(
            stop,
            &mut |number, document, fate| {
                if let Some(place) = places.get_mut(&number) {
                    *place = document.place();
                }
                if !self.gone.looked() {
                    return;
                }
                let mut sources = sources.borrow_mut();
                let source = sources.get_mut(&document.source);
                let Some(step) = source.and_then(|source| source.steps.last_mut()) else {
                    return;
                };
                let mut piece = StepReport::default();
                piece.enter(&document.text);
                match fate {
                    Fate::Stays => piece.leave(&document.text),
                    Fate::LosesParagraphs(left) => {
                        piece.changed = 1;
                        piece.leave(left);
                    }
                    Fate::Goes(repeat) => step.drop(repeat.why, || {
                        let first = repeat.first.and_then(|first| places.get(&first));
                        document.sample().beside(first.cloned())
                    }),
                }
                text.join(&piece);
                if !document.continues {
                    step.add(&std::mem::take(&mut text));
                }
            },
            &mut |document| {
                take(&document)?;
                if let Some(source) = sources.borrow_mut().get_mut(&document.source) {
                    source.kept.count(&document, &mut open);
                }
                Ok(())
            },
        )?;
        Ok(sources.into_inner())
    }

    /// Gives every document that stays to `take`, in order. Long ones come in pieces.
    pub(in crate::prepare) fn each(
        &self,
        stop: &AtomicBool,
        take: &mut dyn FnMut(Document) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each_of(stop, &mut |_, _, _| {}, take)
    }

    /// One thread reads, this one judges.
    fn each_of(
        &self,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(u64, &Document, &Fate),
        take: &mut dyn FnMut(Document) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut number: u64 = 0;
        let mut in_order = Pieces::default();
        let mut judge = |mut document: Document| {
            let piece = in_order.is_next(&document);
            let fate = match self.gone.fate(number, &document.text) {
                // What belongs to a longer text does not go by itself.
                Fate::Goes(_) if piece => Fate::LosesParagraphs(String::new()),
                fate => fate,
            };
            tell(number, &document, &fate);
            number += 1;
            match fate {
                Fate::Stays => {}
                Fate::LosesParagraphs(left) => document.text = left,
                Fate::Goes(_) => return Ok(()),
            }
            pieces(document, take)
        };
        pipe(
            |batches| self.read(batches),
            |batch| {
                for document in batch {
                    if stop.load(Ordering::Relaxed) {
                        return Err(Error::Stopped);
                    }
                    judge(document)?;
                }
                Ok(())
            },
        )
    }

    /// Reads all documents, those that go among them.
    fn read(&self, batches: &mut Batches<Document>) -> Result<(), Error> {
        for (folder, report) in &self.parts {
            let names = Names::new(folder, report.number);
            let mut reader = DocumentReader::open(&names.documents)?;
            let mut read = 0;
            while let Some(document) = reader.next()? {
                let bytes = document.text.len();
                batches.push(document);
                batches.count(bytes)?;
                read += 1;
            }
            if read != report.documents {
                return Err(Error::Parts {
                    path: names.documents,
                    what: format!(
                        "it has {read} documents, its report says {}; remove the part and run it again",
                        report.documents
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Bytes of the pieces that are given: a tokenizer from elsewhere, which may be cut nowhere, encodes a piece at
/// once, and takes some hundred bytes for each byte of it.
const PIECE_BYTES: usize = 2 << 20;

/// Gives a document in pieces, cut at a line's end where there is one.
pub(in crate::prepare) fn pieces(
    mut document: Document,
    take: &mut dyn FnMut(Document) -> Result<(), Error>,
) -> Result<(), Error> {
    // What is a little longer needs no second piece.
    while document.text.len() > 2 * PIECE_BYTES {
        let end = document.text.floor_char_boundary(PIECE_BYTES);
        let end = document.text[..end].rfind('\n').map_or(end, |at| at + 1);
        let rest = document.text.split_off(end);
        let piece = Document {
            continues: true,
            ..document.clone()
        };
        take(piece)?;
        document.text = rest;
    }
    take(document)
}
