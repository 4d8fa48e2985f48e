//! Plain batches of tokens; the learner turns them into tensors.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Error;
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
    /// How many inputs each text of each row has, where several texts stand in a row and none is to be seen
    /// from another.
    pub texts: Option<Vec<Vec<usize>>>,
}

/// What windows that begin with documents leave empty and leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waste {
    /// The share of a batch that is padding, on average over an epoch, from 0 to 1; only
    /// [`Windows::Documents`](crate::Windows::Documents) pads, and the last window of
    /// [`Windows::BestFit`](crate::Windows::BestFit).
    pub padding: f64,
    /// Tokens of the text that no window holds: [`Windows::BestFit`](crate::Windows::BestFit) crops.
    pub cropped: u64,
}

/// The tokens that a row holds, text by text.
pub(crate) type Row = Vec<Range<u64>>;

/// A row of one text, with `targets` targets.
pub(crate) fn one_text(start: u64, targets: usize) -> Row {
    std::iter::once(start..start + targets as u64 + 1).collect()
}

impl TokenBatch {
    /// A batch of full windows that begin at `starts`; the caller keeps them inside the text.
    fn of(shards: &Shards, starts: impl Iterator<Item = u64>, seq_len: usize) -> Self {
        let rows: Vec<Row> = starts.map(|start| one_text(start, seq_len)).collect();
        Self::of_rows(shards, &rows, seq_len, false)
    }

    /// A batch of rows of at most `seq_len + 1` tokens; the rest of a row is padding, and masked. Where texts
    /// are `apart`, none is predicted from another.
    pub(crate) fn of_rows(shards: &Shards, rows: &[Row], seq_len: usize, apart: bool) -> Self {
        let mut batch = Self {
            rows: rows.len(),
            cols: seq_len,
            inputs: Vec::with_capacity(rows.len() * seq_len),
            targets: Vec::with_capacity(rows.len() * seq_len),
            mask: None,
            texts: None,
        };
        let mut mask = vec![true; rows.len() * seq_len];
        let mut texts = Vec::new();
        let mut tokens = vec![0; seq_len + 1];
        for (row, counts) in rows.iter().zip(mask.chunks_mut(seq_len.max(1))) {
            let mut at = 0;
            let mut lengths = Vec::new();
            for text in row {
                let length = (text.end - text.start) as usize;
                shards.copy(text.start, &mut tokens[at..at + length]);
                if apart && at > 0 {
                    counts[at - 1] = false;
                }
                // The last token of a full row is a target and no input.
                lengths.push(length.min(seq_len - at.min(seq_len)));
                at += length;
            }
            tokens[at..].fill(PADDING);
            counts[at.saturating_sub(1).min(seq_len)..].fill(false);
            batch.inputs.extend_from_slice(&tokens[..seq_len]);
            batch.targets.extend_from_slice(&tokens[1..]);
            texts.push(lengths);
        }
        if mask.iter().any(|counts| !counts) {
            batch.mask = Some(mask);
        }
        if apart && texts.iter().any(|lengths| lengths.len() > 1) {
            batch.texts = Some(texts);
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
