//! Plain batches of tokens; the learner turns them into tensors.

use std::ops::Range;
use std::sync::Arc;

use crate::Error;
use crate::document_windows::{DocumentWindows, Part, Window};
use crate::order::{Order, Windows};
use crate::prefetch::BatchSource;
use crate::shard::Shards;

/// What fills the rest of a row. Every vocabulary has this token; what it says does not matter,
/// because no position before it sees it and no target there counts.
pub const PADDING: u32 = 0;

/// Token ids for one step, row by row: `[rows, cols]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenBatch {
    /// Sequences.
    pub rows: usize,
    /// Tokens a sequence.
    pub cols: usize,
    /// What the model sees, `[rows, cols]`.
    pub inputs: Vec<u32>,
    /// What it is to predict: the token after each input, `[rows, cols]`.
    pub targets: Vec<u32>,
    /// Which targets count, `[rows, cols]`; `None`: all of them.
    pub mask: Option<Vec<bool>>,
}

impl TokenBatch {
    /// A batch of full windows that begin at `starts`; the caller keeps them inside the text.
    fn of(shards: &Shards, starts: impl Iterator<Item = u64>, seq_len: usize) -> Self {
        let full = |start| Window {
            start,
            targets: seq_len,
        };
        Self::of_windows(shards, &starts.map(full).collect::<Vec<_>>(), seq_len)
    }

    /// A batch of windows of at most `seq_len` targets; the rest of a row is padding, and masked.
    fn of_windows(shards: &Shards, windows: &[Window], seq_len: usize) -> Self {
        let rows = windows.len();
        let mut batch = Self {
            rows,
            cols: seq_len,
            inputs: Vec::with_capacity(rows * seq_len),
            targets: Vec::with_capacity(rows * seq_len),
            mask: None,
        };
        let mut tokens = vec![0; seq_len + 1];
        for window in windows {
            let (text, padding) = tokens.split_at_mut(window.targets + 1);
            shards.copy(window.start, text);
            padding.fill(PADDING);
            batch.inputs.extend_from_slice(&tokens[..seq_len]);
            batch.targets.extend_from_slice(&tokens[1..]);
        }
        if windows.iter().any(|window| window.targets < seq_len) {
            let counts = |window: &Window| {
                let targets = window.targets;
                (0..seq_len).map(move |at| at < targets)
            };
            batch.mask = Some(windows.iter().flat_map(counts).collect());
        }
        batch
    }

    /// Targets that count.
    pub fn valid(&self) -> usize {
        match &self.mask {
            Some(mask) => mask.iter().filter(|&&counts| counts).count(),
            None => self.targets.len(),
        }
    }
}

/// Training batches: batch `i` is a pure function of (seed, recipe, `i`).
#[derive(Clone, Debug)]
pub struct Batches {
    shards: Arc<Shards>,
    cut: Cut,
    seq_len: usize,
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

impl Batches {
    /// Batches of `sequences` windows of `seq_len` tokens.
    ///
    /// # Errors
    /// A context that is 0 or longer than the text (by document, a text without a document of two
    /// tokens); no sequences.
    pub fn new(
        shards: Arc<Shards>,
        windows: Windows,
        seq_len: usize,
        sequences: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        check("sequences", sequences)?;
        check("seq_len", seq_len)?;
        let (len, context) = (shards.len(), seq_len as u64);
        let cut = match windows {
            Windows::Random => Order::new(true, len, context, seed).map(Cut::Anywhere),
            Windows::Shuffled => Order::new(false, len, context, seed).map(Cut::Anywhere),
            Windows::Documents => DocumentWindows::new(&shards, Part::Targets, context, seed)
                .map(|windows| Cut::Documents(Arc::new(windows))),
        };
        let cut = cut.ok_or_else(|| Error::Context {
            split: "train".to_owned(),
            seq_len,
            found: len,
        })?;
        Ok(Self {
            shards,
            cut,
            seq_len,
            sequences,
        })
    }

    /// Batch `i`, of `[sequences, seq_len]`, whatever was asked for before.
    pub fn batch(&self, i: u64) -> TokenBatch {
        match &self.cut {
            Cut::Anywhere(order) => {
                let starts = order.starts(i, self.sequences);
                TokenBatch::of(&self.shards, starts.into_iter(), self.seq_len)
            }
            Cut::Documents(windows) => {
                let windows = windows.batch(&self.shards, i, self.sequences);
                TokenBatch::of_windows(&self.shards, &windows, self.seq_len)
            }
        }
    }

