//! Random streams that mean the same on every machine, backend and thread count.
//!
//! A backend's own generator depends on the backend, and flex's is shared by the whole process, so
//! that another thread changes what it yields. Here every use has its own ChaCha8 stream, named by
//! a domain (what for), a seed (which run) and a number (which parameter, which dropout site):
//! nothing needs saving, because a stream can always be opened again.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for. Two domains never share a stream, whatever their seeds.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
    Weights,
    Dropout,
    Sampling,
    Adapters,
}

/// Opens stream `number` of `seed` in `domain`.
pub(crate) fn stream(domain: Domain, seed: u64, number: u64) -> ChaCha8Rng {
    let tag: &[u8; 24] = match domain {
        Domain::Weights => b"slovo-model weights     ",
        Domain::Dropout => b"slovo-model dropout     ",
        Domain::Sampling => b"slovo-model sampling    ",
        Domain::Adapters => b"slovo-model adapters    ",
    };
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(tag);
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(number);
    rng
}

/// A number in `[0, 1)` with 53 random bits.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// `n` draws from N(0, `std`²), by the method of Box and Muller (1958).
pub(crate) fn normal(rng: &mut ChaCha8Rng, std: f64, n: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(n + 1);
    while values.len() < n {
        // 1 − u lies in (0, 1], where the logarithm is finite.
        let radius = std * (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * uniform(rng)).sin_cos();
        values.push((radius * cos) as f32);
        values.push((radius * sin) as f32);
    }
    values.truncate(n);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_domain_seed_and_number() {
        let first = |domain, seed, number| stream(domain, seed, number).next_u64();
        assert_eq!(first(Domain::Dropout, 7, 3), first(Domain::Dropout, 7, 3));
        assert_ne!(first(Domain::Dropout, 7, 3), first(Domain::Weights, 7, 3));
        assert_ne!(first(Domain::Dropout, 7, 3), first(Domain::Dropout, 8, 3));
        assert_ne!(first(Domain::Dropout, 7, 3), first(Domain::Dropout, 7, 4));
    }

    #[test]
    fn normal_has_the_moments_it_promises() {
        let n = 200_001;
        let values = normal(&mut stream(Domain::Weights, 1, 0), 0.5, n);
        assert_eq!(values.len(), n);
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n as f64;
        let square = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n as f64;
        // Five standard errors of each estimate.
        assert!(mean.abs() < 5.0 * 0.5 / (n as f64).sqrt(), "mean {mean}");
        assert!(
            (square - 0.25).abs() < 5.0 * 0.25 * (2.0 / n as f64).sqrt(),
            "{square}"
        );
    }
}
