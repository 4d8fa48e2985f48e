//! From a recipe to a folder of shards.
//!
//! Everything is made in a temporary folder beside the final one, which is renamed when it is
//! complete: a reader finds all of it or nothing, and a stop leaves what was there before.
//!
//! Plain text is read as often as it is needed. Where documents are found in other formats, judged by rules or
//! compared, that is done once, and they lie in parts until they are tokens: a run that was interrupted
//! goes on there, and several machines can share it.
//!
//! What was prepared is kept under a key, a hash over the recipe and the list of its input files
//! with lengths and times. The same recipe over the same files is prepared once.

mod collect;
mod contamination;
mod corpus;
mod duplicates;
mod encode;
mod export;
mod folder;
mod meter;
mod pairs;
mod parts;
mod pipe;
mod plan;
mod prepared;
mod progress;
mod tokenizer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;

pub use collect::prepare_share;
pub use contamination::EvaluationReport;
pub use meter::Meter;
pub use pairs::{
    Dropped, Lengths, PairReport, PairSide, PairSplitReport, PreparedPairs, prepare_pairs,
    prepare_pairs_with, read_pair_report,
};
pub(crate) use parts::Beside;
pub use parts::{Kept, Share, SourceReport, StepReport, share_folder};
pub use plan::{Plan, expand, plan};
pub(crate) use prepared::write_first;
pub use prepared::{Prepared, holds_pairs, read_report, recipe_of, write_text};
pub use progress::{Progress, Stage};
pub use tokenizer::tokenizer_of_texts;

use crate::recipe::{DataRecipe, Split, TokenizerRecipe, to_ron_string};
use crate::report::{self, Report, SplitReport, StepByStep};
use crate::shard::{DEFAULT_SHARD_BYTES, ShardOptions, ShardWriter, Shards, Written};
use crate::source::Inputs;
use crate::split::Splitter;
use crate::{Error, files, memory};
use collect::{From, remove};
use corpus::{Corpus, Seen};
use encode::{Outputs, encode};
use export::Export;
use folder::Temporary;
use parts::Store;

/// Where prepared data goes without an output folder: `runs/data/<first 12 digits of the key>`.
pub const ROOT: &str = "runs/data";

/// What is no part of a recipe, because it changes nothing of what a model sees.
#[derive(Clone, Debug)]
pub struct Options {
    /// The output folder; `None`: a folder named by the key below `root`.
    pub out: Option<PathBuf>,
    /// Where folders named by their key go.
    pub root: PathBuf,
    /// Length after which a new shard is begun, in bytes.
    pub shard_bytes: u64,
    /// Folders of parts that other machines have made, instead of reading the sources.
    pub merge: Vec<PathBuf>,
    /// Keep the parts when all is done.
    pub keep_parts: bool,
    /// A file for the documents that are kept, as they will be encoded: gzipped JSON Lines with `text`, `id` and
    /// `metadata` (`.jsonl.gz`), or with the feature `parquet` a table (`.parquet`).
    pub documents: Option<PathBuf>,
    /// Bytes of memory that comparing documents may take; beyond them it uses the disk.
    pub memory: usize,
}

/// Memory for comparing documents where nothing else is asked for.
pub const DEFAULT_MEMORY: usize = 1 << 30;

impl Default for Options {
    fn default() -> Self {
        Self {
            out: None,
            root: PathBuf::from(ROOT),
            shard_bytes: DEFAULT_SHARD_BYTES,
            merge: Vec::new(),
            keep_parts: false,
            documents: None,
            memory: DEFAULT_MEMORY,
        }
    }
}

