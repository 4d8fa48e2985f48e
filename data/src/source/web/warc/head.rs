//! The head of a record: a version line, named fields, an empty line.

use std::io;

use super::input::{Input, LineEnd};

/// How every record of version 1.0 and 1.1 begins.
pub(in crate::source) const MAGIC: &[u8] = b"WARC/1.";
/// The longest line of a head in bytes. Addresses are the longest, and servers refuse those of more than
/// 8 to 16 KiB.
const MAX_LINE: usize = 64 << 10;
/// The longest head in bytes. Crawlers write a dozen fields.
const MAX_HEAD: usize = 256 << 10;
/// The longest record that is believed, 1 TiB. A wrong length must not swallow the rest of a file.
const MAX_LENGTH: u64 = 1 << 40;

/// Fields of a head that matter here.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) length: u64,
    pub(super) kind: Option<Vec<u8>>,
    pub(super) content_type: Option<Vec<u8>>,
    pub(super) url: Option<String>,
    pub(super) date: Option<String>,
}

/// What is wrong with a head.
pub(super) struct HeadFault {
    pub(super) message: String,
    /// The input is in the middle of a line.
    pub(super) is_mid_line: bool,
}

impl HeadFault {
    fn at_line(message: String) -> Self {
        Self {
            message,
            is_mid_line: false,
        }
    }
}

impl Head {
    /// The head at `input`, which begins with [`MAGIC`]. Behind it `input` is at the record's block.
    ///
    /// # Errors
    /// Outside: the input fails. Inside: what is wrong with the head.
    pub(super) fn read(input: &mut Input) -> io::Result<Result<Self, HeadFault>> {
        let mut fields = Vec::<(Vec<u8>, Vec<u8>)>::new();
        let mut size = 0;
        let mut line = Vec::new();
        let mut is_version = true;
        loop {
            line.clear();
            let end = input.read_line(MAX_LINE, &mut line)?;
            size += line.len();
            if end == LineEnd::Open || size > MAX_HEAD {
                let (what, limit) = if end == LineEnd::Open {
                    ("a line of the record's header", MAX_LINE)
                } else {
                    ("the record's header", MAX_HEAD)
                };
                return Ok(Err(HeadFault {
                    message: format!("{what} is longer than {} KiB", limit >> 10),
                    is_mid_line: end == LineEnd::Open,
                }));
            }
            if end == LineEnd::Input {
                let message = "the file ends in the record's header, before its empty line";
                return Ok(Err(HeadFault::at_line(message.to_owned())));
            }
            if std::mem::take(&mut is_version) {
                continue;
            }
            let text = line.trim_ascii_end();
            if text.is_empty() {
                return Ok(Self::of(fields));
            }
            if text[0] == b' ' || text[0] == b'\t' {
                // A field that goes on, as mail headers do.
                if let Some((_, value)) = fields.last_mut() {
                    value.push(b' ');
                    value.extend_from_slice(text.trim_ascii());
                }
            } else if let Some(colon) = text.iter().position(|&byte| byte == b':') {
                let name = text[..colon].trim_ascii().to_ascii_lowercase();
                fields.push((name, text[colon + 1..].trim_ascii().to_vec()));
            } else {
                let message = format!(
                    "{} in a record's header is no field: \"Name: value\" would be",
                    quoted(text)
                );
                if line.starts_with(MAGIC) {
                    input.put_back(&line);
                }
                return Ok(Err(HeadFault::at_line(message)));
            }
        }
    }

    fn of(fields: Vec<(Vec<u8>, Vec<u8>)>) -> Result<Self, HeadFault> {
        let mut head = Self::default();
        let mut length = None;
        for (name, value) in fields {
            match name.as_slice() {
                b"content-length" if length.is_none() => length = Some(value),
                b"warc-type" => head.kind = Some(value.to_ascii_lowercase()),
                b"content-type" => head.content_type = Some(value),
                b"warc-target-uri" => {
                    // WARC 1.0 has the address in angle brackets; most writers leave them out.
                    let bare = value
                        .strip_prefix(b"<")
                        .and_then(|value| value.strip_suffix(b">"))
                        .unwrap_or(&value);
                    head.url = Some(String::from_utf8_lossy(bare).into_owned());
                }
                b"warc-date" => head.date = Some(String::from_utf8_lossy(&value).into_owned()),
                _ => {}
            }
        }
        let Some(length) = length else {
            let message =
                "the record has no Content-Length: the number of its bytes would be right";
            return Err(HeadFault::at_line(message.to_owned()));
        };
        let number = std::str::from_utf8(&length)
            .ok()
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        match number {
            Some(number) if number <= MAX_LENGTH => {
                head.length = number;
                Ok(head)
            }
            _ => Err(HeadFault::at_line(format!(
                "the record's Content-Length is {}: a number of bytes up to {MAX_LENGTH} would be right",
                quoted(&length)
            ))),
        }
    }
}

/// The start of some bytes, for a message.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(40)];
    let dots = if cut.len() < bytes.len() { "…" } else { "" };
    format!("{:?}{dots}", String::from_utf8_lossy(cut))
}
