//! A batch that texts join and leave between its steps, for a server: each step gives every text its
//! next token (continuous batching, Yu et al. 2022, "Orca", section 3.2).
//!
//! All texts end in the same column, where their next tokens are appended; one that joins is read by
//! itself first, and then laid beside the others, its beginning filled up or theirs.

use super::decoder::{Alone, Decoder};
use super::row::Row;
use super::{Continuation, GenerateError, NewToken, Request};
use crate::cache::Cache;
use crate::causal_lm::CausalLm;
use crate::config::TransformerConfig;
use crate::padding::Padding;
use crate::pass::Pass;
use burn::tensor::{Int, Tensor, TensorData};
use std::ops::ControlFlow;

/// How many more columns are made room for at once.
const ROOM: usize = 64;

/// Texts that are continued side by side, each as it would be alone.
pub struct LiveBatch {
    decoder: Alone,
    rows: Vec<Row>,
    /// Keys and values of all rows but for their newest tokens.
    cache: Option<Cache>,
    /// How many tokens of each row have been read.
    read: Vec<usize>,
    joined: usize,
}

/// A text that ended.
#[derive(Debug)]
pub struct Ended {
    /// Which one, as [`LiveBatch::join`] called it.
    pub row: usize,
    /// What came of it.
    pub result: Result<Continuation, GenerateError>,
}

impl LiveBatch {
    /// A batch without texts.
    pub fn new(model: &CausalLm) -> Self {
        Self {
            decoder: Alone::new(model),
            rows: Vec::new(),
            cache: None,
            read: Vec::new(),
            joined: 0,
        }
    }

    /// Bytes of keys and values of so many texts, the longest of which comes to so many tokens, those
    /// that room is made for before they come among them.
    pub fn bytes(config: &TransformerConfig, texts: usize, longest: usize) -> u64 {
        let columns = (longest + ROOM).min(config.max_seq_len.max(longest));
        let of_token =
            2 * config.n_layers * config.kv_heads() * config.head_size() * size_of::<f32>();
        texts as u64 * columns as u64 * of_token as u64
    }

    /// How many tokens of each text there are keys and values for, filler among them.
    pub fn columns(&self) -> usize {
        self.cache.as_ref().map_or(0, Cache::len)
    }

