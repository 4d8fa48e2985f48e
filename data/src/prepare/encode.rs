//! Documents to shards: all cores, bounded memory, the same bytes whatever the number of threads.
//!
//! One thread reads and cleans, and hands over batches of a few megabytes; the pool encodes a batch
//! in pieces; this thread writes the results in the order of the documents.

use std::sync::atomic::{AtomicBool, Ordering};

use super::corpus::{Corpus, Seen};
use super::pipe::{Batches, pipe};
use super::progress::{Progress, Stage};
use crate::Error;
use crate::report::Report;
use crate::shard::{Provenance, ShardWriter};
use crate::split::{Division, Side, Splitter};
use crate::tokenizer::{Before, Tokenizer, TokenizerError};

/// A text on its way to a shard.
struct Unit {
    text: String,
    side: Side,
    provenance: Provenance,
    /// No end of text belongs after it.
    continues: bool,
    /// It does not continue the text before it on this side.
    begins: bool,
    /// Nor on the other.
    opens: bool,
    /// What came before it in its document.
    before: Before,
}

/// Where encoded documents go.
pub(super) struct Outputs<'a> {
    pub train: ShardWriter,
    pub validation: ShardWriter,
    pub report: &'a mut Report,
    /// Which tokens of the vocabulary have occurred.
    pub used: Vec<bool>,
}

/// Encodes all documents and gives the splitter back, which knows what it met.
pub(super) fn encode(
    corpus: &Corpus<'_>,
    seen: &Seen,
    splitter: Splitter,
    tokenizer: &Tokenizer,
    outputs: &mut Outputs<'_>,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Splitter, Error> {
    let mut done = 0;
    pipe(
        |batches| read(corpus, seen, splitter, batches, stop),
        |batch| {
            write(&batch, tokenizer, outputs)?;
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            done += batch.iter().map(|unit| unit.text.len() as u64).sum::<u64>();
            progress(Progress::At {
                stage: Stage::Encode,
                done,
                total: Some(seen.bytes),
            });
            Ok(())
        },
    )
}

fn read(
    corpus: &Corpus<'_>,
    seen: &Seen,
    mut splitter: Splitter,
    batches: &mut Batches<Unit>,
    stop: &AtomicBool,
) -> Result<Splitter, Error> {
    let mut before = Before::default();
    let mut carried = None;
    corpus.each(seen, stop, &mut |document, sha256| {
        let bytes = document.text.len();
        let provenance = Provenance::from(&document);
        let division = splitter.divide(&document, sha256);
        let continues = document.continues;
        let mut unit = |text: String, side, continues| {
            let at = before;
            before.pass(&text);
            let (begins, opens) = (carried != Some(side), carried.is_none());
            carried = Some(side);
            batches.push(Unit {
                text,
                side,
                provenance: provenance.clone(),
                continues,
                begins,
                opens,
                before: at,
            });
        };
        match division {
            Division::Whole(side) => unit(document.text, side, document.continues),
            Division::Cut(at) => {
                let rest = document.text[at..].to_owned();
                let mut text = document.text;
                text.truncate(at);
                // The document does not end here, only the training text does; where another source's
                // follows, it is not to be taken for the rest of this one.
                unit(text, Side::Train, !splitter.divides_each_source());
                unit(rest, Side::Validation, document.continues);
            }
        }
        if !continues {
            before = Before::default();
            carried = None;
        }
        batches.count(bytes)
    })?;
    Ok(splitter)
}

fn write(batch: &[Unit], tokenizer: &Tokenizer, outputs: &mut Outputs<'_>) -> Result<(), Error> {
    let texts: Vec<&str> = batch.iter().map(|unit| unit.text.as_str()).collect();
    for (unit, tokens) in batch.iter().zip(tokenizer.encode_parts(&texts)) {
        let mut tokens = tokens.map_err(|error| Error::Document {
            document: unit.provenance.path.clone(),
            error: match error {
                TokenizerError::Unencodable(place) => {
                    TokenizerError::Unencodable(unit.before.shift(place))
                }
                error => error,
            },
        })?;
        if !unit.continues {
            tokens.extend(tokenizer.end_of_text());
        }
        for &token in &tokens {
            if let Some(used) = outputs.used.get_mut(token as usize)
                && !*used
            {
                *used = true;
                outputs.report.vocabulary_used += 1;
            }
        }
        outputs.report.unknown_tokens += tokenizer.count_unknown(&tokens) as u64;
        let bytes = unit.text.len() as u64;
        let writer = match unit.side {
            Side::Train => &mut outputs.train,
            Side::Validation => &mut outputs.validation,
        };
        writer.document(&tokens, bytes, &unit.provenance, unit.continues)?;
        outputs.report.count(
            &unit.provenance,
            unit.side,
            unit.begins,
            unit.opens,
            bytes,
            tokens.len() as u64,
        );
    }
    Ok(())
}
