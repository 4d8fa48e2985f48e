//! What the readers of XML dumps share: bytes as UTF-8, places in the original, entities.
//!
//! Dumps are cut into records by their bytes before an XML parser sees them, so that one broken or
//! endless record costs that record only. The encoding is told from the first bytes, as in appendix
//! F of the XML standard <https://www.w3.org/TR/xml/#sec-guessing>: UTF-8, or UTF-16, which editors
//! on some systems make of a dump.

use std::io::{self, BufRead, Cursor, Read};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::BytesRef;

/// How the stream is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// A stream as UTF-8 that knows its place in the original bytes.
pub(super) struct Input {
    bytes: Box<dyn BufRead + Send>,
    encoding: Encoding,
    offset: u64,
    started: bool,
}

impl Input {
    pub(super) fn new(bytes: Box<dyn BufRead + Send>) -> Self {
        Self {
            bytes,
            encoding: Encoding::Utf8,
            offset: 0,
            started: false,
        }
    }

    /// Place of the next byte in the original stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Appends bytes up to and with the next `end`, but no more than `limit` of them; returns how
    /// many, 0 at the end of the stream.
    pub(super) fn read_until(
        &mut self,
        end: u8,
        limit: usize,
        into: &mut Vec<u8>,
    ) -> io::Result<usize> {
        if !self.started {
            self.start()?;
        }
        let from = into.len();
        let read = (&mut self.bytes).take(limit as u64).read_until(end, into)?;
        self.offset += self.original_len(&into[from..]);
        Ok(read)
    }

    /// How many bytes of the original these were.
    pub(super) fn original_len(&self, utf8: &[u8]) -> u64 {
        if self.encoding == Encoding::Utf8 {
            return utf8.len() as u64;
        }
        let units = utf8.iter().map(|byte| match byte {
            0x80..=0xBF => 0,
            0xF0..=0xF4 => 2,
            _ => 1,
        });
        2 * units.sum::<u64>()
    }

    /// Finds the encoding and leaves a byte order mark behind.
    fn start(&mut self) -> io::Result<()> {
        self.started = true;
        let mut head = Vec::with_capacity(3);
        (&mut self.bytes).take(3).read_to_end(&mut head)?;
        let (encoding, mark) = match head.as_slice() {
            [0xEF, 0xBB, 0xBF] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [b'<', 0, ..] => (Encoding::Utf16 { big_endian: false }, 0),
            [0, b'<', ..] => (Encoding::Utf16 { big_endian: true }, 0),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = encoding;
        self.offset = mark as u64;
        head.drain(..mark);
        let rest = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        let whole = Cursor::new(head).chain(rest);
        self.bytes = match encoding {
            Encoding::Utf8 => Box::new(whole),
            Encoding::Utf16 { big_endian } => Box::new(Utf16::new(whole, big_endian)),
        };
        Ok(())
    }
}

/// UTF-16 as UTF-8. Half a pair, and half a unit at the end, become the byte 0xFF: no UTF-8 has
/// it, so they are counted where invalid bytes are.
struct Utf16<R> {
    input: R,
    big_endian: bool,
    ready: Vec<u8>,
    at: usize,
    /// The first byte of a unit that a chunk cut.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
}

impl<R: BufRead> Utf16<R> {
    fn new(input: R, big_endian: bool) -> Self {
        Self {
            input,
            big_endian,
            ready: Vec::new(),
            at: 0,
            half: None,
            high: None,
        }
    }

