//! Batches for a masked language model: rows of text, some tokens of which are asked for.
//!
//! A row is the start token, as many tokens of text as fit, and the end token, where the tokenizer
//! has them (`[CLS]` text `[SEP]`). Where the text comes from is decided as for [`Batches`], what is
//! hidden by [`mask`](crate::mask), anew at every step; both are functions of numbers alone.
//!
//! [`Batches`]: crate::Batches

mod rows;

use std::ops::Range;
use std::sync::Arc;

use crate::Error;
use crate::batch::{Waste, check};
use crate::document_windows::{DocumentWindows, Part, Window};
use crate::mask::{MaskError, Masking};
use crate::order::{Order, Windows};
use crate::prefetch::BatchSource;
use crate::shard::Shards;
use crate::tokenizer::Tokenizer;

use rows::Rows;

/// Held-out text is hidden by this seed, so that every run is asked the same.
const EVALUATION_SEED: u64 = 0;

/// Rows of tokens, and what is asked about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskedBatch {
    /// Sequences.
    pub rows: usize,
    /// Tokens a sequence, filler among them.
    pub cols: usize,
    /// What the model sees, `[rows, cols]`.
    pub inputs: Vec<u32>,
    /// Tokens of each row, `[rows]`; filler follows them.
    pub lengths: Vec<usize>,
    /// Where the tokens stand that are asked for, as `row · cols + col`, in order.
    pub places: Vec<u32>,
    /// What they were, one for each of `places`.
    pub targets: Vec<u32>,
}

impl MaskedBatch {
    /// Tokens that are asked for.
    pub fn valid(&self) -> usize {
        self.places.len()
    }
}

/// Training batches: batch `i` is a pure function of (seed, recipe, `i`).
#[derive(Clone, Debug)]
pub struct MaskedBatches {
    shards: Arc<Shards>,
    cut: Cut,
    rows: Rows,
    sequences: usize,
}

/// Where windows begin and end.
#[derive(Clone, Debug)]
enum Cut {
    /// Anywhere; all are full.
    Anywhere(Order),
    /// With their documents.
    Documents(Arc<DocumentWindows>),
}

impl MaskedBatches {
    /// Batches of `sequences` rows of `context` tokens, special ones among them, from shards that
    /// [`prepare`](crate::prepare()) wrote with this tokenizer.
    ///
    /// # Errors
    /// A tokenizer without a mask token, or, for whole words, one that does not show them; shares
    /// that cannot be; a context that is too short for text or longer than all of it; no sequences.
    pub fn new(
        shards: Arc<Shards>,
        tokenizer: &Tokenizer,
        masking: &Masking,
        windows: Windows,
        context: usize,
        sequences: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        check("sequences", sequences)?;
        let rows = Rows::new(tokenizer, masking, context, seed)?;
        if u32::try_from(sequences as u128 * context as u128).is_err() {
            return Err(MaskError::Places { sequences, context }.into());
        }
        let (len, text) = (shards.len(), rows.text() as u64);
        // An order leaves room for the token behind a window; a row needs none.
        let anywhere = |random| Order::new(random, len + 1, text, seed).map(Cut::Anywhere);
        let cut = match windows {
            Windows::Random => anywhere(true),
            Windows::Shuffled => anywhere(false),
            Windows::Documents => {
                let part = Part::Text { ends: rows.ends };
                DocumentWindows::new(&shards, 0..len, part, text, seed)
                    .map(|windows| Cut::Documents(Arc::new(windows)))
            }
            Windows::BestFit => return Err(MaskError::BestFit.into()),
        };
        let cut = cut.ok_or(MaskError::Text {
            split: "train",
            context,
            least: match windows {
                Windows::Documents => 1,
                _ => text,
            },
            found: len,
        })?;
        Ok(Self {
            shards,
            cut,
            rows,
            sequences,
        })
    }

