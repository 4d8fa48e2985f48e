//! Whether two classifiers err on other items, or one errs more (McNemar 1947,
//! <https://doi.org/10.1007/BF02295996>).

use serde::{Deserialize, Serialize};

/// Items that only one of two classifiers has right, and what they say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Items that only the first has right.
    pub only_first: u64,
    /// Items that only the second has right.
    pub only_second: u64,
    /// The chance of a split at least this uneven, in either direction, if both were equally good:
    /// the exact binomial test, for any number of items. 1 where they never differ.
    pub p: f64,
}

/// Compares which items two classifiers have right, as many as both slices have.
pub fn mcnemar(first_correct: &[bool], second_correct: &[bool]) -> McNemar {
    let (mut only_first, mut only_second) = (0, 0);
    for (&first, &second) in first_correct.iter().zip(second_correct) {
        only_first += u64::from(first && !second);
        only_second += u64::from(second && !first);
    }
    McNemar {
        only_first,
        only_second,
        p: two_sided(only_first.min(only_second), only_first + only_second),
    }
}

/// Twice the chance of at most `least` heads in `throws` of a fair coin, at most 1. In logarithms,
/// because half to the power of thousands is no number.
fn two_sided(least: u64, throws: u64) -> f64 {
    if 2 * least >= throws {
        return 1.0;
    }
    let choose = (1..=least).map(|i| ((throws - least + i) as f64 / i as f64).ln());
    let log_most = choose.sum::<f64>() - throws as f64 * 2_f64.ln();
    // Each number of heads below is rarer by this factor.
    let (mut term, mut sum) = (1.0, 1.0);
    for heads in (1..=least).rev() {
        term *= heads as f64 / (throws - heads + 1) as f64;
        sum += term;
    }
    (2.0 * log_most.exp() * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::test_data::near;

    /// `scipy.stats.binomtest(min(b, c), b + c).pvalue` of SciPy 1.17.1.
    #[test]
    fn p_is_that_of_scipy() {
        for (first, second, p) in [
            (0, 0, 1.0),
            (0, 1, 1.0),
            (1, 5, 0.21875),
            (3, 3, 1.0),
            (2, 12, 0.012939453125),
            (15, 40, 0.0010158471941252854),
            (500, 600, 0.0028195449914364284),
            (5000, 5400, 9.116949314541157e-05),
            (0, 2000, 0.0),
        ] {
            let found = two_sided(first, first + second);
            assert!(near(found, p), "{first} {second} {found}");
        }
    }

    #[test]
    fn only_items_that_tell_them_apart_count() {
        let first = [true, true, true, false, false];
        let second = [true, false, false, false, true];
        let found = mcnemar(&first, &second);
        assert_eq!((found.only_first, found.only_second, found.p), (2, 1, 1.0));
        assert_eq!(mcnemar(&second, &first).p, found.p);
        assert_eq!(mcnemar(&[], &[]).p, 1.0);
    }
}
