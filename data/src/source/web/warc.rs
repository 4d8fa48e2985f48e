//! WARC, what crawlers write: ISO 28500, versions 1.0 and 1.1
//! (<https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/>).
//!
//! A file is a row of records: what was asked, what was answered, and notes. Answers that are pages
//! become documents, as do the texts that Common Crawl's WET files hold as conversions. Compression is
//! taken off below, all members of it.
//!
//! A record with a wrong length would take the next ones with it. So a record is held before it is
//! believed; if it does not end where one can, reading goes on at the next line that begins a record. One that is
//! too long to be held ends where such a line stands in it.

mod head;
mod input;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead};

pub(in crate::source) use self::head::MAGIC;
use self::head::{Head, quoted};
use self::input::Input;
use super::charset::{Decoded, charset_in, decode_html, decode_plain};
use super::html::main_text;
use super::http::{BodyFault, Response};
use crate::source::entry::{Entry, Fault, Found, Reader};
use crate::source::gzip::Interruption;

/// The longest block of a record, and the longest page without its encodings, that is read, in bytes.
/// Crawlers cut pages at 1 to 5 MiB; what is longer is no page that a person reads.
pub const MAX_PAYLOAD: usize = 16 << 20;

/// Why a page longer than [`MAX_PAYLOAD`] is left out.
pub(super) const TOO_LARGE: &str = "larger than 16 MiB";

/// Line ends behind a record, in bytes, among which an empty line is looked for. The standard has four, and
/// the empty line with them.
const MAX_LINE_ENDS: usize = 64;

/// Bytes at the start of a page without a content type in which HTML is looked for, as
/// <https://mimesniff.spec.whatwg.org> does in a few more ways.
const SNIFFED: usize = 512;

/// The documents of a WARC file.
///
/// Memory: one record of at most [`MAX_PAYLOAD`] bytes, once more if its length is wrong or without its
/// encodings, as text (three
/// times its bytes at worst) and as a tree, which [`main_text`] bounds.
pub struct WarcReader {
    input: Input,
    /// The last record's block; its memory serves the next.
    block: Vec<u8>,
    place: Place,
    /// Where the record that is being read begins.
    start: u64,
    /// Bytes before here were looked through for the start of a record once, and are not again: else a
    /// file of wrong lengths would be read as often as it has records.
    searched: u64,
}

/// Where the input is.
enum Place {
    /// Where a record begins.
    Record,
    /// At the start of a line that may begin a record.
    Line,
    /// Inside a line.
    MidLine,
}

impl WarcReader {
    /// A reader of `input`, which is not compressed.
    pub fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self {
            input: Input::new(input),
            block: Vec::new(),
            place: Place::Record,
            start: 0,
            searched: 0,
        }
    }

    /// Goes to the next line that begins a record, or to the end.
    fn find_record(&mut self) -> io::Result<()> {
        if matches!(self.place, Place::MidLine) {
            self.input.skip_line()?;
        }
        while !matches!(self.place, Place::Record) {
            if self.input.is_at_end()? || self.input.is_next(MAGIC)? {
                self.place = Place::Record;
            } else {
                self.input.skip_line()?;
            }
        }
        self.input.skip_line_ends()
    }

    /// Whether a record can end here: an empty line, the next record or the end comes. Line ends go to
    /// the end of `block`. Nothing is read behind an empty line: it may be damaged, and the record is whole.
    fn is_record_end(&mut self) -> io::Result<bool> {
        let is_empty_line = self.input.read_empty_line(MAX_LINE_ENDS, &mut self.block)?;
        Ok(is_empty_line || self.input.is_at_end()? || self.input.is_next(MAGIC)?)
    }

    /// Reads the block of a record that began at `start`. `Some` says why there is none.
    fn read_block(&mut self, start: u64, length: u64) -> io::Result<Option<Found>> {
        self.block.clear();
        let is_held = length <= MAX_PAYLOAD as u64;
        let read = if is_held {
            self.input.read(length, &mut self.block)?
        } else {
            self.input.skip_to(length, MAGIC)?
        };
        let message = if read < length && !self.input.is_at_end()? {
            self.place = Place::Record;
            let message = format!(
                "the record does not end where its Content-Length of {length} says: the next one begins after {read} \
                 bytes of it"
            );
            return Ok(Some(Found::Damaged {
                offset: start,
                message,
            }));
        } else if read < length {
            format!(
                "the record is cut short: its Content-Length is {length}, and the file ends after {read} bytes of it"
            )
        } else if !self.is_record_end()? {
            format!(
                "the record does not end after the {length} bytes of its Content-Length: \
                 an empty line and the next record would be right there"
            )
        } else {
            self.block.truncate(length.min(MAX_PAYLOAD as u64) as usize);
            let reason = TOO_LARGE;
            return Ok((!is_held).then_some(Found::LeftOut { reason }));
        };
        self.place = Place::MidLine;
        if start >= self.searched {
            self.searched = self.input.offset();
            let begins = |at: &usize| {
                let rest = &self.block[*at + 1..];
                self.block[*at] == b'\n' && (rest.starts_with(MAGIC) || MAGIC.starts_with(rest))
            };
            if let Some(at) = (0..self.block.len()).find(begins) {
                self.input.put_back(&self.block[at + 1..]);
                self.place = Place::Line;
            }
        }
        Ok(Some(Found::Damaged {
            offset: start,
            message,
        }))
    }

    /// What the record in `block` is.
    fn found(&self, start: u64, head: Head) -> Found {
        match self.document(&head) {
            Ok((decoded, title)) => Found::Document(Entry {
                text: decoded.text,
                offset: start,
                url: head.url,
                title,
                date: head.date,
                licence: None,
                replaced: decoded.replaced,
            }),
            Err(reason) => Found::LeftOut { reason },
        }
    }

    fn document(&self, head: &Head) -> Result<(Decoded, Option<String>), &'static str> {
        let content_type = head.content_type.as_deref();
        match head.kind.as_deref() {
            Some(b"response") => {
                let response = Response::parse(&self.block).ok_or("not HTTP")?;
                if response.status != 200 {
                    return Err("status not 200");
                }
                if response
                    .content_type
                    .is_some_and(|value| Media::of(value) == Media::Other)
                {
                    return Err("not HTML");
                }
                let body = response.body(MAX_PAYLOAD).map_err(|fault| match fault {
                    BodyFault::TooLarge => TOO_LARGE,
                    BodyFault::UnknownEncoding => "content encoding unknown",
                    BodyFault::Damaged => "content encoding damaged",
                })?;
                text_of(&body, response.content_type)
            }
            Some(b"resource") => {
                // Crawlers keep their own logs so, under addresses such as `metadata://` and `urn:`.
                let url = head.url.as_deref().unwrap_or_default();
                if ["metadata:", "urn:"]
                    .iter()
                    .any(|scheme| url.starts_with(scheme))
                {
                    return Err("metadata");
                }
                text_of(&self.block, content_type)
            }
            Some(b"conversion") => match content_type.map_or(Media::Plain, Media::of) {
                Media::Plain => text_of(&self.block, content_type.or(Some(b"text/plain"))),
                Media::Html | Media::Other => Err("not text"),
            },
            Some(b"request") => Err("request"),
            Some(b"metadata") => Err("metadata"),
            Some(b"revisit") => Err("revisit"),
            Some(b"warcinfo") => Err("warcinfo"),
            Some(b"continuation") => Err("continuation"),
            _ => Err("unknown record type"),
        }
    }
}

