//! Thresholds: what they may be, and how shares are held against them.

/// A value that cannot work: the field, its value, and what would do.
pub type Invalid = (&'static str, String, &'static str);

/// A share must be a number from 0 to 1.
pub(super) fn check_shares(shares: &[(&'static str, Option<f64>)]) -> Result<(), Invalid> {
    match shares
        .iter()
        .find(|(_, share)| share.is_some_and(|share| !(0.0..=1.0).contains(&share)))
    {
        Some((field, share)) => Err((
            *field,
            share.unwrap_or_default().to_string(),
            "write a share from 0 to 1, or None to leave it out",
        )),
        None => Ok(()),
    }
}

/// A number that is no share must be finite and not negative.
pub(super) fn check_numbers(numbers: &[(&'static str, Option<f64>)]) -> Result<(), Invalid> {
    match numbers
        .iter()
        .find(|(_, number)| number.is_some_and(|number| !(number >= 0.0 && number.is_finite())))
    {
        Some((field, number)) => Err((
            *field,
            number.unwrap_or_default().to_string(),
            "write a number from 0 on, or None to leave it out",
        )),
        None => Ok(()),
    }
}

/// The least must not be above the most.
pub(super) fn check_order<T: PartialOrd + std::fmt::Display>(
    field: &'static str,
    least: Option<T>,
    most: Option<T>,
    right: &'static str,
) -> Result<(), Invalid> {
    match (least, most) {
        (Some(least), Some(most)) if least > most => Err((field, least.to_string(), right)),
        _ => Ok(()),
    }
}

/// `part` of `whole`; a share of nothing is 0.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}

/// Whether `part` of `whole` is more than `most`, where that is asked for.
pub(super) fn above(part: usize, whole: usize, most: Option<f64>) -> bool {
    most.is_some_and(|most| share(part, whole) > most)
}

/// Whether `part` of `whole` is less than `least`, where that is asked for.
pub(super) fn below(part: usize, whole: usize, least: Option<f64>) -> bool {
    least.is_some_and(|least| share(part, whole) < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_zero() {
        assert!(!above(0, 0, Some(0.0)));
        assert!(!above(3, 0, Some(0.0)));
        assert!(below(0, 0, Some(0.1)));
        assert!(!above(9, 10, None) && !below(0, 10, None));
    }

    #[test]
    fn a_share_at_its_threshold_passes() {
        assert!(!above(3, 10, Some(0.3)) && above(31, 100, Some(0.3)));
        assert!(!below(8, 10, Some(0.8)) && below(79, 100, Some(0.8)));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        assert_eq!(
            check_shares(&[("a", Some(0.0)), ("b", Some(1.0)), ("c", None)]),
            Ok(())
        );
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let refused = check_shares(&[("a", None), ("b", Some(wrong))]);
            assert!(matches!(refused, Err(("b", _, _))), "{wrong}");
        }
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(check_numbers(&[("a", Some(wrong))]).is_err(), "{wrong}");
        }
        assert!(check_order("a", Some(3), Some(2), "").is_err());
        assert!(check_order("a", Some(2), Some(2), "").is_ok());
    }
}
