//! The one place of this crate that maps files into memory.
//!
//! A file is mapped part by part, each part only while it is read: pages of a file that stay mapped
//! count as memory of the process, and a model would take twice its size while it is loaded.

#![allow(unsafe_code)]

use memmap2::{Mmap, MmapOptions};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::{Deref, Range};
use std::path::Path;

/// Bytes that are read a part at a time.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    File {
        file: File,
        /// In bytes, when it was opened.
        len: u64,
    },
    Lent(&'a [u8]),
}

/// A part of a source.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    Mapped(Mmap),
    Lent(&'a [u8]),
}

impl Source<'static> {
    /// The file at `path`. A folder is an error, and so is what could keep us waiting: a pipe, a
    /// device.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        let len = file.metadata()?.len();
        Ok(Self::File { file, len })
    }
}

impl<'a> Source<'a> {
    /// The length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Lent(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes of that range. Those of a file go when the part is dropped.
    pub(crate) fn part(&self, range: Range<u64>) -> io::Result<Part<'a>> {
        let outside = || io::Error::from(ErrorKind::UnexpectedEof);
        let place = |at: u64| usize::try_from(at).map_err(|_| outside());
        let (start, end) = (place(range.start)?, place(range.end)?);
        match self {
            Self::File { file, .. } => {
                let len = end.checked_sub(start).ok_or_else(outside)?;
                map(file, range.start, len).map(Part::Mapped)
            }
            Self::Lent(bytes) => {
                let part = bytes.get(start..end).ok_or_else(outside)?;
                Ok(Part::Lent(part))
            }
        }
    }
}

impl Deref for Part<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Lent(bytes) => bytes,
        }
    }
}

/// Maps `len` bytes from `start` on.
fn map(file: &File, start: u64, len: usize) -> io::Result<Mmap> {
    // Bytes behind the end could be mapped, but not read.
    let end = start.checked_add(len as u64);
    if end.is_none_or(|end| end > file.metadata().map_or(0, |data| data.len())) {
        let what = "the file has become shorter while it was read";
        return Err(io::Error::new(ErrorKind::UnexpectedEof, what));
    }
    // SAFETY: a map is sound as long as nobody changes the file under it. This program replaces
    // files of weights and never writes into one (`save_model`). What remains is another program
    // that writes into the file in the moment when a part of it is mapped, against which no reader
    // of a mapped file has a defence; the map is only ever read as plain bytes, so no value of a
    // byte is invalid.
    unsafe { MmapOptions::new().offset(start).len(len).map(file) }
}

/// Opens a plain file for reading.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        let what = "is a folder, and should be a file";
        return Err(io::Error::new(ErrorKind::IsADirectory, what));
    }
    if !kind.is_file() {
        let what = "is a device or a pipe, and should be a plain file";
        return Err(io::Error::new(ErrorKind::InvalidData, what));
    }
    File::open(path)
}
