//! Telephone numbers in two forms that little else has: international, `+44 20 7946 0958` (E.123 and
//! E.164 of the ITU, <https://www.itu.int/rec/T-REC-E.164>), and North American, `(212) 555-0123`.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::{joins_before, joins_behind};

/// Digits of an international number: at most fifteen (E.164); fewer than eight reach nobody.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Digits from which an international number may do without separators.
const PLAIN_DIGITS: usize = 10;

/// Characters between two digits: `) ` is the longest.
const SEPARATORS: usize = 2;

/// The first number at or after `from`.
pub(super) fn find(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    let begins = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'(');
    while let Some(found) = bytes[at..].iter().position(begins) {
        let start = at + found;
        let joined = start.checked_sub(1).is_some_and(|before| {
            matches!(
                bytes[before],
                b'.' | b'-' | b'+' | b'/' | b'_' | b'=' | b'%'
            )
        });
        if !joined && !joins_before(text, start) {
            let number = match bytes[start] {
                b'+' => international(&bytes[start..]),
                _ => north_american(&bytes[start..]),
            };
            if let Some(length) = number
                && !joins_behind(text, start + length)
            {
                return Some(start..start + length);
            }
        }
        // The rest of these digits begins no number.
        let digits = bytes[start + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        at = start + 1 + digits.count();
    }
    None
}

/// Length of the international number that begins with the `+` at the start.
fn international(text: &[u8]) -> Option<usize> {
    if !matches!(text.get(1), Some(b'1'..=b'9')) {
        return None;
    }
    let (mut end, mut digits, mut separators) = (1, 0, 0);
    let mut at = 1;
    loop {
        let group = digit_count(&text[at..]);
        if group == 0 || digits + group > *DIGITS.end() {
            break;
        }
        digits += group;
        end = at + group;
        let between = |byte: &&u8| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/');
        let skipped = text[end..]
            .iter()
            .take(SEPARATORS)
            .take_while(between)
            .count();
        if skipped == 0 {
            break;
        }
        separators += 1;
        at = end + skipped;
    }
    // The separator behind the last group is none.
    let separated = separators > usize::from(end < at);
    let fits = DIGITS.contains(&digits) && (separated || digits >= PLAIN_DIGITS);
    let longer = text.get(end).is_some_and(u8::is_ascii_digit);
    // An address of the Internet behind a plus, as in the listing of a change.
    let number = std::str::from_utf8(&text[1..end]).unwrap_or_default();
    let is_ip = number.parse::<Ipv4Addr>().is_ok();
    (fits && !longer && !is_ip).then_some(end)
}

/// Length of the number of the North American plan at the start: an area code and an exchange that
/// begin with 2 to 9, then four digits; `1` may stand before.
fn north_american(text: &[u8]) -> Option<usize> {
    let mut at = match text {
        [b'1', b'-' | b'.' | b' ', ..] => 2,
        [b'1', b'(', ..] => 1,
        _ => 0,
    };
    let bracketed = text.get(at) == Some(&b'(');
    at += usize::from(bracketed);
    at += code(&text[at..], 3, true)?;
    let separator = if bracketed {
        if text.get(at) != Some(&b')') {
            return None;
        }
        at += 1 + usize::from(text.get(at + 1) == Some(&b' '));
        None
    } else {
        at += 1;
        Some(
            *text
                .get(at - 1)
                .filter(|byte| matches!(byte, b'-' | b'.'))?,
        )
    };
    at += code(&text[at..], 3, true)?;
    let between = *text
        .get(at)
        .filter(|byte| matches!(byte, b'-' | b'.' | b' '))?;
    if separator.is_some_and(|separator| separator != between) {
        return None;
    }
    at += 1;
    at += code(&text[at..], 4, false)?;
    // More behind it makes it part of something longer.
    let longer = matches!(text.get(at), Some(b'-' | b'.' | b'/'))
        && text.get(at + 1).is_some_and(u8::is_ascii_digit);
    (!longer).then_some(at)
}

/// Exactly so many digits, the first from 2 to 9 if asked.
fn code(text: &[u8], digits: usize, area: bool) -> Option<usize> {
    let first = *text.first()?;
    let fits = digit_count(text) == digits && (!area || matches!(first, b'2'..=b'9'));
    fits.then_some(digits)
}

/// Digits at the start, as far as any number reaches.
fn digit_count(text: &[u8]) -> usize {
    let most = DIGITS.end() + 1;
    text.iter()
        .take(most)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        find(text, 0).map(|range| &text[range])
    }

    #[test]
    fn numbers_are_found_whole() {
        for (text, number) in [
            ("call +44 20 7946 0958.", "+44 20 7946 0958"),
            ("tel:+442079460958", "+442079460958"),
            ("+1 (212) 555-0123, then", "+1 (212) 555-0123"),
            ("+7 (495) 123-45-67", "+7 (495) 123-45-67"),
            ("+49.30.901820", "+49.30.901820"),
            ("(212) 555-0123", "(212) 555-0123"),
            ("((212)555-0123)", "(212)555-0123"),
            ("212-555-0123", "212-555-0123"),
            ("212.555.0123 ", "212.555.0123"),
            ("1-800-555-0123.", "1-800-555-0123"),
            ("1 (800) 555-0123", "1 (800) 555-0123"),
        ] {
            assert_eq!(found(text), Some(number), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left() {
        for text in [
            "2125550123",
            "212 555 0123",
            "212-555.0123",
            "112-555-0123",
            "212-155-0123",
            "212-555-01234",
            "1212-555-0123",
            "212-555-0123-4",
            "2024-01-02",
            "01.02.2003",
            "+0000",
            "+1",
            "+1234567",
            "+12345678",
            "x+12345678901",
            "+1234567890123456",
            "@@ -1,7 +1,9 @@",
            "+192.168.10.101",
            "978-3-16-148410-0",
            "3.141.592.6535",
            "(1) 234-5678",
            "+",
            "(",
            "1",
            "1-",
            "+1 ",
            "0x212-555-0123",
            "212-555-0123abc",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
