//! What a character is to a word pattern: a byte of flags for each of Unicode's code points.
//!
//! The classes are read from `regex-syntax`, whose tables the regular expressions of the
//! `tokenizers` crate are made from: both know the same version of Unicode, whichever it is.

use std::collections::HashMap;

use regex_syntax::hir::{Class, HirKind};

use super::NotServed;

/// `\p{L}`; with [`Marks::AreLetters`] also `\p{M}`.
pub(super) const LETTER: u8 = 1;
/// `\p{N}`.
pub(super) const NUMBER: u8 = 2;
/// `\s`.
pub(super) const SPACE: u8 = 4;
/// A carriage return or a line feed.
pub(super) const NEWLINE: u8 = 8;
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`.
pub(super) const UPPER: u8 = 16;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
pub(super) const LOWER: u8 = 32;
/// The end of what the pattern sees: of the text, or a digit that is cut off beforehand.
pub(super) const STOP: u8 = 64;
/// In the table of first bytes: the character has more bytes than this one.
const WIDE: u8 = 128;

/// What no run of punctuation contains: `[^\s\p{L}\p{N}]` is what has none of these.
pub(super) const NOT_PUNCTUATION: u8 = LETTER | NUMBER | SPACE | STOP;

/// Whether combining marks belong to letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// They are punctuation by themselves, as in GPT-2's pattern.
    ArePunctuation,
    /// `[\p{L}\p{M}]` stands where others have `\p{L}`.
    AreLetters,
}

const CODES: usize = 0x11_0000;
const PAGE: usize = 256;

/// Flags by code point, in pages of 256 of which equal ones are kept once.
pub(super) struct Classes {
    first: [u8; 256],
    page_of: Vec<u16>,
    pages: Vec<u8>,
}

impl Classes {
    /// The classes; with `digits_alone`, every numeric character ends what the pattern sees.
    pub(super) fn new(marks: Marks, digits_alone: bool) -> Result<Self, NotServed> {
        let letters = match marks {
            Marks::ArePunctuation => r"\p{L}",
            Marks::AreLetters => r"[\p{L}\p{M}]",
        };
        let mut flags = vec![0_u8; CODES];
        for (pattern, flag) in [
            (letters, LETTER),
            (r"\p{N}", NUMBER),
            (r"\s", SPACE),
            (r"[\r\n]", NEWLINE),
            (r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", UPPER),
            (r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", LOWER),
        ] {
            for (start, end) in ranges(pattern)? {
                for code in flags.iter_mut().take(end + 1).skip(start) {
                    *code |= flag;
                }
            }
        }
        if digits_alone {
            // The crate's `Digits` asks the standard library, not a regular expression.
            for (code, flags) in flags.iter_mut().enumerate() {
                if char::from_u32(code as u32).is_some_and(char::is_numeric) {
                    *flags = STOP;
                }
            }
        }
        let mut first = [WIDE; 256];
        first[..128].copy_from_slice(&flags[..128]);
        let mut known: HashMap<&[u8], u16> = HashMap::new();
        let mut page_of = Vec::with_capacity(CODES / PAGE);
        let mut pages = Vec::new();
        for page in flags.chunks_exact(PAGE) {
            // At most 4,352 pages.
            let next = known.len() as u16;
            let number = *known.entry(page).or_insert_with(|| {
                pages.extend_from_slice(page);
                next
            });
            page_of.push(number);
        }
        Ok(Self {
            first,
            page_of,
            pages,
        })
    }

    /// Flags and length of the character that begins at a byte; [`STOP`] and 0 at the end.
    #[inline(always)]
    pub(super) fn at(&self, text: &[u8], at: usize) -> (u8, usize) {
        let Some(&byte) = text.get(at) else {
            return (STOP, 0);
        };
        let flags = self.first[byte as usize];
        if flags & WIDE == 0 {
            (flags, 1)
        } else {
            self.wide(text, at, byte)
        }
    }

    fn wide(&self, text: &[u8], at: usize, lead: u8) -> (u8, usize) {
        let lead = u32::from(lead);
        // The text is UTF-8: none of the bytes is missing.
        let tail = |n: usize| u32::from(text.get(at + n).copied().unwrap_or_default() & 0x3F);
        let (code, length) = if lead < 0xE0 {
            ((lead & 0x1F) << 6 | tail(1), 2)
        } else if lead < 0xF0 {
            ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3)
        } else {
            let high = (lead & 0x07) << 18 | tail(1) << 12;
            (high | tail(2) << 6 | tail(3), 4)
        };
        let code = code as usize;
        let page = self.page_of.get(code / PAGE).copied().unwrap_or_default() as usize;
        let flags = self.pages.get(page * PAGE + code % PAGE);
        (flags.copied().unwrap_or_default(), length)
    }
}

/// The code points of a class, from first to last.
fn ranges(pattern: &str) -> Result<Vec<(usize, usize)>, NotServed> {
    let unknown = |why: &str| NotServed::new(format!("the class {pattern} is not known: {why}"));
    let parsed = regex_syntax::parse(pattern).map_err(|error| unknown(&error.to_string()))?;
    match parsed.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Ok(class
            .iter()
            .map(|range| (range.start() as usize, range.end() as usize))
            .collect()),
        _ => Err(unknown("it is no set of characters")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn flags(classes: &Classes, character: char) -> u8 {
        let mut bytes = [0; 4];
        let text = character.encode_utf8(&mut bytes);
        let (flags, length) = classes.at(text.as_bytes(), 0);
        assert_eq!(length, character.len_utf8());
        flags
    }

    #[test]
    fn every_character_has_the_classes_that_the_standard_library_gives_it() {
        let classes = Classes::new(Marks::ArePunctuation, false).unwrap();
        let mut differ = 0;
        for character in '\0'..=char::MAX {
            let flags = flags(&classes, character);
            assert_eq!(
                flags & SPACE != 0,
                character.is_whitespace(),
                "{character:?}"
            );
            assert_eq!(flags & NEWLINE != 0, matches!(character, '\r' | '\n'));
            // The versions of Unicode may differ by some new characters.
            differ += usize::from((flags & NUMBER != 0) != character.is_numeric());
            let upper = flags & UPPER != 0 && flags & LOWER == 0;
            differ += usize::from(upper && flags & LETTER == 0);
        }
        assert!(differ < 100, "{differ}");
    }

    #[test]
    fn classes_of_known_characters() {
        let plain = Classes::new(Marks::ArePunctuation, false).unwrap();
        for (character, expected) in [
            ('a', LETTER | LOWER),
            ('Z', LETTER | UPPER),
            ('語', LETTER | UPPER | LOWER),
            ('ʰ', LETTER | UPPER | LOWER),
            ('ǅ', LETTER | UPPER),
            ('\u{301}', UPPER | LOWER),
            ('7', NUMBER),
            ('Ⅳ', NUMBER),
            ('²', NUMBER),
            (' ', SPACE),
            ('\n', SPACE | NEWLINE),
            ('\u{85}', SPACE),
            ('\u{200b}', 0),
            ('!', 0),
            ('\u{1F600}', 0),
            (char::MAX, 0),
        ] {
            assert_eq!(flags(&plain, character), expected, "{character:?}");
        }
        let other = Classes::new(Marks::AreLetters, true).unwrap();
        assert_eq!(flags(&other, '\u{301}'), LETTER | UPPER | LOWER);
        assert_eq!(flags(&other, '²'), STOP);
        assert_eq!(other.at(b"a", 1), (STOP, 0));
    }
}
