//! How the next token is drawn: the settings, and what they must be.
//!
//! They are applied in the order of transformers (`generation/utils.py`): penalties, temperature,
//! top-k, top-p, min-p; each cut works on what the one before it has left. (llama.cpp and its
//! relatives have the same settings but divide by the temperature last.)

use super::GenerateError;
use serde::{Deserialize, Serialize};

/// How the next token is drawn. The fields stand in the order in which they are applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Makes every token of the text so far, the prompt included, less likely: a logit above 0 is
    /// divided by it, one below 0 multiplied (Keskar et al. 2019, section 4.1,
    /// <https://arxiv.org/abs/1909.05858>; below 0 as in transformers). Above 0; 1 changes nothing.
    pub repetition_penalty: f32,
    /// Is subtracted from the logit of every token that has been *generated*. The prompt does not
    /// count, as in OpenAI's formula (`c[j]` is how often a token "was sampled"): an answer may use
    /// the words of its question.
    pub presence_penalty: f32,
    /// Is subtracted once for each time that the token has been generated (OpenAI's formula too).
    pub frequency_penalty: f32,
    /// Divides the logits. 1 samples as the model says, less prefers likely tokens, and 0 takes
    /// the likeliest (the lowest id among equals).
    pub temperature: f32,
    /// Only the `k` likeliest tokens (Fan et al. 2018, <https://arxiv.org/abs/1805.04833>), at
    /// least 1.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together reach this probability, in `(0, 1]` (Holtzman et
    /// al. 2020, <https://arxiv.org/abs/1904.09751>).
    pub top_p: Option<f32>,
    /// Only tokens at least this times as likely as the likeliest, in `[0, 1]` (Nguyen et al. 2024,
    /// <https://arxiv.org/abs/2407.01082>).
    pub min_p: Option<f32>,
    /// Names the random stream.
    pub seed: u64,
}

impl Default for Sampling {
    /// As the model says: no penalties, temperature 1, no cuts, seed 0.
    fn default() -> Self {
        Self {
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            temperature: 1.0,
            top_k: None,
            top_p: None,
            min_p: None,
            seed: 0,
        }
    }
}

impl Sampling {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }

    /// A seed that nobody had before, for whoever wants none to be repeated.
    pub fn fresh_seed() -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(0u8)
    }

    /// Whether tokens can be drawn so.
    ///
    /// # Errors
    ///
    /// A value that means nothing.
    pub fn validate(&self) -> Result<(), GenerateError> {
        let penalty = self.repetition_penalty;
        check(
            penalty > 0.0 && penalty.is_finite(),
            "repetition_penalty",
            penalty,
            "it must be above 0, where 1 changes nothing, for example 1.1",
        )?;
        for (field, penalty) in [
            ("presence_penalty", self.presence_penalty),
            ("frequency_penalty", self.frequency_penalty),
        ] {
            let cure = "it must be a finite number, for example 0.5 (0 changes nothing)";
            check(penalty.is_finite(), field, penalty, cure)?;
        }
        check(
            self.temperature >= 0.0 && self.temperature.is_finite(),
            "temperature",
            self.temperature,
            "it must be 0 (likeliest token) or above, for example 0.8",
        )?;
        let k = self.top_k.unwrap_or(1);
        let cure = "at least one token must remain, for example 50";
        check(k > 0, "top_k", k, cure)?;
        let p = self.top_p.unwrap_or(1.0);
        let cure = "it must lie in (0, 1], for example 0.95";
        check(p > 0.0 && p <= 1.0, "top_p", p, cure)?;
        let p = self.min_p.unwrap_or(0.0);
        let cure = "it must lie in [0, 1], for example 0.05";
        check((0.0..=1.0).contains(&p), "min_p", p, cure)
    }
}

fn check(
    is_right: bool,
    field: &'static str,
    value: impl ToString,
    cure: &'static str,
) -> Result<(), GenerateError> {
    match is_right {
        true => Ok(()),
        false => Err(GenerateError::Sampling {
            field,
            value: value.to_string(),
            cure,
        }),
    }
}
