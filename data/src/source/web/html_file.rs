//! A file of HTML: one page, one document.

use std::io::{BufRead, Read};

use super::charset::decode_html;
use super::html::main_text;
use super::warc::{MAX_PAYLOAD, TOO_LARGE};
use crate::source::entry::{Entry, Fault, Found, Reader};

/// The one document of a file of HTML.
///
/// Memory: the file, at most [`MAX_PAYLOAD`] bytes, its text and its tree.
pub struct HtmlReader {
    input: Option<Box<dyn BufRead + Send>>,
}

impl HtmlReader {
    /// A reader of `input`, which is not compressed.
    pub fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self { input: Some(input) }
    }
}

impl Reader for HtmlReader {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        let Some(input) = self.input.take() else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        input.take(MAX_PAYLOAD as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() > MAX_PAYLOAD {
            return Ok(Some(Found::LeftOut { reason: TOO_LARGE }));
        }
        let decoded = decode_html(&bytes, None);
        let page = main_text(&decoded.text);
        if page.text.is_empty() {
            return Ok(Some(Found::LeftOut {
                reason: "no main text",
            }));
        }
        Ok(Some(Found::Document(Entry {
            text: page.text,
            title: page.title,
            replaced: decoded.replaced,
            ..Entry::default()
        })))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{self, BufReader, Cursor};

    use super::*;

    fn read(bytes: &[u8]) -> Option<Found> {
        let mut reader = HtmlReader::new(Box::new(Cursor::new(bytes.to_vec())));
        let found = reader.next().unwrap();
        assert!(reader.next().unwrap().is_none());
        found
    }

    #[test]
    fn a_file_is_one_document_in_the_charset_that_it_declares() {
        let found = read(b"<meta charset=latin1><title>A  title</title><p>caf\xE9 &amp; more");
        let Some(Found::Document(entry)) = found else {
            panic!("{found:?}")
        };
        assert_eq!(entry.text, "café & more");
        assert_eq!(entry.title.as_deref(), Some("A title"));
        assert_eq!((entry.offset, entry.replaced), (0, 0));
    }

    #[test]
    fn files_without_text_and_files_without_end_hold_no_document() {
        assert!(read(b"").is_none());
        let reason = "no main text";
        assert_eq!(read(b"<script>x</script>"), Some(Found::LeftOut { reason }));
        let endless = BufReader::new(io::repeat(b'a'));
        let mut reader = HtmlReader::new(Box::new(endless));
        assert_eq!(
            reader.next().unwrap(),
            Some(Found::LeftOut { reason: TOO_LARGE })
        );
    }
}
