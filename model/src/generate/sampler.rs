//! Draws tokens by the settings of a [`Sampling`].

use super::Sampling;
use crate::random::{Domain, stream, uniform};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Draws the tokens of one text, and remembers what the penalties count.
pub(super) struct Sampler {
    sampling: Sampling,
    rng: ChaCha8Rng,
    /// Every token of the text with the number of times that it was generated.
    seen: BTreeMap<u32, u32>,
}

impl Sampler {
    /// A sampler of valid settings for what follows `prompt`.
    pub(super) fn new(sampling: &Sampling, prompt: &[u32]) -> Self {
        Self {
            sampling: sampling.clone(),
            rng: stream(Domain::Sampling, sampling.seed, 0),
            seen: prompt.iter().map(|token| (*token, 0)).collect(),
        }
    }

    /// The next token, or `None` when the logits, `[vocab_size]`, are not finite.
    pub(super) fn next(&mut self, logits: &[f32]) -> Option<u32> {
        if !logits.iter().all(|logit| logit.is_finite()) {
            return None;
        }
        let scores = self.penalised(logits);
        let token = match self.sampling.temperature {
            0.0 => likeliest(&scores)?,
            _ => {
                let candidates = self.weighed(scores);
                draw(candidates, uniform(&mut self.rng))?
            }
        };
        *self.seen.entry(token).or_insert(0) += 1;
        Some(token)
    }

    /// The tokens with their logits, lowered where the text has them already. In f64, so that no
    /// penalty makes a logit infinite.
    fn penalised(&self, logits: &[f32]) -> Vec<(u32, f64)> {
        let logits = logits.iter().copied().map(f64::from);
        let mut scores: Vec<(u32, f64)> = (0..).zip(logits).collect();
        let repetition = f64::from(self.sampling.repetition_penalty);
        let presence = f64::from(self.sampling.presence_penalty);
        let frequency = f64::from(self.sampling.frequency_penalty);
        for (token, times) in &self.seen {
            let Some((_, logit)) = scores.get_mut(*token as usize) else {
                continue;
            };
            *logit = match *logit > 0.0 {
                true => *logit / repetition,
                false => *logit * repetition,
            };
            if *times > 0 {
                *logit -= presence + frequency * f64::from(*times);
            }
        }
        scores
    }

    /// The tokens that may be drawn with their unnormalised probabilities, likeliest first where
    /// there is a cut by rank.
    fn weighed(&self, mut candidates: Vec<(u32, f64)>) -> Vec<(u32, f64)> {
        let logits = candidates.iter().map(|(_, logit)| *logit);
        let highest = logits.fold(f64::NEG_INFINITY, f64::max);
        let temperature = f64::from(self.sampling.temperature);
        for (_, value) in candidates.iter_mut() {
            *value = ((*value - highest) / temperature).exp();
        }
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
        if let Some(p) = self.sampling.min_p {
            // The likeliest weighs e⁰ = 1.
            candidates.retain(|(_, weight)| *weight >= f64::from(p));
        }
        candidates
    }
}

/// The candidate at `place`, from 0 to 1, when they are laid end to end.
fn draw(mut candidates: Vec<(u32, f64)>, place: f64) -> Option<u32> {
    let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
    let mut left = place * total;
    // Rounding may leave a crumb behind the last candidate; it is the last one's.
    let (last, _) = candidates.pop()?;
    let drawn = candidates.into_iter().find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    Some(drawn.map_or(last, |(token, _)| token))
}

