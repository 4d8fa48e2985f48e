//! Rules about single characters: line ends, control characters, normalisation.
//!
//! Each changes the text in place, copies nothing where there is nothing to do, and says how often
//! it did something.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// `\r\n` and a lone `\r` become `\n`.
pub(super) fn newlines(text: &mut String) -> u64 {
    let found = text.bytes().filter(|&byte| byte == b'\r').count() as u64;
    if found > 0 {
        *text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    found
}

/// Removes control characters (Unicode category Cc) other than `\n` and `\t`, and a byte order mark
/// at the start.
pub(super) fn control(text: &mut String) -> u64 {
    let mut removed = 0;
    if text.starts_with('\u{FEFF}') {
        text.remove(0);
        removed += 1;
    }
    let unwanted = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(unwanted) {
        text.retain(|c| {
            let goes = unwanted(c);
            removed += u64::from(goes);
            !goes
        });
    }
    removed
}

/// Unicode normalisation form C (Unicode Standard Annex 15); says whether anything changed.
pub(super) fn nfc(text: &mut String) -> bool {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return false;
    }
    let normal: String = text.nfc().collect();
    let changed = normal != *text;
    *text = normal;
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(rule: fn(&mut String) -> u64, text: &str) -> (String, u64) {
        let mut text = text.to_owned();
        let count = rule(&mut text);
        (text, count)
    }

    #[test]
    fn line_ends() {
        assert_eq!(
            after(newlines, "a\r\nb\rc\n\r\n"),
            ("a\nb\nc\n\n".to_owned(), 3)
        );
        assert_eq!(after(newlines, "a\nb"), ("a\nb".to_owned(), 0));
    }

    #[test]
    fn control_characters() {
        let text = "\u{FEFF}a\0\tb\u{1B}[1m\n\u{7F}\u{85}\u{FEFF}c";
        assert_eq!(after(control, text), ("a\tb[1m\n\u{FEFF}c".to_owned(), 5));
        // Joiners and marks are no control characters: scripts need them.
        let text = "क्\u{200D}ष \u{AD}";
        assert_eq!(after(control, text), (text.to_owned(), 0));
    }

    #[test]
    fn normalisation() {
        for (text, normal) in [
            ("e\u{301}", "é"),
            ("\u{212B}", "Å"),
            ("\u{1100}\u{1161}", "가"),
            // Marks in the wrong order: below before above.
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        ] {
            let mut changed = text.to_owned();
            assert!(nfc(&mut changed), "{text}");
            assert_eq!(changed, normal);
        }
        for text in ["ascii", "é", "ﬁ", "語", "q\u{323}"] {
            let mut same = text.to_owned();
            assert!(!nfc(&mut same), "{text}");
            assert_eq!(same, text);
        }
    }
}
