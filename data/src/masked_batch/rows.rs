//! One row of a masked batch: special tokens around text, some of it hidden.

use super::MaskedBatch;
use crate::Error;
use crate::batch::{PADDING, check};
use crate::document_windows::Window;
use crate::mask::{MaskError, MaskedRow, Masker, Masking};
use crate::shard::Shards;
use crate::tokenizer::{Tokenizer, WordStarts};

/// Makes the rows of batches.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    masker: Masker,
    /// Where words are hidden whole.
    words: Option<WordStarts>,
    cls: Option<u32>,
    sep: Option<u32>,
    pad: u32,
    /// Tokens of a row.
    pub(super) cols: usize,
    /// Whether documents end with a token that is no text.
    pub(super) ends: bool,
}

impl Rows {
    pub(super) fn new(
        tokenizer: &Tokenizer,
        masking: &Masking,
        context: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        check("seq_len", context)?;
        masking.validate()?;
        let kind = || tokenizer.kind().to_string();
        let mask = tokenizer
            .mask()
            .ok_or_else(|| MaskError::NoMask { kind: kind() })?;
        let words = match masking.whole_words {
            true => Some(
                tokenizer
                    .word_starts()
                    .ok_or_else(|| MaskError::NoWords { kind: kind() })?,
            ),
            false => None,
        };
        let special: Vec<u32> = tokenizer.specials().into_iter().map(|(id, _)| id).collect();
        let rows = Self {
            masker: Masker::new(
                *masking,
                tokenizer.vocab_size() as u32,
                mask,
                &special,
                seed,
            )?,
            words,
            cls: tokenizer.cls(),
            sep: tokenizer.sep(),
            pad: tokenizer.pad().unwrap_or(PADDING),
            cols: context,
            ends: tokenizer.end_of_text().is_some(),
        };
        match context > rows.around() {
            true => Ok(rows),
            false => Err(MaskError::NoRoom {
                context,
                around: rows.around(),
            }
            .into()),
        }
    }

    /// Special tokens of a row.
    pub(super) fn around(&self) -> usize {
        usize::from(self.cls.is_some()) + usize::from(self.sep.is_some())
    }

    /// Tokens of text in a full row.
    pub(super) fn text(&self) -> usize {
        self.cols - self.around()
    }

    /// The batch of these windows; `number` gives the step and row that a row is hidden by.
    pub(super) fn batch(
        &self,
        shards: &Shards,
        windows: &[Window],
        number: impl Fn(u64) -> (u64, u64),
    ) -> Result<MaskedBatch, Error> {
        let mut batch = MaskedBatch {
            rows: windows.len(),
            cols: self.cols,
            inputs: Vec::with_capacity(windows.len() * self.cols),
            ..MaskedBatch::default()
        };
        let mut tokens = Vec::with_capacity(self.cols);
        for (window, row) in windows.iter().zip(0..) {
            tokens.clear();
            tokens.extend(self.cls);
            let begin = tokens.len();
            tokens.resize(begin + window.targets, 0);
            shards.copy(window.start, &mut tokens[begin..]);
            tokens.extend(self.sep);

            let continues = self.words.as_ref().map(|words| words.continues(&tokens));
            let (step, row) = number(row);
            let mut hidden = self.masker.row(step, row, &tokens, continues.as_deref())?;
            self.ask_something(&mut hidden);
            let first = batch.inputs.len();
            for (col, &token) in tokens
                .iter()
                .enumerate()
                .filter(|(col, _)| hidden.chosen[*col])
            {
                batch.places.push((first + col) as u32);
                batch.targets.push(token);
            }
            batch.inputs.extend(hidden.inputs);
            batch.inputs.resize(first + self.cols, self.pad);
            batch.lengths.push(tokens.len());
        }
        Ok(batch)
    }

    /// A row without an ordinary token is asked for the first of its text, whatever that is: a mean
    /// over nothing is no number.
    fn ask_something(&self, row: &mut MaskedRow) {
        let place = usize::from(self.cls.is_some());
        if !row.chosen.contains(&true) && place < row.inputs.len() {
            row.chosen[place] = true;
            row.inputs[place] = self.masker.mask();
        }
    }
}
