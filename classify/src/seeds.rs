//! One number of a model that was trained several times.

use serde::{Deserialize, Serialize};

use crate::metrics::t_quantile;

/// A metric over training runs that differ only in their seed. The interval says how exactly the
/// mean of all possible seeds is known; it knows nothing of other test items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedScores {
    /// Their mean.
    pub mean: f64,
    /// The lower end of Student's 95 % interval of the mean; `None` for one seed. It is not cut off
    /// at 0 or 1: an end beyond them says that the seeds are too few.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Their standard deviation, that of a sample (÷ n − 1); `None` for one seed.
    pub sd: Option<f64>,
    /// The metric for each seed, in the order of the runs.
    pub seeds: Vec<f64>,
}

impl SeedScores {
    /// `None` without a seed.
    pub fn of(seeds: &[f64]) -> Option<Self> {
        let n = seeds.len() as f64;
        let degrees = seeds.len().checked_sub(1)? as u64;
        let mean = seeds.iter().sum::<f64>() / n;
        let squares: f64 = seeds.iter().map(|seed| (seed - mean).powi(2)).sum();
        let sd = (degrees > 0).then(|| (squares / degrees as f64).sqrt());
        let quantile = t_quantile(0.95, degrees);
        let half = sd.zip(quantile).map(|(sd, t)| t * sd / n.sqrt());
        Some(Self {
            mean,
            low: half.map(|half| mean - half),
            high: half.map(|half| mean + half),
            sd,
            seeds: seeds.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metrics::test_data::near;

    /// `scipy.stats.t.interval(0.95, 4, mean, sem)` of SciPy 1.17.1.
    #[test]
    fn the_interval_is_that_of_scipy() {
        let found = SeedScores::of(&[0.957, 0.96, 0.951, 0.963, 0.955]).unwrap();
        assert!(near(found.mean, 0.9571999999999999));
        assert!(near(found.sd, 0.004604345773288539));
        assert!(near(found.low, 0.9514829496180259));
        assert!(near(found.high, 0.962917050381974));
    }

    #[test]
    fn one_seed_has_no_interval_and_none_no_mean() {
        assert_eq!(SeedScores::of(&[]), None);
        let one = SeedScores::of(&[0.9]).unwrap();
        assert_eq!(
            (one.mean, one.low, one.high, one.sd),
            (0.9, None, None, None)
        );
        let same = SeedScores::of(&[0.5, 0.5]).unwrap();
        assert_eq!((same.low, same.sd), (Some(0.5), Some(0.0)));
        let json = serde_json::to_value(&one).unwrap();
        assert_eq!(json["mean"], 0.9);
        assert!(json["low"].is_null() && json["seeds"].is_array());
    }
}
