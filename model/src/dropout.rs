//! Dropout (Srivastava et al. 2014) with masks that are a function of a seed.
//!
//! A run that is stopped and resumed must drop the same activations as one that was not, so the
//! masks come from a seed in the pass (the learner derives it from run, step and micro-batch) and
//! from the order of the dropout sites in the forward pass, never from a device's generator.

use crate::random::{Domain, stream};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::rand_core::Rng;

/// The dropout masks of one forward pass.
#[derive(Clone, Debug)]
pub struct DropoutMasks {
    seed: u64,
    site: u64,
}

impl DropoutMasks {
    /// The masks of `seed`. The same seed gives the same masks on every backend.
    pub fn new(seed: u64) -> Self {
        Self { seed, site: 0 }
    }

    /// Zero with probability `p`, else `1 / (1 - p)`, `n` times: the next site's multipliers.
    fn next(&mut self, p: f64, n: usize) -> Vec<f32> {
        let kept = scale(p);
        self.draw(p, n, |keep| if keep { kept } else { 0.0 })
    }

    /// The next site's masks as one byte a value, 1 for what stays, and what that is multiplied by.
    #[cfg(feature = "fused")]
    pub(crate) fn kept(&mut self, p: f64, n: usize) -> (Vec<u8>, f32) {
        (self.draw(p, n, u8::from), scale(p))
    }

    fn draw<T>(&mut self, p: f64, n: usize, value: impl Fn(bool) -> T) -> Vec<T> {
        let mut rng = stream(Domain::Dropout, self.seed, self.site);
        self.site += 1;
        // Sixteen bits a value: p is met to within 1/131072, at half the cost of a whole word.
        let dropped = (p * 65536.0).round() as u32;
        let mut values = Vec::with_capacity(n + 1);
        for _ in 0..n.div_ceil(2) {
            let word = rng.next_u32();
            values.extend([word & 0xffff, word >> 16].map(|bits| value(bits >= dropped)));
        }
        values.truncate(n);
        values
    }
}

/// What the values that stay are multiplied by, so that the expected value is kept.
fn scale(p: f64) -> f32 {
    (1.0 / (1.0 - p)) as f32
}

/// Drops values of `x` with probability `p` where masks are given; otherwise returns `x` as it is.
pub(crate) fn dropout<const D: usize>(
    x: Tensor<D>,
    p: f64,
    masks: &mut Option<DropoutMasks>,
) -> Tensor<D> {
    match masks {
        Some(masks) if p > 0.0 => {
            let shape = x.shape();
            let values = masks.next(p, shape.num_elements());
            let options = (&x.device(), x.dtype());
            let mask = Tensor::from_data(TensorData::new(values, shape), options);
            x * mask
        }
        _ => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_repeat_by_seed_and_differ_by_site() {
        let (mut a, mut b) = (DropoutMasks::new(5), DropoutMasks::new(5));
        let first = a.next(0.5, 101);
        assert_eq!(first, b.next(0.5, 101));
        assert_eq!(first.len(), 101);
        assert_ne!(first, a.next(0.5, 101));
        assert_ne!(first, DropoutMasks::new(6).next(0.5, 101));
    }

    #[test]
    fn the_expected_value_is_kept() {
        let n = 400_000;
        let values = DropoutMasks::new(1).next(0.2, n);
        let dropped = values.iter().filter(|v| **v == 0.0).count() as f64 / n as f64;
        assert!((dropped - 0.2).abs() < 0.004, "dropped {dropped}");
        assert!(values.iter().all(|v| *v == 0.0 || *v == 1.25));
    }
}
