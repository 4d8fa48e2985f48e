//! From source texts to target texts, token by token.

use super::batch::continue_all;
use super::beam::{Beam, BeamError, BeamOptions, BeamTokens, Hypothesis, search};
use super::decoder::Beside;
use super::{Continuation, GenerateError, GenerateOptions, NewToken, Request};
use crate::cache::Cache;
use crate::encoded::Encoded;
use crate::padding::Padding;
use crate::pass::Pass;
use crate::seq2seq::Seq2Seq;
use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::ops::ControlFlow;

impl Seq2Seq {
    /// The likeliest target for each source, by beam search; see [`BeamOptions`].
    ///
    /// Each source is what the tokenizer makes of a text, its end token included. What is found for
    /// one does not depend on the others, but for rounding.
    ///
    /// # Errors
    ///
    /// When a source is empty, longer than the model, or holds a token that it does not know, when
    /// the options make no sense, or when the model's output is not finite.
    pub fn translate(
        &self,
        sources: &[Vec<u32>],
        options: BeamOptions,
    ) -> Result<Vec<Hypothesis>, GenerateError> {
        let model = self.valid();
        let max_seq_len = model.config().transformer.max_seq_len;
        let longest = sources.iter().map(|source| source.len() + options.extra);
        let longest: Vec<usize> = longest.map(|n| n.min(max_seq_len)).collect();
        let Some(capacity) = longest.iter().copied().max() else {
            return Ok(Vec::new());
        };
        let mut beams = Beams {
            encoded: model.encode_all(sources)?,
            here: None,
            cache: model.cache(sources.len(), capacity, &model.device()),
            model,
        };
        let config = beams.model.config();
        let tokens = BeamTokens {
            vocab_size: config.transformer.vocab_size,
            begin: config.start,
            end: config.end,
        };
        search(&longest, tokens, options, |rows| beams.step(rows)).map_err(|error| match error {
            BeamError::Step(error) => error,
            other => GenerateError::Beams(other.to_string()),
        })
    }

    /// A target for each source, drawn token by token as [`GenerateOptions`] say: greedily, or from
    /// the model's distribution. `on_token` sees each new token at once and may stop that target;
    /// at the end token each stops by itself, and does not hold it.
    ///
    /// # Errors
    ///
    /// As [`translate`](Self::translate); with more than one source, [`GenerateError::Row`] says
    /// whose.
    pub fn generate_batch(
        &self,
        sources: &[Vec<u32>],
        options: &GenerateOptions,
        mut on_token: impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<Vec<Continuation>, GenerateError> {
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let model = self.valid();
        let (start, end) = (model.config().start, model.config().end);
        let encoded = model.encode_all(sources)?;
        let prompt = [start];
        let request = Request {
            prompt: &prompt,
            options: options.clone(),
        };
        let requests = vec![request; sources.len()];
        let mut found = continue_all(Beside::new(model, encoded), &requests, |token| {
            match token.id == end {
                true => ControlFlow::Break(()),
                false => on_token(token),
            }
        })?;
        for target in &mut found {
            if target.tokens.last() == Some(&end) {
                target.tokens.pop();
            }
        }
        Ok(found)
    }

    fn device(&self) -> Device {
        self.embedding.tokens.weight.device()
    }

    /// Reads sources of any lengths.
    fn encode_all(&self, sources: &[Vec<u32>]) -> Result<Encoded, GenerateError> {
        for (row, source) in sources.iter().enumerate() {
            self.check(source).map_err(|error| GenerateError::Row {
                row,
                source: Box::new(error),
            })?;
        }
        let lengths: Vec<usize> = sources.iter().map(Vec::len).collect();
        let cols = lengths.iter().copied().max().unwrap_or(0);
        let padding = Padding::right(&lengths);
        let row = |source: &Vec<u32>| {
            let filler = std::iter::repeat_n(self.config().start, cols - source.len());
            source.clone().into_iter().chain(filler)
        };
        let ids: Vec<i64> = sources.iter().flat_map(row).map(i64::from).collect();
        let ids = TensorData::new(ids, [sources.len(), cols]);
        let mut pass = Pass {
            padding: Some(&padding).filter(|padding| !padding.is_empty()),
            ..Pass::default()
        };
        Ok(self.encode(Tensor::from_data(ids, &self.device()), &mut pass))
    }

    fn check(&self, source: &[u32]) -> Result<(), GenerateError> {
        let config = &self.config().transformer;
        let (vocab_size, max_seq_len) = (config.vocab_size, config.max_seq_len);
        if source.is_empty() {
            return Err(GenerateError::EmptyPrompt);
        }
        if source.len() > max_seq_len {
            return Err(GenerateError::SourceTooLong {
                source_len: source.len(),
                max_seq_len,
            });
        }
        match source.iter().position(|id| *id as usize >= vocab_size) {
            None => Ok(()),
            Some(position) => Err(GenerateError::UnknownToken {
                token: source[position],
                position,
                vocab_size,
            }),
        }
    }
}

/// The rows of a search, with what has been computed of them.
struct Beams {
    model: Seq2Seq,
    /// All sources.
    encoded: Encoded,
    /// The source of each row, and those sources.
    here: Option<(Vec<usize>, Encoded)>,
    cache: Cache,
}

impl Beams {
    /// Log-probabilities of the token after each row, `[rows, vocab_size]`.
    fn step(&mut self, rows: &[Beam]) -> Result<Vec<f32>, GenerateError> {
        let parents: Vec<usize> = rows.iter().map(|row| row.parent).collect();
        if !parents.iter().copied().eq(0..self.cache.batch()) {
            self.cache.select_filled(&parents);
        }
        let sources: Vec<usize> = rows.iter().map(|row| row.source).collect();
        let source = match &mut self.here {
            Some((of_rows, source)) if *of_rows == sources => source,
            other => {
                let selected = self.encoded.select(&sources);
                &other.insert((sources, selected)).1
            }
        };
        let ids: Vec<i64> = rows.iter().map(|row| i64::from(row.token)).collect();
        let ids = Tensor::<2, Int>::from_data(
            TensorData::new(ids, [rows.len(), 1]),
            &self.model.device(),
        );
        let hidden = self
            .model
            .decode(ids, source, &mut Pass::cached(&mut self.cache));
        let logits = self.model.logits(hidden);
        let mut log_probs = log_softmax(logits, 2).try_into_vec_as::<f32>()?;
        // What begins a target, and fills rows up, is nowhere inside of one.
        let config = self.model.config();
        for row in log_probs.chunks_exact_mut(config.transformer.vocab_size) {
            row[config.start as usize] = f32::NEG_INFINITY;
        }
        Ok(log_probs)
    }
}