/// Prepares the text of a recipe, or opens what was prepared before; pairs are for
/// [`prepare_pairs`].
///
/// # Errors
/// Whatever is wrong with recipe or sources ([`Error::is_usage`]), a disk that fails, or
/// [`Error::Stopped`] after `stop` was set. In every case no half of a folder is left.
pub fn prepare(
    recipe: &DataRecipe,
    out: Option<&Path>,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Prepared, Error> {
    let options = Options {
        out: out.map(Path::to_owned),
        ..Options::default()
    };
    prepare_with(recipe, &options, progress, stop)
}

/// [`prepare`] with every choice open.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_with(
    recipe: &DataRecipe,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Prepared, Error> {
    let begin = Instant::now();
    recipe.validate()?;
    recipe.expect(false)?;
    let joined = match options.merge.is_empty() {
        true => None,
        false => Some(Store::join(&options.merge, &parts::recipe_key(recipe)?)?),
    };
    let inputs = match &joined {
        // The files need not be here.
        Some(store) => Inputs::read_elsewhere(store.files()),
        None => Inputs::resolve(&recipe.sources)?,
    };
    let mut plan = plan::of(recipe, &inputs, options)?;
    let (parent, name) = plan.place(options);
    // Also where nothing is left to do: another process may have been killed doing it.
    folder::remove_stale(&parent, &name);
    if let Some(dir) = &plan.dir
        && let Some(prepared) = plan::reuse(dir, &plan.key, Prepared::open, progress)?
    {
        if options.documents.is_some() {
            return Err(Error::Exists {
                path: dir.clone(),
                what: "was prepared before, and documents are exported while they are prepared"
                    .to_owned(),
            });
        }
        if options.keep_parts {
            progress(Progress::Note(format!(
                "{} is there already; documents are kept when they are made: remove it first",
                dir.display()
            )));
        }
        if recipe_of(dir)?.mixture != recipe.mixture {
            write_texts(recipe, &prepared.report, dir)?;
            write_page(recipe, &prepared.report, dir)?;
        }
        return Ok(prepared);
    }
    let mut export = options
        .documents
        .as_deref()
        .map(Export::create)
        .transpose()?;
    let temporary = Temporary::new(&parent, &name)?;
    // Standard input cannot be read again: what was kept of it before is of another text.
    let parts = match inputs.files() {
        Some(_) => plan.parts_folder(&parent, &name),
        None => temporary.path().join("parts"),
    };
    let from = From {
        recipe,
        inputs: &inputs,
        parts: &parts,
        temporary: temporary.path(),
        options,
    };
    let corpus = from.corpus(joined, progress, stop)?;

    let mut report = Report {
        version: prepared::VERSION,
        name: recipe.name.clone(),
        ..Report::default()
    };
    let mut characters = BTreeSet::new();
    let seen = scan(
        recipe,
        &inputs,
        &corpus,
        &mut characters,
        export.as_mut(),
        progress,
        stop,
    )?;
    if let Some(export) = export {
        export.finish()?;
    }
    report.seconds.scan = begin.elapsed().as_secs_f64();
    report.read = seen.read.clone();
    report.clean = seen.clean.clone();
    report.text_fingerprint = seen.fingerprint.clone();
    report.judged = seen.sources.clone();
    match &corpus {
        Corpus::Store(store) => {
            report.duplicate_sizes = store.duplicate_sizes();
            report.read_beside(store.beside());
        }
        Corpus::Sources { inputs, .. } => report.links = inputs.links().clone(),
    }
    if plan.dir.is_none() {
        // Standard input: only now is it known what the text is.
        plan.settle(&seen.fingerprint, options);
    }
    let dir = plan.dir.clone().unwrap_or_default();
    if inputs.files().is_none()
        && let Some(prepared) = plan::reuse(&dir, &plan.key, Prepared::open, progress)?
    {
        return Ok(prepared);
    }
    report.key = plan.key.clone();

    let middle = Instant::now();
    let splitter = Splitter::new(&recipe.split, &seen.chars);
    let (tokenizer, described) = tokenizer::make(
        recipe,
        &corpus,
        &seen,
        &splitter,
        &characters,
        progress,
        stop,
    )?;
    tokenizer.save(&temporary.path().join("tokenizer.json"))?;
    report.tokenizer = described;
    report.seconds.tokenizer = middle.elapsed().as_secs_f64();
    report.peak_memory.tokenizer = memory::peak();

    let middle = Instant::now();
    let shard_options = ShardOptions {
        vocab_size: tokenizer.vocab_size(),
        tokenizer: tokenizer.fingerprint_bytes(),
        max_bytes: options.shard_bytes,
    };
    let writer = |split| ShardWriter::new(temporary.path(), split, shard_options.clone());
    let mut outputs = Outputs {
        train: writer("train"),
        validation: writer("validation"),
        report: &mut report,
        used: vec![false; tokenizer.vocab_size()],
    };
    let splitter = encode(
        &corpus,
        &seen,
        splitter,
        &tokenizer,
        &mut outputs,
        progress,
        stop,
    )?;
    let (train, validation) = (outputs.train.finish()?, outputs.validation.finish()?);
    check_split(&report, &splitter, &train, &validation)?;
    for note in mixture_notes(recipe, &report) {
        progress(Progress::Note(note));
    }
    report.seconds.encode = middle.elapsed().as_secs_f64();

    let open = |split| Shards::open(temporary.path(), split, Some(&report.tokenizer.fingerprint));
    let (train_shards, validation_shards) = (open("train")?, open("validation")?);
    report.fingerprint = prepared::fingerprint(&tokenizer, &[&train_shards, &validation_shards]);
    report.train = split_report(report.train.documents, &train, &train_shards);
    report.validation = split_report(report.validation.documents, &validation, &validation_shards);
    report.bytes_per_token = report.bytes() as f64 / report.tokens() as f64;
    report.seconds.total = begin.elapsed().as_secs_f64();
    report.peak_memory.total = memory::peak();
    drop((train_shards, validation_shards));
    write_texts(recipe, &report, temporary.path())?;
    write_page(recipe, &report, temporary.path())?;
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    drop(corpus);
    // Those of standard input lie in the result's folder.
    if inputs.files().is_none() && !options.keep_parts {
        remove(&parts)?;
    }
    let prepared = plan::finish(temporary, &dir, &plan.key, Prepared::open, progress)?;
    // What was named to be joined is not ours.
    if !options.keep_parts && options.merge.is_empty() {
        remove(&parts)?;
    }
    Ok(prepared)
}

fn scan(
    recipe: &DataRecipe,
    inputs: &Inputs,
    corpus: &Corpus<'_>,
    characters: &mut BTreeSet<char>,
    mut export: Option<&mut Export>,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Seen, Error> {
    let mut done = 0;
    let mut told = 0;
    let seen = corpus.scan(stop, &mut |document| {
        if recipe.tokenizer == TokenizerRecipe::Char {
            // Most characters of a text are among the few that came before.
            let mut last = '\0';
            for character in document.text.chars() {
                if character != last {
                    characters.insert(character);
                    last = character;
                }
            }
        }
        if let Some(export) = &mut export {
            export.add(document)?;
        }
        done += document.text.len() as u64;
        if done - told >= 1 << 20 {
            told = done;
            progress(Progress::At {
                stage: Stage::Scan,
                done,
                total: None,
            });
        }
        Ok(())
    })?;
    if seen.bytes == 0 {
        let files = match inputs.files() {
            Some(files) => format!("{} files", files.len()),
            None => "standard input".to_owned(),
        };
        return Err(Error::Empty {
            what: format!("the corpus {:?}", recipe.name),
            why: format!(
                "{files} gave {} documents of {} bytes, and none is left; what became of them:\n\n{}",
                seen.read.documents,
                seen.read.bytes,
                StepByStep(&seen.sources).to_string().trim_end()
            ),
        });
    }
    Ok(seen)
}

fn check_split(
    report: &Report,
    splitter: &Splitter,
    train: &Written,
    validation: &Written,
) -> Result<(), Error> {
    let missing = splitter.missing_groups();
    if !missing.is_empty() {
        let present: Vec<&str> = match report.packages.is_empty() {
            true => report.sources.keys().map(String::as_str).collect(),
            false => report.packages.keys().map(String::as_str).collect(),
        };
        return Err(Error::Groups {
            missing: missing.join(", "),
            present: present.join(", "),
        });
    }
    for (name, written) in [("train", train), ("validation", validation)] {
        if written.tokens == 0 || written.text_bytes == 0 {
            return Err(empty_split(name, report.clean.documents_kept));
        }
    }
    Ok(())
}

/// What a person should know of a mixture before a model learns from it: sources of which nothing is left, and those
/// of which nothing is held out, so that no model can be measured on them.
fn mixture_notes(recipe: &DataRecipe, report: &Report) -> Vec<String> {
    if recipe.mixture.is_none() {
        return Vec::new();
    }
    let without = |tokens: fn(&report::Share) -> u64| {
        let sources = recipe.sources.iter().enumerate();
        let names = sources.map(|(i, source)| source.label(i));
        let without = names.filter(|name| report.sources.get(name).map_or(0, tokens) == 0);
        without.collect::<Vec<_>>().join(", ")
    };
    let notes = [
        (
            without(|share| share.train_tokens),
            "nothing is left to learn from",
            "pretraining refuses a mixture with a source that has no text: give it some, or take it out of the recipe",
        ),
        (
            without(|share| share.validation_tokens),
            "nothing is held out",
            Split::OF_EACH_SOURCE,
        ),
    ];
    let notes = notes.into_iter().filter(|(names, ..)| !names.is_empty());
    notes
        .map(|(names, what, right)| format!("{names}: {what}; {right}"))
        .collect()
}

fn empty_split(name: &str, documents: u64) -> Error {
    Error::Empty {
        what: format!("the {name} split"),
        why: format!(
            "none of the {documents} documents fell to it; take another share, or \
             split: Position(validation: 0.1), which divides even a single document"
        ),
    }
}

fn split_report(documents: u64, written: &Written, shards: &Shards) -> SplitReport {
    SplitReport {
        documents,
        bytes: written.text_bytes,
        tokens: written.tokens,
        shards: written.files.len() as u64,
        fingerprint: shards.fingerprint().to_owned(),
    }
}

fn write_page(recipe: &DataRecipe, report: &Report, folder: &Path) -> Result<(), Error> {
    let path = folder.join("report.html");
    let page = report::page(report, recipe);
    files::write(&path, page.as_bytes()).map_err(Error::io("write", &path))
}

fn write_texts(recipe: &DataRecipe, report: &impl Serialize, folder: &Path) -> Result<(), Error> {
    let ron = to_ron_string(recipe)?;
    let path = folder.join("recipe.ron");
    files::write(&path, ron.as_bytes()).map_err(Error::io("write", &path))?;
    let path = folder.join("report.json");
    let json = serde_json::to_vec_pretty(report)
        .map_err(std::io::Error::from)
        .map_err(Error::io("write", &path))?;
    files::write(&path, &json).map_err(Error::io("write", &path))
}
