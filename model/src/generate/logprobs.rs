//! What the model thought of a token.

/// Log-probabilities, in nats, of the model's own distribution: the softmax of its logits, before
/// any penalty, temperature or cut. They say how likely a text is, whatever way it was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Logprobs {
    /// Of the token that was drawn.
    pub chosen: f32,
    /// The likeliest tokens and theirs, likeliest first, the lower id first among equals; as many
    /// as were asked for and exist.
    pub top: Vec<(u32, f32)>,
}

impl Logprobs {
    /// Of finite `logits` behind which `chosen`, one of their indices, was drawn.
    pub(super) fn new(logits: &[f32], chosen: u32, n: usize) -> Self {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits
            .iter()
            .map(|logit| (f64::from(*logit) - f64::from(highest)).exp())
            .sum();
        let logprob = |logit: f32| (f64::from(logit) - f64::from(highest) - sum.ln()) as f32;
        let mut top: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if n > 0 && n < top.len() {
            top.select_nth_unstable_by(n - 1, order);
        }
        top.truncate(n);
        top.sort_by(order);
        for (_, value) in &mut top {
            *value = logprob(*value);
        }
        Self {
            chosen: logprob(logits[chosen as usize]),
            top,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_logarithms_of_the_softmax() {
        // Probabilities 0.1, 0.5, 0.15, 0.25, and any constant added to the logits.
        let logits = [0.1f32, 0.5, 0.15, 0.25].map(|p| p.ln() + 30.0);
        let found = Logprobs::new(&logits, 2, 2);
        let expected = [(2, 0.15f32), (1, 0.5), (3, 0.25)];
        let all = [&[(2, found.chosen)], &found.top[..]].concat();
        assert_eq!(all.len(), 3);
        for ((id, logprob), (token, p)) in all.into_iter().zip(expected) {
            assert_eq!(id, token);
            assert!((logprob - p.ln()).abs() < 1e-5, "{id}: {logprob}");
        }
        assert!(Logprobs::new(&logits, 0, 0).top.is_empty());
        assert_eq!(Logprobs::new(&logits, 0, 9).top.len(), 4);
        // Equals come by their number.
        let ids = Logprobs::new(&[1.0, 2.0, 2.0, 2.0], 0, 2).top;
        assert_eq!((ids[0].0, ids[1].0), (1, 2));
    }
}
