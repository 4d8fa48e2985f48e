//! The HTTP response in a record: status, content type, and the body as its server meant it.
//!
//! RFC 9112 (<https://www.rfc-editor.org/rfc/rfc9112>) has the message and chunks, RFC 9110 the content
//! encodings. Archives keep messages as they came, or take the encodings off the body and leave the
//! headers: a body that is not what its headers say is taken as it stands.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Content encodings one over the other. Servers use one; each allows a body to grow a thousandfold.
const MAX_ENCODINGS: usize = 2;

/// A response, its body still encoded.
pub(super) struct Response<'a> {
    pub(super) status: u16,
    /// Value of the header `Content-Type`.
    pub(super) content_type: Option<&'a [u8]>,
    encodings: Option<&'a [u8]>,
    is_chunked: bool,
    body: &'a [u8],
}

/// Why a body cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// It is longer than allowed once decoded.
    TooLarge,
    /// Its content encoding is none that is read here, as `br`.
    UnknownEncoding,
    /// It is no valid stream of its content encoding.
    Damaged,
}

impl<'a> Response<'a> {
    /// The response in `bytes`; `None` if they do not begin with a status line.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (line, mut rest) = split_line(bytes);
        if !line.starts_with(b"HTTP/") {
            return None;
        }
        let mut words = line
            .split(|&byte| byte == b' ')
            .filter(|word| !word.is_empty());
        let status = std::str::from_utf8(words.nth(1)?).ok()?.parse().ok()?;
        let mut response = Self {
            status,
            content_type: None,
            encodings: None,
            is_chunked: false,
            body: &[],
        };
        loop {
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                response.body = rest;
                return Some(response);
            }
            let Some(colon) = line.iter().position(|&byte| byte == b':') else {
                continue;
            };
            let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-type") {
                response.content_type = Some(value);
            } else if name.eq_ignore_ascii_case(b"content-encoding") {
                response.encodings = Some(value);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                response.is_chunked = value.to_ascii_lowercase().ends_with(b"chunked");
            }
        }
    }

    /// The body without chunks and content encodings.
    ///
    /// # Errors
    /// It is longer than `limit` bytes, or cannot be decoded.
    pub(super) fn body(&self, limit: usize) -> Result<Cow<'a, [u8]>, BodyFault> {
        let mut body = Cow::Borrowed(self.body);
        if self.is_chunked
            && let Some(joined) = join_chunks(self.body)
        {
            body = Cow::Owned(joined);
        }
        let names = self.encodings.unwrap_or_default();
        let mut layers = 0;
        for name in names.rsplit(|&byte| byte == b',') {
            let name = name.trim_ascii().to_ascii_lowercase();
            if name.is_empty() || name == b"identity" {
                continue;
            }
            layers += 1;
            if layers > MAX_ENCODINGS {
                return Err(BodyFault::UnknownEncoding);
            }
            if let Some(decoded) = decoded(&name, &body, limit)? {
                body = Cow::Owned(decoded);
            }
        }
        if body.len() > limit {
            return Err(BodyFault::TooLarge);
        }
        Ok(body)
    }
}

/// The line at the start without its end, and what follows it. Lines may end in LF alone, and in the
/// CR CR LF of a file that was changed on its way.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let (mut line, rest) = match end {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &bytes[bytes.len()..]),
    };
    while let [before @ .., b'\r'] = line {
        line = before;
    }
    (line, rest)
}

/// The data of a chunked body, up to the last chunk that is whole or begun. `None` if the body does
/// not begin with a chunk's size: then the archive has joined the chunks itself.
fn join_chunks(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    let mut rest = bytes;
    let mut is_first = true;
    loop {
        let (line, after) = split_line(rest);
        let size = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size.trim_ascii()).ok();
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else {
            return (!is_first).then_some(joined);
        };
        is_first = false;
        let size = size.min(after.len());
        if size == 0 {
            return Some(joined);
        }
        joined.extend_from_slice(&after[..size]);
        rest = &after[size..];
        rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
}

/// The bytes without the content encoding `name`; `None` if they are not in it and stay as they are.
fn decoded(name: &[u8], bytes: &[u8], limit: usize) -> Result<Option<Vec<u8>>, BodyFault> {
    match name {
        b"gzip" | b"x-gzip" if bytes.starts_with(&[0x1F, 0x8B]) => {
            read_all(MultiGzDecoder::new(bytes), limit).map(Some)
        }
        b"gzip" | b"x-gzip" => Ok(None),
        b"deflate" => {
            // RFC 9110 means zlib's format; some servers send the bare stream.
            let is_zlib = matches!(bytes, [first, second, ..] if first & 0x0F == 8
                && (usize::from(*first) * 256 + usize::from(*second)).is_multiple_of(31));
            if is_zlib {
                return read_all(ZlibDecoder::new(bytes), limit).map(Some);
            }
            // Plain text can begin like one, which then ends before the text does.
            let mut decoder = DeflateDecoder::new(bytes);
            match read_all(&mut decoder, limit) {
                Err(BodyFault::Damaged) => Ok(None),
                Ok(_) if !decoder.into_inner().is_empty() => Ok(None),
                other => other.map(Some),
            }
        }
        _ => Err(BodyFault::UnknownEncoding),
    }
}

