//! JSON Lines (<https://jsonlines.org>): one object a line, one of its fields is the text.

use std::io::{BufRead, Read};

use super::encoding::{Decoded, decode, not_utf8};
use super::json_line::Fields;
use super::stream::Stream;
use super::{At, Item, Piece, SourceError, Unread, What};
use crate::document::{MAX_DOCUMENT_BYTES, Origin};
use crate::recipe::{Encoding, OnBadLine};

/// A longer line is refused: it would have to be held whole. It has room for the longest document in Cyrillic, whose
/// letters of two bytes some programs write as six.
pub(super) const MAX_LINE_BYTES: usize = 3 * MAX_DOCUMENT_BYTES;
/// Fields beside the text that say something of it, and the object in which they may lie.
const KNOWN: [&str; 7] = [
    "url",
    "title",
    "path",
    "date",
    "timestamp",
    "licence",
    "license",
];
const METADATA: &str = "metadata";

/// Documents of one JSON Lines file.
pub(super) struct JsonlReader {
    stream: Stream,
    encoding: Encoding,
    field: String,
    bad_lines: OnBadLine,
    line: u64,
    offset: u64,
    index: u64,
}

impl JsonlReader {
    pub(super) fn new(
        stream: Stream,
        encoding: Encoding,
        field: &str,
        bad_lines: OnBadLine,
    ) -> Self {
        Self {
            stream,
            encoding,
            field: field.to_owned(),
            bad_lines,
            line: 0,
            offset: 0,
            index: 0,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Item>, SourceError> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.stream.input)
                .take(MAX_LINE_BYTES as u64 + 1)
                .read_until(b'\n', &mut bytes)
                .map_err(|error| self.stream.fault(error))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let offset = self.offset;
            self.offset += read as u64;
            if read > MAX_LINE_BYTES {
                if self.bad_lines == OnBadLine::Skip {
                    self.index += 1;
                    self.skip_line()?;
                    let message = format!("the line is longer than {MAX_LINE_BYTES} bytes");
                    return Ok(Some(self.unread(What::Line, message)));
                }
                return Err(SourceError::LongLine {
                    path: self.stream.path.clone(),
                    line: self.line,
                    limit: MAX_LINE_BYTES,
                    right: "is this JSON Lines?",
                });
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let index = self.index;
            self.index += 1;
            let (line, replaced) = match decode(bytes, self.encoding) {
                Decoded::Text(line, replaced) => (line, replaced),
                Decoded::Skipped(_, byte) => {
                    return Ok(Some(self.unread(What::Encoding, not_utf8(byte))));
                }
                Decoded::Stopped(at, byte) => {
                    return Err(SourceError::Encoding {
                        path: self.stream.path.clone(),
                        offset: offset + at as u64,
                        byte,
                    });
                }
            };
            return match (document(&line, &self.field), self.bad_lines) {
                (Ok((text, origin, licence)), _) => Ok(Some(Item::Document(Piece {
                    text,
                    replaced,
                    index,
                    continues: false,
                    origin: Origin {
                        offset: Some(offset),
                        ..origin
                    },
                    licence,
                }))),
                (Err(message), OnBadLine::Skip) => Ok(Some(self.unread(What::Line, message))),
                (Err(message), OnBadLine::Stop) => Err(SourceError::BadLine {
                    path: self.stream.path.clone(),
                    line: self.line,
                    message,
                }),
            };
        }
    }

    /// The line read last, left out.
    fn unread(&self, what: What, message: String) -> Item {
        Item::Unread(Unread {
            what,
            at: At::Line(self.line),
            message,
        })
    }

    /// Reads on to the end of a line that is too long to hold.
    fn skip_line(&mut self) -> Result<(), SourceError> {
        loop {
            let seen = match self.stream.input.fill_buf() {
                Ok(seen) => seen,
                Err(error) => return Err(self.stream.fault(error)),
            };
            let end = seen.iter().position(|&byte| byte == b'\n');
            let passed = end.map_or(seen.len(), |at| at + 1);
            self.offset += passed as u64;
            self.stream.input.consume(passed);
            if end.is_some() || passed == 0 {
                return Ok(());
            }
        }
    }
}

