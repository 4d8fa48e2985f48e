//! Reading forward through bytes that may end at any time.

use super::error::Fault;

/// A place in the file.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// There are fewer bytes than needed.
#[derive(Debug)]
pub(super) struct Short {
    at: usize,
    needs: u64,
    left: usize,
}

impl Short {
    /// Says what was being read.
    pub fn reading(self, place: impl Into<String>) -> Fault {
        Fault::Short {
            place: place.into(),
            at: self.at as u64,
            needs: self.needs,
            left: self.left as u64,
        }
    }
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: u64) -> Result<&'a [u8], Short> {
        let left = self.bytes.len() - self.at;
        let needed = usize::try_from(n).ok().filter(|n| *n <= left);
        let Some(n) = needed else {
            return Err(Short {
                at: self.at,
                needs: n,
                left,
            });
        };
        let taken = &self.bytes[self.at..self.at + n];
        self.at += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    pub fn u32(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length, and as many bytes.
    pub fn string(&mut self) -> Result<&'a [u8], Short> {
        let length = self.u64()?;
        self.take(length)
    }
}
