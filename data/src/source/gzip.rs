//! gzip files of any number of members (RFC 1952, section 2.2); those of crawls are read on behind a damaged one.
//!
//! Crawls have a member for each record, tens of thousands in a file, and one damaged byte must not cost the
//! rest. So the last bytes of a member are given only when its checksum is right, and behind one that is wrong
//! the next that holds a record is looked for: [`Interruption`] says that it was found. In other files there is
//! none, and they are read as every tool does it, to the fault.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use super::web::WARC_MAGIC;

/// Bytes that are unpacked at a time; the last of them are held until what follows has been read.
const CHUNK: usize = 8 << 10;
/// Packed bytes of a member that are kept, the last ones: what a wrong header makes a decoder pass over, or a member
/// that breaks off, may be the next member's.
const KEPT: usize = 64 << 10;
/// Packed bytes by which a member is told that holds a record.
const LOOK: usize = 1 << 10;

/// All members of a stream, one behind the other.
pub(super) struct Members<R> {
    at: At<R>,
    /// Bytes to be given, from `given` on.
    ready: Vec<u8>,
    given: usize,
    /// The member's last bytes so far.
    held: Vec<u8>,
    /// What is told when all before it was given.
    fault: Option<io::Error>,
}

/// Where the stream is.
enum At<R> {
    Between(Pushed<R>),
    Inside(GzDecoder<Pushed<R>>),
    End,
}

