//! The one place that maps a file into memory.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Maps a finished file for reading.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: a map is sound as long as nobody changes the file under it. No part of this program
    // writes to a file of this name: shards are written under another name and renamed when
    // complete, and replacing or deleting one leaves the mapped inode as it was. What remains is
    // another program that writes into the file while it is open, against which no reader of a
    // mapped file has a defence; the map is private and only ever read as plain bytes, so no value
    // of a byte is invalid.
    unsafe { Mmap::map(file) }
}
