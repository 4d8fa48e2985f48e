//! Numbers that say how good a classifier is.
//!
//! Plain slices go in: right classes, and probabilities or logits `[items, classes]` row by row.
//! What is undefined, such as the recall of a class that never occurs, is `None` and never NaN.
//! The numbers are those of scikit-learn 1.9.1 where it has them; differences stand at the item.

mod bootstrap;
mod calibration;
mod compare;
mod confusion;
mod curve;
mod interval;
mod multi_label;
mod ranking;
mod temperature;
#[cfg(test)]
pub(crate) mod test_data;
mod threshold;

pub use bootstrap::{Bootstrap, Difference, paired_difference, paired_difference_over_splits};
pub use calibration::{Bin, CALIBRATION_BINS, Calibration};
pub use compare::{McNemar, mcnemar};
pub use confusion::{ClassScore, Confusion};
pub use curve::{CURVE_POINTS, thin};
pub use interval::{Estimate, Z95, t_quantile, wilson};
pub use multi_label::MultiLabel;
pub use ranking::{AtRate, Ranking, Step};
pub use temperature::Temperature;
pub use threshold::{Aim, Reached, Threshold};

/// The class with the highest number, the first of equals. 0 for an empty row.
pub fn top_class(row: &[f64]) -> usize {
    let mut top = 0;
    for (class, value) in row.iter().enumerate() {
        if *value > row[top] {
            top = class;
        }
    }
    top
}

/// `part / whole`, undefined where there is no whole.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The mean of what is defined.
pub(crate) fn mean_defined(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u64);
    for value in values.into_iter().flatten() {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}
