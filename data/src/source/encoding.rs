//! Bytes to text: what happens to bytes that are not UTF-8.

use crate::recipe::Encoding;

/// What became of a document's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// Text, and how many invalid sequences became U+FFFD.
    Text(String, u64),
    /// The document is left out. The first invalid byte: its place in the document, and the byte.
    Skipped(usize, u8),
    /// The run stops for the same.
    Stopped(usize, u8),
}

/// Applies the policy. Valid bytes are not copied.
pub(super) fn decode(bytes: Vec<u8>, policy: Encoding) -> Decoded {
    let fault = match String::from_utf8(bytes) {
        Ok(text) => return Decoded::Text(text, 0),
        Err(fault) => fault,
    };
    let at = fault.utf8_error().valid_up_to();
    let bytes = fault.into_bytes();
    let byte = bytes.get(at).copied().unwrap_or_default();
    match policy {
        Encoding::Skip => Decoded::Skipped(at, byte),
        Encoding::Stop => Decoded::Stopped(at, byte),
        Encoding::Replace => {
            let (text, replaced) = lossy(&bytes);
            Decoded::Text(text, replaced)
        }
    }
}

/// What is said of a document that is left out for this byte.
pub(super) fn not_utf8(byte: u8) -> String {
    format!("it is not UTF-8 (0x{byte:02X})")
}

/// Bytes as text, and how many invalid sequences became U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> (String, u64) {
    let mut text = String::with_capacity(bytes.len() + 16);
    let mut replaced = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            replaced += 1;
        }
    }
    (text, replaced)
}

/// The same; valid bytes are not copied.
pub(super) fn text(bytes: Vec<u8>) -> (String, u64) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, 0),
        Err(fault) => lossy(fault.as_bytes()),
    }
}

/// The longest prefix of `bytes` that ends between characters; a character cut off at the end has
/// at most three bytes here.
pub(super) fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    for (at, byte) in bytes.iter().enumerate().skip(tail) {
        let length = match byte {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => 1,
        };
        if at + length > bytes.len() {
            return at;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_does_what_it_says() {
        let bad = b"ab\xFFc\xE2\x82 d\xC3".to_vec();
        assert_eq!(
            decode(bad.clone(), Encoding::Replace),
            Decoded::Text("ab\u{FFFD}c\u{FFFD} d\u{FFFD}".to_owned(), 3)
        );
        assert_eq!(
            decode(bad.clone(), Encoding::Skip),
            Decoded::Skipped(2, 0xFF)
        );
        assert_eq!(decode(bad, Encoding::Stop), Decoded::Stopped(2, 0xFF));
        for policy in [Encoding::Replace, Encoding::Skip, Encoding::Stop] {
            let good = "naïve — 語".to_owned();
            assert_eq!(
                decode(good.clone().into_bytes(), policy),
                Decoded::Text(good, 0)
            );
        }
    }

    #[test]
    fn a_cut_falls_between_characters() {
        let text = "aé語😀".as_bytes();
        let ends = [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10];
        for (length, end) in ends.into_iter().enumerate() {
            assert_eq!(whole_characters(&text[..length]), end, "{length}");
        }
        assert_eq!(whole_characters(b"abc\xFF\xFF"), 5);
        assert_eq!(whole_characters(b"\x80\x80\x80\x80"), 4);
    }
}
