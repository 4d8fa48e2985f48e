//! Which character encoding a page is in, and its text.
//!
//! The order is the HTML Standard's (<https://html.spec.whatwg.org/#determining-the-character-encoding>):
//! a byte order mark, what HTTP says, a `<meta>` near the start; then UTF-8, which nearly every page
//! without a declaration is in. The decoders are those of <https://encoding.spec.whatwg.org>.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// Bytes at the start of a page in which a `<meta>` is looked for. The standard asks for 1,024;
/// pages with long scripts before it are common.
const PRESCAN: usize = 4096;

/// A text, and the invalid byte sequences that became U+FFFD in it.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) replaced: u64,
}

/// The text of a page of HTML; `label` is the charset that HTTP states.
pub(super) fn decode_html(bytes: &[u8], label: Option<&[u8]>) -> Decoded {
    let encoding = label
        .and_then(Encoding::for_label)
        .or_else(|| from_meta(bytes))
        .unwrap_or(UTF_8);
    decode(bytes, encoding)
}

/// The text of a plain text; `label` is the charset that its content type states.
pub(super) fn decode_plain(bytes: &[u8], label: Option<&[u8]>) -> Decoded {
    decode(bytes, label.and_then(Encoding::for_label).unwrap_or(UTF_8))
}

fn decode(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    let (text, used, had_errors) = encoding.decode(bytes);
    let mut replaced = 0;
    if had_errors {
        replaced = text.matches('\u{FFFD}').count() as u64;
        if used == UTF_8 {
            let own = bytes
                .windows(3)
                .filter(|three| *three == [0xEF, 0xBF, 0xBD]);
            replaced = replaced.saturating_sub(own.count() as u64);
        }
    }
    Decoded {
        text: text.into_owned(),
        replaced,
    }
}

/// The encoding that the first `<meta>` with a charset names.
fn from_meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut rest = &bytes[..bytes.len().min(PRESCAN)];
    while let Some(at) = find(rest, b"<meta") {
        rest = &rest[at + 5..];
        let end = rest.iter().position(|&byte| byte == b'>')?;
        if let Some(label) = charset_in(&rest[..end]) {
            let encoding = Encoding::for_label(label)?;
            // A page whose `<meta>` could be read byte by byte is not in UTF-16, says the standard.
            return Some(if encoding == UTF_16LE || encoding == UTF_16BE {
                UTF_8
            } else if encoding == X_USER_DEFINED {
                WINDOWS_1252
            } else {
                encoding
            });
        }
        rest = &rest[end..];
    }
    None
}

/// What follows `charset=` in a content type or a `<meta>`, without its quotes.
pub(super) fn charset_in(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value;
    while let Some(at) = find(rest, b"charset") {
        rest = rest[at + 7..].trim_ascii_start();
        if let Some(label) = rest.strip_prefix(b"=") {
            let label = label.trim_ascii_start();
            let label = label
                .strip_prefix(b"\"")
                .or(label.strip_prefix(b"'"))
                .unwrap_or(label);
            let end = label
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\'' | b';' | b' ' | b'/' | b','))
                .unwrap_or(label.len());
            return Some(&label[..end]).filter(|label| !label.is_empty());
        }
    }
    None
}

/// Place of `needle` (lower case) in `bytes`, whatever the case there.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(bytes: &[u8], label: Option<&str>) -> (String, u64) {
        let decoded = decode_html(bytes, label.map(str::as_bytes));
        (decoded.text, decoded.replaced)
    }

    #[test]
    fn http_beats_meta_and_a_byte_order_mark_beats_both() {
        let page = b"<META http-equiv=x content='text/html; Charset = windows-1251'>\xCF";
        assert!(html(page, None).0.ends_with('П'));
        assert!(html(page, Some("iso-8859-1")).0.ends_with('Ï'));
        let marked = [
            b"\xEF\xBB\xBF".as_slice(),
            b"<meta charset=koi8-r>",
            "é".as_bytes(),
        ]
        .concat();
        assert_eq!(
            html(&marked, Some("koi8-r")),
            ("<meta charset=koi8-r>é".to_owned(), 0)
        );
        assert_eq!(html(b"\xFF\xFEa\0\xE9\0", None).0, "aé");
    }

    #[test]
    fn a_page_that_says_nothing_or_nonsense_is_utf_8() {
        assert_eq!(html("<p>é".as_bytes(), None), ("<p>é".to_owned(), 0));
        assert_eq!(html("é".as_bytes(), Some("klingon")).0, "é");
        assert_eq!(
            html("<meta charset=utf-16>é".as_bytes(), None).0,
            "<meta charset=utf-16>é"
        );
        assert_eq!(html(b"<meta", None).0, "<meta");
        assert_eq!(html(b"", None), (String::new(), 0));
    }

    #[test]
    fn invalid_sequences_are_counted_and_replacement_characters_of_the_page_are_not() {
        let bytes = [b"a\xFFb\xFE".as_slice(), "\u{FFFD}".as_bytes()].concat();
        assert_eq!(
            html(&bytes, None),
            ("a\u{FFFD}b\u{FFFD}\u{FFFD}".to_owned(), 2)
        );
        assert_eq!(html("\u{FFFD}".as_bytes(), None).1, 0);
    }

    #[test]
    fn the_charset_of_a_content_type_is_found() {
        for (value, label) in [
            ("text/html; charset=utf-8", Some("utf-8")),
            ("text/html;CHARSET=\"ISO-8859-1\"; x", Some("ISO-8859-1")),
            ("text/html; charset", None),
            ("text/html; charset=", None),
            ("text/html", None),
        ] {
            assert_eq!(
                charset_in(value.as_bytes()),
                label.map(str::as_bytes),
                "{value}"
            );
        }
    }
}
