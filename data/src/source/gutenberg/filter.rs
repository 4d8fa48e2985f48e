//! Books as a stream: a reader that leaves header and footer out as the bytes pass.
//!
//! Memory: the window in which a header is looked for, and what is ready to be read.

use std::io::{self, BufRead, Read};

use super::join::Joiner;
use super::{Header, MAX_HEADER_BYTES, MAX_LINE_BYTES, markers, opening};

/// How many bytes are made ready at a time.
const READY_BYTES: usize = 64 << 10;

/// The books of a stream. Files that were joined into one are one stream of several books.
pub struct Gutenberg<R> {
    input: R,
    joiner: Option<Joiner>,
    header: Option<Header>,
    /// Bytes that were read to look for a header and are not passed on yet.
    window: Vec<u8>,
    window_at: usize,
    state: State,
    line: Vec<u8>,
    /// The next piece begins a line.
    at_line_start: bool,
    ready: Vec<u8>,
    ready_at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At a file's beginning.
    Header,
    Book,
    /// Behind a book: only another header ends the licence.
    Licence,
    End,
}

impl<R: BufRead> Gutenberg<R> {
    /// Filters `input`; with `join`, hard-wrapped lines become paragraphs, as
    /// [`join_lines`](super::join_lines) makes them.
    pub fn new(input: R, join: bool) -> Self {
        Self {
            input,
            joiner: join.then(Joiner::default),
            header: None,
            window: Vec::new(),
            window_at: 0,
            state: State::Header,
            line: Vec::new(),
            at_line_start: true,
            ready: Vec::new(),
            ready_at: 0,
        }
    }

    /// What the first book's header says, which is read if it was not; empty without markers.
    ///
    /// # Errors
    /// The stream below fails.
    pub fn header(&mut self) -> io::Result<&Header> {
        if self.state == State::Header {
            self.open()?;
        }
        Ok(self.header.get_or_insert_default())
    }

    /// Looks for a header from here on; what it reads beyond it is the book's.
    fn open(&mut self) -> io::Result<()> {
        let held = self.window.len() as u64;
        let wanted = (MAX_HEADER_BYTES as u64).saturating_sub(held);
        let read = (&mut self.input)
            .take(wanted)
            .read_to_end(&mut self.window)?;
        if read as u64 == wanted {
            // The last line is whole, so that it can be told.
            (&mut self.input)
                .take(MAX_LINE_BYTES as u64)
                .read_until(b'\n', &mut self.window)?;
        }
        self.window_at = 0;
        let found = opening::find(&self.window);
        // Blank lines before a plain book are the book's.
        if let Some(found) = found {
            self.window_at = found.body;
            self.header.get_or_insert(found.header);
        }
        self.at_line_start = true;
        self.state = State::Book;
        Ok(())
    }

    /// Reads a line, or a piece of one; false at the end.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let rest = self.window.get(self.window_at..).unwrap_or_default();
        if rest.is_empty() {
            self.window = Vec::new();
            self.window_at = 0;
            (&mut self.input)
                .take(MAX_LINE_BYTES as u64)
                .read_until(b'\n', &mut self.line)?;
        } else {
            let line = rest.split_inclusive(|&byte| byte == b'\n').next();
            let line = line.unwrap_or_default();
            let length = line.len().min(MAX_LINE_BYTES);
            self.line.extend_from_slice(&line[..length]);
            self.window_at += length;
        }
        Ok(!self.line.is_empty())
    }

    fn make_ready(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.ready_at = 0;
        while self.ready.len() < READY_BYTES && self.state != State::End {
            if self.state == State::Header {
                self.open()?;
            }
            let starts = self.at_line_start;
            if !self.next_line()? {
                self.state = State::End;
                break;
            }
            self.at_line_start = self.line.ends_with(b"\n");
            match self.state {
                State::Licence if starts && markers::starts_book(&self.line) => {
                    let mut window = std::mem::take(&mut self.line);
                    window.extend_from_slice(self.window.get(self.window_at..).unwrap_or_default());
                    self.window = window;
                    self.open()?;
                }
                State::Licence => {}
                _ if starts && markers::ends_book(&self.line) => self.state = State::Licence,
                _ => match &mut self.joiner {
                    Some(joiner) => joiner.push(&self.line, starts, &mut self.ready),
                    None => self.ready.extend_from_slice(&self.line),
                },
            }
        }
        if self.state == State::End
            && let Some(joiner) = &mut self.joiner
        {
            joiner.finish(&mut self.ready);
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Gutenberg<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.ready_at >= self.ready.len() && self.state != State::End {
            self.make_ready()?;
        }
        Ok(&self.ready[self.ready_at..])
    }

    fn consume(&mut self, count: usize) {
        self.ready_at = (self.ready_at + count).min(self.ready.len());
    }
}

impl<R: BufRead> Read for Gutenberg<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(out.len());
        out[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}
