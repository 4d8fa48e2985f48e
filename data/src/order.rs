//! Which windows of the text a batch holds: a pure function of (seed, batch number).
//!
//! No generator is ever saved. Batch *i* draws from its own ChaCha8 stream, and an epoch's
//! permutation is computed position by position, so resuming is asking for another *i*, and the
//! memory does not depend on the amount of text.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// How windows are taken from the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Windows {
    /// Each begins at a token drawn anew, as in nanoGPT: some text comes twice before other text
    /// comes once.
    Random,
    /// Each epoch takes windows side by side, every one once, in a new order and from a new
    /// offset (below the context), so that cuts fall elsewhere each time.
    #[default]
    Shuffled,
    /// Each begins at a document, or where the one before it in the same document ended, and none
    /// goes beyond its document: short ones are padded, and padding is not counted. Every one once
    /// an epoch, in a new order each time.
    Documents,
    /// Each begins with a document and holds further ones where they fit best, so that few are torn. Where
    /// none fits, one is cropped to fill the window, and its rest is left out; how much that is is told.
    BestFit,
}

/// Starts of windows of `seq_len + 1` tokens in a text of `len` tokens, whatever its documents.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    random: bool,
    len: u64,
    seq_len: u64,
    seed: u64,
}

/// Separates the streams that one seed gives: batches, and epochs. 3 are documents, 4 are buckets of
/// pairs, 5 are masked rows, 6 are best fits.
const BATCH: u64 = 1;
const EPOCH: u64 = 2;

impl Order {
    /// An order over `len` tokens, that of [`Windows::Random`] or of [`Windows::Shuffled`]; `None`
    /// where `seq_len` is 0 or the text is shorter than `seq_len + 1`.
    pub fn new(random: bool, len: u64, seq_len: u64, seed: u64) -> Option<Self> {
        (seq_len > 0 && seq_len < len).then_some(Self {
            random,
            len,
            seq_len,
            seed,
        })
    }

    /// Windows in an epoch of [`Windows::Shuffled`]: as many as fit behind every offset. For
    /// [`Windows::Random`] the same number, as a measure of one pass over the text.
    pub fn windows_per_epoch(&self) -> u64 {
        ((self.len - self.seq_len) / self.seq_len).max(1)
    }

    /// The starts of the windows of batch `batch`, `sequences` of them.
    pub fn starts(&self, batch: u64, sequences: usize) -> Vec<u64> {
        match self.random {
            true => {
                let mut stream = stream(self.seed, BATCH, batch);
                let choices = self.len - self.seq_len;
                (0..sequences)
                    .map(|_| below(&mut stream, choices))
                    .collect()
            }
            false => {
                let per_epoch = u128::from(self.windows_per_epoch());
                let first = u128::from(batch) * sequences as u128;
                let mut epoch: Option<(u128, Epoch)> = None;
                (0..sequences as u128)
                    .map(|row| {
                        let number = (first + row) / per_epoch;
                        let place = ((first + row) % per_epoch) as u64;
                        let epoch = match &mut epoch {
                            Some((current, epoch)) if *current == number => epoch,
                            other => &mut other.insert((number, self.epoch(number))).1,
                        };
                        epoch.offset + epoch.permutation.apply(place) * self.seq_len
                    })
                    .collect()
            }
        }
    }

    fn epoch(&self, number: u128) -> Epoch {
        // Numbers of epochs beyond 2^64 cannot be reached by counting.
        let mut stream = stream(self.seed, EPOCH, number as u64);
        let windows = self.windows_per_epoch();
        // Every offset at which the windows still fit, but none that repeats another's cuts.
        let room = self.len - windows * self.seq_len;
        let offset = below(&mut stream, room.min(self.seq_len));
        Epoch {
            offset,
            permutation: Permutation::new(windows, &mut stream),
        }
    }
}

struct Epoch {
    offset: u64,
    permutation: Permutation,
}

/// The stream of one (seed, purpose, number).
pub fn stream(seed: u64, purpose: u64, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose.to_le_bytes());
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(number);
    stream
}

/// A number below `bound` (at least 1), every one equally likely: Lemire 2019, "Fast Random
/// Integer Generation in an Interval".
pub fn below(stream: &mut ChaCha8Rng, bound: u64) -> u64 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(stream.next_u64()) * u128::from(bound);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

/// A permutation of `0..len` that takes no memory: a Feistel network over the next even number of
/// bits, walked until it lands below `len` (Black and Rogaway 2002, "Ciphers with Arbitrary Finite
/// Domains"; fewer than four steps on average).
pub(crate) struct Permutation {
    len: u64,
    half_bits: u32,
    keys: [u64; Self::ROUNDS],
}

impl Permutation {
    /// Four rounds of a random function are indistinguishable from chance (Luby and Rackoff 1988);
    /// ours is only a good mixer, and small domains need more.
    const ROUNDS: usize = 8;

    /// A permutation drawn from a stream.
    pub(crate) fn new(len: u64, stream: &mut ChaCha8Rng) -> Self {
        let bits = u64::BITS - (len.max(2) - 1).leading_zeros();
        Self {
            len,
            half_bits: bits.div_ceil(2),
            keys: std::array::from_fn(|_| stream.next_u64()),
        }
    }