impl Reader for WarcReader {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        self.start = self.input.offset();
        match self.advance() {
            // What is read next is another member, which begins with a record.
            Err(error) if Interruption::is(&error) => {
                self.place = Place::Line;
                Ok(Some(Found::Damaged {
                    offset: self.start,
                    message: error.to_string(),
                }))
            }
            next => Ok(next?),
        }
    }
}

impl WarcReader {
    fn advance(&mut self) -> io::Result<Option<Found>> {
        self.find_record()?;
        if self.input.is_at_end()? {
            return Ok(None);
        }
        let start = self.input.offset();
        self.start = start;
        if !self.input.is_next(MAGIC)? {
            let mut line = Vec::new();
            self.input.read_line(60, &mut line)?;
            self.place = if line.ends_with(b"\n") {
                Place::Line
            } else {
                Place::MidLine
            };
            let found = quoted(line.trim_ascii_end());
            return Ok(Some(Found::Damaged {
                offset: start,
                message: format!(
                    "{found} where a record begins: a line that begins with \"WARC/1.\" would be right"
                ),
            }));
        }
        let head = match Head::read(&mut self.input)? {
            Ok(head) => head,
            Err(fault) => {
                self.place = if fault.is_mid_line {
                    Place::MidLine
                } else {
                    Place::Line
                };
                return Ok(Some(Found::Damaged {
                    offset: start,
                    message: fault.message,
                }));
            }
        };
        if let Some(found) = self.read_block(start, head.length)? {
            return Ok(Some(found));
        }
        if head.kind.is_none() {
            return Ok(Some(Found::Damaged {
                offset: start,
                message: "the record has no WARC-Type: \"response\" would be one".to_owned(),
            }));
        }
        Ok(Some(self.found(start, head)))
    }
}

/// What a content type says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Html,
    Plain,
    Other,
}

impl Media {
    fn of(content_type: &[u8]) -> Self {
        let end = content_type
            .iter()
            .position(|&byte| byte == b';' || byte == b',');
        let name = content_type[..end.unwrap_or(content_type.len())].trim_ascii();
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"text/html") || is(b"application/xhtml+xml") {
            Self::Html
        } else if is(b"text/plain") {
            Self::Plain
        } else {
            Self::Other
        }
    }

    /// What a page without a content type is.
    fn sniffed(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(SNIFFED)];
        let starts = [b"<!doctype html".as_slice(), b"<html", b"<head", b"<body"];
        let is_html = starts.iter().any(|start| {
            head.windows(start.len())
                .any(|window| window.eq_ignore_ascii_case(start))
        });
        if is_html { Self::Html } else { Self::Other }
    }
}

/// The text in `bytes`, and its title.
fn text_of(
    bytes: &[u8],
    content_type: Option<&[u8]>,
) -> Result<(Decoded, Option<String>), &'static str> {
    let label = content_type.and_then(charset_in);
    match content_type.map_or_else(|| Media::sniffed(bytes), Media::of) {
        Media::Html => {
            let decoded = decode_html(bytes, label);
            let page = main_text(&decoded.text);
            if page.text.is_empty() {
                return Err("no main text");
            }
            let decoded = Decoded {
                text: page.text,
                replaced: decoded.replaced,
            };
            Ok((decoded, page.title))
        }
        Media::Plain => {
            let decoded = decode_plain(bytes, label);
            if decoded.text.trim().is_empty() {
                return Err("no text");
            }
            Ok((decoded, None))
        }
        Media::Other => Err("not HTML"),
    }
}
