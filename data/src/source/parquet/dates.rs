//! Days and times since 1970 as ISO 8601 has them.
//!
//! The calendar is the proleptic Gregorian one; the days of 400 years repeat
//! (<https://howardhinnant.github.io/date_algorithms.html>).

/// A day, in days since 1970; none outside of the years 0 to 9999.
pub(super) fn day(days: i64) -> Option<String> {
    // Years begin in March here, so that the day that some have more is their last.
    let days = days.checked_add(719_468)?;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let of_era_years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_years + of_era_years / 4 - of_era_years / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = of_era_years + era * 400 + i64::from(month <= 2);
    (0..=9999)
        .contains(&year)
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// A time, in units of which `units` are a second.
pub(super) fn time(value: i64, units: i64) -> Option<String> {
    let seconds = value.div_euclid(units);
    let (day_number, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    Some(format!(
        "{}T{hour:02}:{minute:02}:{second:02}Z",
        day(day_number)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for (days, want) in [
            (0, Some("1970-01-01")),
            (-1, Some("1969-12-31")),
            (11_016, Some("2000-02-29")),
            (19_782, Some("2024-02-29")),
            (47_540, Some("2100-02-28")),
            (47_541, Some("2100-03-01")),
            (2_932_896, Some("9999-12-31")),
            (2_932_897, None),
            (i64::MAX, None),
            (i64::MIN, None),
        ] {
            assert_eq!(day(days).as_deref(), want, "{days}");
        }
        for (value, units, want) in [
            (1_000_000_000_000, 1_000, Some("2001-09-09T01:46:40Z")),
            (-1, 1_000_000, Some("1969-12-31T23:59:59Z")),
            (i64::MAX, 1_000, None),
        ] {
            assert_eq!(time(value, units).as_deref(), want, "{value}");
        }
    }
}
