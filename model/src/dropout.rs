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
        self.draw(p, n, [0.0, scale(p)])
    }

    /// The next site's masks as one byte a value, 1 for what stays, and what that is multiplied by.
    #[cfg(feature = "fused")]
    pub(crate) fn kept(&mut self, p: f64, n: usize) -> (Vec<u8>, f32) {
        (self.draw(p, n, [0, 1]), scale(p))
    }

    /// `n` values, each the first of two with probability `p`, else the second.
    fn draw<T: Copy + Default + Send + Sync>(&mut self, p: f64, n: usize, two: [T; 2]) -> Vec<T> {
        let rng = stream(Domain::Dropout, self.seed, self.site);
        self.site += 1;
        // Sixteen bits a value: p is met to within 1/131072, at half the cost of a whole word.
        let dropped = (p * 65536.0).round() as u32;
        let mut values = vec![T::default(); n];
        // A part of the stream can be drawn without what stands before it.
        in_chunks(&mut values, |number, values| {
            let mut rng = rng.clone();
            rng.set_word_pos((number * CHUNK / 2) as u128);
            let mut bytes = [0; 2 * CHUNK];
            let bytes = &mut bytes[..2 * values.len()];
            rng.fill_bytes(bytes);
            for (value, bits) in values.iter_mut().zip(bytes.chunks_exact(2)) {
                let bits = u16::from_le_bytes([bits[0], bits[1]]);
                *value = two[usize::from(u32::from(bits) >= dropped)];
            }
        });
        values
    }
}

/// Values drawn at once, an even number.
const CHUNK: usize = 1 << 12;

/// Fills values chunk by chunk, on all threads where there are operations of our own.
fn in_chunks<T: Send>(values: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync) {
    #[cfg(feature = "fused")]
    {
        use rayon::prelude::*;
        let chunks = values.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(number, values)| fill(number, values));
    }
    #[cfg(not(feature = "fused"))]
    for (number, values) in values.chunks_mut(CHUNK).enumerate() {
        fill(number, values);
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
    fn a_mask_drawn_in_parts_is_that_of_the_whole_stream() {
        let n = 3 * CHUNK + 77;
        let values = DropoutMasks::new(9).next(0.3, n);
        let mut rng = stream(Domain::Dropout, 9, 0);
        let dropped = (0.3_f64 * 65536.0).round() as u32;
        for pair in values.chunks(2) {
            let word = rng.next_u32();
            let expected = [word & 0xffff, word >> 16].map(|bits| bits >= dropped);
            for (value, expected) in pair.iter().zip(expected) {
                assert_eq!(*value > 0.0, expected);
            }
        }
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
