//! Which documents of all parts go, because another says the same.
//!
//! What is compared is made with each part, and lies beside it: a hash of a document's words, hashes of its
//! paragraphs, and the bands of its MinHash signature. Here these are joined, in the order of the parts, so
//! that the first of several documents stays.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::parts::Store;
use crate::Error;
use crate::dedup::{
    self, DedupError, ExactFinder, Finder, HashFileReader, HashFileWriter, HashKind,
    ParagraphFinder, ParagraphHash, Paragraphs, Sketcher, exact_hash, halves,
};
use crate::recipe::Duplicates;
use crate::sample::SAMPLES;

/// Makes what is compared.
pub(super) struct Sketching {
    exact: bool,
    paragraphs: Option<Paragraphs>,
    near: Option<Sketcher>,
}

/// What one document is compared by.
#[derive(Default)]
pub(super) struct Sketch {
    exact: Option<[u64; 2]>,
    /// Number and hash of each paragraph.
    paragraphs: Vec<[u64; 3]>,
    near: Option<Vec<u64>>,
}

/// The files of one part.
pub(super) struct Sketches {
    exact: Option<HashFileWriter>,
    paragraphs: Option<HashFileWriter>,
    near: Option<HashFileWriter>,
    documents: u64,
}

const EXACT: &str = "exact";
const PARAGRAPHS: &str = "paragraphs";
const NEAR: &str = "minhash";

impl Sketching {
    pub(super) fn new(recipe: &Duplicates) -> Result<Self, Error> {
        let sketcher = recipe.near.as_ref().map(dedup::MinHash::sketcher);
        Ok(Self {
            exact: recipe.exact,
            paragraphs: recipe.paragraphs,
            near: sketcher.transpose().map_err(DedupError::from)?,
        })
    }

    /// What a document is compared by; a `piece` of a longer one by its paragraphs.
    pub(super) fn sketch(&self, text: &str, piece: bool) -> Sketch {
        let mut sketch = Sketch::default();
        if self.exact && !piece {
            sketch.exact = Some(halves(exact_hash(text)));
        }
        if let Some(paragraphs) = &self.paragraphs {
            for found in paragraphs.hashes(text) {
                let [upper, lower] = halves(found.hash);
                sketch.paragraphs.push([found.paragraph, upper, lower]);
            }
        }
        if let Some(sketcher) = self.near.as_ref().filter(|_| !piece) {
            sketch.near = sketcher.signature(text);
        }
        sketch
    }

    /// Begins the files of a part, named after its `documents`.
    pub(super) fn begin(&self, documents: &Path) -> Result<Sketches, Error> {
        let create = |ending: &str, kind: HashKind| {
            HashFileWriter::create(&beside(documents, ending), &kind).map_err(Error::from)
        };
        let near = |sketcher: &Sketcher| create(NEAR, HashKind::MinHash(*sketcher.minhash()));
        let paragraphs = |paragraphs| create(PARAGRAPHS, HashKind::Paragraphs(paragraphs));
        Ok(Sketches {
            exact: self
                .exact
                .then(|| create(EXACT, HashKind::Documents))
                .transpose()?,
            paragraphs: self.paragraphs.map(paragraphs).transpose()?,
            near: self.near.as_ref().map(near).transpose()?,
            documents: 0,
        })
    }
}

/// `part-00000.minhash` beside `part-00000.jsonl.gz`.
fn beside(documents: &Path, ending: &str) -> PathBuf {
    let name = documents.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    documents.with_file_name(format!("{stem}.{ending}"))
}

impl Sketches {
    /// Adds the next document of the part.
    pub(super) fn push(&mut self, sketch: &Sketch) -> Result<(), Error> {
        let document = self.documents;
        self.documents += 1;
        if let (Some(file), Some(hash)) = (&mut self.exact, &sketch.exact) {
            file.push(document, hash)?;
        }
        if let Some(file) = &mut self.paragraphs {
            for paragraph in &sketch.paragraphs {
                file.push(document, paragraph)?;
            }
        }
        if let (Some(file), Some(bands)) = (&mut self.near, &sketch.near) {
            file.push(document, bands)?;
        }
        Ok(())
    }

    /// Ends the files.
    pub(super) fn finish(self) -> Result<(), Error> {
        for file in [self.exact, self.paragraphs, self.near]
            .into_iter()
            .flatten()
        {
            file.finish(self.documents)?;
        }
        Ok(())
    }
}

/// What comparing does to a document.
pub(super) enum Fate {
    Stays,
    /// Paragraphs of it go; what is left.
    LosesParagraphs(String),
    /// It goes.
    Goes(Repeat),
}

/// Why a document goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    pub why: &'static str,
    /// The document that stays for it, where there is one.
    pub first: Option<u64>,
}

/// How many documents went, by reason.
pub(super) type Shown = BTreeMap<&'static str, usize>;

/// The documents and paragraphs that go. About 8 bytes a document, and 8 bytes for each paragraph that goes.
#[derive(Debug, Default)]
pub(super) struct Gone {
    compared: bool,
    exact: Option<dedup::Duplicates>,
    near: Option<dedup::Duplicates>,
    rules: Paragraphs,
    /// Document and number of each paragraph, sorted.
    paragraphs: Vec<(u32, u32)>,
}