    fn unit(&mut self, unit: u16) {
        let units = match (self.high.take(), unit) {
            (None, 0xD800..=0xDBFF) => {
                self.high = Some(unit);
                return;
            }
            (Some(_), 0xD800..=0xDBFF) => {
                self.ready.push(0xFF);
                self.high = Some(unit);
                return;
            }
            (Some(high), 0xDC00..=0xDFFF) => [high, unit],
            (Some(_), _) => {
                self.ready.push(0xFF);
                [unit, 0]
            }
            (None, _) => [unit, 0],
        };
        match char::decode_utf16(units).next() {
            Some(Ok(c)) => {
                let mut utf8 = [0; 4];
                self.ready
                    .extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
            }
            _ => self.ready.push(0xFF),
        }
    }
}

impl<R: BufRead> BufRead for Utf16<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            // At most a chunk of the buffer below is held, three bytes for each two of its.
            let chunk = self.input.fill_buf()?.to_vec();
            if chunk.is_empty() {
                let cut = self.half.take().is_some() | self.high.take().is_some();
                if !cut {
                    break;
                }
                self.ready.push(0xFF);
            }
            self.input.consume(chunk.len());
            for byte in chunk {
                match self.half.take() {
                    None => self.half = Some(byte),
                    Some(first) if self.big_endian => self.unit(u16::from_be_bytes([first, byte])),
                    Some(first) => self.unit(u16::from_le_bytes([first, byte])),
                }
            }
        }
        Ok(&self.ready[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.ready.len());
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// Appends what a reference stands for: one of XML's five entities, or a character by its number.
/// Entities that a document declares itself are refused, so none can grow.
pub(super) fn push_reference(reference: &BytesRef<'_>, into: &mut String) -> Result<(), String> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => into.push(c),
        Ok(None) => match resolve_xml_entity(reference) {
            Some(text) => into.push_str(text),
            None => {
                let name: String = reference.chars().take(40).collect();
                return Err(format!(
                    "the entity `{name}` is none of XML's own (lt, gt, amp, quot, apos)"
                ));
            }
        },
        Err(error) => return Err(error.to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::encoding::text;
    use super::*;

    fn read(bytes: Vec<u8>) -> (String, u64, Vec<u64>) {
        // One byte at a time: units and marks are cut everywhere.
        let mut input = Input::new(Box::new(io::BufReader::with_capacity(
            1,
            Cursor::new(bytes),
        )));
        let (mut all, mut places) = (Vec::new(), Vec::new());
        while input.read_until(b'>', 1000, &mut all).unwrap() > 0 {
            places.push(input.offset());
        }
        let (text, replaced) = text(all);
        (text, replaced, places)
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text_and_places_in_the_original() {
        let text = "<a>é語😀</a>";
        let utf8 = text.as_bytes().to_vec();
        assert_eq!(read(utf8.clone()), (text.to_owned(), 0, vec![3, 16]));
        let marked = [b"\xEF\xBB\xBF", utf8.as_slice()].concat();
        assert_eq!(read(marked), (text.to_owned(), 0, vec![6, 19]));
        for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
            let plain = utf16(text, bytes_of);
            assert_eq!(read(plain), (text.to_owned(), 0, vec![6, 22]));
            let marked = utf16(&format!("\u{FEFF}{text}"), bytes_of);
            assert_eq!(read(marked), (text.to_owned(), 0, vec![8, 24]));
        }
        assert_eq!(read(Vec::new()), (String::new(), 0, vec![]));
        assert_eq!(read(b"<".to_vec()).0, "<");
    }

    #[test]
    fn invalid_sequences_are_replaced_and_counted() {
        assert_eq!(read(b"<a>\xFFb\xE2\x82".to_vec()).1, 2);
        let units = [0xFEFF, 0xD800, 0x61, 0xDC00, 0xD800, 0xD83D, 0xDE00];
        let mut bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        bytes.push(0x3E);
        let (text, replaced, _) = read(bytes);
        assert_eq!(
            (text.as_str(), replaced),
            ("\u{FFFD}a\u{FFFD}\u{FFFD}😀\u{FFFD}", 4)
        );
    }

    #[test]
    fn a_line_without_end_is_read_in_pieces() {
        let mut input = Input::new(Box::new(Cursor::new(vec![b'x'; 10])));
        let mut piece = Vec::new();
        assert_eq!(input.read_until(b'>', 4, &mut piece).unwrap(), 4);
        assert_eq!((piece.len(), input.offset()), (4, 4));
    }

    #[test]
    fn only_xmls_own_entities_stand_for_something() {
        let mut into = String::new();
        for name in ["lt", "gt", "amp", "quot", "apos", "#65", "#x1F600"] {
            push_reference(&BytesRef::new(name), &mut into).unwrap();
        }
        assert_eq!(into, "<>&\"'A😀");
        for name in ["lol9", "nbsp", "#xD800", "#0", "#", ""] {
            assert!(
                push_reference(&BytesRef::new(name), &mut into).is_err(),
                "{name}"
            );
        }
    }
}