    /// Where position `place`, below `len`, goes.
    pub(crate) fn apply(&self, place: u64) -> u64 {
        let mut at = place;
        loop {
            at = self.round_trip(at);
            if at < self.len {
                return at;
            }
        }
    }

    fn round_trip(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

/// What SplitMix64 counts by: 2⁶⁴ over the golden ratio.
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The next number of SplitMix64.
fn mix(value: u64) -> u64 {
    finalise(value.wrapping_add(GOLDEN))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014, <https://doi.org/10.1145/2660193.2660195>), a
/// bijection that changes half of the bits for any changed one.
#[inline(always)]
pub(crate) fn finalise(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_batch_depends_on_seed_and_number_alone() {
        for random in [true, false] {
            let order = Order::new(random, 10_000, 16, 7).unwrap();
            let forward: Vec<_> = (0..200).map(|i| order.starts(i, 5)).collect();
            let again = Order::new(random, 10_000, 16, 7).unwrap();
            let mut backward: Vec<_> = (0..200).rev().map(|i| again.starts(i, 5)).collect();
            backward.reverse();
            assert_eq!(forward, backward);
            let other = Order::new(random, 10_000, 16, 8).unwrap();
            assert_ne!(forward[0], other.starts(0, 5));
            assert_ne!(forward[0], forward[1]);
        }
    }

    /// Kept so that a run of today can be resumed by a program of next year.
    #[test]
    fn the_streams_have_a_fixed_definition() {
        let random = Order::new(true, 1_003_854, 64, 1337).unwrap();
        let shuffled = Order::new(false, 1_003_854, 64, 1337).unwrap();
        assert_eq!(random.starts(3, 3), GOLDEN_RANDOM);
        assert_eq!(shuffled.starts(3, 3), GOLDEN_SHUFFLED);
    }
    const GOLDEN_RANDOM: [u64; 3] = [895_804, 769_964, 618_014];
    const GOLDEN_SHUFFLED: [u64; 3] = [837_229, 853_357, 84_077];

    #[test]
    fn an_epoch_takes_every_window_once() {
        for len in [17, 18, 33, 48, 49, 50, 500, 1_000, 4_097] {
            let order = Order::new(false, len, 16, 1).unwrap();
            let windows = order.windows_per_epoch();
            let mut orders = BTreeSet::new();
            for epoch in 0..8 {
                let starts: Vec<u64> = (0..windows)
                    .map(|window| order.starts(epoch * windows + window, 1)[0])
                    .collect();
                let distinct: BTreeSet<u64> = starts.iter().copied().collect();
                assert_eq!(distinct.len() as u64, windows, "length {len}");
                let offset = distinct.first().unwrap() % 16;
                assert!(distinct.iter().all(|start| start % 16 == offset));
                assert!(distinct.last().unwrap() + 16 < len);
                orders.insert(starts);
            }
            if windows > 4 {
                assert_eq!(orders.len(), 8, "epochs differ, length {len}");
            }
        }
    }

    #[test]
    fn epochs_begin_at_different_offsets() {
        let order = Order::new(false, 10_000, 16, 3).unwrap();
        let windows = order.windows_per_epoch();
        let offsets: BTreeSet<u64> = (0..200)
            .map(|epoch| order.starts(epoch * windows, 1)[0] % 16)
            .collect();
        assert_eq!(offsets.len(), 16);
    }

    #[test]
    fn batches_run_on_over_the_end_of_an_epoch() {
        let order = Order::new(false, 1_000, 16, 3).unwrap();
        let one_by_one: Vec<u64> = (0..210).map(|i| order.starts(i, 1)[0]).collect();
        let by_seven: Vec<u64> = (0..30).flat_map(|i| order.starts(i, 7)).collect();
        assert_eq!(one_by_one, by_seven);
    }

    #[test]
    fn random_windows_reach_both_ends_evenly() {
        let order = Order::new(true, 20, 16, 3).unwrap();
        let mut counts = [0; 4];
        for batch in 0..4_000 {
            counts[order.starts(batch, 1)[0] as usize] += 1;
        }
        // Four starts fit (0 to 3); a thousand each, give or take five standard deviations.
        assert!(
            counts.iter().all(|count| (860..1_140).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn numbers_beyond_32_and_near_64_bits_work() {
        let len = u64::MAX - 3;
        for random in [true, false] {
            let order = Order::new(random, len, 2_048, 1).unwrap();
            for batch in [0, 1 << 40, u64::MAX] {
                let starts = order.starts(batch, 64);
                assert!(starts.iter().all(|start| start + 2_048 < len));
                assert!(starts.iter().any(|&start| start > u64::from(u32::MAX)));
            }
        }
    }

    #[test]
    fn neighbours_in_time_are_not_neighbours_in_text() {
        let order = Order::new(false, 1_000_000, 10, 5).unwrap();
        let starts: Vec<u64> = (0..10_000).map(|i| order.starts(i, 1)[0]).collect();
        let close = starts
            .windows(2)
            .filter(|pair| pair[0].abs_diff(pair[1]) < 1_000)
            .count();
        // By chance 0.2 %: about 20 of 10,000.
        assert!(close < 60, "{close}");
    }
}