impl Gone {
    /// Compares the documents of all parts; `memory` bytes may be taken, and temporary files go to `folder`.
    ///
    /// # Errors
    /// Files of a part that are missing or damaged, a disk that fails, too little memory.
    pub(super) fn find(
        store: &Store,
        recipe: &Duplicates,
        memory: usize,
        folder: &Path,
    ) -> Result<Self, Error> {
        let mut gone = Self {
            compared: true,
            ..Self::default()
        };
        if recipe.exact {
            let mut finder = ExactFinder::new(memory, folder).map_err(DedupError::from)?;
            let mut first = 0;
            for documents in store.files_of_parts() {
                first += finder.read(&beside(&documents, EXACT), first)?;
            }
            gone.exact = Some(finder.finish()?);
        }
        if let Some(near) = &recipe.near {
            let mut finder = Finder::new(near, memory, folder).map_err(DedupError::from)?;
            let mut first = 0;
            for documents in store.files_of_parts() {
                first += finder.read(&beside(&documents, NEAR), first)?;
            }
            gone.near = Some(finder.finish()?);
        }
        if let Some(paragraphs) = recipe.paragraphs {
            gone.rules = paragraphs;
            gone.paragraphs = gone.repeated(store, memory, folder)?;
        }
        Ok(gone)
    }

    /// The paragraphs that stood in an earlier document that stays.
    fn repeated(
        &self,
        store: &Store,
        memory: usize,
        folder: &Path,
    ) -> Result<Vec<(u32, u32)>, Error> {
        let mut finder =
            ParagraphFinder::new(&self.rules, memory, folder).map_err(DedupError::from)?;
        let mut first = 0;
        let mut last = None;
        for documents in store.files_of_parts() {
            let path = beside(&documents, PARAGRAPHS);
            let mut file = HashFileReader::open_as(&path, &HashKind::Paragraphs(self.rules))?;
            let mut record = [0; 3];
            while let Some(document) = file.next(&mut record)? {
                let [paragraph, upper, lower] = record;
                let document = first + document;
                if self.repeat(document).is_none() {
                    let hash = u128::from(upper) << 64 | u128::from(lower);
                    finder.push(document, &[ParagraphHash { paragraph, hash }])?;
                    last = Some(document);
                }
            }
            first += file.documents();
        }
        let mut repeated = finder.finish()?;
        let mut found = Vec::with_capacity(repeated.count() as usize);
        for document in 0..last.map_or(0, |last| last + 1) {
            for paragraph in repeated.of(document)? {
                // Numbers of documents fit, as the finder refuses others; a document has fewer paragraphs than bytes.
                found.push((document as u32, paragraph as u32));
            }
        }
        Ok(found)
    }

    /// Whether anything was compared.
    pub(super) fn looked(&self) -> bool {
        self.compared
    }

    /// What becomes of a document.
    pub(super) fn fate(&self, document: u64, text: &str) -> Fate {
        if let Some(repeat) = self.repeat(document) {
            return Fate::Goes(repeat);
        }
        // No paragraph goes of documents beyond the numbers that the finder takes: it was given none.
        let Ok(document) = u32::try_from(document) else {
            return Fate::Stays;
        };
        let start = self.paragraphs.partition_point(|(of, _)| *of < document);
        let these = self.paragraphs[start..]
            .iter()
            .take_while(|(of, _)| *of == document);
        let these: Vec<u64> = these.map(|&(_, paragraph)| u64::from(paragraph)).collect();
        match these.is_empty() {
            true => Fate::Stays,
            false => match self.rules.without(text, &these) {
                Some(left) => Fate::LosesParagraphs(left),
                None => Fate::Goes(Repeat {
                    why: "all paragraphs stand elsewhere",
                    first: None,
                }),
            },
        }
    }

    /// Why a document goes as a whole, if it does.
    fn repeat(&self, document: u64) -> Option<Repeat> {
        let of = |found: &Option<dedup::Duplicates>, why| {
            let mut first = found.as_ref()?.of(document)?;
            // The first with these words may itself be nearly another, before it.
            while let Some(before) = self.repeat(first).and_then(|repeat| repeat.first) {
                first = before;
            }
            let first = Some(first);
            Some(Repeat { why, first })
        };
        of(&self.exact, "the same words").or_else(|| of(&self.near, "nearly the same words"))
    }

    /// Documents that stay for the first few that go of a source, for each reason: a person may want to see them.
    /// `documents` are the next of the source, and `shown` says how many there were before.
    pub(super) fn examples(&self, documents: Range<u64>, shown: &mut Shown) -> Vec<u64> {
        let repeats = documents.filter_map(|document| self.repeat(document));
        let first = repeats.filter_map(|repeat| {
            let shown = shown.entry(repeat.why).or_default();
            *shown += 1;
            repeat.first.filter(|_| *shown <= SAMPLES)
        });
        first.collect()
    }

    /// How many groups of duplicates there are of each size, from two documents on.
    pub(super) fn sizes(&self) -> BTreeMap<u64, u64> {
        let found = self.near.as_ref().or(self.exact.as_ref());
        found.map(|found| found.sizes().clone()).unwrap_or_default()
    }
}
