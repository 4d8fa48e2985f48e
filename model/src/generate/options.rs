//! What is asked of a model, and what comes back.

use super::{GenerateError, Logprobs, Sampling};
use crate::config::TransformerConfig;

/// How a prompt is continued.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateOptions {
    /// New tokens at most.
    pub max_new: usize,
    /// How each of them is drawn.
    pub sampling: Sampling,
    /// Goes on when the model has no more positions; without it a prompt that leaves too few is an
    /// error.
    pub slide: Option<Slide>,
    /// Tells the log-probability of each new token and of this many likeliest.
    pub logprobs: Option<usize>,
}

impl GenerateOptions {
    /// At most `max_new` tokens, drawn as the model says.
    pub fn new(max_new: usize) -> Self {
        Self {
            max_new,
            sampling: Sampling::default(),
            slide: None,
            logprobs: None,
        }
    }
}

/// How much the model still sees of a text that has outgrown its context.
///
/// When all positions are taken, the newest tokens are read again from position 0 on, behind them
/// the token that found no room; the rest is forgotten. Of a prompt that is longer than the context
/// the newest `max_seq_len` tokens are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slide {
    /// Half of `max_seq_len` stays: reading again costs little and is seldom.
    #[default]
    Half,
    /// So many tokens stay, less than `max_seq_len`. With `max_seq_len − 1` every token sees as
    /// many as there can be, and costs as much as reading them all (nanoGPT's cropping).
    Keep(usize),
}

impl Slide {
    pub(super) fn keep(self, max_seq_len: usize) -> usize {
        match self {
            Self::Half => max_seq_len / 2,
            Self::Keep(keep) => keep,
        }
    }
}

/// A prompt of a batch, with its own options.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What is continued: at least one token.
    pub prompt: &'a [u32],
    /// How.
    pub options: GenerateOptions,
}

impl Request<'_> {
    /// Whether a model of this shape can answer it. Generating asks this first; a server or a
    /// program with many prompts may want to know before it begins.
    ///
    /// # Errors
    ///
    /// What is wrong with the prompt or with the options.
    pub fn check(&self, config: &TransformerConfig) -> Result<(), GenerateError> {
        let (prompt, options) = (self.prompt, &self.options);
        let (vocab_size, max_seq_len) = (config.vocab_size, config.max_seq_len);
        options.sampling.validate()?;
        if prompt.is_empty() {
            return Err(GenerateError::EmptyPrompt);
        }
        if let Some(position) = prompt
            .iter()
            .position(|token| *token as usize >= vocab_size)
        {
            return Err(GenerateError::UnknownToken {
                token: prompt[position],
                position,
                vocab_size,
            });
        }
        match options.slide.map(|slide| slide.keep(max_seq_len)) {
            Some(keep) if keep >= max_seq_len => Err(GenerateError::Slide { keep, max_seq_len }),
            None if prompt.len().saturating_add(options.max_new) > max_seq_len => {
                Err(GenerateError::TooLong {
                    prompt: prompt.len(),
                    max_new: options.max_new,
                    max_seq_len,
                })
            }
            _ => Ok(()),
        }
    }
}

/// A token that has just been drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct NewToken {
    /// Which request it continues, from 0.
    pub row: usize,
    /// The token.
    pub id: u32,
    /// What the model thought of it, if that was asked for.
    pub logprobs: Option<Logprobs>,
}

/// What a prompt was continued by.
#[derive(Clone, Debug, PartialEq)]
pub struct Continuation {
    /// The new tokens.
    pub tokens: Vec<u32>,
    /// One for each of them, if that was asked for.
    pub logprobs: Vec<Logprobs>,
    /// Why there are no more.
    pub finish: Finish,
}

/// Why a continuation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It has as many tokens as were asked for.
    Length,
    /// The caller stopped it behind its last token.
    Stopped,
}