    /// The share of a batch that is padding, on average over an epoch, from 0 to 1; only
    /// [`Windows::Documents`] pads.
    pub fn padding(&self) -> f64 {
        match &self.cut {
            Cut::Anywhere(_) => 0.0,
            Cut::Documents(windows) => windows.padding(),
        }
    }

    /// Tokens that the model sees in one batch, padding among them.
    pub fn tokens_per_batch(&self) -> usize {
        self.seq_len * self.sequences
    }

    /// Tokens in the text: what one epoch is counted by.
    pub fn tokens(&self) -> u64 {
        self.shards.len()
    }
}

impl BatchSource for Batches {
    type Batch = TokenBatch;

    fn batch(&self, i: u64) -> Result<TokenBatch, Error> {
        Ok(Self::batch(self, i))
    }
}

/// Windows for evaluation, in the order of the text.
///
/// [`EvalWindows::new`] lays them side by side from the first token, each full: what is left at the
/// end, less than a window, is not seen. [`EvalWindows::overlapping`] counts every token but the
/// first.
#[derive(Clone, Debug)]
pub struct EvalWindows {
    shards: Arc<Shards>,
    seq_len: usize,
    /// Tokens between the beginnings of two windows, where they overlap.
    stride: Option<usize>,
}

impl EvalWindows {
    /// The windows of `seq_len` tokens side by side: `(tokens - 1) / seq_len` of them.
    ///
    /// # Errors
    /// A context that is 0 or longer than the text.
    pub fn new(shards: Arc<Shards>, seq_len: usize) -> Result<Self, Error> {
        check("seq_len", seq_len)?;
        if seq_len as u64 >= shards.len() {
            return Err(Error::Context {
                split: "validation".to_owned(),
                seq_len,
                found: shards.len(),
            });
        }
        Ok(Self {
            shards,
            seq_len,
            stride: None,
        })
    }

    /// Windows that begin every `stride` tokens, and one that ends with the text. A target counts in
    /// the first window that holds it, so each counts once, and behind the first window with at
    /// least `seq_len - stride` tokens before it.
    ///
    /// # Errors
    /// As [`EvalWindows::new`], and a stride that is 0 or longer than a window.
    pub fn overlapping(shards: Arc<Shards>, seq_len: usize, stride: usize) -> Result<Self, Error> {
        check("stride", stride)?;
        // Of windows farther apart, some text would not be seen.
        let stride = Some(stride.min(seq_len));
        let windows = Self::new(shards, seq_len)?;
        Ok(Self { stride, ..windows })
    }

    /// Number of windows, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        let (targets, seq_len) = (self.shards.len() - 1, self.seq_len as u64);
        match self.stride {
            Some(stride) => 1 + (targets - seq_len).div_ceil(stride as u64),
            None => targets / seq_len,
        }
    }

    /// The windows of a range, as one batch; what lies beyond [`EvalWindows::len`] is left out.
    pub fn batch(&self, range: Range<u64>) -> TokenBatch {
        let end = range.end.min(self.len());
        let range = range.start.min(end)..end;
        let starts = range.clone().map(|window| self.start(window));
        let batch = TokenBatch::of(&self.shards, starts, self.seq_len);
        let mask = self
            .stride
            .map(|_| range.flat_map(|window| self.counts(window)).collect());
        TokenBatch { mask, ..batch }
    }

    /// Where a window begins.
    fn start(&self, window: u64) -> u64 {
        let last = self.shards.len() - 1 - self.seq_len as u64;
        let stride = self.stride.unwrap_or(self.seq_len) as u64;
        (window * stride).min(last)
    }

    /// Which targets of a window no window before it holds.
    fn counts(&self, window: u64) -> impl Iterator<Item = bool> {
        let seq_len = self.seq_len;
        let new = match window.checked_sub(1) {
            Some(before) => (self.start(window) - self.start(before)) as usize,
            None => seq_len,
        };
        (0..seq_len).map(move |at| at >= seq_len - new)
    }

    /// Tokens a window.
    pub fn seq_len(&self) -> usize {
        self.seq_len
    }
}

pub(crate) fn check(field: &'static str, found: usize) -> Result<(), Error> {
    if found == 0 {
        Err(Error::Zero { field, found })
    } else {
        Ok(())
    }
}
