//! Prepared text: the folder, opened.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::files::hex;
use crate::recipe::{DataRecipe, Source, load_ron};
use crate::report::{Report, Share};
use crate::shard::{ShardDocument, Shards};
use crate::tokenizer::Tokenizer;

/// Version of the folder's layout, and of everything that decides which tokens a text becomes.
pub(super) const VERSION: u32 = 1;

/// What the report of pairs has as its `kind`; that of text has none.
pub(super) const PAIRS: &str = "pairs";

/// Text that is ready for training.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its folder: `tokenizer.json`, `train-*.shard`, `validation-*.shard`, `report.json` and
    /// `recipe.ron`.
    pub dir: PathBuf,
    /// The tokenizer that wrote the tokens.
    pub tokenizer: Tokenizer,
    /// What the model learns from.
    pub train: Arc<Shards>,
    /// What it is measured on.
    pub validation: Arc<Shards>,
    /// What went in.
    pub report: Report,
    /// SHA-256 over tokens and tokenizer, whatever the paths: equal fingerprints are equal data.
    pub fingerprint: String,
}

impl Prepared {
    /// Opens a folder and verifies all of it.
    ///
    /// # Errors
    /// A folder that is none of ours; a missing or damaged file, by name.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let report = read_report(dir)?;
        let tokenizer = Tokenizer::from_file(&dir.join("tokenizer.json"))?;
        let expected = tokenizer.fingerprint();
        let train = Shards::open(dir, "train", Some(&expected))?;
        let validation = Shards::open(dir, "validation", Some(&expected))?;
        let fingerprint = fingerprint(&tokenizer, &[&train, &validation]);
        check_fingerprint(dir, &fingerprint, &report.fingerprint)?;
        Ok(Self {
            dir: dir.to_owned(),
            tokenizer,
            train: Arc::new(train),
            validation: Arc::new(validation),
            report,
            fingerprint,
        })
    }

    /// Where the text of each source lies in the training text, in tokens, and in the order of the recipe's
    /// `sources`; documents of a source lie together.
    pub fn train_ranges(&self, sources: &[Source]) -> Vec<(String, Range<u64>)> {
        self.ranges(sources, |share| share.train_tokens)
    }

    /// The same for the held-out text.
    pub fn validation_ranges(&self, sources: &[Source]) -> Vec<(String, Range<u64>)> {
        self.ranges(sources, |share| share.validation_tokens)
    }

    fn ranges(
        &self,
        sources: &[Source],
        tokens: impl Fn(&Share) -> u64,
    ) -> Vec<(String, Range<u64>)> {
        let mut start = 0;
        let range = |(i, source): (usize, &Source)| {
            let name = source.label(i);
            let end = start + self.report.sources.get(&name).map_or(0, &tokens);
            let range = start..end;
            start = end;
            (name, range)
        };
        sources.iter().enumerate().map(range).collect()
    }

    /// Writes the held-out text as the tokens give it: the text that `xz` and the 5-gram model are
    /// measured on. Returns its bytes.
    ///
    /// # Errors
    /// A writer that fails.
    pub fn write_validation_text(&self, out: &mut dyn Write) -> Result<u64, Error> {
        write_text(&self.validation, &self.tokenizer, out)
    }

    /// The held-out documents in a range of tokens, as text; the pieces of a long one are one.
    ///
    /// # Errors
    /// Tokens that are not in the vocabulary.
    pub fn validation_texts(&self, range: Range<u64>) -> Result<Vec<String>, Error> {
        let mut texts: Vec<String> = Vec::new();
        let mut tokens = Vec::new();
        let mut continues = false;
        for document in self.validation.documents_of(range)? {
            read_text(&self.validation, &self.tokenizer, &document, &mut tokens)?;
            let text = self.tokenizer.decode(&tokens)?;
            match texts.last_mut() {
                Some(last) if continues => last.push_str(&text),
                _ => texts.push(text),
            }
            continues = document.continues;
        }
        Ok(texts)
    }
}

/// The tokens of a document, without the boundary token.
fn read_text(
    shards: &Shards,
    tokenizer: &Tokenizer,
    document: &ShardDocument,
    tokens: &mut Vec<u32>,
) -> Result<(), Error> {
    tokens.resize(document.tokens as usize, 0);
    shards.read(document.start, tokens)?;
    let end = tokenizer.end_of_text();
    if !document.continues && end.is_some() && tokens.last().copied() == end {
        tokens.pop();
    }
    Ok(())
}

/// Writes the text behind tokens, document by document, without the boundary tokens.
///
/// # Errors
/// Tokens that are not in the vocabulary; a writer that fails.
pub fn write_text(
    shards: &Shards,
    tokenizer: &Tokenizer,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    write_first(shards, tokenizer, u64::MAX, out)
}