    /// Batch `i`, of `[sequences, context]`, whatever was asked for before. At least one token
    /// of each row is asked for.
    ///
    /// # Errors
    /// None that can be met once it was made; the type is that of [`BatchSource`].
    pub fn batch(&self, i: u64) -> Result<MaskedBatch, Error> {
        self.rows
            .batch(&self.shards, &self.windows(i), |row| (i, row))
    }

    /// The tokens of text in each row of batch `i`, by their places in the split.
    pub fn rows(&self, i: u64) -> Vec<Range<u64>> {
        let windows = self.windows(i).into_iter();
        windows
            .map(|window| window.start..window.start + window.targets as u64)
            .collect()
    }

    fn windows(&self, i: u64) -> Vec<Window> {
        match &self.cut {
            Cut::Anywhere(order) => {
                let starts = order.starts(i, self.sequences).into_iter();
                let targets = self.rows.text();
                starts.map(|start| Window { start, targets }).collect()
            }
            Cut::Documents(windows) => windows.batch(&self.shards, i, self.sequences),
        }
    }

    /// What its windows leave empty; only [`Windows::Documents`] has any filler, and nothing is left out.
    pub fn waste(&self) -> Waste {
        let padding = match &self.cut {
            Cut::Anywhere(_) => 0.0,
            Cut::Documents(windows) => {
                let tokens = windows.mean_targets() + self.rows.around() as f64;
                1.0 - tokens / self.rows.cols as f64
            }
        };
        Waste {
            padding,
            cropped: 0,
        }
    }

    /// Tokens that the model sees in one batch, special ones and filler among them.
    pub fn tokens_per_batch(&self) -> usize {
        self.rows.cols * self.sequences
    }

    /// Tokens in the text: what one epoch is counted by.
    pub fn tokens(&self) -> u64 {
        self.shards.len()
    }
}

impl BatchSource for MaskedBatches {
    type Batch = MaskedBatch;

    fn batch(&self, i: u64) -> Result<MaskedBatch, Error> {
        Self::batch(self, i)
    }
}

/// Windows for evaluation, side by side in the order of the text; the last one is what is left.
/// What is hidden in a window depends on its number alone: every run, and every evaluation of it,
/// is asked the same.
#[derive(Clone, Debug)]
pub struct MaskedWindows {
    shards: Arc<Shards>,
    rows: Rows,
}

impl MaskedWindows {
    /// The windows of a held-out text, in rows of `context` tokens.
    ///
    /// # Errors
    /// As [`MaskedBatches::new`]; no text.
    pub fn new(
        shards: Arc<Shards>,
        tokenizer: &Tokenizer,
        masking: &Masking,
        context: usize,
    ) -> Result<Self, Error> {
        let rows = Rows::new(tokenizer, masking, context, EVALUATION_SEED)?;
        match shards.is_empty() {
            true => Err(MaskError::Text {
                split: "validation",
                context,
                least: 1,
                found: 0,
            }
            .into()),
            false => Ok(Self { shards, rows }),
        }
    }

    /// Number of windows, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.shards.len().div_ceil(self.rows.text() as u64)
    }

    /// The windows of a range, as one batch; what lies beyond [`MaskedWindows::len`] is left out. At
    /// least one token of each is asked for.
    ///
    /// # Errors
    /// None that can be met once it was made.
    pub fn batch(&self, range: Range<u64>) -> Result<MaskedBatch, Error> {
        let end = range.end.min(self.len());
        let first = range.start.min(end);
        let text = self.rows.text() as u64;
        let window = |number: u64| Window {
            start: number * text,
            targets: (self.shards.len() - number * text).min(text) as usize,
        };
        let windows: Vec<Window> = (first..end).map(window).collect();
        self.rows
            .batch(&self.shards, &windows, |row| (first + row, 0))
    }

    /// Tokens a row, special ones among them.
    pub fn seq_len(&self) -> usize {
        self.rows.cols
    }
}