/// The text of a line, and where it says that the text comes from, with the licence.
fn document(line: &str, field: &str) -> Result<(String, Origin, Option<String>), String> {
    // datatrove keeps what it knows of a document apart, and so do we.
    let asked = [field, METADATA].into_iter().chain(KNOWN);
    let asked: Vec<&str> = asked.collect();
    // A byte order mark before the first line is no part of the JSON.
    let mut fields = Fields::of(line.trim_start_matches('\u{FEFF}'), &asked)?;
    let text = fields.text(field)?;
    let mut metadata = fields.any_object(METADATA);
    let mut said = |name: &str| {
        let apart = metadata.as_mut();
        let stated = fields.any_text(name);
        stated.or_else(|| apart.and_then(|fields| fields.any_text(name)))
    };
    let origin = Origin {
        offset: None,
        url: said("url"),
        title: said("title").or_else(|| said("path")),
        date: said("date").or_else(|| said("timestamp")),
        language: None,
    };
    let licence = said("licence").or_else(|| said("license"));
    Ok((text, origin, licence))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use super::*;

    fn read(text: &[u8], encoding: Encoding, bad_lines: OnBadLine) -> Result<Vec<String>, String> {
        let stream = Stream::new(Box::new(Cursor::new(text.to_vec())), "a.jsonl", None).unwrap();
        let mut reader = JsonlReader::new(stream, encoding, "body", bad_lines);
        let mut found = Vec::new();
        loop {
            match reader.next() {
                Ok(None) => return Ok(found),
                Ok(Some(Item::Document(Piece { text, index, .. }))) => {
                    found.push(format!("{index} {text}"))
                }
                Ok(Some(Item::Unread(it))) => found.push(format!("{:?} {:?}", it.what, it.at)),
                Ok(Some(other)) => panic!("{other:?}"),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    const GOOD: &str = "{\"body\": \"a\\nb\", \"id\": 1}\r\n\n{\"id\": 2, \"body\": \"\\u00e9\"}";

    #[test]
    fn a_line_is_a_document() {
        let found = read(GOOD.as_bytes(), Encoding::Stop, OnBadLine::Stop).unwrap();
        assert_eq!(found, ["0 a\nb", "1 é"]);
        let marked = format!("\u{FEFF}{GOOD}");
        assert_eq!(
            read(marked.as_bytes(), Encoding::Stop, OnBadLine::Stop).unwrap(),
            found
        );
    }

    #[test]
    fn a_bad_line_is_placed_or_counted() {
        for (bad, why) in [
            ("{\"body\": ", "not JSON"),
            ("plain text", "column 1"),
            (
                "{\"text\": \"x\", \"id\": 1}",
                "no field `body`; there are: text, id",
            ),
            ("{\"body\": 5}", "field `body` is a number"),
            ("{\"body\": null}", "is a null"),
            ("[1]", "a list where an object should be"),
            ("{\"body\": \"\\ud800\"}", "not JSON"),
        ] {
            let text = format!("{GOOD}\n{bad}\n{{\"body\": \"c\"}}\n");
            let fault = read(text.as_bytes(), Encoding::Stop, OnBadLine::Stop).unwrap_err();
            assert!(
                fault.starts_with("a.jsonl:4: ") && fault.contains(why),
                "{fault}"
            );
            let found = read(text.as_bytes(), Encoding::Stop, OnBadLine::Skip).unwrap();
            assert_eq!(found, ["0 a\nb", "1 é", "Line Line(4)", "3 c"]);
        }
    }

    #[test]
    fn the_encoding_policy_holds_for_each_line() {
        let text = [
            GOOD.as_bytes(),
            b"\n{\"body\": \"x\xFF\"}\n{\"body\": \"c\"}",
        ]
        .concat();
        let found = read(&text, Encoding::Replace, OnBadLine::Stop).unwrap();
        assert_eq!(found[2..], ["2 x\u{FFFD}", "3 c"]);
        let found = read(&text, Encoding::Skip, OnBadLine::Stop).unwrap();
        assert_eq!(found[2..], ["Encoding Line(4)", "3 c"]);
        let fault = read(&text, Encoding::Stop, OnBadLine::Stop).unwrap_err();
        let at = GOOD.len() + "\n{\"body\": \"x".len();
        assert!(fault.contains(&format!("a.jsonl: byte {at} ")), "{fault}");
    }
}
