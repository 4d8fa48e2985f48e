//! One text of a batch while it grows.

use super::sampler::Sampler;
use super::{Continuation, Finish, GenerateError, GenerateOptions, Logprobs, NewToken, Request};
use crate::config::TransformerConfig;
use std::ops::ControlFlow;

/// A prompt, what came behind it, and how much of both the model sees.
pub(super) struct Row {
    number: usize,
    options: GenerateOptions,
    /// Tokens of the prompt.
    prompt: usize,
    sampler: Sampler,
    /// The prompt and the new tokens.
    text: Vec<u32>,
    /// The first token of the text that the model sees.
    from: usize,
    max_seq_len: usize,
    logprobs: Vec<Logprobs>,
    finish: Option<Finish>,
}

impl Row {
    /// # Errors
    ///
    /// A request that cannot be met.
    pub(super) fn new(
        number: usize,
        request: &Request<'_>,
        config: &TransformerConfig,
    ) -> Result<Self, GenerateError> {
        let (prompt, options, max_seq_len) = (request.prompt, &request.options, config.max_seq_len);
        request.check(config)?;
        Ok(Self {
            number,
            options: options.clone(),
            prompt: prompt.len(),
            sampler: Sampler::new(&options.sampling, prompt),
            text: prompt.to_vec(),
            from: prompt.len().saturating_sub(max_seq_len),
            max_seq_len,
            logprobs: Vec::new(),
            finish: (options.max_new == 0).then_some(Finish::Length),
        })
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Tokens that may still come.
    pub(super) fn left(&self) -> usize {
        self.options.max_new - self.new_tokens()
    }

    /// The tokens that the model is to see, at most `max_seq_len`: what no longer fits slides out.
    pub(super) fn window(&mut self) -> &[u32] {
        if self.text.len() - self.from > self.max_seq_len {
            let slide = self.options.slide.unwrap_or_default();
            self.from = self.text.len() - 1 - slide.keep(self.max_seq_len);
        }
        &self.text[self.from..]
    }

    /// Its number.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The newest token.
    pub(super) fn newest(&self) -> Option<u32> {
        self.text.last().copied()
    }

    /// Draws the next token from `logits`, `[vocab_size]`, and shows it to the caller.
    pub(super) fn grow(
        &mut self,
        logits: &[f32],
        on_token: &mut impl FnMut(&NewToken) -> ControlFlow<()>,
    ) -> Result<(), GenerateError> {
        let position = self.text.len();
        let id = self
            .sampler
            .next(logits)
            .ok_or(GenerateError::NotFinite { position })?;
        let top = self.options.logprobs;
        let token = NewToken {
            row: self.number,
            id,
            logprobs: top.map(|n| Logprobs::new(logits, id, n)),
        };
        self.text.push(id);
        if on_token(&token).is_break() {
            self.finish = Some(Finish::Stopped);
        } else if self.left() == 0 {
            self.finish = Some(Finish::Length);
        }
        self.logprobs.extend(token.logprobs);
        Ok(())
    }

    pub(super) fn into_continuation(mut self) -> Continuation {
        Continuation {
            tokens: self.text.split_off(self.prompt),
            logprobs: self.logprobs,
            finish: self.finish.unwrap_or(Finish::Length),
        }
    }

    fn new_tokens(&self) -> usize {
        self.text.len() - self.prompt
    }
}