fn likeliest(candidates: &[(u32, f64)]) -> Option<u32> {
    let best = candidates.iter();
    let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(token, _)| *token)
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
        let mut sampler = Sampler::new(&sampling, &[]);
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
        let mut sampler = Sampler::new(&Sampling::greedy(), &[]);
        assert_eq!(sampler.next(&[0.0, 2.0, 1.0, 2.0]), Some(1));
        assert_eq!(sampler.next(&[0.0, f32::NAN]), None);
        assert_eq!(sampler.next(&[f32::INFINITY, 0.0]), None);
    }

    /// The probabilities behind `prompt` and then `generated`.
    fn probabilities(
        sampling: Sampling,
        prompt: &[u32],
        generated: &[u32],
        logits: &[f32],
    ) -> Vec<f64> {
        let mut sampler = Sampler::new(&sampling, prompt);
        for token in generated {
            *sampler.seen.entry(*token).or_insert(0) += 1;
        }
        let candidates = sampler.weighed(sampler.penalised(logits));
        let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
        let mut probabilities = vec![0.0; logits.len()];
        for (token, weight) in candidates {
            probabilities[token as usize] = weight / total;
        }
        probabilities
    }

    fn equal(found: &[f64], expected: &[f64], what: &str) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            let is_cut = *e == 0.0;
            let right = (f - e).abs() < 2e-6 && (*f == 0.0) == is_cut;
            assert!(right, "{what}: {found:?} instead of {expected:?}");
        }
    }

    /// What transformers 5.23 makes of these logits behind the text 2 5 2 0 7: its
    /// `RepetitionPenaltyLogitsProcessor`, then `TemperatureLogitsWarper`, `TopKLogitsWarper`,
    /// `TopPLogitsWarper` and `MinPLogitsWarper`, each where it has a value, and a softmax in f64.
    #[test]
    fn settings_mean_what_they_mean_in_transformers() {
        const LOGITS: [f32; 8] = [-0.58, -0.72, -0.67, 0.8, -0.24, 2.33, -1.68, -0.92];
        type Case = (f32, f32, Option<usize>, Option<f32>, Option<f32>, [f64; 8]);
        #[rustfmt::skip]
        let cases: [Case; 9] = [
            // repetition, temperature, top-k, top-p, min-p, probabilities
            (1.5, 1.0, None, None, None,
                [0.044338, 0.051513, 0.038739, 0.23553, 0.083249, 0.500282, 0.019724, 0.026625]),
            (1.0, 0.7, None, None, None,
                [0.013121, 0.010742, 0.011538, 0.094218, 0.021325, 0.838258, 0.002726, 0.008073]),
            (1.0, 1.0, Some(5), None, None,
                [0.038985, 0.0, 0.03563, 0.154963, 0.054773, 0.715648, 0.0, 0.0]),
            (1.0, 1.0, None, Some(0.8), None, [0.0, 0.0, 0.0, 0.177994, 0.0, 0.822006, 0.0, 0.0]),
            (1.0, 1.0, None, None, Some(0.1), [0.0, 0.0, 0.0, 0.177994, 0.0, 0.822006, 0.0, 0.0]),
            (1.0, 2.0, None, None, Some(0.3), [0.0, 0.0, 0.0, 0.317562, 0.0, 0.682438, 0.0, 0.0]),
            (1.3, 1.4, Some(6), Some(0.9), Some(0.15),
                [0.078946, 0.080886, 0.0, 0.239549, 0.113966, 0.486653, 0.0, 0.0]),
            (0.8, 0.9, None, Some(0.95), Some(0.05),
                [0.0, 0.0, 0.0, 0.087287, 0.0, 0.912713, 0.0, 0.0]),
            (1.0, 1.0, Some(4), Some(0.8), None,
                [0.0, 0.0, 0.0, 0.177994, 0.0, 0.822006, 0.0, 0.0]),
        ];
        for (repetition_penalty, temperature, top_k, top_p, min_p, expected) in cases {
            let sampling = Sampling {
                repetition_penalty,
                temperature,
                top_k,
                top_p,
                min_p,
                ..Sampling::default()
            };
            let what = format!("{sampling:?}");
            // To the repetition penalty it makes no difference which of the text is prompt.
            for prompt in [0, 2, 5] {
                let (prompt, generated) = [2, 5, 2, 0, 7].split_at(prompt);
                let found = probabilities(sampling.clone(), prompt, generated, &LOGITS);
                equal(&found, &expected, &what);
            }
        }
    }

    #[test]
    fn presence_and_frequency_are_subtracted_for_generated_tokens_only() {
        let sampling = Sampling {
            presence_penalty: 0.5,
            frequency_penalty: 0.25,
            ..Sampling::default()
        };
        // Token 1 is only in the prompt, 2 was generated once, 3 three times.
        let found = probabilities(sampling, &[1, 1, 3], &[3, 2, 3, 3], &[0.0; 4]);
        let weights = [1.0, 1.0, (-0.75f64).exp(), (-1.25f64).exp()];
        let total: f64 = weights.iter().sum();
        equal(&found, &weights.map(|weight| weight / total), "penalties");
        // Negative ones invite a token back.
        let sampling = Sampling {
            presence_penalty: -1.0,
            ..Sampling::default()
        };
        let found = probabilities(sampling, &[], &[0], &[0.0; 2]);
        let e = std::f64::consts::E;
        equal(&found, &[e / (1.0 + e), 1.0 / (1.0 + e)], "a reward");
    }

    #[test]
    fn repetition_goes_before_presence() {
        let sampling = Sampling {
            repetition_penalty: 2.0,
            presence_penalty: 1.0,
            ..Sampling::default()
        };
        let found = probabilities(sampling, &[], &[0, 1], &[4.0, -1.0, 0.0]);
        let weights = [4.0 / 2.0 - 1.0, -2.0 - 1.0, 0.0f64].map(f64::exp);
        let total: f64 = weights.iter().sum();
        equal(&found, &weights.map(|weight| weight / total), "both");
    }

    #[test]
    fn what_was_drawn_counts() {
        let mut sampler = Sampler::new(
            &Sampling {
                presence_penalty: 1.5,
                ..Sampling::greedy()
            },
            &[],
        );
        // Each token loses its lead of less than 1.5 by being drawn, until all have been.
        let logits = [2.0, 1.0, 1.5];
        let drawn: Vec<u32> = (0..4).map(|_| sampler.next(&logits).unwrap()).collect();
        assert_eq!(drawn, [0, 2, 1, 0]);
    }

    #[test]
    fn the_likeliest_survives_every_cut_and_extreme_penalty() {
        let sampling = Sampling {
            repetition_penalty: f32::MIN_POSITIVE,
            presence_penalty: f32::MAX,
            frequency_penalty: f32::MAX,
            temperature: f32::MIN_POSITIVE,
            top_k: Some(1),
            top_p: Some(f32::MIN_POSITIVE),
            min_p: Some(1.0),
            ..Sampling::default()
        };
        let mut sampler = Sampler::new(&sampling, &[0, 1]);
        let logits = [f32::MAX, f32::MIN, 0.0];
        // 3e38 / 1e-38 is more than f32 holds, and so is what is subtracted once it was drawn.
        let drawn: Vec<u32> = (0..3).map(|_| sampler.next(&logits).unwrap()).collect();
        assert_eq!(drawn, [0, 0, 0]);
        // Equals all pass a min-p of 1.
        let found = probabilities(
            Sampling {
                min_p: Some(1.0),
                ..Sampling::default()
            },
            &[],
            &[],
            &[3.0, 1.0, 3.0],
        );
        equal(&found, &[0.5, 0.0, 0.5], "min-p 1");
    }
}
