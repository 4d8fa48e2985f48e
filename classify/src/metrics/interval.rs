//! How far a number may be from the truth.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// The standard normal distribution has 95 % within this many standard deviations.
pub const Z95: f64 = 1.959963984540054;

/// A share and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// What was counted, from 0 to 1.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The 95 % interval of Wilson (1927, <https://doi.org/10.1080/01621459.1927.10502953>) for
/// `successes` of `items`: within 0 and 1, and wide where items are few, even for 0 of them. `None`
/// without an item.
pub fn wilson(successes: u64, items: u64) -> Option<Estimate> {
    if items == 0 {
        return None;
    }
    let (n, z2) = (items as f64, Z95 * Z95);
    let value = successes as f64 / n;
    let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Estimate {
        value,
        // Exactly the ends where rounding would miss them.
        low: if successes == 0 { 0.0 } else { centre - half },
        high: if successes == items {
            1.0
        } else {
            centre + half
        },
    })
}

/// How many standard errors hold `level` (such as 0.95) of Student's t distribution, on both sides
/// together. `None` without a degree of freedom or for a level outside 0 to 1.
pub fn t_quantile(level: f64, degrees: u64) -> Option<f64> {
    if degrees == 0 || !(0.0..1.0).contains(&level) {
        return None;
    }
    // t = √degrees × tan θ, and θ is bounded.
    let (mut low, mut high) = (0.0, PI / 2.0);
    // Halving a double's range this often leaves neighbours.
    for _ in 0..70 {
        let middle = (low + high) / 2.0;
        match t_within(middle, degrees) < level {
            true => low = middle,
            false => high = middle,
        }
    }
    Some((degrees as f64).sqrt() * ((low + high) / 2.0).tan())
}

/// P(|T| ≤ √degrees × tan `angle`), a finite sum for whole degrees: Abramowitz and Stegun 1964,
/// 26.7.3 and 26.7.4.
fn t_within(angle: f64, degrees: u64) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let odd = degrees % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut of = if odd { 3 } else { 2 };
    while of <= degrees {
        sum += term;
        term *= cos * cos * (of - 1) as f64 / of as f64;
        of += 2;
    }
    match odd {
        true => 2.0 / PI * (angle + sin * sum),
        false => sin * sum,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metrics::test_data::near;

    /// `scipy.stats.binomtest(k, n).proportion_ci(0.95, "wilson")` of SciPy 1.17.1.
    #[test]
    fn wilson_is_that_of_scipy() {
        for (successes, items, low, high) in [
            (0, 1, 0.0, 0.7934506856227626),
            (1, 1, 0.20654931437723745, 1.0),
            (287, 300, 0.9272825343659885, 0.9745035519155927),
            (293, 300, 0.9526280277317246, 0.9886523397008747),
            (300, 300, 0.9873570287754541, 1.0),
            (0, 151, 0.0, 0.024808981069743868),
            (5, 10, 0.236593090512564, 0.7634069094874361),
        ] {
            let found = wilson(successes, items).unwrap();
            assert!(near(found.low, low) && near(found.high, high), "{found:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }

    /// `scipy.stats.t.ppf` of SciPy 1.17.1, and `scipy.stats.norm.ppf(0.975)`.
    #[test]
    fn quantiles_are_those_of_scipy() {
        for (degrees, expected) in [
            (1, 12.706204736174694),
            (2, 4.302652729749462),
            (3, 3.1824463052837078),
            (4, 2.7764451051977934),
            (5, 2.5705818356363146),
            (9, 2.262157162798205),
            (10, 2.228138851986274),
            (29, 2.045229642132703),
            (30, 2.0422724563012378),
            (100, 1.9839715185235518),
            (999, 1.9623414611334493),
        ] {
            assert!(near(t_quantile(0.95, degrees), expected), "{degrees}");
        }
        assert!(near(t_quantile(0.99, 4), 4.604094871349992));
        assert!(near(t_quantile(0.9, 7), 1.8945786050900062));
        assert!((t_quantile(0.95, 1_000_000).unwrap() - Z95).abs() < 1e-5);
        assert_eq!(t_quantile(0.95, 0), None);
        assert_eq!(t_quantile(1.0, 3), None);
        assert_eq!(t_quantile(f64::NAN, 3), None);
    }
}
