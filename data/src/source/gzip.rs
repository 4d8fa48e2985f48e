//! gzip files of any number of members (RFC 1952, section 2.2), read on behind a damaged one.
//!
//! Crawls have a member for each record, tens of thousands in a file, and one damaged byte must not cost the
//! rest. So the last bytes of a member are given only when its checksum is right, and behind one that is wrong
//! the next is looked for. Who does not ask again after a fault reads such a file as every tool does: to the fault.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Bytes that are held until what follows them has been read.
const HELD: usize = 8 << 10;

/// How a member begins: magic number, deflate, and flags of which three are reserved.
const BEGINNING: usize = 4;

/// All members of a stream, one behind the other.
pub(super) struct Members<R> {
    at: At<R>,
    /// Bytes to be given, from `given` on.
    ready: Vec<u8>,
    given: usize,
    /// The member's last bytes so far.
    held: Vec<u8>,
}

/// Where the stream is.
enum At<R> {
    Between(Pushed<R>),
    Inside(GzDecoder<Pushed<R>>),
    End,
}

/// A member is damaged, and another one begins behind it: reading can go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Interruption(pub(super) String);

impl Interruption {
    /// Whether a fault is one.
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            at: At::Between(Pushed::new(input)),
            ready: Vec::new(),
            given: 0,
            held: Vec::new(),
        }
    }

    /// Reads on, until there is something to give or the stream ends; false there.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            match std::mem::replace(&mut self.at, At::End) {
                At::End => return Ok(false),
                At::Between(mut input) => {
                    if skip_zeros(&mut input)? {
                        return Ok(false);
                    }
                    self.at = At::Inside(GzDecoder::new(input));
                }
                At::Inside(mut decoder) => {
                    // All of it was given.
                    let mut next = std::mem::take(&mut self.ready);
                    self.given = 0;
                    next.resize(HELD, 0);
                    match decoder.read(&mut next) {
                        Ok(count) => {
                            next.truncate(count);
                            self.ready = std::mem::replace(&mut self.held, next);
                            self.at = match count {
                                0 => At::Between(decoder.into_inner()),
                                _ => At::Inside(decoder),
                            };
                            if !self.ready.is_empty() {
                                return Ok(true);
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                            self.at = At::Inside(decoder);
                            return Err(error);
                        }
                        // The system refuses.
                        Err(error) if error.raw_os_error().is_some() => return Err(error),
                        Err(error) => {
                            self.held.clear();
                            let mut input = decoder.into_inner();
                            if !input.find(is_beginning)? {
                                return Err(error);
                            }
                            self.at = At::Between(input);
                            let fault = Interruption(format!("a damaged member: {error}"));
                            return Err(io::Error::new(error.kind(), fault));
                        }
                    }
                }
            }
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.given == self.ready.len() && !self.advance()? {
            return Ok(0);
        }
        let count = (&self.ready[self.given..]).read(out)?;
        self.given += count;
        Ok(count)
    }
}

fn is_beginning(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1F, 0x8B, 8, flags] if flags & 0xE0 == 0)
}

/// Skips the zeros with which tapes and some disks fill a file up; whether nothing else comes.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let ends = zeros < bytes.len();
        input.consume(zeros);
        if ends {
            return Ok(false);
        }
    }
}

/// A stream to which a few bytes can be given back.
struct Pushed<R> {
    back: Vec<u8>,
    input: R,
}

impl<R: BufRead> Pushed<R> {
    fn new(input: R) -> Self {
        Self {
            back: Vec::new(),
            input,
        }
    }

    /// Goes to where the next member may begin; false at the end of the stream.
    fn find(&mut self, begins: fn(&[u8]) -> bool) -> io::Result<bool> {
        let mut last: Vec<u8> = Vec::with_capacity(BEGINNING);
        loop {
            let bytes = self.fill_buf()?;
            if bytes.is_empty() {
                return Ok(false);
            }
            let mut passed = 0;
            while passed < bytes.len() && !begins(&last) {
                if last.len() == BEGINNING {
                    last.remove(0);
                }
                last.push(bytes[passed]);
                passed += 1;
            }
            self.consume(passed);
            if begins(&last) {
                last.append(&mut self.back);
                self.back = last;
                return Ok(true);
            }
        }
    }
}

impl<R: BufRead> Read for Pushed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Pushed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.back.is_empty() {
            true => self.input.fill_buf(),
            false => Ok(&self.back),
        }
    }

    fn consume(&mut self, count: usize) {
        match self.back.is_empty() {
            true => self.input.consume(count),
            false => drop(self.back.drain(..count)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{BufReader, Cursor};

    use super::*;
    use crate::source::stream::tests::{gzip, noise};

    /// What comes out in all, and the faults on the way that could be read on behind; then the last, if any.
    fn read(bytes: &[u8], capacity: usize) -> (Vec<u8>, usize, Option<String>) {
        let input = BufReader::with_capacity(capacity, Cursor::new(bytes.to_vec()));
        let mut members = Members::new(input);
        let mut out = Vec::new();
        let mut faults = 0;
        loop {
            match members.read_to_end(&mut out) {
                Ok(_) => return (out, faults, None),
                Err(error) if Interruption::is(&error) => faults += 1,
                Err(error) => return (out, faults, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn one_damaged_member_costs_only_itself() {
        let words = |count: usize| -> Vec<u8> {
            let words = noise(count).into_iter();
            words
                .flat_map(|byte| format!("word {byte} ").into_bytes())
                .collect()
        };
        let texts = [noise(1_000), words(3_000), noise(40_000), words(10)];
        let packed: Vec<Vec<u8>> = texts.iter().map(|text| gzip(text)).collect();
        for damaged in 0..3 {
            let length = packed[damaged].len();
            // In its header, in its middle, in its checksum, in its length.
            for at in [0, 3, length / 2, length - 7, length - 2] {
                let mut packed = packed.clone();
                packed[damaged][at] ^= 0xE0;
                for capacity in [1, 7, 1 << 16] {
                    let (out, faults, last) = read(&packed.concat(), capacity);
                    assert_eq!((faults, last), (1, None), "{damaged} {at}");
                    let whole = [&texts[..damaged], &texts[damaged + 1..]].concat().concat();
                    let part = out.len() - whole.len();
                    assert!(part < texts[damaged].len(), "{damaged} {at}: {part}");
                    assert!(out.ends_with(&texts[damaged + 1..].concat()));
                }
            }
        }
    }

    #[test]
    fn the_last_member_may_be_followed_by_zeros_and_by_nothing_else() {
        let packed = gzip(b"text");
        let padded = [&packed[..], &[0; 1000]].concat();
        assert_eq!(read(&padded, 64), (b"text".to_vec(), 0, None));
        let again = [&padded[..], &packed].concat();
        assert_eq!(read(&again, 64), (b"texttext".to_vec(), 0, None));
        for junk in [&b"junk"[..], &[0, 1, 2], &packed[..8]] {
            let (out, faults, last) = read(&[&packed[..], junk].concat(), 64);
            assert_eq!((out, faults), (b"text".to_vec(), 0));
            assert!(last.is_some(), "{junk:?}");
        }
    }
}
