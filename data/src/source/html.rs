//! The little of HTML that wikitext and posts need: named characters, and where a tag ends.
//!
//! Source: the HTML standard's tables of named characters and of numeric references
//! <https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state>.

use html_escape::NAMED_ENTITIES;

/// The longest name, `CounterClockwiseContourIntegral`, with `&` and `;`. What is longer is text.
const MAX_ENTITY_BYTES: usize = 33;

/// What the references 128 to 159 stand for: browsers read them as Windows-1252.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// What a reference stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entity {
    Named(&'static str),
    Number(char),
}

/// The reference at the start of `text`, which begins with `&`, and its length in bytes. None where
/// there is no such name or no `;`: the `&` is text.
pub(super) fn entity(text: &str) -> Option<(Entity, usize)> {
    let bytes = text.as_bytes();
    let window = &bytes[..bytes.len().min(MAX_ENTITY_BYTES)];
    let end = window.iter().position(|&byte| byte == b';')?;
    let name = text.get(1..end)?;
    let found = match name.strip_prefix('#') {
        Some(number) => Entity::Number(numbered(number)?),
        None => Entity::Named(named(name.as_bytes())?),
    };
    Some((found, end + 1))
}

fn named(name: &[u8]) -> Option<&'static str> {
    // The table is in order of its names.
    let at = NAMED_ENTITIES.binary_search_by_key(&name, |(name, _)| name);
    NAMED_ENTITIES.get(at.ok()?).map(|(_, text)| *text)
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (number, 10),
    };
    // `from_str_radix` takes a sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    match u32::from_str_radix(digits, radix).ok()? {
        0 => None,
        code @ 0x80..=0x9F => WINDOWS_1252.get(code as usize - 0x80).copied(),
        code => char::from_u32(code),
    }
}

/// A tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// The name as it is written.
    pub(super) name: &'a str,
    /// What stands between the name and the end, without a closing slash.
    pub(super) attributes: &'a str,
    /// `</name>`
    pub(super) closing: bool,
    /// `<name/>`
    pub(super) empty: bool,
    /// From `<` to `>`.
    pub(super) len: usize,
}

/// The tag at the start of `text`, which begins with `<`. It ends at the first `>` and holds no `<`:
/// looking for the end never passes the next tag, so a text of many `<` costs no more than its
/// length.
pub(super) fn tag(text: &str) -> Option<Tag<'_>> {
    let inner = text.get(1..)?;
    let end = inner.find(['<', '>'])?;
    let inner = inner[..end]
        .strip_suffix('/')
        .map_or((&inner[..end], false), |start| (start, true));
    if !text[1 + end..].starts_with('>') {
        return None;
    }
    let (inner, empty) = inner;
    let (inner, closing) = inner
        .strip_prefix('/')
        .map_or((inner, false), |name| (name, true));
    let length = inner
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(inner.len());
    let (name, attributes) = inner.split_at(length);
    let separated = attributes.is_empty() || attributes.starts_with(|c: char| c.is_whitespace());
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && separated).then_some(Tag {
        name,
        attributes,
        closing,
        empty,
        len: end + 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<String> {
        entity(text).map(|(found, len)| {
            assert_eq!(&text[len - 1..len], ";");
            match found {
                Entity::Named(text) => text.to_owned(),
                Entity::Number(c) => c.to_string(),
            }
        })
    }

    #[test]
    fn references_stand_for_what_the_standard_says() {
        for (text, want) in [
            ("&lt;b", "<"),
            ("&nbsp;", "\u{A0}"),
            ("&Eacute;", "É"),
            ("&eacute;", "é"),
            ("&hellip;", "…"),
            ("&phi;&omega;", "φ"),
            ("&AElig;", "Æ"),
            ("&zwnj;", "\u{200C}"),
            ("&NotEqualTilde;", "≂\u{338}"),
            ("&CounterClockwiseContourIntegral;", "∳"),
            ("&#233;", "é"),
            ("&#xE9;", "é"),
            ("&#X1f600;", "😀"),
            ("&#150;", "–"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_text() {
        let long = format!("&{};", "a".repeat(100));
        for text in [
            "&",
            "& b",
            "&;",
            "&lt",
            "&nosuch;",
            "&#;",
            "&#x;",
            "&#0;",
            "&#xD800;",
            "&#+65;",
            "&#99999999999;",
            "&é;",
            "&ééééééééééééééééééééé;",
            &long,
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn a_tag_ends_before_the_next_begins() {
        let found = tag("<ref name=\"a\" />b")
            .map(|tag| (tag.name, tag.attributes, tag.closing, tag.empty, tag.len));
        assert_eq!(found, Some(("ref", " name=\"a\" ", false, true, 16)));
        assert_eq!(
            tag("</b>").map(|tag| (tag.name, tag.closing)),
            Some(("b", true))
        );
        assert_eq!(
            tag("<br/>").map(|tag| (tag.name, tag.empty)),
            Some(("br", true))
        );
        for text in [
            "<", "<>", "< b>", "<b", "<b <i>", "<1>", "<b:c>", "</>", "<a-b>", "<é>",
        ] {
            assert_eq!(tag(text), None, "{text}");
        }
    }
}
