//! Several texts side by side: one forward pass gives the next token of each.

use super::decoder::{Alone, Decoder};
use super::row::Row;
use super::{Continuation, GenerateError, GenerateOptions, NewToken, Request};
use crate::cache::Cache;
use crate::causal_lm::CausalLm;
use crate::padding::Padding;
use crate::pass::Pass;
use burn::tensor::{Int, Tensor, TensorData};
use std::ops::ControlFlow;

impl CausalLm {
    /// Continues `prompt` and returns the new tokens.
    ///
    /// `on_token` sees each new token at once and may stop the generation behind it, for example at
    /// the end-of-text token. The same prompt, options and seed give the same tokens.
    ///
    /// # Errors
    ///
    /// When the prompt is empty, holds a token that the model does not know or leaves no room for
    /// the new ones, when the options make no sense, or when the model's output is not finite.
    pub fn generate(
        &self,
        prompt: &[u32],
        options: &GenerateOptions,
        mut on_token: impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<Vec<u32>, GenerateError> {
        let request = Request {
            prompt,
            options: options.clone(),
        };
        let found = self.generate_batch(&[request], |token| on_token(token.id))?;
        Ok(found.into_iter().flat_map(|row| row.tokens).collect())
    }

    /// Continues several prompts, of any lengths, side by side.
    ///
    /// Each is continued as it would be alone, by its own options and seed; its log-probabilities
    /// differ by rounding only (the tests allow 1e-5 in float32). `on_token` sees each new token at
    /// once, all rows taking turns, and may stop that token's row; the others go on, and a row that
    /// is done costs nothing more.
    ///
    /// # Errors
    ///
    /// As [`generate`](Self::generate); with more than one request, [`GenerateError::Row`] says
    /// whose.
    pub fn generate_batch(
        &self,
        requests: &[Request<'_>],
        on_token: impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<Vec<Continuation>, GenerateError> {
        continue_all(Alone::new(self), requests, on_token)
    }
}

/// Continues several prompts side by side; see [`CausalLm::generate_batch`].
pub(super) fn continue_all(
    decoder: impl Decoder,
    requests: &[Request<'_>],
    mut on_token: impl FnMut(&NewToken) -> ControlFlow<()>,
) -> Result<Vec<Continuation>, GenerateError> {
    let of_row = |row| {
        let alone = requests.len() == 1;
        move |error: GenerateError| match alone {
            true => error,
            false => GenerateError::Row {
                row,
                source: Box::new(error),
            },
        }
    };
    let vocab_size = decoder.config().vocab_size;
    let mut rows = Vec::with_capacity(requests.len());
    for (number, request) in requests.iter().enumerate() {
        rows.push(Row::new(number, request, decoder.config()).map_err(of_row(number))?);
    }
    let mut running: Vec<usize> = (0..rows.len())
        .filter(|row| !rows[*row].is_finished())
        .collect();
    let mut reader = Reader {
        decoder,
        memory: None,
    };
    if running.len() < rows.len() {
        reader.select(&running);
    }
    while !running.is_empty() {
        let logits = reader.read(&mut rows, &running)?;
        let logits = logits.chunks_exact(vocab_size);
        for (row, logits) in running.iter().copied().zip(logits) {
            rows[row].grow(logits, &mut on_token).map_err(of_row(row))?;
        }
        let goes_on: Vec<usize> = (0..running.len())
            .filter(|place| !rows[running[*place]].is_finished())
            .collect();
        if goes_on.len() < running.len() {
            reader.select(&goes_on);
            running = goes_on.into_iter().map(|place| running[place]).collect();
        }
    }
    Ok(rows.into_iter().map(Row::into_continuation).collect())
}

/// Reads the running rows into a cache: first all that the model is to see of them, then one token
/// of each at a time, and all again when the room is full.
struct Reader<D> {
    decoder: D,
    memory: Option<Memory>,
}

/// What has been read.
struct Memory {
    cache: Cache,
    /// `None` where all rows are of one length.
    padding: Option<Padding>,
}

impl<D: Decoder> Reader<D> {
    /// Logits for the next token of each running row, `[rows, vocab_size]`.
    fn read(&mut self, rows: &mut [Row], running: &[usize]) -> Result<Vec<f32>, GenerateError> {
        let memory = self.memory.take();
        let (mut memory, unread) = match memory {
            Some(memory) if memory.cache.len() < memory.cache.capacity() => {
                let newest = running.iter().filter_map(|row| rows[*row].newest());
                (memory, newest.collect())
            }
            _ => self.lay_out(rows, running),
        };
        let seq = unread.len() / running.len();
        let data = TensorData::new(unread, [running.len(), seq]);
        let tokens = Tensor::<2, Int>::from_data(data, &self.decoder.device());
        let mut pass = Pass::cached(&mut memory.cache);
        pass.padding = memory.padding.as_ref();
        let logits = self.decoder.next_logits(tokens, &mut pass)?;
        self.memory = Some(memory);
        Ok(logits)
    }

    /// An empty memory for the running rows and all that is to be read into it, the shorter rows
    /// filled up. The room is as long as the longest row will be, but not longer than the model's.
    fn lay_out(&self, rows: &mut [Row], running: &[usize]) -> (Memory, Vec<u32>) {
        let max_seq_len = self.decoder.config().max_seq_len;
        let lengths: Vec<usize> = running
            .iter()
            .map(|row| rows[*row].window().len())
            .collect();
        let seq = lengths.iter().copied().max().unwrap_or(0);
        let left = running.iter().map(|row| rows[*row].left()).max();
        let capacity = seq.saturating_add(left.unwrap_or(0)) - 1;
        let padding = Padding::left(&lengths);
        let mut unread = Vec::with_capacity(running.len() * seq);
        for (row, filler) in running.iter().zip(padding.before()) {
            unread.extend(std::iter::repeat_n(0, *filler));
            unread.extend(rows[*row].window());
        }
        let capacity = capacity.min(max_seq_len);
        let memory = Memory {
            cache: self.decoder.cache(running.len(), capacity),
            padding: Some(padding).filter(|padding| !padding.is_empty()),
        };
        (memory, unread)
    }

    /// Forgets all rows but these, given by their places among the running ones.
    fn select(&mut self, places: &[usize]) {
        if places.is_empty() {
            return;
        }
        self.decoder.select(places);
        if let Some(memory) = &mut self.memory {
            memory.cache.select(places);
            let padding = memory.padding.take().map(|padding| padding.select(places));
            memory.padding = padding.filter(|padding| !padding.is_empty());
        }
    }
}
