//! Pairs to shards: all cores, bounded memory, the same bytes whatever the number of threads.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::corpus::{PairCorpus, Seen};
use super::lengths::Histogram;
use super::prepared::{NAMES, open_split};
use super::report::{Dropped, PairReport, PairSide, PairSplitReport};
use super::split::PairSplitter;
use crate::Error;
use crate::prepare::pipe::{Batches, pipe};
use crate::prepare::{Progress, Stage};
use crate::shard::{Provenance, ShardOptions, ShardWriter};
use crate::source::PairText;
use crate::split::Side;
use crate::tokenizer::{PairSpecials, Tokenizer};

/// A pair on its way to its shards; no side: it is only counted.
struct Unit {
    pair: PairText,
    side: Option<Side>,
}

/// Where encoded pairs go.
pub(super) struct Outputs {
    train: SplitOutput,
    validation: SplitOutput,
    dropped: Dropped,
    specials: PairSpecials,
}

struct SplitOutput {
    name: &'static str,
    pairs: u64,
    /// Sources and targets.
    writers: [ShardWriter; 2],
    lengths: [Histogram; 2],
}

impl SplitOutput {
    fn new(folder: &Path, name: &'static str, options: &ShardOptions) -> Self {
        let writer =
            |side: &str| ShardWriter::new(folder, &format!("{name}-{side}"), options.clone());
        Self {
            name,
            pairs: 0,
            writers: NAMES.map(writer),
            lengths: Default::default(),
        }
    }

    fn write(&mut self, pair: &PairText, tokens: &[Vec<u32>; 2]) -> Result<(), Error> {
        // Where a pair came from stands with its source.
        let nowhere = Provenance::default();
        let sides = [(&pair.source, &pair.from), (&pair.target, &nowhere)];
        for (side, (text, from)) in sides.into_iter().enumerate() {
            let tokens = &tokens[side];
            self.writers[side].document(tokens, text.len() as u64, from, false)?;
            self.lengths[side].count(tokens.len());
        }
        self.pairs += 1;
        Ok(())
    }

    fn finish(self, folder: &Path) -> Result<PairSplitReport, Error> {
        let mut sides: [PairSide; 2] = Default::default();
        let lengths = self.lengths.iter().map(Histogram::lengths);
        for ((side, writer), lengths) in sides.iter_mut().zip(self.writers).zip(lengths) {
            let written = writer.finish()?;
            side.tokens = written.tokens;
            side.bytes = written.text_bytes;
            side.lengths = lengths;
        }
        for (side, shards) in sides.iter_mut().zip(open_split(folder, self.name, None)?) {
            side.shards = shards.files() as u64;
            side.fingerprint = shards.fingerprint().to_owned();
        }
        let [sources, targets] = sides;
        Ok(PairSplitReport {
            pairs: self.pairs,
            sources,
            targets,
        })
    }
}

impl Outputs {
    pub(super) fn new(
        folder: &Path,
        options: &ShardOptions,
        tokenizer: &Tokenizer,
    ) -> Result<Self, Error> {
        Ok(Self {
            train: SplitOutput::new(folder, "train", options),
            validation: SplitOutput::new(folder, "validation", options),
            dropped: Dropped::default(),
            specials: tokenizer.pair_specials("the tokenizer")?,
        })
    }

    /// Completes the shards, and says in the report what is in them.
    pub(super) fn finish(self, folder: &Path, report: &mut PairReport) -> Result<(), Error> {
        report.dropped.held_out = self.dropped.held_out;
        report.dropped.too_long = self.dropped.too_long;
        report.dropped.unsaid = self.dropped.unsaid;
        report.train = self.train.finish(folder)?;
        report.validation = self.validation.finish(folder)?;
        Ok(())
    }

    fn write(&mut self, batch: &[Unit], tokenizer: &Tokenizer) -> Result<(), Error> {
        let sides = batch
            .iter()
            .flat_map(|unit| [&unit.pair.source, &unit.pair.target]);
        let texts: Vec<&str> = sides.map(String::as_str).collect();
        let mut tokens = tokenizer.encode_parts(&texts).into_iter();
        for Unit { pair, side } in batch {
            let mut next = |name: &str| match tokens.next() {
                Some(Ok(ids)) => Ok(ids),
                Some(Err(error)) => Err(Error::Document {
                    document: format!("{}:{}, the {name}", pair.from.path, pair.line),
                    error,
                }),
                None => Ok(Vec::new()),
            };
            let mut tokens = [next("source")?, next("target")?];
            let Some(side) = side else {
                self.dropped.held_out += 1;
                continue;
            };
            if tokens.iter().any(Vec::is_empty) {
                self.dropped.unsaid += 1;
                continue;
            }
            tokens
                .iter_mut()
                .for_each(|ids| ids.push(self.specials.end));
            if tokens.iter().any(|ids| ids.len() > pair.max_length) {
                self.dropped.too_long += 1;
                continue;
            }
            match side {
                Side::Train => self.train.write(pair, &tokens)?,
                Side::Validation => self.validation.write(pair, &tokens)?,
            }
        }
        Ok(())
    }
}

/// Encodes all pairs.
pub(super) fn encode(
    corpus: &PairCorpus<'_>,
    seen: &Seen,
    splitter: &PairSplitter,
    tokenizer: &Tokenizer,
    outputs: &mut Outputs,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<(), Error> {
    let mut done = 0;
    let bytes = |pair: &PairText| pair.source.len() + pair.target.len();
    pipe(
        |batches: &mut Batches<Unit>| {
            corpus.each(seen, stop, &mut |pair, sha256| {
                let bytes = bytes(&pair);
                let side = splitter.side(&pair.from.group, sha256);
                batches.push(Unit { pair, side });
                batches.count(bytes)
            })
        },
        |batch| {
            outputs.write(&batch, tokenizer)?;
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            done += batch
                .iter()
                .map(|unit| bytes(&unit.pair) as u64)
                .sum::<u64>();
            progress(Progress::At {
                stage: Stage::Encode,
                done,
                total: Some(seen.clean.bytes_kept),
            });
            Ok(())
        },
    )
}
