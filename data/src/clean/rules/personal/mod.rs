//! Personal data is masked: e-mail addresses, telephone numbers, IP addresses.
//!
//! FineWeb masks e-mail and public IPv4 addresses (Penedo et al. 2024, appendix; datatrove `pii.py`).
//! Ours masks public IPv6 addresses and telephone numbers as well, wants a letter at the start of a
//! domain's last part (`lodash@4.17.21` is no address), and puts the same text for each. What looks
//! like an IPv4 address is masked even where it is a version number. Names and postal addresses are
//! beyond patterns.

mod email;
mod ip;
mod phone;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Invalid, Verdict};

/// Personal data is masked. Each field is the text that is put for it; `None` leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Personal {
    /// For e-mail addresses. `example.com` is reserved for examples (RFC 2606).
    pub email: Option<String>,
    /// For telephone numbers: international ones with `+`, and North American ones with hyphens, full
    /// stops or brackets. Other national forms look like any number. 555-0100 to 555-0199 are
    /// reserved for fiction.
    pub phone: Option<String>,
    /// For public IP addresses. 192.0.2.0/24 is reserved for documentation (RFC 5737).
    pub ip: Option<String>,
}

impl Default for Personal {
    fn default() -> Self {
        Self {
            email: Some("email@example.com".to_owned()),
            phone: Some("555-0100".to_owned()),
            ip: Some("192.0.2.1".to_owned()),
        }
    }
}

impl Personal {
    /// Any text can be put.
    ///
    /// # Errors
    /// None.
    pub fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// What it says of a text.
    pub fn apply(&self, text: &str) -> Verdict {
        let mut masked = Cow::Borrowed(text);
        for (find, put) in [
            (email::find as Find, &self.email),
            (ip::find, &self.ip),
            (phone::find, &self.phone),
        ] {
            if let Some(put) = put
                && let Some(changed) = mask(&masked, find, put)
            {
                masked = Cow::Owned(changed);
            }
        }
        match masked {
            Cow::Owned(masked) if masked != text => Verdict::Change(masked),
            _ => Verdict::Keep,
        }
    }
}

/// Finds the first item at or after a place in a text.
type Find = fn(&str, usize) -> Option<Range<usize>>;

/// The text with `put` for each item; `None` where there is none.
fn mask(text: &str, find: Find, put: &str) -> Option<String> {
    let mut found = find(text, 0)?;
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    loop {
        masked.push_str(&text[at..found.start]);
        masked.push_str(put);
        at = found.end;
        match find(text, at) {
            Some(next) => found = next,
            None => break,
        }
    }
    masked.push_str(&text[at..]);
    Some(masked)
}

/// Whether a letter or a digit ends the text before `at`.
fn joins_before(text: &str, at: usize) -> bool {
    text[..at]
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric)
}

/// Whether a letter or a digit begins the text at `at`.
fn joins_behind(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_masked_unless_it_is_left_out() {
        let text = "Ask joe@acme.org or +44 20 7946 0958; the server is 8.8.8.8.";
        let want = "Ask email@example.com or 555-0100; the server is 192.0.2.1.";
        assert_eq!(
            Personal::default().apply(text),
            Verdict::Change(want.to_owned())
        );
        assert_eq!(Personal::default().apply(want), Verdict::Keep);
        let off = Personal {
            email: None,
            phone: None,
            ip: None,
        };
        assert_eq!(off.apply(text), Verdict::Keep);
        let own = Personal {
            email: Some("<mail>".into()),
            ..off
        };
        let want = "Ask <mail> or +44 20 7946 0958; the server is 8.8.8.8.";
        assert_eq!(own.apply(text), Verdict::Change(want.to_owned()));
    }

    #[test]
    fn items_next_to_each_other_are_all_masked() {
        let rule = Personal {
            email: Some("E".into()),
            phone: Some("P".into()),
            ip: Some("I".into()),
        };
        let text = "a@b.org,c@d.org 1.2.3.4/5.6.7.8 +4915112345678,+4915112345679é";
        assert_eq!(
            rule.apply(text),
            Verdict::Change("E,E I/I P,+4915112345679é".to_owned())
        );
    }
}
