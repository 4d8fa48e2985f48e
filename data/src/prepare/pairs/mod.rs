//! From a recipe of pairs to a folder of shards.
//!
//! The folder is made as that of a text is: beside its name, complete or absent, found again by its
//! key. It holds two shards for each split, one of the sources and one of the targets; document *i*
//! of both is pair *i*, each ended by `</s>`.
//!
//! The files are read three times rather than kept: once to count pairs and to decide which are held
//! out, once to train a tokenizer, once to encode. What is remembered is about 32 bytes for each
//! different pair, as long as a reading takes.

mod corpus;
mod encode;
mod lengths;
mod prepared;
mod report;
mod split;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub use lengths::Lengths;
pub use prepared::{PreparedPairs, read_pair_report};
pub use report::{Dropped, PairReport, PairSide, PairSplitReport};

use super::folder::{self, Temporary};
use super::{Options, Progress, Stage, plan, prepared as common, tokenizer, write_texts};
use crate::recipe::DataRecipe;
use crate::shard::ShardOptions;
use crate::source::Inputs;
use crate::split::Side;
use crate::{Error, memory};
use corpus::{PairCorpus, Seen};
use encode::{Outputs, encode};
use split::{Chooser, PairSplitter};

/// Prepares the pairs of a recipe, or opens what was prepared before; text is for
/// [`prepare`](super::prepare).
///
/// # Errors
/// Whatever is wrong with recipe or sources ([`Error::is_usage`]), a disk that fails, or
/// [`Error::Stopped`] after `stop` was set. In every case no half of a folder is left.
pub fn prepare_pairs(
    recipe: &DataRecipe,
    out: Option<&Path>,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<PreparedPairs, Error> {
    let options = Options {
        out: out.map(Path::to_owned),
        ..Options::default()
    };
    prepare_pairs_with(recipe, &options, progress, stop)
}

/// [`prepare_pairs`] with every choice open.
///
/// # Errors
/// As [`prepare_pairs`].
pub fn prepare_pairs_with(
    recipe: &DataRecipe,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<PreparedPairs, Error> {
    let begin = Instant::now();
    recipe.validate()?;
    recipe.expect(true)?;
    let inputs = Inputs::resolve(&recipe.sources)?;
    let plan = plan::of(recipe, &inputs, options)?;
    let (parent, name) = plan.place(options);
    folder::remove_stale(&parent, &name);
    let dir = plan.dir.clone().unwrap_or_default();
    if let Some(prepared) = plan::reuse(&dir, &plan.key, PreparedPairs::open, progress)? {
        return Ok(prepared);
    }
    let temporary = Temporary::new(&parent, &name)?;
    let corpus = PairCorpus::new(&inputs, recipe);
    let mut report = PairReport::new(&recipe.name, &plan.key);

    let (seen, splitter) = scan(recipe, &inputs, &corpus, progress, stop)?;
    report.read = seen.read.clone();
    report.clean = seen.clean.clone();
    report.dropped.too_short = seen.too_short;
    report.dropped.duplicates = seen.duplicates;
    report.text_fingerprint = seen.fingerprint.clone();
    report.seconds.scan = begin.elapsed().as_secs_f64();

    let middle = Instant::now();
    let (tokenizer, described) = tokenizer::make_for_pairs(
        recipe,
        &mut |take| {
            let mut none = true;
            corpus.each(&seen, stop, &mut |pair, sha256| {
                // Held-out text is held out of the vocabulary too.
                if splitter.side(&pair.from.group, sha256) == Some(Side::Train) {
                    none = false;
                    take(&pair.source);
                    take(&pair.target);
                }
                Ok(())
            })?;
            match none {
                true => Err(empty_split("train", &report.dropped, &seen)),
                false => Ok(()),
            }
        },
        seen.clean.bytes_kept,
        progress,
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
    let mut outputs = Outputs::new(temporary.path(), &shard_options, &tokenizer)?;
    encode(
        &corpus,
        &seen,
        &splitter,
        &tokenizer,
        &mut outputs,
        progress,
        stop,
    )?;
    outputs.finish(temporary.path(), &mut report)?;
    report.seconds.encode = middle.elapsed().as_secs_f64();
    check_split(&report, &seen)?;
    let shards = prepared::open_shards(temporary.path(), &tokenizer)?;
    report.fingerprint = common::fingerprint(&tokenizer, &shards.each_ref());
    drop(shards);
    report.seconds.total = begin.elapsed().as_secs_f64();
    report.peak_memory.total = memory::peak();
    write_texts(recipe, &report, temporary.path())?;

    if stop.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    plan::finish(temporary, &dir, &plan.key, PreparedPairs::open, progress)
}

/// The first reading: what there is, and which of it is held out.
fn scan(
    recipe: &DataRecipe,
    inputs: &Inputs,
    corpus: &PairCorpus<'_>,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<(Seen, PairSplitter), Error> {
    let mut chooser = Chooser::new(&recipe.split);
    let (mut done, mut told) = (0, 0);
    let seen = corpus.scan(stop, &mut |pair, sha256| {
        chooser.see(&pair.from.group, sha256);
        done += (pair.source.len() + pair.target.len()) as u64;
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
    if seen.pairs == 0 {
        return Err(Error::Empty {
            what: format!("the corpus {:?}", recipe.name),
            why: format!(
                "{} files gave {} pairs; of {} a side was shorter than {} characters, {} lines \
                 could not be read",
                inputs.files().unwrap_or_default().len(),
                seen.read.pairs,
                seen.too_short,
                recipe.clean.min_chars.max(1),
                seen.read.skipped()
            ),
        });
    }
    Ok((seen, chooser.choose()?))
}

fn check_split(report: &PairReport, seen: &Seen) -> Result<(), Error> {
    for (name, split) in [("train", &report.train), ("validation", &report.validation)] {
        if split.pairs == 0 {
            return Err(empty_split(name, &report.dropped, seen));
        }
    }
    Ok(())
}

fn empty_split(name: &str, dropped: &Dropped, seen: &Seen) -> Error {
    Error::Empty {
        what: format!("the {name} split"),
        why: format!(
            "of {} pairs none came to it, {} were longer than max_length, {} had a source that is \
             held out; take another share, such as split: Hash(validation: 0.1)",
            seen.pairs, dropped.too_long, dropped.held_out
        ),
    }
}