fn read_all(decoder: impl Read, limit: usize) -> Result<Vec<u8>, BodyFault> {
    let mut bytes = Vec::new();
    let result = decoder.take(limit as u64 + 1).read_to_end(&mut bytes);
    if bytes.len() > limit {
        Err(BodyFault::TooLarge)
    } else if result.is_err() {
        Err(BodyFault::Damaged)
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn body(headers: &str, body: &[u8], limit: usize) -> Result<Vec<u8>, BodyFault> {
        let message = [format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes(), body].concat();
        Response::parse(&message)
            .unwrap()
            .body(limit)
            .map(Cow::into_owned)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn status_lines_without_text_and_line_feeds_alone_are_read() {
        for (message, status) in [
            ("HTTP/1.0 302 \r\nA: b\r\n\r\n", Some(302)),
            ("HTTP/1.1 200\n\nbody", Some(200)),
            ("HTTP/1.1  404 Not Found\r\r\n\r\r\n", Some(404)),
            ("HTTP/1.1\r\n\r\n", None),
            ("HTTP/1.1 OK\r\n\r\n", None),
            ("HTTP/1.1 99999999 OK\r\n\r\n", None),
            ("<html>", None),
            ("", None),
        ] {
            let found = Response::parse(message.as_bytes()).map(|response| response.status);
            assert_eq!(found, status, "{message:?}");
        }
        let response =
            Response::parse(b"HTTP/1.1 200\ncontent-TYPE : text/html \nnonsense\n\nbody");
        let response = response.unwrap();
        assert_eq!(response.content_type, Some(b"text/html".as_slice()));
        assert_eq!(response.body(10).unwrap().as_ref(), b"body");
    }

    #[test]
    fn chunks_are_joined_and_bodies_without_them_stay() {
        let chunked = "Transfer-Encoding: Chunked\r\n";
        for (sent, meant) in [
            ("4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\n\r\n", "Wikipedia "),
            ("4\nWiki\n0\n", "Wiki"),
            ("4\r\nWiki\r\nnonsense\r\n", "Wiki"),
            ("FF\r\ncut sho", "cut sho"),
            ("FFFFFFFFFFFFFFFF\r\nx", "x"),
            ("FFFFFFFFFFFFFFFFF\r\nx", "FFFFFFFFFFFFFFFFF\r\nx"),
            ("<html>joined already", "<html>joined already"),
            ("", ""),
        ] {
            assert_eq!(
                body(chunked, sent.as_bytes(), 100).unwrap(),
                meant.as_bytes(),
                "{sent:?}"
            );
        }
    }

    #[test]
    fn content_encodings_come_off() {
        let text = b"some text, some text".as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(text).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::best());
        bare.write_all(text).unwrap();
        let (zlib, bare) = (zlib.finish().unwrap(), bare.finish().unwrap());
        let members = [gzip(&text[..9]), gzip(&text[9..])].concat();
        for (name, sent) in [
            ("gzip", gzip(text)),
            ("x-gzip", members),
            ("deflate", zlib),
            ("deflate", bare),
            ("gzip, gzip", gzip(&gzip(text))),
            ("identity", text.to_vec()),
            ("gzip", text.to_vec()),
            ("deflate", text.to_vec()),
        ] {
            let headers = format!("Content-Encoding: {name}\r\n");
            assert_eq!(body(&headers, &sent, 1000).unwrap(), text, "{name}");
        }
        for (name, sent, fault) in [
            ("br", text.to_vec(), BodyFault::UnknownEncoding),
            (
                "gzip, gzip, gzip",
                gzip(&gzip(&gzip(text))),
                BodyFault::UnknownEncoding,
            ),
            ("gzip", gzip(text)[..20].to_vec(), BodyFault::Damaged),
        ] {
            let headers = format!("Content-Encoding: {name}\r\n");
            assert_eq!(body(&headers, &sent, 1000).unwrap_err(), fault, "{name}");
        }
    }

    #[test]
    fn a_body_that_grows_a_thousandfold_stops_at_the_limit() {
        let bomb = gzip(&vec![b' '; 1 << 24]);
        assert!(bomb.len() * 1000 < 1 << 24);
        let fault = body("Content-Encoding: gzip\r\n", &bomb, 1 << 20).unwrap_err();
        assert_eq!(fault, BodyFault::TooLarge);
        let double = gzip(&gzip(&vec![b' '; 1 << 24]));
        let fault = body("Content-Encoding: gzip, gzip\r\n", &double, 1 << 20).unwrap_err();
        assert_eq!(fault, BodyFault::TooLarge);
        assert_eq!(body("", b"12345", 4).unwrap_err(), BodyFault::TooLarge);
    }
}
