//! Which of a report's numbers are shown, and how they are written. What is undefined, or not a
//! finite number, is a dash.

use super::Report;
use crate::metrics::{Difference, Estimate};
use crate::{Scores, SeedScores};
use slovo_data::report::grouped;

/// What stands where there is no number.
pub const NOTHING: &str = "–";

/// The scores whose curves and classes are shown, and of which texts they are: the best run's on the
/// test texts, or on the validation texts where nothing was held out for the test.
pub fn shown(report: &Report) -> Option<(&Scores, &'static str)> {
    let best = report.best()?;
    let test = best.test.as_ref().map(|scores| (scores, "test texts"));
    let validation = || Some((best.validation.as_ref()?, "validation texts"));
    test.or_else(validation)
}

/// Whether a text may have several labels.
pub fn has_several_labels(report: &Report) -> bool {
    shown(report).is_some_and(|(scores, _)| scores.hamming_loss.is_some())
}

/// The spaces inside one number: no line ends there.
fn glued(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// A number with so many digits after the point.
pub fn fixed(value: impl Into<Option<f64>>, digits: usize) -> String {
    match value.into().filter(|value| value.is_finite()) {
        Some(value) => minus(format!("{value:.digits$}")),
        None => NOTHING.into(),
    }
}

/// A share in percent: `97.33 %`.
pub fn share(value: impl Into<Option<f64>>) -> String {
    match value.into().filter(|value| value.is_finite()) {
        Some(value) => minus(format!("{:.2}\u{a0}%", 100.0 * value)),
        None => NOTHING.into(),
    }
}

/// A share and its interval: `97.33 % (96.21 to 98.13)`.
pub fn estimate(found: Option<&Estimate>) -> String {
    let Some(found) = found else {
        return NOTHING.into();
    };
    let ends = [found.low, found.high].map(|end| fixed(100.0 * end, 2));
    let interval = glued(&format!("({} to {})", ends[0], ends[1]));
    format!("{} {interval}", share(found.value))
}

/// A share over several trainings: `97.33 ± 0.41 %`.
pub fn share_over(found: Option<&SeedScores>) -> String {
    match found {
        Some(SeedScores {
            mean, sd: Some(sd), ..
        }) if mean.is_finite() => glued(&format!(
            "{} ± {} %",
            fixed(100.0 * mean, 2),
            fixed(100.0 * sd, 2)
        )),
        found => share(found.map(|found| found.mean)),
    }
}

/// An area over several trainings: `0.9871 ± 0.0012`.
pub fn area_over(found: Option<&SeedScores>) -> String {
    match found {
        Some(SeedScores {
            mean, sd: Some(sd), ..
        }) if mean.is_finite() => glued(&format!("{} ± {}", fixed(*mean, 4), fixed(*sd, 4))),
        found => fixed(found.map(|found| found.mean), 4),
    }
}

/// A difference and its interval, `scale` times: `+1.23 (+0.40 to +2.10)`.
pub fn difference(found: Option<&Difference>, scale: f64, digits: usize) -> String {
    let Some(found) = found else {
        return NOTHING.into();
    };
    let [value, low, high] =
        [found.value, found.low, found.high].map(|x| signed(scale * x, digits));
    format!("{value} {}", glued(&format!("({low} to {high})")))
}

/// A number with its sign.
pub fn signed(value: f64, digits: usize) -> String {
    match value.is_finite() {
        true => minus(format!("{value:+.digits$}")),
        false => NOTHING.into(),
    }
}

/// The chance of a test: `p = 0.034`.
pub fn chance(p: f64) -> String {
    match p {
        p if !p.is_finite() => NOTHING.into(),
        p if p < 0.001 => glued("p < 0.001"),
        p => glued(&format!("p = {p:.3}")),
    }
}

/// A number of things: `1 text`, `1,115 texts`.
pub fn many(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        count => format!("{} {thing}s", grouped(count)),
    }
}

/// A name with at most so many characters.
pub fn cut(name: &str, characters: usize) -> String {
    match name.chars().nth(characters) {
        Some(_) => name.chars().take(characters - 1).chain(['…']).collect(),
        None => name.into(),
    }
}

/// The sign that is as wide as a digit; nothing that rounds to 0 has one.
fn minus(text: String) -> String {
    let is_zero = !text.chars().any(|c| ('1'..='9').contains(&c));
    match text.strip_prefix('-') {
        Some(rest) if is_zero => rest.into(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_a_dash() {
        for text in [
            fixed(f64::NAN, 2),
            fixed(None, 2),
            share(f64::INFINITY),
            estimate(None),
            share_over(None),
            signed(f64::NAN, 1),
            chance(f64::NAN),
        ] {
            assert_eq!(text, "–");
        }
    }

    #[test]
    fn numbers_have_their_signs_and_units() {
        assert_eq!(share(0.97334), "97.33\u{a0}%");
        assert_eq!(signed(-0.0123, 2), "−0.01");
        assert_eq!(signed(-0.001, 2), "0.00");
        assert_eq!(chance(1e-9), glued("p < 0.001"));
        assert_eq!(
            (many(1, "text"), many(1115, "text")),
            ("1 text".into(), "1,115 texts".into())
        );
        assert_eq!(
            (cut("abcdef", 4), cut("abcd", 4)),
            ("abc…".into(), "abcd".into())
        );
        let seeds = SeedScores::of(&[0.9, 0.92]);
        assert_eq!(share_over(seeds.as_ref()), glued("91.00 ± 1.41 %"));
        assert_eq!(area_over(seeds.as_ref()), glued("0.9100 ± 0.0141"));
    }
}