/// [`write_text`] of the first documents, which end with the one that reaches `at_least` bytes.
pub(crate) fn write_first(
    shards: &Shards,
    tokenizer: &Tokenizer,
    at_least: u64,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    let mut tokens = Vec::new();
    let mut bytes = Vec::new();
    let mut written = 0;
    for document in shards.documents() {
        if written >= at_least {
            break;
        }
        let document = document?;
        read_text(shards, tokenizer, &document, &mut tokens)?;
        bytes.clear();
        tokenizer.decode_bytes(&tokens, &mut bytes)?;
        out.write_all(&bytes)
            .map_err(Error::io("write", Path::new("the decoded text")))?;
        written += bytes.len() as u64;
    }
    Ok(written)
}

/// The report of a folder that claims to be prepared text; the data themselves are not looked at.
///
/// # Errors
/// A folder without a report, or with one of pairs or of another version.
pub fn read_report(dir: &Path) -> Result<Report, Error> {
    let head = Head::read(dir)?;
    match head.is_pairs() {
        true => Err(not_prepared(
            dir,
            "it holds pairs for translation, not text".to_owned(),
        )),
        false => head.report(),
    }
}

/// The recipe that a folder was prepared by.
///
/// # Errors
/// A folder without it.
pub fn recipe_of(dir: &Path) -> Result<DataRecipe, Error> {
    Ok(load_ron(&dir.join("recipe.ron"), &[])?)
}

/// Whether a folder of prepared data holds pairs, for
/// [`PreparedPairs::open`](super::PreparedPairs::open), and not text, for [`Prepared::open`].
///
/// # Errors
/// A folder without a report, or with one of another version.
pub fn holds_pairs(dir: &Path) -> Result<bool, Error> {
    Ok(Head::read(dir)?.is_pairs())
}

/// What is known of a folder before its sort is.
pub(super) struct Head {
    dir: PathBuf,
    report: serde_json::Value,
}

impl Head {
    /// Reads the report of a folder of text or of pairs.
    pub(super) fn read(dir: &Path) -> Result<Self, Error> {
        Ok(Self {
            dir: dir.to_owned(),
            report: read_json(dir)?,
        })
    }

    /// Whether the folder holds pairs.
    pub(super) fn is_pairs(&self) -> bool {
        self.report["kind"] == PAIRS
    }

    /// What its recipe calls it.
    pub(super) fn name(&self) -> &str {
        self.report["name"].as_str().unwrap_or_default()
    }

    /// The key that it was prepared under.
    pub(super) fn key(&self) -> &str {
        self.report["key"].as_str().unwrap_or_default()
    }

    /// The report itself.
    pub(super) fn report<R: DeserializeOwned>(self) -> Result<R, Error> {
        serde_json::from_value(self.report)
            .map_err(|error| not_prepared(&self.dir, format!("its report.json: {error}")))
    }
}

pub(super) fn not_prepared(dir: &Path, message: String) -> Error {
    Error::NotPrepared {
        path: dir.to_owned(),
        message,
    }
}

fn read_json(dir: &Path) -> Result<serde_json::Value, Error> {
    let path = dir.join("report.json");
    let not_prepared = |message| not_prepared(dir, message);
    let json = match std::fs::read(&path) {
        Ok(json) => json,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(not_prepared(if dir.exists() {
                "it has no report.json".to_owned()
            } else {
                "there is no such folder".to_owned()
            }));
        }
        Err(error) => return Err(Error::io("read", &path)(error)),
    };
    let value: serde_json::Value = serde_json::from_slice(&json)
        .map_err(|error| not_prepared(format!("its report.json: {error}")))?;
    if value["version"] != VERSION {
        return Err(not_prepared(format!(
            "its report.json has version {}, this program reads version {VERSION}; \
             prepare the data again",
            value["version"]
        )));
    }
    Ok(value)
}

/// SHA-256 over tokenizer and tokens.
pub(super) fn fingerprint(tokenizer: &Tokenizer, shards: &[&Shards]) -> String {
    let mut sha256 = Sha256::new();
    sha256.update(tokenizer.fingerprint());
    for shards in shards {
        sha256.update(shards.fingerprint());
    }
    hex(&sha256.finalize())
}

pub(super) fn check_fingerprint(dir: &Path, found: &str, reported: &str) -> Result<(), Error> {
    match found == reported {
        true => Ok(()),
        false => Err(not_prepared(
            dir,
            format!(
                "its files have the fingerprint {found}, its report.json says {reported}; \
                 prepare the data again"
            ),
        )),
    }
}
