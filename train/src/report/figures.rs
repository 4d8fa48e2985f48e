//! Numbers as a reader wants them.

use crate::progress::clock;
use slovo_data::report::grouped;
use std::time::Duration;

/// Three digits and a letter: 1.28M, 12.5k, 950.
pub fn compact(value: f64) -> String {
    let size = value.abs();
    // 999,950 is a million once it is rounded.
    let (scaled, letter) = match size {
        _ if size >= 999.5e9 => (value / 1e12, "T"),
        _ if size >= 999.5e6 => (value / 1e9, "B"),
        _ if size >= 999.5e3 => (value / 1e6, "M"),
        _ if size >= 999.5 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = match scaled.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{scaled:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{letter}")
}

/// A loss, to four places.
pub fn loss(value: f64) -> String {
    format!("{value:.4}")
}

/// A perplexity, to two places as long as they say something.
pub fn perplexity(value: f64) -> String {
    match value {
        value if value < 1000.0 => format!("{value:.2}"),
        value => compact(value),
    }
}

/// A speed, to three digits or the whole number.
pub fn speed(value: f64) -> String {
    match value {
        value if value >= 100.0 => grouped(value.round() as u64),
        value => compact(value),
    }
}

/// A time in seconds.
pub fn time(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time.as_secs() < 10 => format!("{seconds:.1} s"),
        Ok(time) => clock(time),
        Err(_) => "unknown".into(),
    }
}

/// A moment in seconds since 1970, in universal time to the minute.
///
/// Days to dates as in Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
pub fn moment(unix: u64) -> String {
    let (days, second) = (unix / 86_400 + 719_468, unix % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second % 3600 / 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_get_three_digits() {
        let texts = [
            0.0,
            950.0,
            1000.0,
            12_500.0,
            999_900.0,
            1_279_104.0,
            2e9,
            3.1e12,
        ]
        .map(compact);
        assert_eq!(
            texts,
            ["0", "950", "1k", "12.5k", "1M", "1.28M", "2B", "3.1T"]
        );
        assert_eq!(compact(0.05), "0.05");
        assert_eq!(compact(-1500.0), "-1.5k");
    }

    #[test]
    fn moments_are_dates() {
        assert_eq!(moment(0), "1970-01-01 00:00 UTC");
        assert_eq!(moment(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(moment(1_709_251_199), "2024-02-29 23:59 UTC");
        assert_eq!(moment(1_735_689_600), "2025-01-01 00:00 UTC");
    }

    #[test]
    fn times_that_are_none_are_no_panic() {
        assert_eq!(time(f64::NAN), "unknown");
        assert_eq!(time(2.34), "2.3 s");
        assert_eq!(time(309.0), "5 min 09 s");
    }
}