    /// How many texts are being continued.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes a text in: reads its prompt and draws its first token. Returns the number by which it is
    /// called from now on, and how it ended if that was its last token.
    ///
    /// # Errors
    ///
    /// A request that the model cannot meet, or the model's own failure.
    pub fn join(
        &mut self,
        request: &Request<'_>,
        mut on_token: impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<(usize, Option<Ended>), GenerateError> {
        let number = self.joined;
        let mut row = Row::new(number, request, self.decoder.config())?;
        self.joined += 1;
        if row.is_finished() {
            return Ok((number, Some(ended(row))));
        }
        let (cache, read) = self.read_alone(&mut row, &mut on_token)?;
        if row.is_finished() {
            return Ok((number, Some(ended(row))));
        }
        self.lay_beside(cache);
        self.rows.push(row);
        self.read.push(read);
        Ok((number, None))
    }

    /// Gives every text its next token; returns those that ended.
    ///
    /// # Errors
    ///
    /// The model's own failure, after which no text can go on.
    pub fn step(
        &mut self,
        mut on_token: impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<Vec<Ended>, GenerateError> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = self.slide(&mut on_token)?;
        self.make_room();
        let mut over: Vec<(usize, Option<GenerateError>)> = Vec::new();
        if let Some(cache) = &mut self.cache {
            let newest: Vec<u32> = self.rows.iter().filter_map(Row::newest).collect();
            let padding = Padding::left_to(&self.read, cache.len());
            let rows = self.rows.len();
            let tokens = TensorData::new(newest, [rows, 1]);
            let tokens = Tensor::<2, Int>::from_data(tokens, &self.decoder.device());
            let mut pass = Pass::cached(cache);
            pass.padding = Some(&padding).filter(|padding| !padding.is_empty());
            let logits = self.decoder.next_logits(tokens, &mut pass)?;
            let logits = logits.chunks_exact(logits.len() / rows);
            for (place, logits) in logits.enumerate() {
                self.read[place] += 1;
                match self.rows[place].grow(logits, &mut on_token) {
                    Err(error) => over.push((place, Some(error))),
                    Ok(()) if self.rows[place].is_finished() => over.push((place, None)),
                    Ok(()) => {}
                }
            }
        }
        for (place, error) in over.into_iter().rev() {
            let row = self.take(place);
            all.push(match error {
                Some(error) => Ended {
                    row: row.number(),
                    result: Err(error),
                },
                None => ended(row),
            });
        }
        Ok(all)
    }

    /// Lets a text go, whose reader has gone; does nothing when it has ended already.
    pub fn leave(&mut self, row: usize) {
        if let Some(place) = self.rows.iter().position(|it| it.number() == row) {
            self.take(place);
        }
    }

    /// Reads all that the model is to see of a row, and draws its next token. Returns what was read.
    fn read_alone(
        &self,
        row: &mut Row,
        on_token: &mut impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<(Cache, usize), GenerateError> {
        let window = row.window().to_vec();
        let read = window.len();
        let mut cache = self.decoder.cache(1, read);
        let tokens = TensorData::new(window, [1, read]);
        let tokens = Tensor::<2, Int>::from_data(tokens, &self.decoder.device());
        let logits = self
            .decoder
            .next_logits(tokens, &mut Pass::cached(&mut cache))?;
        row.grow(&logits, on_token)?;
        Ok((cache, read))
    }

    /// Adds a row that was read by itself.
    fn lay_beside(&mut self, mut new: Cache) {
        let Some(cache) = &mut self.cache else {
            self.cache = Some(new);
            return;
        };
        let len = cache.len().max(new.len());
        let capacity = match len < cache.capacity() {
            true => cache.capacity(),
            false => len + ROOM,
        };
        for cache in [&mut *cache, &mut new] {
            if (cache.len(), cache.capacity()) != (len, capacity) {
                let to = len - cache.len();
                cache.shift(0, to, capacity);
            }
        }
        cache.join(new);
    }

    /// Rows that have outgrown the model's context forget their beginnings and are read again. Returns
    /// those that ended with that.
    fn slide(
        &mut self,
        on_token: &mut impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<Vec<Ended>, GenerateError> {
        let mut all = Vec::new();
        let max = self.decoder.config().max_seq_len;
        while let Some(place) = self.read.iter().position(|read| *read >= max) {
            let mut row = self.take(place);
            let (cache, read) = self.read_alone(&mut row, on_token)?;
            if row.is_finished() {
                all.push(ended(row));
                continue;
            }
            self.lay_beside(cache);
            self.rows.push(row);
            self.read.push(read);
        }
        Ok(all)
    }

    /// Room for one more column: filler that all rows begin with goes, and more is added where that
    /// is not enough.
    fn make_room(&mut self) {
        let Some(cache) = &mut self.cache else { return };
        let max = self.decoder.config().max_seq_len;
        if cache.len() < cache.capacity().min(max) {
            return;
        }
        let longest = self.read.iter().copied().max().unwrap_or(0);
        let unused = cache.len() - longest;
        cache.shift(unused, 0, (longest + ROOM).min(max));
    }

    /// Takes a row out, with its keys and values, and the columns that only it had.
    fn take(&mut self, place: usize) -> Row {
        self.read.remove(place);
        if let Some(cache) = &mut self.cache {
            let others: Vec<usize> = (0..cache.batch()).filter(|row| *row != place).collect();
            match others.is_empty() {
                true => self.cache = None,
                false => {
                    cache.select(&others);
                    let longest = self.read.iter().copied().max().unwrap_or(0);
                    let unused = cache.len() - longest;
                    if unused > 0 {
                        let max = self.decoder.config().max_seq_len;
                        cache.shift(unused, 0, (longest + ROOM).min(max));
                    }
                }
            }
        }
        self.rows.remove(place)
    }
}

fn ended(row: Row) -> Ended {
    Ended {
        row: row.number(),
        result: Ok(row.into_continuation()),
    }
}
