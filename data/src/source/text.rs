//! Plain text: a file is a document, or a separator line ends one.

use std::io::{BufRead, Read};

use super::encoding::{Decoded, decode, not_utf8, whole_characters};
use super::stream::Stream;
use super::{At, Item, Piece, SourceError, Unread, What};
use crate::document::Origin;
use crate::recipe::Encoding;

/// Documents of one text.
pub(super) struct TextReader {
    stream: Stream,
    encoding: Encoding,
    separator: Option<Vec<u8>>,
    /// The most bytes of one piece; longer documents are cut at the last line's end before it.
    limit: usize,
    /// Bytes that were read and belong to the next piece.
    carry: Vec<u8>,
    /// Place of the next piece in the stream.
    offset: u64,
    index: u64,
    /// A line was cut: what follows is not the start of a line.
    mid_line: bool,
    /// The document was left out for its encoding; so are its other pieces.
    skipping: bool,
    /// What is known of all documents, and their licence.
    about: (Origin, Option<String>),
}

/// A piece of a document as it lies in the file.
struct Cut {
    bytes: Vec<u8>,
    offset: u64,
    continues: bool,
}

/// Bytes before the end of a piece in which a space is looked for, where no line ends there.
const WORD: usize = 1 << 10;

/// Where a piece ends that may not be longer: behind the last line, else between words, so that nothing within one
/// is hidden from rules, else between characters.
fn cut_of(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(WORD);
    let spaces = |byte: &u8| byte.is_ascii_whitespace();
    match bytes[from..].iter().rposition(spaces) {
        Some(at) => from + at + 1,
        None => whole_characters(bytes),
    }
}

impl TextReader {
    pub(super) fn new(
        stream: Stream,
        encoding: Encoding,
        separator: Option<&str>,
        limit: usize,
    ) -> Self {
        Self {
            stream,
            encoding,
            separator: separator.map(|line| line.as_bytes().to_vec()),
            limit,
            carry: Vec::new(),
            offset: 0,
            index: 0,
            mid_line: false,
            skipping: false,
            about: Default::default(),
        }
    }