/// A member of a crawl is damaged, and another one with a record begins behind it: reading can go on there.
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
            fault: None,
        }
    }

    /// Reads on, until there is something to give or the stream ends; false there.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            match std::mem::replace(&mut self.at, At::End) {
                At::End => return self.fault.take().map_or(Ok(false), Err),
                At::Between(mut input) => {
                    if input.skip_zeros()? {
                        return Ok(false);
                    }
                    self.at = At::Inside(GzDecoder::new(input));
                }
                At::Inside(mut decoder) => {
                    // All of it was given.
                    let mut next = std::mem::take(&mut self.ready);
                    self.given = 0;
                    next.resize(CHUNK, 0);
                    match decoder.read(&mut next) {
                        Ok(count) => {
                            next.truncate(count);
                            self.ready = std::mem::replace(&mut self.held, next);
                            self.at = match count {
                                0 => At::Between(decoder.into_inner()),
                                _ => At::Inside(decoder),
                            };
                        }
                        Err(error) if error.kind() == ErrorKind::Interrupted => {
                            self.at = At::Inside(decoder);
                            return Err(error);
                        }
                        // The system refuses.
                        Err(error) if error.raw_os_error().is_some() => return Err(error),
                        Err(error) => {
                            let held = std::mem::take(&mut self.held);
                            let mut input = decoder.into_inner();
                            if input.find_record()? {
                                self.at = At::Between(input);
                                let fault = Interruption(format!("a damaged member: {error}"));
                                return Err(io::Error::new(error.kind(), fault));
                            }
                            // What breaks off is right as far as it goes.
                            if error.kind() == ErrorKind::UnexpectedEof {
                                self.ready = held;
                            }
                            self.fault = Some(error);
                        }
                    }
                    if !self.ready.is_empty() {
                        return Ok(true);
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

/// A stream of which the last bytes can be given back.
struct Pushed<R> {
    /// Bytes that were given back.
    back: Vec<u8>,
    input: R,
    /// The last bytes that were taken of the member.
    taken: Vec<u8>,
}

impl<R: BufRead> Pushed<R> {
    fn new(input: R) -> Self {
        Self {
            back: Vec::new(),
            input,
            taken: Vec::new(),
        }
    }

    /// Skips the zeros with which tapes and some disks fill a file up, and begins the next member; whether there is
    /// none.
    fn skip_zeros(&mut self) -> io::Result<bool> {
        loop {
            let bytes = match self.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            let is_end = bytes.is_empty();
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
            let is_member = zeros < bytes.len();
            self.consume(zeros);
            if is_end || is_member {
                self.taken.clear();
                return Ok(is_end);
            }
        }
    }

    /// Goes from a damaged member to the next one that holds a record; false at the end of the stream.
    fn find_record(&mut self) -> io::Result<bool> {
        self.back.splice(..0, std::mem::take(&mut self.taken));
        // Not the damaged one again.
        self.back.drain(..self.back.len().min(1));
        loop {
            let is_end = self.look_ahead()?;
            let magic = [0x1F, 0x8B, 8];
            match self.back.windows(magic.len()).position(|it| it == magic) {
                Some(0) if begins_record(&self.back) => return Ok(true),
                // It may be one when more of it is seen.
                Some(at) => drop(self.back.drain(..at.max(1))),
                None if is_end => return Ok(false),
                None => {
                    let passed = self.back.len() - (magic.len() - 1);
                    self.back.drain(..passed);
                }
            }
        }
    }

    /// Reads until enough lies in `back` to tell a member by; whether that is all that there is.
    fn look_ahead(&mut self) -> io::Result<bool> {
        while self.back.len() < LOOK {
            let bytes = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            let count = bytes.len();
            if count == 0 {
                return Ok(true);
            }
            self.back.extend_from_slice(bytes);
            self.input.consume(count);
        }
        Ok(false)
    }
}

/// Whether packed bytes begin with a record of a crawl.
fn begins_record(bytes: &[u8]) -> bool {
    let mut begins = vec![0; WARC_MAGIC.len()];
    GzDecoder::new(bytes).read_exact(&mut begins).is_ok() && begins == WARC_MAGIC
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
        if count == 0 {
            return;
        }
        if self.back.is_empty() {
            // They lie ready, as they were looked at.
            if let Ok(bytes) = self.input.fill_buf() {
                self.taken
                    .extend_from_slice(&bytes[..count.min(bytes.len())]);
            }
            self.input.consume(count);
        } else {
            self.taken.extend(self.back.drain(..count));
        }
        if self.taken.len() > 2 * KEPT {
            self.taken.drain(..self.taken.len() - KEPT);
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

    /// A record of a crawl around a block.
    fn record(block: &[u8]) -> Vec<u8> {
        [b"WARC/1.0\r\n\r\n", block, b"\r\n\r\n"].concat()
    }

    fn words(count: usize) -> Vec<u8> {
        let words = noise(count).into_iter();
        words
            .flat_map(|byte| format!("word {byte} ").into_bytes())
            .collect()
    }

    #[test]
    fn one_damaged_member_costs_only_itself() {
        // The second holds a page that is packed by itself.
        let blocks = [
            noise(1_000),
            gzip(&words(300)),
            words(3_000),
            noise(90_000),
            words(10),
        ];
        let texts = blocks.map(|block| record(&block));
        let packed: Vec<Vec<u8>> = texts.iter().map(|text| gzip(text)).collect();
        for damaged in 0..4 {
            let length = packed[damaged].len();
            // In its header, in its flags (which make a decoder pass over what follows), in its middle, in its
            // checksum, in its length; and cut short.
            for at in [0, 3, length / 2, length - 7, length - 2, length] {
                let mut packed = packed.clone();
                match packed[damaged].get_mut(at) {
                    Some(byte) => *byte ^= 0x04,
                    None => packed[damaged].truncate(length / 3),
                }
                for capacity in [1, 7, 1 << 16] {
                    let (out, faults, last) = read(&packed.concat(), capacity);
                    assert_eq!((faults, last), (1, None), "{damaged} {at}");
                    let behind = texts[damaged + 1..].concat();
                    let before = texts[..damaged].concat();
                    assert!(
                        out.starts_with(&before) && out.ends_with(&behind),
                        "{damaged} {at}"
                    );
                    let part = out.len() - before.len() - behind.len();
                    // What is cut short may be read on as if the next member belonged to it, until that fails.
                    let most = texts[damaged].len() + CHUNK;
                    assert!(
                        at == length || part < texts[damaged].len(),
                        "{damaged} {at}: {part}"
                    );
                    assert!(part < most, "{damaged} {at}: {part}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_crawl_is_read_to_the_fault() {
        let texts = [words(3_000), words(4_000)];
        let [whole, cut] = [gzip(&texts[0]), gzip(&texts[1])];
        let cut_short = [&whole[..], &cut[..cut.len() - 3]].concat();
        let (out, faults, last) = read(&cut_short, 64);
        // Only its checksum is missing.
        assert!(out == texts.concat() && faults == 0 && last.is_some());
        let mut damaged = [&whole[..], &cut, &whole].concat();
        damaged[whole.len() + cut.len() - 7] ^= 1;
        let (out, faults, last) = read(&damaged, 64);
        assert!(out.starts_with(&texts[0]) && out.len() < texts.concat().len());
        assert!(faults == 0 && last.is_some());
    }

    /// A reader that is interrupted before every byte.
    struct Often(Cursor<Vec<u8>>, bool);

    impl Read for Often {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            match self.1 {
                true => Err(ErrorKind::Interrupted.into()),
                false => self.0.read(&mut out[..1]),
            }
        }
    }

    #[test]
    fn interruptions_by_the_system_lose_nothing() {
        let texts = [record(&words(10)), record(&words(20)), record(&words(30))];
        let mut packed: Vec<Vec<u8>> = texts.iter().map(|text| gzip(text)).collect();
        packed[1][3] ^= 0xE0;
        let bytes = packed.concat();
        let input = BufReader::with_capacity(1, Often(Cursor::new(bytes), false));
        let mut members = Members::new(input);
        let mut out = Vec::new();
        let fault = members.read_to_end(&mut out).unwrap_err();
        assert!(Interruption::is(&fault), "{fault}");
        members.read_to_end(&mut out).unwrap();
        assert!(out == [&texts[0][..], &texts[2]].concat());
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
