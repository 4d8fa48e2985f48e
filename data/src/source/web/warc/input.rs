//! Bytes with a place, some of which can be put back.

use std::io::{self, BufRead, ErrorKind};

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// With a line feed.
    Feed,
    /// With the input.
    Input,
    /// Not yet: it is longer than asked.
    Open,
}

/// A stream of bytes.
pub(super) struct Input {
    below: Box<dyn BufRead + Send>,
    /// Bytes that were put back: those from `at` on come before the ones below.
    back: Vec<u8>,
    at: usize,
    offset: u64,
}

impl Input {
    pub(super) fn new(below: Box<dyn BufRead + Send>) -> Self {
        Self {
            below,
            back: Vec::new(),
            at: 0,
            offset: 0,
        }
    }

    /// Place of the next byte, counted from the start.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Some of the next bytes; none at the end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.at < self.back.len() {
            return Ok(&self.back[self.at..]);
        }
        loop {
            match self.below.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Asked again because the borrow checker lets no borrow leave a loop that also goes on.
        self.below.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.offset += count as u64;
        if self.at < self.back.len() {
            self.at += count;
            if self.at >= self.back.len() {
                self.back = Vec::new();
                self.at = 0;
            }
        } else {
            self.below.consume(count);
        }
    }

    /// Puts bytes that were read back before the rest.
    pub(super) fn put_back(&mut self, bytes: &[u8]) {
        self.offset -= bytes.len() as u64;
        if let Some(start) = self.at.checked_sub(bytes.len()) {
            self.back[start..self.at].copy_from_slice(bytes);
            self.at = start;
        } else {
            self.back = [bytes, &self.back[self.at..]].concat();
            self.at = 0;
        }
    }

    /// Whether the next bytes are these.
    pub(super) fn is_next(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let ready = self.fill()?;
        if ready.len() >= bytes.len() {
            return Ok(ready.starts_with(bytes));
        }
        let mut head = Vec::with_capacity(bytes.len());
        self.read(bytes.len() as u64, &mut head)?;
        self.put_back(&head);
        Ok(head == bytes)
    }

    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.fill()?.is_empty())
    }

    /// Skips CR and LF.
    pub(super) fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill()?;
            let ends = bytes
                .iter()
                .take_while(|&&byte| matches!(byte, b'\r' | b'\n'))
                .count();
            if ends == 0 {
                return Ok(());
            }
            self.consume(ends);
        }
    }

    /// Appends the CRs and LFs that are next up to the second LF, at most `limit` of them; whether it was there.
    pub(super) fn read_empty_line(&mut self, limit: usize, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut feeds = 0;
        for _ in 0..limit {
            let end = match self.fill()? {
                [end @ (b'\r' | b'\n'), ..] => *end,
                _ => return Ok(false),
            };
            out.push(end);
            self.consume(1);
            feeds += usize::from(end == b'\n');
            if feeds == 2 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Skips what is left of the line, its line feed included.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill()?;
            let (count, is_last) = match bytes.iter().position(|&byte| byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), bytes.is_empty()),
            };
            self.consume(count);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Appends the rest of the line, its line feed included, but at most `limit` bytes.
    pub(super) fn read_line(&mut self, limit: usize, line: &mut Vec<u8>) -> io::Result<LineEnd> {
        let mut left = limit;
        loop {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                return Ok(LineEnd::Input);
            }
            let bytes = &bytes[..bytes.len().min(left)];
            let feed = bytes.iter().position(|&byte| byte == b'\n');
            let count = feed.map_or(bytes.len(), |at| at + 1);
            line.extend_from_slice(&bytes[..count]);
            left -= count;
            self.consume(count);
            if feed.is_some() {
                return Ok(LineEnd::Feed);
            }
            if left == 0 {
                return Ok(LineEnd::Open);
            }
        }
    }

    /// Appends the next `count` bytes, fewer at the end; says how many.
    pub(super) fn read(&mut self, count: u64, out: &mut Vec<u8>) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                break;
            }
            let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            out.extend_from_slice(&bytes[..taken]);
            self.consume(taken);
            left -= taken as u64;
        }
        Ok(count - left)
    }

    /// Skips the next `count` bytes, fewer at the end and where a later line begins with `mark`; says how many.
    pub(super) fn skip_to(&mut self, count: u64, mark: &[u8]) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                break;
            }
            let ready = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let feed = bytes[..ready].iter().position(|&byte| byte == b'\n');
            let taken = feed.map_or(ready, |at| at + 1);
            self.consume(taken);
            left -= taken as u64;
            if feed.is_some() && left > 0 && self.is_next(mark)? {
                break;
            }
        }
        Ok(count - left)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{BufReader, Cursor};

    use super::*;

    #[test]
    fn bytes_put_back_come_again_at_their_place_whatever_the_buffer() {
        for capacity in 1..9 {
            let below =
                BufReader::with_capacity(capacity, Cursor::new(b"one\ntwo\r\n\nthree".to_vec()));
            let mut input = Input::new(Box::new(below));
            assert!(input.is_next(b"one\nt").unwrap() && !input.is_next(b"two").unwrap());
            let mut line = Vec::new();
            assert_eq!(input.read_line(99, &mut line).unwrap(), LineEnd::Feed);
            input.put_back(&line[1..]);
            assert_eq!(input.offset(), 1);
            input.put_back(b"o");
            let mut all = Vec::new();
            assert_eq!(input.read(5, &mut all).unwrap(), 5);
            assert_eq!((all.as_slice(), input.offset()), (b"one\nt".as_slice(), 5));
            assert_eq!(input.read_line(1, &mut all).unwrap(), LineEnd::Open);
            input.skip_line().unwrap();
            input.skip_line_ends().unwrap();
            assert_eq!(input.offset(), 10);
            assert!(!input.is_next(b"three, four").unwrap() && !input.is_at_end().unwrap());
            assert_eq!(input.skip_to(u64::MAX, b"three").unwrap(), 5);
            assert_eq!(input.read_line(9, &mut all).unwrap(), LineEnd::Input);
            assert!(input.is_at_end().unwrap());
        }
    }

    #[test]
    fn skipping_ends_where_a_line_begins_with_the_mark() {
        for capacity in 1..9 {
            let below = Cursor::new(b"MARK a MARK\nMA\nMARK and more".to_vec());
            let below = BufReader::with_capacity(capacity, below);
            let mut input = Input::new(Box::new(below));
            assert_eq!(input.skip_to(3, b"MARK").unwrap(), 3);
            assert_eq!(input.skip_to(99, b"MARK").unwrap(), 12);
            assert!(input.is_next(b"MARK and").unwrap());
            assert_eq!(input.skip_to(99, b"MARK").unwrap(), 13);
        }
    }

    #[test]
    fn nothing_is_read_behind_an_empty_line() {
        for (bytes, limit, want, left) in [
            (&b"\r\n\r\nW"[..], 64, true, "W"),
            (b"\n\n\nW", 64, true, "\nW"),
            (b"\r\r\nW", 64, false, "W"),
            (b"\n", 64, false, ""),
            (b"\r\n\r\n", 3, false, "\n"),
            (b"W\n\n", 64, false, "W\n\n"),
        ] {
            let mut input = Input::new(Box::new(Cursor::new(bytes.to_vec())));
            let mut ends = Vec::new();
            assert_eq!(input.read_empty_line(limit, &mut ends).unwrap(), want);
            let mut rest = Vec::new();
            input.read(99, &mut rest).unwrap();
            assert_eq!(rest, left.as_bytes(), "{bytes:?}");
            assert_eq!([ends, rest].concat(), bytes);
        }
    }
}