    /// The same documents, of which this is known.
    pub(super) fn about(self, origin: Origin, licence: Option<String>) -> Self {
        Self {
            about: (origin, licence),
            ..self
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Item>, SourceError> {
        loop {
            let Some(piece) = self.piece()? else {
                return Ok(None);
            };
            if self.skipping {
                self.skipping = piece.continues;
                continue;
            }
            let item = match decode(piece.bytes, self.encoding) {
                Decoded::Text(text, replaced) => Item::Document(Piece {
                    text,
                    replaced,
                    index: self.index,
                    continues: piece.continues,
                    origin: Origin {
                        offset: Some(piece.offset),
                        ..self.about.0.clone()
                    },
                    licence: self.about.1.clone(),
                }),
                Decoded::Skipped(at, byte) => {
                    self.skipping = piece.continues;
                    Item::Unread(Unread {
                        what: What::Encoding,
                        at: At::Byte(piece.offset + at as u64),
                        message: not_utf8(byte),
                    })
                }
                Decoded::Stopped(at, byte) => {
                    return Err(SourceError::Encoding {
                        path: self.stream.path.clone(),
                        offset: piece.offset + at as u64,
                        byte,
                    });
                }
            };
            if !piece.continues {
                self.index += 1;
            }
            return Ok(Some(item));
        }
    }

    fn piece(&mut self) -> Result<Option<Cut>, SourceError> {
        let mut bytes = std::mem::take(&mut self.carry);
        loop {
            let start = bytes.len();
            let read = (&mut self.stream.input)
                .take(self.limit as u64)
                .read_until(b'\n', &mut bytes)
                .map_err(|error| self.stream.fault(error))?;
            if read == 0 {
                return Ok((!bytes.is_empty()).then(|| self.cut(bytes, false)));
            }
            let ends_line = bytes.ends_with(b"\n") || read < self.limit;
            let whole_line = ends_line && !self.mid_line;
            self.mid_line = !ends_line;
            if whole_line && self.separates(&bytes[start..]) {
                bytes.truncate(start);
                let piece = (!bytes.is_empty()).then(|| self.cut(bytes, false));
                self.offset += read as u64;
                if piece.is_some() {
                    return Ok(piece);
                }
                bytes = Vec::new();
            } else if start > 0 && bytes.len() > self.limit {
                // The line just read begins the next piece, so that piece is never empty.
                self.carry = bytes.split_off(cut_of(&bytes[..start]));
                return Ok(Some(self.cut(bytes, true)));
            }
        }
    }

    fn separates(&self, line: &[u8]) -> bool {
        let Some(separator) = &self.separator else {
            return false;
        };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line) == separator.as_slice()
    }

    fn cut(&mut self, bytes: Vec<u8>, continues: bool) -> Cut {
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        Cut {
            bytes,
            offset,
            continues,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use super::*;

    fn reader(
        bytes: &[u8],
        encoding: Encoding,
        separator: Option<&str>,
        limit: usize,
    ) -> TextReader {
        let raw = Box::new(Cursor::new(bytes.to_vec()));
        let stream = Stream::new(raw, "a.txt", None).unwrap();
        TextReader::new(stream, encoding, separator, limit)
    }

    /// (text, number of the document, whether it goes on)
    fn read(text: &str, separator: Option<&str>, limit: usize) -> Vec<(String, u64, bool)> {
        let mut reader = reader(text.as_bytes(), Encoding::Stop, separator, limit);
        let mut found = Vec::new();
        while let Some(item) = reader.next().unwrap() {
            let Item::Document(Piece {
                text,
                index,
                continues,
                ..
            }) = item
            else {
                panic!("{item:?}")
            };
            found.push((text, index, continues));
        }
        found
    }

    fn texts(found: &[(String, u64, bool)]) -> Vec<&str> {
        found.iter().map(|(text, ..)| text.as_str()).collect()
    }

    #[test]
    fn a_file_is_one_document_byte_for_byte() {
        for text in ["a", "a\n", "\n", "a\r\n\r\nb", "no end\nof line"] {
            assert_eq!(read(text, None, 1000), [(text.to_owned(), 0, false)]);
        }
        assert!(read("", None, 1000).is_empty());
    }

    #[test]
    fn a_line_is_cut_between_words_where_it_has_some() {
        let found = read("mail to a@b.example and others", None, 12);
        let texts = texts(&found);
        assert_eq!(texts.concat(), "mail to a@b.example and others");
        assert!(texts.len() > 1, "{texts:?}");
        assert!(
            texts.iter().any(|text| text.contains("a@b.example")),
            "{texts:?}"
        );
    }

    #[test]
    fn a_separator_line_ends_a_document() {
        let found = read("a\nb\n\n\nc\n\r\nd", Some(""), 1000);
        assert_eq!(texts(&found), ["a\nb\n", "c\n", "d"]);
        assert_eq!(
            found.iter().map(|(_, i, _)| *i).collect::<Vec<_>>(),
            [0, 1, 2]
        );
        assert!(found.iter().all(|(.., continues)| !continues));
        let text = "---\na\n--- no\n ---\n---\nb\n---";
        assert_eq!(
            texts(&read(text, Some("---"), 1000)),
            ["a\n--- no\n ---\n", "b\n"]
        );
    }

    #[test]
    fn a_long_document_is_cut_at_a_lines_end_and_joins_again() {
        let lines: String = (0..100).map(|i| format!("line {i}, é語\n")).collect();
        let found = read(&lines, None, 64);
        assert!(found.len() > 10);
        assert_eq!(texts(&found).concat(), lines);
        for (i, (text, index, continues)) in found.iter().enumerate() {
            assert!(text.ends_with('\n') && text.len() <= 64, "{text}");
            assert_eq!((*index, *continues), (0, i + 1 < found.len()));
        }
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        for limit in 8..24 {
            let line = "aé語😀".repeat(50);
            let found = read(&line, None, limit);
            assert_eq!(texts(&found).concat(), line, "{limit}");
            assert!(found.iter().all(|(text, ..)| text.len() <= 2 * limit));
            assert!(!found.last().unwrap().2);
        }
    }

    #[test]
    fn cuts_do_not_hide_or_make_separators() {
        for limit in 4..40 {
            let text = "long first line here\n---\nabc---\n---\nshort\n---\n".repeat(3);
            let found = read(&text, Some("---"), limit);
            let mut joined = vec![String::new()];
            for (text, index, continues) in &found {
                assert_eq!(*index + 1, joined.len() as u64, "{limit}");
                joined.last_mut().unwrap().push_str(text);
                if !continues {
                    joined.push(String::new());
                }
            }
            joined.pop();
            let want = ["long first line here\n", "abc---\n", "short\n"].repeat(3);
            assert_eq!(joined, want, "{limit}");
        }
    }

    #[test]
    fn faults_in_the_encoding_are_placed_counted_or_skipped() {
        let bytes = b"one\n---\ntwo \xFF\n---\nthree\n";
        let mut stop = reader(bytes, Encoding::Stop, Some("---"), 1000);
        assert!(stop.next().unwrap().is_some());
        let fault = stop.next().unwrap_err().to_string();
        assert!(
            fault.contains("a.txt: byte 12 is not UTF-8 (0xFF)"),
            "{fault}"
        );

        let mut skip = reader(bytes, Encoding::Skip, Some("---"), 1000);
        let mut seen = Vec::new();
        while let Some(item) = skip.next().unwrap() {
            seen.push(match item {
                Item::Document(Piece { text, index, .. }) => format!("{index}{text}"),
                Item::Unread(it) => format!("{:?} {:?}", it.what, it.at),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(seen, ["0one\n", "Encoding Byte(12)", "2three\n"]);

        let mut replace = reader(bytes, Encoding::Replace, None, 1000);
        let Some(Item::Document(Piece { text, replaced, .. })) = replace.next().unwrap() else {
            panic!("a document was there")
        };
        assert_eq!(
            (text.as_str(), replaced),
            ("one\n---\ntwo \u{FFFD}\n---\nthree\n", 1)
        );
    }
}
