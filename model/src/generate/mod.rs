//! Continuing a text, token by token.
//!
//! The prompt is read once into a key/value cache; every further token costs one step. Which token
//! comes next is decided on the host from the logits, so that a seed means the same on every
//! backend.

mod sampling;

pub use sampling::Sampling;

use crate::causal_lm::CausalLm;
use crate::pass::Pass;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData, TensorReadError};
use sampling::Sampler;
use std::ops::ControlFlow;
use thiserror::Error;

/// Why a text could not be continued.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// There is nothing to continue.
    #[error("the prompt has no tokens; give at least one, for example the end-of-text token")]
    EmptyPrompt,
    /// A token that the model does not know.
    #[error(
        "token {token} at position {position} of the prompt is not below the model's vocabulary \
         size {vocab_size}; encode the prompt with the model's own tokenizer"
    )]
    UnknownToken {
        /// The token.
        token: u32,
        /// Its place in the prompt, from 0.
        position: usize,
        /// The model's vocabulary size.
        vocab_size: usize,
    },
    /// More positions than the model has.
    #[error(
        "{prompt} prompt tokens and {max_new} new ones need {} positions, but the model has \
         {max_seq_len} (max_seq_len); {}", prompt + max_new, shorter(*prompt, *max_seq_len)
    )]
    TooLong {
        /// Tokens in the prompt.
        prompt: usize,
        /// Tokens asked for.
        max_new: usize,
        /// Positions of the model.
        max_seq_len: usize,
    },
    /// A sampling setting that makes no distribution.
    #[error("sampling: `{field}` is {value}; {cure}")]
    Sampling {
        /// The field of [`Sampling`].
        field: &'static str,
        /// The value that was found.
        value: String,
        /// A value that would do.
        cure: &'static str,
    },
    /// The model's output is not a number.
    #[error(
        "the logits after {position} tokens are not finite; the weights are damaged or the \
         training diverged"
    )]
    NotFinite {
        /// Tokens read so far.
        position: usize,
    },
    /// The device failed.
    #[error("the device failed to compute logits: {0}")]
    Device(#[from] TensorReadError),
}

fn shorter(prompt: usize, max_seq_len: usize) -> String {
    match max_seq_len.checked_sub(prompt) {
        Some(left) if left > 0 => format!("at most {left} new tokens fit behind this prompt"),
        _ => format!("shorten the prompt below {max_seq_len} tokens"),
    }
}

impl CausalLm {
    /// Continues `prompt` by at most `max_new` tokens and returns the new ones.
    ///
    /// `on_token` sees each new token at once and may stop the generation behind it, for example at
    /// the end-of-text token. The same prompt, settings and seed give the same tokens.
    ///
    /// # Errors
    ///
    /// When the prompt is empty, holds a token that the model does not know or leaves no room for
    /// `max_new` tokens, when `sampling` makes no sense, or when the model's output is not finite.
    pub fn generate(
        &self,
        prompt: &[u32],
        max_new: usize,
        sampling: &Sampling,
        mut on_token: impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<Vec<u32>, GenerateError> {
        self.check_prompt(prompt, max_new)?;
        let mut sampler = Sampler::new(sampling)?;
        let Some(capacity) = (prompt.len() + max_new).checked_sub(1) else {
            return Err(GenerateError::EmptyPrompt);
        };
        // On a training device every step would be recorded for a backward pass.
        let model = self.valid();
        let device = model.embedding.tokens.weight.device();
        let mut cache = model.cache(1, capacity, &device);
        let mut tokens = Vec::with_capacity(max_new);
        let mut unread = prompt.to_vec();
        while tokens.len() < max_new {
            let hidden = model.hidden(row(&unread, &device), &mut Pass::cached(&mut cache));
            let last = hidden.narrow(1, unread.len() - 1, 1); // [1, 1, d_model]
            let logits = model.logits(last).try_into_vec_as::<f32>()?;
            let position = cache.len();
            let token = sampler
                .next(&logits)
                .ok_or(GenerateError::NotFinite { position })?;
            tokens.push(token);
            if on_token(token).is_break() {
                break;
            }
            unread = vec![token];
        }
        Ok(tokens)
    }

    fn check_prompt(&self, prompt: &[u32], max_new: usize) -> Result<(), GenerateError> {
        let (vocab_size, max_seq_len) = (self.config().vocab_size, self.config().max_seq_len);
        if prompt.is_empty() {
            return Err(GenerateError::EmptyPrompt);
        }
        if let Some(position) = prompt
            .iter()
            .position(|token| *token as usize >= vocab_size)
        {
            let token = prompt[position];
            return Err(GenerateError::UnknownToken {
                token,
                position,
                vocab_size,
            });
        }
        if prompt.len().saturating_add(max_new) > max_seq_len {
            return Err(GenerateError::TooLong {
                prompt: prompt.len(),
                max_new,
                max_seq_len,
            });
        }
        Ok(())
    }
}

/// One sequence, `[1, seq]`.
fn row(tokens: &[u32], device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i64> = tokens.iter().map(|token| i64::from(*token)).collect();
    Tensor::from_data(TensorData::new(ids, [1, tokens.len()]), device)
}
