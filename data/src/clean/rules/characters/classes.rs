//! Characters that some corpora do without, by Unicode's blocks, categories and properties.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// A character shown in colour, or one that a variation selector makes so, with all that is joined to
/// it (Unicode Technical Standard 51, <https://www.unicode.org/reports/tr51/>). `None` only if the
/// pattern were wrong, which a test rules out.
static EMOJI: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\u{FE0F}|[0-9#*]\u{FE0F}?\u{20E3})",
        r"[\u{FE0F}\u{200D}\u{20E3}\p{Emoji_Modifier}\u{E0020}-\u{E007F}]*",
    ))
    .ok()
});

/// The text without emoji; `None` where it has none.
pub(super) fn without_emoji(text: &str) -> Option<String> {
    match EMOJI.as_ref()?.replace_all(text, "") {
        Cow::Owned(rest) => Some(rest),
        Cow::Borrowed(_) => None,
    }
}

/// Whether `c` shows nothing and joins nothing. A joiner (U+200C, U+200D) stays between two characters
/// beyond ASCII: Persian, the scripts of India and emoji are spelt with it.
pub(super) fn is_invisible(before: Option<char>, c: char, behind: Option<char>) -> bool {
    let beyond_ascii = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
    match c {
        '\u{200C}' | '\u{200D}' => !(beyond_ascii(before) && beyond_ascii(behind)),
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, zero-width space, marks of
        // direction, invisible operators, word joiner, byte order mark, annotations, tags.
        '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => true,
        _ => false,
    }
}

/// Whether `c` is for private use (category Co) or a noncharacter.
pub(super) fn is_private_use(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{FDD0}'..='\u{FDEF}' | '\u{F0000}'..)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Whether `c` is in a block of signs that draw rather than say: from Box Drawing to Dingbats (U+2500
/// to U+27BF), Miscellaneous Symbols and Arrows, and the pictographs that are not shown in colour.
pub(super) fn is_symbol(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
        && !is_emoji(c)
}

fn is_emoji(c: char) -> bool {
    EMOJI
        .as_ref()
        .is_some_and(|emoji| emoji.is_match(c.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn emoji_go_whole() {
        for (text, rest) in [
            ("a😀b", "ab"),
            ("👩🏽\u{200D}🚀!", "!"),
            ("🇬🇧🇫🇷", ""),
            (
                "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}.",
                ".",
            ),
            ("1\u{FE0F}\u{20E3} one", " one"),
            ("❤\u{FE0F}x", "x"),
        ] {
            assert_eq!(without_emoji(text).unwrap(), rest);
        }
        for text in ["© ® ™ ♥ ✓ 12 # * → °", "語", ""] {
            assert_eq!(without_emoji(text), None);
        }
    }

    #[test]
    fn classes_are_bounded() {
        for c in [
            '\u{E000}',
            '\u{F8FF}',
            '\u{FDD0}',
            '\u{FFFE}',
            '\u{1FFFF}',
            '\u{10FFFD}',
        ] {
            assert!(is_private_use(c), "{c:?}");
        }
        for c in ['\u{F900}', '\u{FDCF}', '\u{FFFD}', '\u{EFFFD}', '語'] {
            assert!(!is_private_use(c), "{c:?}");
        }
        for c in ['■', '─', '❖', '★', '🂡'] {
            assert!(is_symbol(c), "{c}");
        }
        for c in ['→', '€', '©', '°', '😀', '∑', '•'] {
            assert!(!is_symbol(c), "{c}");
        }
        for c in [
            '\u{A0}', '\u{301}', '\u{2009}', '\u{3000}', '\u{FE0F}', '\u{200A}',
        ] {
            assert!(!is_invisible(None, c, None), "{c:?}");
        }
    }
}
