//! Which token comes next: greedy, temperature, top-k (Fan et al. 2018) and top-p (Holtzman et al.
//! 2020, <https://arxiv.org/abs/1904.09751>).

use super::GenerateError;
use crate::random::{Domain, stream, uniform};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How the next token is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Divides the logits. 1 samples as the model says, less prefers likely tokens, and 0 takes
    /// the likeliest (the lowest id among equals).
    pub temperature: f32,
    /// Only the `k` likeliest tokens, at least 1.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together reach this probability, in `(0, 1]`.
    pub top_p: Option<f32>,
    /// Names the random stream.
    pub seed: u64,
}

impl Default for Sampling {
    /// As the model says: temperature 1, no cuts, seed 0.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: None,
            top_p: None,
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

    fn validate(&self) -> Result<(), GenerateError> {
        let wrong =
            |field, value: String, cure| Err(GenerateError::Sampling { field, value, cure });
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            let cure = "it must be 0 (likeliest token) or above, for example 0.8";
            return wrong("temperature", self.temperature.to_string(), cure);
        }
        if self.top_k == Some(0) {
            return wrong(
                "top_k",
                "0".into(),
                "at least one token must remain, for example 50",
            );
        }
        match self.top_p {
            Some(p) if !(p > 0.0 && p <= 1.0) => wrong(
                "top_p",
                p.to_string(),
                "it must lie in (0, 1], for example 0.95",
            ),
            _ => Ok(()),
        }
    }
}

/// Draws tokens by the settings of a [`Sampling`].
pub(super) struct Sampler {
    sampling: Sampling,
    rng: ChaCha8Rng,
}

impl Sampler {
    pub(super) fn new(sampling: &Sampling) -> Result<Self, GenerateError> {
        sampling.validate()?;
        let rng = stream(Domain::Sampling, sampling.seed, 0);
        Ok(Self {
            sampling: sampling.clone(),
            rng,
        })
    }

    /// The next token, or `None` when the logits are not finite.
    pub(super) fn next(&mut self, logits: &[f32]) -> Option<u32> {
        if !logits.iter().all(|logit| logit.is_finite()) {
            return None;
        }
        if self.sampling.temperature == 0.0 {
            return likeliest(logits);
        }
        let mut candidates = self.candidates(logits);
        let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
        let mut left = uniform(&mut self.rng) * total;
        // Rounding may leave a crumb behind the last candidate; it is the last one's.
        let (last, _) = candidates.pop()?;
        let drawn = candidates.into_iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        Some(drawn.map_or(last, |(token, _)| token))
    }

    /// The tokens that may be drawn with their unnormalised probabilities, likeliest first where
    /// there is a cut.
    fn candidates(&self, logits: &[f32]) -> Vec<(u32, f64)> {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let temperature = f64::from(self.sampling.temperature);
        let weight = |logit: f32| ((f64::from(logit) - f64::from(highest)) / temperature).exp();
        let mut candidates: Vec<(u32, f64)> = (0..)
            .zip(logits)
            .map(|(token, logit)| (token, weight(*logit)))
            .collect();
        if self.sampling.top_k.is_some() || self.sampling.top_p.is_some() {
            candidates.sort_by(|(a, p), (b, q)| q.total_cmp(p).then(a.cmp(b)));
        }
        if let Some(k) = self.sampling.top_k {
            candidates.truncate(k);
        }
        if let Some(p) = self.sampling.top_p {
            let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
            let mut sum = 0.0;
            let before = candidates.iter().take_while(|(_, weight)| {
                sum += weight;
                sum < f64::from(p) * total
            });
            // The token that crosses the bound belongs to the set.
            let kept = before.count() + 1;
            candidates.truncate(kept);
        }
        candidates
    }
}

fn likeliest(logits: &[f32]) -> Option<u32> {
    let best = (0..)
        .zip(logits)
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(token, _): (u32, _)| token)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Probabilities 0.1, 0.5, 0.15, 0.25.
    fn logits() -> Vec<f32> {
        [0.1f32, 0.5, 0.15, 0.25].map(f32::ln).to_vec()
    }

    /// How often each token comes in 40,000 draws.
    fn shares(sampling: Sampling) -> [f64; 4] {
        let mut sampler = Sampler::new(&sampling).unwrap();
        let mut counts = [0.0; 4];
        for _ in 0..40_000 {
            counts[sampler.next(&logits()).unwrap() as usize] += 1.0 / 40_000.0;
        }
        counts
    }

    fn close(found: [f64; 4], expected: [f64; 4]) {
        for (f, e) in found.into_iter().zip(expected) {
            // Four standard errors of the most uncertain share; what is cut never comes.
            let slack = if e == 0.0 { 0.0 } else { 0.01 };
            assert!((f - e).abs() <= slack, "{found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn tokens_come_as_often_as_the_model_says() {
        close(shares(Sampling::default()), [0.1, 0.5, 0.15, 0.25]);
    }

    #[test]
    fn temperature_is_a_power_of_the_probability() {
        let squares = [0.01, 0.25, 0.0225, 0.0625].map(|p| p / 0.345);
        close(
            shares(Sampling {
                temperature: 0.5,
                ..Sampling::default()
            }),
            squares,
        );
    }

    #[test]
    fn top_k_keeps_the_likeliest() {
        let top_k = |k| {
            shares(Sampling {
                top_k: Some(k),
                ..Sampling::default()
            })
        };
        close(top_k(2), [0.0, 2.0 / 3.0, 0.0, 1.0 / 3.0]);
        close(top_k(100), [0.1, 0.5, 0.15, 0.25]);
    }

    #[test]
    fn top_p_keeps_the_token_that_crosses_the_bound() {
        let top_p = |p| {
            shares(Sampling {
                top_p: Some(p),
                ..Sampling::default()
            })
        };
        close(top_p(0.4), [0.0, 1.0, 0.0, 0.0]);
        close(top_p(0.6), [0.0, 2.0 / 3.0, 0.0, 1.0 / 3.0]);
        close(top_p(1.0), [0.1, 0.5, 0.15, 0.25]);
    }

    #[test]
    fn greedy_takes_the_first_of_equals() {
        let mut sampler = Sampler::new(&Sampling::greedy()).unwrap();
        assert_eq!(sampler.next(&[0.0, 2.0, 1.0, 2.0]), Some(1));
        assert_eq!(sampler.next(&[0.0, f32::NAN]), None);
        assert_eq!(sampler.next(&[f32::INFINITY, 0.0]), None);
    }
}
