//! Windows that begin at a document and end with it.
//!
//! A document of `n` tokens, its end of text among them, has `n - 1` targets where the next token is
//! predicted: every token after the first. Where tokens are masked it has those of its text. Windows
//! of `seq_len` targets are cut from it side by side, and the last one is what is left; the rest of
//! its row is padding, which no loss counts. Nothing of one document is seen while predicting
//! another.
//!
//! No table of all windows is kept. The lists in the shards give each document's place, and every
//! [`STRIDE`]th document's number of windows before it is remembered: 16 bytes for 256 documents.

use std::ops::Range;

use crate::order::{Permutation, stream};
use crate::shard::{Shards, Span};

/// Documents between two that are remembered; finding a window walks over half of them.
const STRIDE: u64 = 256;

/// Separates the streams of this order from those of the others.
const DOCUMENT_EPOCH: u64 = 3;

/// What of a document windows are cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What comes after a token: all tokens but the first.
    Targets,
    /// Its text: all tokens but the end of text, where the tokenizer puts one.
    Text { ends: bool },
}

impl Part {
    /// Tokens of a document that windows are cut from.
    fn of(self, document: &Span) -> u64 {
        let left_out = match self {
            Self::Targets => true,
            Self::Text { ends } => ends && !document.continues,
        };
        document.tokens.saturating_sub(u64::from(left_out))
    }
}

/// A window: where its first input lies, and how many targets it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub start: u64,
    pub targets: usize,
}

/// The windows of all documents, each once an epoch, in a new order each time.
#[derive(Clone, Debug)]
pub(crate) struct DocumentWindows {
    part: Part,
    seq_len: u64,
    seed: u64,
    /// Windows in all.
    windows: u64,
    /// Targets in all.
    targets: u64,
    marks: Vec<Mark>,
    /// Where the text ends that windows are cut from.
    end: u64,
}

/// A document that is remembered.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Windows of the documents before it.
    windows: u64,
    /// Its first entry in the lists.
    entry: u64,
}

impl DocumentWindows {
    /// Looks once at every document of a range of tokens, which begins and ends with a document; `None`
    /// where none has a target.
    pub(crate) fn new(
        shards: &Shards,
        range: Range<u64>,
        part: Part,
        seq_len: u64,
        seed: u64,
    ) -> Option<Self> {
        if range.is_empty() {
            return None;
        }
        let mut found = Self {
            end: range.end,
            part,
            seq_len,
            seed,
            windows: 0,
            targets: 0,
            marks: Vec::new(),
        };
        let first = shards.entry_at(range.start);
        for (number, (entry, document)) in (0..).zip(documents(shards, first, range.end)) {
            if number % STRIDE == 0 {
                found.marks.push(Mark {
                    windows: found.windows,
                    entry,
                });
            }
            found.windows += found.windows_of(&document);
            found.targets += part.of(&document);
        }
        (found.windows > 0).then_some(found)
    }

    fn windows_of(&self, document: &Span) -> u64 {
        self.part.of(document).div_ceil(self.seq_len)
    }

    /// The share of all places in the windows that no token fills, from 0 to 1.
    pub(crate) fn padding(&self) -> f64 {
        1.0 - self.mean_targets() / self.seq_len as f64
    }

    /// Targets of a window, on average over an epoch.
    pub(crate) fn mean_targets(&self) -> f64 {
        self.targets as f64 / self.windows as f64
    }

    /// Windows of an epoch.
    pub(crate) fn windows_per_epoch(&self) -> u64 {
        self.windows
    }

    /// The windows of batch `batch`, `sequences` of them.
    pub(crate) fn batch(&self, shards: &Shards, batch: u64, sequences: usize) -> Vec<Window> {
        let per_epoch = u128::from(self.windows);
        let first = u128::from(batch) * sequences as u128;
        let mut epoch: Option<(u128, Permutation)> = None;
        (0..sequences as u128)
            .map(|row| {
                let number = (first + row) / per_epoch;
                let place = ((first + row) % per_epoch) as u64;
                let permutation = match &mut epoch {
                    Some((current, permutation)) if *current == number => permutation,
                    other => {
                        // Numbers of epochs beyond 2^64 cannot be reached by counting.
                        let mut stream = stream(self.seed, DOCUMENT_EPOCH, number as u64);
                        &mut other
                            .insert((number, Permutation::new(self.windows, &mut stream)))
                            .1
                    }
                };
                self.window(shards, permutation.apply(place))
            })
            .collect()
    }

    /// Window `number`, in the order of the text.
    fn window(&self, shards: &Shards, number: u64) -> Window {
        let mark = self.marks.partition_point(|mark| mark.windows <= number) - 1;
        let mark = self.marks[mark];
        let mut left = number - mark.windows;
        for (_, document) in documents(shards, mark.entry, self.end) {
            let windows = self.windows_of(&document);
            if left < windows {
                let at = left * self.seq_len;
                return Window {
                    start: document.start + at,
                    targets: (self.part.of(&document) - at).min(self.seq_len) as usize,
                };
            }
            left -= windows;
        }
        // Not reached: a number below `windows` lies in some document.
        Window {
            start: 0,
            targets: 0,
        }
    }
}

/// The documents from an entry on that begin before token `end`, each with its first entry; the pieces of a
/// long one are one.
pub(crate) fn documents(
    shards: &Shards,
    entry: u64,
    end: u64,
) -> impl Iterator<Item = (u64, Span)> {
    let spans = (entry..).zip(shards.spans(entry));
    let mut spans = spans.take_while(move |(_, span)| span.start < end);
    std::iter::from_fn(move || {
        let (entry, mut document) = spans.next()?;
        while document.continues
            && let Some((_, next)) = spans.next()
        {
            document.tokens += next.tokens;
            document.continues = next.continues;
        }
        Some((entry, document))
    })
}
