//! Prepared pairs: the folder, opened.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::PairReport;
use crate::Error;
use crate::pairs::Pairs;
use crate::prepare::prepared::{Head, check_fingerprint, fingerprint, not_prepared};
use crate::shard::{ShardError, Shards};
use crate::tokenizer::Tokenizer;

/// What the shards of each side are called, behind the split: `train-source-00000.shard`.
pub(super) const NAMES: [&str; 2] = ["source", "target"];

/// Pairs that are ready for training.
#[derive(Clone, Debug)]
pub struct PreparedPairs {
    /// Its folder: `tokenizer.json`, `train-source-*.shard`, `train-target-*.shard`, the same of
    /// `validation`, `report.json` and `recipe.ron`.
    pub dir: PathBuf,
    /// The tokenizer of both sides.
    pub tokenizer: Tokenizer,
    /// What the model learns from.
    pub train: Arc<Pairs>,
    /// What it is measured on.
    pub validation: Arc<Pairs>,
    /// What went in.
    pub report: PairReport,
    /// SHA-256 over tokens and tokenizer, whatever the paths: equal fingerprints are equal data.
    pub fingerprint: String,
}

impl PreparedPairs {
    /// Opens a folder and verifies all of it.
    ///
    /// # Errors
    /// A folder that is none of ours; a missing or damaged file, by name.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let report = read_pair_report(dir)?;
        let tokenizer = Tokenizer::from_file(&dir.join("tokenizer.json"))?;
        let shards = open_shards(dir, &tokenizer)?;
        let fingerprint = fingerprint(&tokenizer, &shards.each_ref());
        check_fingerprint(dir, &fingerprint, &report.fingerprint)?;
        let [train_sources, train_targets, sources, targets] = shards;
        let pairs = |sources, targets| Pairs::new(sources, targets, &tokenizer).map(Arc::new);
        Ok(Self {
            dir: dir.to_owned(),
            train: pairs(train_sources, train_targets)?,
            validation: pairs(sources, targets)?,
            tokenizer,
            report,
            fingerprint,
        })
    }

    /// Writes the held-out pairs as the tokens give them, `source<TAB>target`, a pair a line: what
    /// the yardsticks are measured on. A tab or line end within a text becomes a space. Returns the
    /// bytes written.
    ///
    /// # Errors
    /// A writer that fails.
    pub fn write_validation(&self, out: &mut dyn Write) -> Result<u64, Error> {
        let one_line = |text: String| text.replace(['\t', '\n', '\r'], " ");
        let mut written = 0;
        for i in 0..self.validation.len() {
            let (source, target) = self.validation.texts(i)?;
            let line = format!("{}\t{}\n", one_line(source), one_line(target));
            out.write_all(line.as_bytes())
                .map_err(Error::io("write", Path::new("the decoded pairs")))?;
            written += line.len() as u64;
        }
        Ok(written)
    }
}

/// The report of a folder that claims to be prepared pairs; the data themselves are not looked at.
///
/// # Errors
/// A folder without a report, or with one of text or of another version.
pub fn read_pair_report(dir: &Path) -> Result<PairReport, Error> {
    let head = Head::read(dir)?;
    match head.is_pairs() {
        true => head.report(),
        false => Err(not_prepared(
            dir,
            "it holds text, not pairs for translation".to_owned(),
        )),
    }
}

/// Sources and targets of both splits, written with this tokenizer.
pub(super) fn open_shards(dir: &Path, tokenizer: &Tokenizer) -> Result<[Shards; 4], ShardError> {
    let expected = tokenizer.fingerprint();
    let [train_sources, train_targets] = open_split(dir, "train", Some(&expected))?;
    let [sources, targets] = open_split(dir, "validation", Some(&expected))?;
    Ok([train_sources, train_targets, sources, targets])
}

/// Sources and targets of a split.
pub(super) fn open_split(
    dir: &Path,
    split: &str,
    tokenizer: Option<&str>,
) -> Result<[Shards; 2], ShardError> {
    let open = |side| Shards::open(dir, &format!("{split}-{side}"), tokenizer);
    let [sources, targets] = NAMES.map(open);
    Ok([sources?, targets?])
}
