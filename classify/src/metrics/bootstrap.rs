//! Whether one classifier is better than another, or had luck with these items.
//!
//! Percentile bootstrap (Efron 1979, <https://doi.org/10.1214/aos/1176344552>): items are drawn again
//! with replacement, and both classifiers are measured on the same ones, so that what is hard for
//! both does not count.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use slovo_data::order::below;

use super::mean_defined;

/// How often items are drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// How many times. 10,000 leave an end of the interval uncertain by about a hundredth of its
    /// width.
    pub resamples: usize,
    /// The same seed gives the same numbers, whatever the number of threads.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 10_000,
            seed: 0,
        }
    }
}

/// A difference and its 95 % interval: where that holds 0, these items do not tell which classifier
/// is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// On the items themselves.
    pub value: f64,
    /// The 2.5th percentile of the resamples.
    pub low: f64,
    /// The 97.5th percentile of the resamples.
    pub high: f64,
    /// The share of resamples with a difference above 0, those of 0 counted half.
    pub above_zero: f64,
    /// Resamples on which the difference is defined.
    pub resamples: usize,
}

/// The interval of a difference over `items` items. `difference` gets numbers of items, some of them
/// more than once, and measures both classifiers on these; `None` where it is undefined there, such
/// as a recall without a positive item.
///
/// `None` where the difference is undefined on the items themselves or on every resample.
pub fn paired_difference(
    items: usize,
    bootstrap: Bootstrap,
    difference: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Option<Difference> {
    paired_difference_over_splits(&[items], bootstrap, |_, items| difference(items))
}

/// The interval of the mean difference over repeated splits, each with test items of its own
/// (`items[split]` of them). `difference` gets a split and numbers of its items.
///
/// Drawn in two stages: splits with replacement, then items within each (Davison and Hinkley 1997,
/// section 3.8). Where splits share items, as repeated random ones do, they agree more than
/// independent ones would, and the true interval is wider (Nadeau and Bengio 2003,
/// <https://doi.org/10.1023/A:1024068626366>).
pub fn paired_difference_over_splits(
    items: &[usize],
    bootstrap: Bootstrap,
    difference: impl Fn(usize, &[usize]) -> Option<f64> + Sync,
) -> Option<Difference> {
    if items.iter().all(|&items| items == 0) {
        return None;
    }
    let whole = |(split, &items): (usize, &usize)| {
        let all: Vec<usize> = (0..items).collect();
        difference(split, &all)
    };
    let value = mean_defined(items.iter().enumerate().map(whole))?;

    let draw = |drawn: &mut Vec<usize>, resample: usize| {
        let mut stream = stream(bootstrap.seed, resample as u64);
        mean_defined((0..items.len()).map(|_| {
            let split = below(&mut stream, items.len() as u64) as usize;
            let items = items[split] as u64;
            drawn.clear();
            drawn.extend((0..items).map(|_| below(&mut stream, items) as usize));
            difference(split, drawn)
        }))
    };
    let resamples = (0..bootstrap.resamples).into_par_iter();
    let drawn: Vec<Option<f64>> = resamples.map_init(Vec::new, draw).collect();
    let mut drawn: Vec<f64> = drawn.into_iter().flatten().collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let above = drawn.iter().filter(|&&value| value > 0.0).count() as f64;
    let equal = drawn.iter().filter(|&&value| value == 0.0).count() as f64;
    Some(Difference {
        value,
        low: percentile(&drawn, 0.025)?,
        high: percentile(&drawn, 0.975)?,
        above_zero: (above + equal / 2.0) / drawn.len() as f64,
        resamples: drawn.len(),
    })
}

/// Between the two nearest of sorted values, as NumPy's `percentile` does by default.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    Some(sorted[low] + (place - low as f64) * (sorted[high] - sorted[low]))
}

/// One stream a resample, so that threads need not wait for each other.
fn stream(seed: u64, resample: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(resample);
    stream
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn correct() -> Vec<f64> {
        (0..300_usize)
            .map(|i| {
                let first = (i * 7 + 3) % 10 < 9;
                let second = (i * 11 + i * i) % 10 < 8;
                f64::from(u8::from(first)) - f64::from(u8::from(second))
            })
            .collect()
    }

    fn mean(values: &[f64], items: &[usize]) -> Option<f64> {
        mean_defined(items.iter().map(|&item| Some(values[item])))
    }

    /// `scipy.stats.bootstrap(method="percentile", n_resamples=200_000)` of SciPy 1.17.1: −0.1
    /// (−0.13667, −0.06667); steps are of 1 ÷ 300.
    #[test]
    fn the_interval_is_that_of_scipy() {
        let gaps = correct();
        let found = paired_difference(300, Bootstrap::default(), |items| mean(&gaps, items));
        let found = found.unwrap();
        assert!((found.value + 0.1).abs() < 1e-12);
        assert!((found.low + 0.13667).abs() < 0.004, "{found:?}");
        assert!((found.high + 0.06667).abs() < 0.004, "{found:?}");
        assert_eq!((found.above_zero, found.resamples), (0.0, 10_000));
    }

    #[test]
    fn numbers_depend_on_the_seed_and_not_on_threads() {
        let gaps = correct();
        let with = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let settings = Bootstrap {
                resamples: 200,
                seed,
            };
            let run = || paired_difference(300, settings, |items| mean(&gaps, items)).unwrap();
            pool.build().unwrap().install(run)
        };
        assert_eq!(with(1, 7), with(3, 7));
        assert_ne!(with(1, 7), with(1, 8));
        assert_eq!(with(1, 7).low, GOLDEN_LOW);
    }
    /// Kept so that a report of today can be repeated next year.
    const GOLDEN_LOW: f64 = -0.13;

    /// Splits that differ much make the interval wide, however many items each has.
    #[test]
    fn splits_that_disagree_widen_the_interval() {
        let shifts = [-0.2, 0.0, 0.2, 0.4];
        let over = |shifts: [f64; 4]| {
            paired_difference_over_splits(&[300; 4], Bootstrap::default(), |split, items| {
                mean(&correct(), items).map(|mean| mean + shifts[split])
            })
            .unwrap()
        };
        let (same, apart) = (over([0.0; 4]), over(shifts));
        assert!((apart.value - same.value - 0.1).abs() < 1e-12);
        assert!(apart.high - apart.low > 4.0 * (same.high - same.low));
        assert!((same.high - same.low) < 0.06);
    }

    #[test]
    fn few_items_and_undefined_ones_do_not_panic() {
        let settings = Bootstrap {
            resamples: 100,
            seed: 1,
        };
        assert_eq!(paired_difference(0, settings, |_| Some(1.0)), None);
        assert_eq!(paired_difference(3, settings, |_| None), None);
        let none = Bootstrap {
            resamples: 0,
            seed: 1,
        };
        assert_eq!(paired_difference(3, none, |_| Some(1.0)), None);
        let one = paired_difference(1, settings, |_| Some(0.0)).unwrap();
        assert_eq!((one.low, one.high, one.above_zero), (0.0, 0.0, 0.5));
        // Defined only where item 0 was drawn: 1 − (1 − 1/2)² of the resamples.
        let some = |items: &[usize]| items.contains(&0).then_some(1.0);
        let some = paired_difference(2, settings, some).unwrap();
        assert!((60..90).contains(&some.resamples));
    }
}
