//! How fast this machine reads memory.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

/// Bytes that are read in one go: far more than any cache holds.
const BYTES: usize = 512 << 20;

/// Times that they are read.
const ROUNDS: usize = 10;

/// Bytes a second, all cores together, at the best of several times.
pub(super) fn read() -> f64 {
    let numbers = vec![1u32; BYTES / 4];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let part = numbers.len().div_ceil(threads);
    let round = |_| {
        let start = Instant::now();
        thread::scope(|scope| {
            for part in numbers.chunks(part) {
                scope.spawn(move || black_box(sum(part)));
            }
        });
        BYTES as f64 / start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(round).fold(0.0, f64::max)
}

/// A sum in several lanes, so that reading, not adding, takes the time.
fn sum(numbers: &[u32]) -> u32 {
    let mut lanes = [0u32; 64];
    let (groups, rest) = numbers.as_chunks::<64>();
    for group in groups {
        for (lane, number) in lanes.iter_mut().zip(group) {
            *lane = lane.wrapping_add(*number);
        }
    }
    let all = lanes.iter().chain(rest);
    all.fold(0, |sum, number| sum.wrapping_add(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_read() {
        let numbers: Vec<u32> = (0..1000).collect();
        assert_eq!(sum(&numbers), 499_500);
    }
}
