//! The clean documents of a recipe, as often as they are needed.
//!
//! Preparing reads its sources two or three times rather than keep the text: once to count it, once
//! to train a tokenizer, once to encode. Standard input can be read once, so its documents go
//! through a file in the temporary folder.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::clean::{CleanReport, Verdict, clean};
use crate::document::Document;
use crate::files::hex;
use crate::recipe::Clean;
use crate::source::{Inputs, ReadCounts};

/// The documents of a recipe.
pub(super) struct Corpus<'a> {
    inputs: &'a Inputs,
    clean: Clean,
    /// Where the documents lie after the first reading, if they cannot be read again.
    spool: Option<PathBuf>,
}

/// What takes a clean document and the SHA-256 of its text.
type Take<'t> = &'t mut dyn FnMut(Document, &[u8; 32]) -> Result<(), Error>;

/// What one reading of everything found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub read: ReadCounts,
    pub clean: CleanReport,
    /// Over the texts that were kept.
    pub fingerprint: String,
    pub chars: u64,
}

impl<'a> Corpus<'a> {
    /// The documents of `inputs`; `folder` takes what has to be kept of standard input.
    pub(super) fn new(inputs: &'a Inputs, clean: Clean, folder: &Path) -> Self {
        let spool = inputs
            .files()
            .is_none()
            .then(|| folder.join("standard-input.tmp"));
        Self {
            inputs,
            clean,
            spool,
        }
    }

    /// The first reading: gives every clean document to `take` and counts.
    pub(super) fn scan(
        &self,
        stop: &AtomicBool,
        take: &mut dyn FnMut(&Document),
    ) -> Result<Seen, Error> {
        let mut spool = match &self.spool {
            Some(path) => {
                let file = File::create(path).map_err(Error::io("create", path))?;
                Some((BufWriter::new(file), path))
            }
            None => None,
        };
        let seen = self.read_sources(stop, &mut |document, _| {
            take(&document);
            match &mut spool {
                Some((file, path)) => write_line(file, &document).map_err(Error::io("write", path)),
                None => Ok(()),
            }
        })?;
        if let Some((mut file, path)) = spool {
            file.flush().map_err(Error::io("write", path))?;
        }
        Ok(seen)
    }

    /// A later reading: gives every clean document, with the SHA-256 of its text, to `take`.
    ///
    /// # Errors
    /// Sources that give another text than the first time; whatever `take` returns.
    pub(super) fn each(
        &self,
        first: &Seen,
        stop: &AtomicBool,
        take: Take<'_>,
    ) -> Result<(), Error> {
        let fingerprint = match &self.spool {
            Some(path) => read_spool(path, stop, take)?,
            None => self.read_sources(stop, take)?.fingerprint,
        };
        if fingerprint == first.fingerprint {
            Ok(())
        } else {
            Err(Error::Changed {
                first: first.fingerprint.clone(),
                second: fingerprint,
            })
        }
    }

    /// Removes what was kept of standard input.
    pub(super) fn forget(&self) {
        if let Some(path) = &self.spool {
            let _ = std::fs::remove_file(path);
        }
    }

    fn read_sources(&self, stop: &AtomicBool, take: Take<'_>) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        let mut fingerprint = Fingerprint::default();
        let mut documents = self.inputs.documents(&self.clean);
        let mut continued = false;
        for document in documents.by_ref() {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let mut document = document?;
            let rules = Clean {
                // A long text comes in pieces, and none of them may go by itself.
                min_chars: match continued || document.continues {
                    true => 0,
                    false => self.clean.min_chars,
                },
                ..self.clean
            };
            continued = document.continues;
            let bytes_in = document.text.len();
            let verdict = clean(std::mem::take(&mut document.text), &rules);
            seen.clean.count(bytes_in, &verdict);
            if let Verdict::Keep { text, .. } = verdict {
                seen.chars += text.chars().count() as u64;
                document.text = text;
                let sha256 = fingerprint.add(&document.text);
                take(document, &sha256)?;
            }
        }
        seen.read = documents.counts();
        seen.fingerprint = fingerprint.finish();
        Ok(seen)
    }
}

/// A hash over the hashes of all texts.
#[derive(Default)]
struct Fingerprint(Sha256);

impl Fingerprint {
    fn add(&mut self, text: &str) -> [u8; 32] {
        let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        self.0.update(sha256);
        sha256
    }

    fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// A document on one line of JSON; the order of the fields is that of [`parse_line`].
fn write_line(file: &mut impl Write, document: &Document) -> std::io::Result<()> {
    let fields = (
        &document.text,
        &document.source,
        &document.path,
        &document.group,
        &document.package,
        &document.licence,
        document.index_in_file,
        document.continues,
    );
    serde_json::to_writer(&mut *file, &fields)?;
    file.write_all(b"\n")
}

fn parse_line(line: &str) -> std::io::Result<Document> {
    let (text, source, path, group, package, licence, index_in_file, continues) =
        serde_json::from_str(line)?;
    Ok(Document {
        text,
        source,
        path,
        group,
        package,
        licence,
        index_in_file,
        continues,
    })
}

fn read_spool(path: &Path, stop: &AtomicBool, take: Take<'_>) -> Result<String, Error> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut fingerprint = Fingerprint::default();
    for line in BufReader::new(file).lines() {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let document = line
            .and_then(|line| parse_line(&line))
            .map_err(Error::io("read", path))?;
        let sha256 = fingerprint.add(&document.text);
        take(document, &sha256)?;
    }
    Ok(fingerprint.finish())
}
