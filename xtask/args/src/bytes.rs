//! Amounts of memory on the command line.

use std::str::FromStr;

/// So many bytes: `1073741824`, `1024MiB`, `1GiB`, `1.5GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// Endings and what they stand for; the longer first.
const UNITS: [(&str, u64); 10] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("b", 1),
];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_lowercase();
        let unit = UNITS.iter().find(|(name, _)| lower.ends_with(name));
        let (number, unit) = match unit {
            Some((name, unit)) => (&lower[..lower.len() - name.len()], *unit),
            None => (lower.as_str(), 1),
        };
        let wrong = || "a number of bytes is needed, such as 512MiB or 1GiB".to_owned();
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let bytes = number * unit as f64;
        match (0.0..=u64::MAX as f64 / 2.0).contains(&bytes) {
            true => Ok(Self(bytes as u64)),
            false => Err(wrong()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_two_and_of_ten() {
        for (text, bytes) in [
            ("17", 17),
            ("1KiB", 1024),
            ("1.5gb", 1_500_000_000),
            ("2 GiB", 2 << 30),
            ("64m", 64 << 20),
            ("9B", 9),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for text in ["", "GiB", "-1", "nan", "1 parsec", "1e300"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
