//! E-mail addresses (RFC 5322, <https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1>), without quoted
//! parts and address literals.
//!
//! Found from the `@` outwards, within the lengths of RFC 5321, so that time grows with the text.

use std::ops::Range;

/// Longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// Longest domain, in bytes (RFC 5321, section 4.5.3.1.2).
const LONGEST_DOMAIN: usize = 255;

/// The first address at or after `from`.
pub(super) fn find(text: &str, from: usize) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(found) = text[at..].find('@') {
        let sign = at + found;
        at = sign + 1;
        let start = local(text.as_bytes(), from, sign);
        let end = domain(text.as_bytes(), at);
        if start < sign && end > at {
            return Some(start..end);
        }
    }
    None
}

/// Where the part before the sign begins: at a letter, a digit or `_`. `sign` where there is none. What
/// is longer than allowed is masked as far as it may reach.
fn local(text: &[u8], from: usize, sign: usize) -> usize {
    let floor = from.max(sign.saturating_sub(LONGEST_LOCAL));
    let before = &text[floor..sign];
    let length = before
        .iter()
        .rev()
        .take_while(|&&byte| is_local(byte))
        .count();
    let part = &before[before.len() - length..];
    // A dot stands between two other characters.
    if part.last() == Some(&b'.') {
        return sign;
    }
    let part = match part.windows(2).rposition(|pair| pair == b"..") {
        Some(dots) => &part[dots + 2..],
        None => part,
    };
    let begins = |&byte: &u8| byte.is_ascii_alphanumeric() || byte == b'_';
    part.iter()
        .position(begins)
        .map_or(sign, |at| sign - (part.len() - at))
}

/// The standard allows `/`, `=`, `?` and `&` too; they are the address around it far more often.
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%'*+^_`{|}~-.".contains(&byte)
}

/// Where the domain that begins at `start` ends; `start` where there is none. Its last part has two
/// characters or more and begins with a letter.
fn domain(text: &[u8], start: usize) -> usize {
    let ceiling = text.len().min(start + LONGEST_DOMAIN);
    let mut end = start;
    let mut part = start;
    for at in start..=ceiling {
        match text.get(at).filter(|_| at < ceiling) {
            Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'-' => {}
            other => {
                // Hyphens at a part's end belong to the sentence.
                let hyphens = text[part..at]
                    .iter()
                    .rev()
                    .take_while(|&&byte| byte == b'-')
                    .count();
                let name = &text[part..at - hyphens];
                if name.is_empty() || name.starts_with(b"-") {
                    return end;
                }
                if part > start && name.len() >= 2 && name[0].is_ascii_alphabetic() {
                    end = at - hyphens;
                }
                if other != Some(&b'.') || hyphens > 0 {
                    return end;
                }
                part = at + 1;
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        find(text, 0).map(|range| &text[range])
    }

    #[test]
    fn addresses_are_found_whole() {
        for (text, address) in [
            ("joe@acme.org", "joe@acme.org"),
            (
                "<mailto:Joe.Q+tag_1@mail.acme-corp.co.uk>.",
                "Joe.Q+tag_1@mail.acme-corp.co.uk",
            ),
            ("'joe@acme.org', she said", "joe@acme.org"),
            ("write to joe@acme.org.", "joe@acme.org"),
            ("joe@acme.org-- or not", "joe@acme.org"),
            ("a@b @ c@d.org", "c@d.org"),
            ("x..joe@acme.org", "joe@acme.org"),
            ("éjoe@acme.org", "joe@acme.org"),
            ("http://acme.org/?to=joe@acme.org&cc=", "joe@acme.org"),
            ("joe@acme.org.5", "joe@acme.org"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_left() {
        for text in [
            "@",
            "a@",
            "@b.org",
            "joe@localhost",
            "lodash@4.17.21",
            "a@b.c",
            "joe.@acme.org",
            "joe@.org",
            "joe@-acme.org",
            "joe@acme..org",
            "git@8.8.8.8",
            "@media (a.b)",
            "語@acme.org",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_standard() {
        let text = format!("{}@acme.org", "a".repeat(100));
        assert_eq!(found(&text).map(str::len), Some(64 + 9));
        let text = format!("a@{}org", "abcd.".repeat(100));
        assert_eq!(found(&text).map(str::len), Some(2 + 254));
    }
}
