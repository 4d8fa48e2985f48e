//! Cleaning: what is changed, what is left out, and how often.
//!
//! [`clean`] is a pure function of a text and the recipe's [`Clean`], so that documents can be
//! cleaned on all cores and still give the same bytes. The encoding rule is applied where bytes
//! become text, in [`source`](crate::source).

mod characters;
mod report;
pub mod rules;

pub(crate) use report::TOO_SHORT;
pub use report::{Changes, CleanReport, DropReason, Verdict};

use crate::recipe::Clean;

/// Applies the rules of `rules` to a text, in the order of its fields.
///
/// ```
/// use slovo_data::clean::{Verdict, clean};
/// use slovo_data::recipe::Clean;
///
/// let Verdict::Keep { text, changes } = clean("a\u{301}\r\nb\0".to_owned(), &Clean::default())
/// else {
///     panic!("nothing here is too short")
/// };
/// assert_eq!(text, "á\nb");
/// assert_eq!((changes.newlines, changes.control, changes.nfc), (1, 1, true));
/// ```
pub fn clean(mut text: String, rules: &Clean) -> Verdict {
    let mut changes = Changes::default();
    if rules.newlines {
        changes.newlines = characters::newlines(&mut text);
    }
    if rules.control {
        changes.control = characters::control(&mut text);
    }
    if rules.nfc {
        changes.nfc = characters::nfc(&mut text);
    }
    if rules.min_chars > 0 && text.trim().chars().take(rules.min_chars).count() < rules.min_chars {
        return Verdict::Drop {
            reason: DropReason::TooShort,
            text,
        };
    }
    Verdict::Keep { text, changes }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const OFF: Clean = Clean {
        encoding: crate::recipe::Encoding::Stop,
        newlines: false,
        control: false,
        nfc: false,
        min_chars: 0,
    };

    fn kept(text: &str, rules: &Clean) -> String {
        match clean(text.to_owned(), rules) {
            Verdict::Keep { text, .. } => text,
            Verdict::Drop { reason, .. } => panic!("{text:?} was left out: {reason:?}"),
        }
    }

    #[test]
    fn every_rule_can_be_switched_off() {
        let text = "\u{FEFF}e\u{301}\r\n\u{7}\tx";
        assert_eq!(kept(text, &OFF), text);
        assert_eq!(
            kept(
                text,
                &Clean {
                    newlines: true,
                    ..OFF
                }
            ),
            "\u{FEFF}e\u{301}\n\u{7}\tx"
        );
        assert_eq!(
            kept(
                text,
                &Clean {
                    control: true,
                    ..OFF
                }
            ),
            "e\u{301}\n\tx"
        );
        assert_eq!(
            kept(text, &Clean { nfc: true, ..OFF }),
            "\u{FEFF}é\r\n\u{7}\tx"
        );
        assert_eq!(kept(text, &Clean::default()), "é\n\tx");
        assert_eq!(kept("", &OFF), "");
    }

    #[test]
    fn what_is_shorter_than_asked_goes() {
        let rules = Clean {
            min_chars: 3,
            ..Clean::default()
        };
        for text in [
            "",
            "ab",
            " a b \n\n",
            "ééé\u{0}".split_at(4).0,
            "\u{1}\u{2}\u{3}\u{4}",
        ] {
            let verdict = clean(text.to_owned(), &rules);
            let short = text.trim().chars().filter(|c| !c.is_control()).count() < 3;
            assert_eq!(matches!(verdict, Verdict::Drop { .. }), short, "{text:?}");
        }
        assert_eq!(kept(" 語語語 ", &rules), " 語語語 ");
        assert_eq!(
            clean(" \n".to_owned(), &Clean::default()),
            Verdict::Drop {
                reason: DropReason::TooShort,
                text: " \n".to_owned()
            }
        );
    }

    #[test]
    fn every_verdict_is_counted() {
        let mut report = CleanReport::default();
        for text in ["a\r\nb", "\u{0}c\u{7F}", "e\u{301}", "", "plain"] {
            report.count(text.len(), &clean(text.to_owned(), &Clean::default()));
        }
        let want = CleanReport {
            documents_in: 5,
            documents_kept: 4,
            bytes_in: 4 + 3 + 3 + 5,
            bytes_kept: 3 + 1 + 2 + 5,
            newlines_changed: 1,
            control_removed: 2,
            nfc_changed: 1,
            changed: 3,
            too_short: 1,
            samples: Default::default(),
        };
        assert_eq!(report, want);
        let mut twice = want.clone();
        twice.add(&report);
        assert_eq!((twice.documents_in, twice.bytes_kept), (10, 22));
    }
}
