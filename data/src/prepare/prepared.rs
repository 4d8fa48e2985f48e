//! Prepared data: the folder, opened.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::files::hex;
use crate::report::Report;
use crate::shard::Shards;
use crate::tokenizer::Tokenizer;

/// Version of the folder's layout, and of everything that decides which tokens a text becomes.
pub(super) const VERSION: u32 = 1;

/// Data that is ready for training.
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
        let fingerprint = fingerprint(&tokenizer, &train, &validation);
        if fingerprint != report.fingerprint {
            return Err(Error::NotPrepared {
                path: dir.to_owned(),
                message: format!(
                    "its files have the fingerprint {fingerprint}, its report.json says {}; \
                     prepare the data again",
                    report.fingerprint
                ),
            });
        }
        Ok(Self {
            dir: dir.to_owned(),
            tokenizer,
            train: Arc::new(train),
            validation: Arc::new(validation),
            report,
            fingerprint,
        })
    }

    /// Writes the held-out text as the tokens give it: the text that `xz` and the 5-gram model are
    /// measured on. Returns its bytes.
    ///
    /// # Errors
    /// A writer that fails.
    pub fn write_validation_text(&self, out: &mut dyn Write) -> Result<u64, Error> {
        write_text(&self.validation, &self.tokenizer, out)
    }
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
        tokens.resize(document.tokens as usize, 0);
        shards.read(document.start, &mut tokens)?;
        let ends = !document.continues && tokens.last().copied() == tokenizer.end_of_text();
        let text = match ends && !tokens.is_empty() {
            true => &tokens[..tokens.len() - 1],
            false => &tokens[..],
        };
        bytes.clear();
        tokenizer.decode_bytes(text, &mut bytes)?;
        out.write_all(&bytes)
            .map_err(Error::io("write", Path::new("the decoded text")))?;
        written += bytes.len() as u64;
    }
    Ok(written)
}

/// The report of a folder that claims to be prepared data; the data themselves are not looked at.
///
/// # Errors
/// A folder without a report, or with one of another version.
pub fn read_report(dir: &Path) -> Result<Report, Error> {
    let path = dir.join("report.json");
    let not_prepared = |message: String| Error::NotPrepared {
        path: dir.to_owned(),
        message,
    };
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
    serde_json::from_value(value).map_err(|error| not_prepared(format!("its report.json: {error}")))
}

pub(super) fn fingerprint(tokenizer: &Tokenizer, train: &Shards, validation: &Shards) -> String {
    let mut sha256 = Sha256::new();
    for part in [
        &tokenizer.fingerprint(),
        train.fingerprint(),
        validation.fingerprint(),
    ] {
        sha256.update(part);
    }
    hex(&sha256.finalize())
}
