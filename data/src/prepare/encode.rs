//! Documents to shards: all cores, bounded memory, the same bytes whatever the number of threads.
//!
//! One thread reads and cleans, and hands over batches of a few megabytes; the pool encodes a batch
//! in pieces; this thread writes the results in the order of the documents. At most three batches
//! exist at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use super::corpus::{Corpus, Seen};
use super::progress::{Progress, Stage};
use crate::Error;
use crate::prefetch::message;
use crate::report::Report;
use crate::shard::{Provenance, ShardWriter};
use crate::split::{Division, Side, Splitter};
use crate::tokenizer::{Before, Tokenizer, TokenizerError};

/// Text in a batch, in bytes; a longer document is a batch by itself.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait between reader and encoder.
const DEPTH: usize = 1;

/// A text on its way to a shard.
struct Unit {
    text: String,
    side: Side,
    provenance: Provenance,
    /// No end of text belongs after it.
    continues: bool,
    /// It does not continue the text before it on this side.
    begins: bool,
    /// What came before it in its document.
    before: Before,
}

/// Where encoded documents go.
pub(super) struct Outputs<'a> {
    pub train: ShardWriter,
    pub validation: ShardWriter,
    pub report: &'a mut Report,
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
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(DEPTH);
        let reader = scope.spawn(move || read(corpus, seen, splitter, sender, stop));
        let mut done = 0;
        let mut written = Ok(());
        for batch in receiver {
            written = write(&batch, tokenizer, outputs);
            if written.is_ok() && stop.load(Ordering::Relaxed) {
                written = Err(Error::Stopped);
            }
            if written.is_err() {
                // Leaving the loop drops the receiver, which ends the reader.
                break;
            }
            done += batch.iter().map(|unit| unit.text.len() as u64).sum::<u64>();
            progress(Progress::At {
                stage: Stage::Encode,
                done,
                total: Some(seen.clean.bytes_kept),
            });
        }
        let read = reader
            .join()
            .unwrap_or_else(|panic| Err(Error::Thread(message(&*panic))));
        written?;
        read
    })
}

fn read(
    corpus: &Corpus<'_>,
    seen: &Seen,
    mut splitter: Splitter,
    sender: SyncSender<Vec<Unit>>,
    stop: &AtomicBool,
) -> Result<Splitter, Error> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut before = Before::default();
    let mut carried = None;
    corpus.each(seen, stop, &mut |document, sha256| {
        bytes += document.text.len();
        let provenance = Provenance::from(&document);
        let division = splitter.divide(&document, sha256);
        let continues = document.continues;
        let mut unit = |text: String, side, continues| {
            let at = before;
            before.pass(&text);
            let begins = carried != Some(side);
            carried = Some(side);
            batch.push(Unit {
                text,
                side,
                provenance: provenance.clone(),
                continues,
                begins,
                before: at,
            });
        };
        match division {
            Division::Whole(side) => unit(document.text, side, document.continues),
            Division::Cut(at) => {
                let rest = document.text[at..].to_owned();
                let mut text = document.text;
                text.truncate(at);
                // The document does not end here, only the training text does.
                unit(text, Side::Train, true);
                unit(rest, Side::Validation, document.continues);
            }
        }
        if !continues {
            before = Before::default();
            carried = None;
        }
        if bytes >= BATCH_BYTES {
            bytes = 0;
            // Nobody receives when writing has failed, and that error is the one to report.
            sender
                .send(std::mem::take(&mut batch))
                .map_err(|_| Error::Stopped)?;
        }
        Ok(())
    })?;
    sender.send(batch).map_err(|_| Error::Stopped)?;
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
            bytes,
            tokens.len() as u64,
        );
    }
    Ok(())
}
