//! How long the sides of the pairs are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Lengths of one side, in tokens, the end of sentence among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The mean.
    pub mean: f64,
    /// Half are no longer than this.
    pub p50: u32,
    /// Nine of ten are no longer.
    pub p90: u32,
    /// Ninety-nine of a hundred are no longer.
    pub p99: u32,
    /// The longest.
    pub longest: u32,
}

/// How often each length comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram(BTreeMap<u32, u64>);

impl Histogram {
    pub(super) fn count(&mut self, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        *self.0.entry(length).or_default() += 1;
    }

    pub(super) fn lengths(&self) -> Lengths {
        let all: u64 = self.0.values().sum();
        let tokens: u64 = self
            .0
            .iter()
            .map(|(&length, n)| u64::from(length) * n)
            .sum();
        // The nearest rank: the least length that so many pairs of a hundred do not exceed.
        let percentile = |percent: u64| {
            let rank = (all * percent).div_ceil(100);
            let mut before = 0;
            let mut lengths = self.0.iter();
            let found = lengths.find(|(_, count)| {
                before += **count;
                before >= rank
            });
            found.map_or(0, |(&length, _)| length)
        };
        Lengths {
            mean: tokens as f64 / (all as f64).max(1.0),
            p50: percentile(50),
            p90: percentile(90),
            p99: percentile(99),
            longest: self.0.keys().next_back().copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.lengths(), Lengths::default());
        (1..=200).for_each(|length| histogram.count(length));
        let lengths = histogram.lengths();
        let found = [lengths.p50, lengths.p90, lengths.p99, lengths.longest];
        assert_eq!((found, lengths.mean), ([100, 180, 198, 200], 100.5));
        let mut one = Histogram::default();
        one.count(7);
        let lengths = one.lengths();
        assert_eq!([lengths.p50, lengths.p99, lengths.longest], [7, 7, 7]);
    }
}
