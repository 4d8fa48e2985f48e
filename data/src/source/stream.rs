//! Bytes of a file or a pipe, decompressed.
//!
//! The first bytes decide, not the name, so that a pipe works and a misnamed file is noticed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::SourceError;
use super::compression::{Compression, XZ_MEMORY_KIB};
use super::entry::Fault;
use super::inputs::STDIN;

const BUFFER: usize = 1 << 16;
/// Bytes that tell a compression.
const MAGIC: usize = 6;
/// How much of a text is looked at for signs that it is none.
const SNIFFED: usize = 8192;

/// A stream of bytes with the name that faults give it.
pub(super) struct Stream {
    pub(super) input: Box<dyn BufRead + Send>,
    pub(super) path: String,
    compression: Option<Compression>,
    refused: Refusal,
}

/// The number by which the system refused to read, if it did.
type Refusal = Arc<OnceLock<i32>>;

/// The bytes below. A decoder may say in words of its own that the system refuses them: it is noted here.
struct Raw {
    input: Box<dyn Read + Send>,
    refused: Refusal,
}

impl Read for Raw {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.input.read(out).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted
                && let Some(number) = error.raw_os_error()
            {
                // The first is told.
                let _ = self.refused.set(number);
            }
        })
    }
}

impl Stream {
    /// Opens a file.
    pub(super) fn open(path: &Path, name: &str) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|error| SourceError::Read {
            path: name.to_owned(),
            error,
        })?;
        Self::beginning(Box::new(file), name, Compression::of_name(name), SNIFFED)
    }

    /// Takes over a reader; `promised` is the compression that its name speaks of.
    pub(super) fn new(
        raw: Box<dyn Read + Send>,
        name: &str,
        promised: Option<Compression>,
    ) -> Result<Self, SourceError> {
        // No more than decides: what comes through a pipe is given as it comes.
        Self::beginning(raw, name, promised, MAGIC)
    }

    /// Takes over a reader of which the first `looked_at` bytes are waited for.
    fn beginning(
        input: Box<dyn Read + Send>,
        name: &str,
        promised: Option<Compression>,
        looked_at: usize,
    ) -> Result<Self, SourceError> {
        let mut stream = Self {
            input: Box::new(io::empty()),
            path: name.to_owned(),
            compression: None,
            refused: Refusal::default(),
        };
        let mut raw = Raw {
            input,
            refused: Arc::clone(&stream.refused),
        };
        let mut head = Vec::new();
        (&mut raw)
            .take(looked_at as u64)
            .read_to_end(&mut head)
            .map_err(|error| stream.fault(error))?;
        if let Some(what) = unsupported(&head) {
            return Err(stream.not_text(what, "unpack it, or use .gz, .zst, .bz2 or .xz"));
        }
        let found = Compression::of_bytes(&head);
        if let (Some(promised), None) = (promised, found) {
            return Err(SourceError::Compressed {
                path: stream.path,
                format: promised.name(),
                message: match &head[..head.len().min(MAGIC)] {
                    [] => "it is empty".to_owned(),
                    bytes => format!(
                        "it begins with bytes {bytes:02X?}, which no {} file does",
                        promised.name()
                    ),
                },
            });
        }
        let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(raw));
        stream.compression = found;
        stream.input = match found {
            Some(compression) => compression.decoder(whole),
            None => Box::new(whole),
        };
        Ok(stream)
    }

    /// What a fault while reading means.
    pub(super) fn fault(&self, fault: impl Into<Fault>) -> SourceError {
        let path = || self.path.clone();
        match fault.into() {
            Fault::Stream(error) => self.failed(error),
            Fault::Content(message) => SourceError::Content {
                path: path(),
                message,
            },
            Fault::Temporary { folder, error } => SourceError::Temporary {
                path: path(),
                folder,
                error,
            },
        }
    }

    /// What it means that the stream fails.
    fn failed(&self, error: io::Error) -> SourceError {
        if let Some(&number) = self.refused.get() {
            return SourceError::Read {
                path: self.path.clone(),
                error: io::Error::from_raw_os_error(number),
            };
        }
        match self.compression {
            Some(Compression::Xz) if error.kind() == io::ErrorKind::OutOfMemory => self.not_text(
                format!(
                    "its xz dictionary needs more than the {} MiB that are given to it",
                    XZ_MEMORY_KIB >> 10
                ),
                "pack it again with `xz -9`, which needs 65 MiB",
            ),
            Some(compression) => SourceError::Compressed {
                path: self.path.clone(),
                format: compression.name(),
                message: error.to_string(),
            },
            None => SourceError::Read {
                path: self.path.clone(),
                error,
            },
        }
    }

    /// Refuses what begins with the byte order mark of another encoding: it would come through as noise.
    pub(super) fn check_mark(&mut self) -> Result<(), SourceError> {
        let seen = match self.input.fill_buf() {
            Ok(seen) => &seen[..seen.len().min(4)],
            Err(error) => return Err(self.fault(error)),
        };
        let encoding = match seen {
            [0xFF, 0xFE, 0, 0] | [0, 0, 0xFE, 0xFF] => "UTF-32",
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16",
            _ => return Ok(()),
        };
        let right = format!(
            "convert it to UTF-8, as `iconv -f {encoding} -t UTF-8` does, or let the recipe say clean.encoding Skip"
        );
        Err(self.not_text(format!("it is {encoding}"), &right))
    }

    /// Refuses what is plainly not UTF-8 text: binary files would come through as noise.
    pub(super) fn check_text(&mut self) -> Result<(), SourceError> {
        self.check_mark()?;
        let seen = match self.input.fill_buf() {
            Ok(seen) => &seen[..seen.len().min(SNIFFED)],
            Err(error) => return Err(self.fault(error)),
        };
        if seen.starts_with(b"PAR1") {
            let right = "let its name end in .parquet, or the recipe say format: Parquet";
            return Err(self.not_text("it is a Parquet file".to_owned(), right));
        }
        if let Some(at) = seen.iter().position(|&byte| byte == 0) {
            let right = "leave it out by a narrower path such as texts/*.txt, or let the recipe \
                         say clean.encoding Skip";
            return Err(self.not_text(format!("it is not text, byte {at} is NUL"), right));
        }
        Ok(())
    }

    pub(super) fn not_text(&self, what: String, right: &str) -> SourceError {
        SourceError::NotText {
            path: self.path.clone(),
            what,
            right: right.to_owned(),
        }
    }
}

/// Standard input, decompressed; what comes through a pipe is given as it comes.
///
/// # Errors
/// A pipe that cannot be read, or that begins as no text does.
pub fn stdin() -> Result<Box<dyn BufRead + Send>, SourceError> {
    Ok(Stream::new(Box::new(io::stdin()), STDIN, None)?.input)
}

fn unsupported(head: &[u8]) -> Option<String> {
    head.starts_with(b"PK\x03\x04")
        .then(|| "it is a zip file".to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    /// One gzip member.
    pub(in crate::source) fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// One zstd frame.
    pub(in crate::source) fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// One bzip2 stream.
    pub(in crate::source) fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// One xz stream.
    pub(in crate::source) fn xz(text: &[u8]) -> Vec<u8> {
        let options = lzma_rust2::XzOptions::with_preset(1);
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    type Pack = fn(&[u8]) -> Vec<u8>;
    const PACKERS: [(&str, Pack); 4] = [
        ("a.gz", gzip),
        ("a.zst", zstd),
        ("a.bz2", bzip2),
        ("a.xz", xz),
    ];

    fn read(bytes: Vec<u8>, name: &str) -> Result<Vec<u8>, SourceError> {
        let promised = Compression::of_name(name);
        let mut stream = Stream::new(Box::new(Cursor::new(bytes)), name, promised)?;
        let mut out = Vec::new();
        match stream.input.read_to_end(&mut out) {
            Ok(_) => Ok(out),
            Err(error) => Err(stream.fault(error)),
        }
    }

    pub(in crate::source) fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn every_member_and_every_frame_is_read() {
        let parts = [noise(200_000), b"middle".to_vec(), noise(10)];
        let skippable = [&[0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        for (name, pack) in PACKERS {
            let mut packed: Vec<Vec<u8>> = parts.iter().map(|part| pack(part)).collect();
            if name == "a.zst" {
                packed.insert(0, skippable.clone());
                packed.insert(2, skippable.clone());
            }
            let packed = packed.concat();
            assert!(
                read(packed.clone(), name).unwrap() == parts.concat(),
                "{name}"
            );
            // A pipe has no name: the bytes decide.
            assert!(
                read(packed, "standard input").unwrap() == parts.concat(),
                "{name}"
            );
        }
    }

    #[test]
    fn plain_bytes_come_through_as_they_are() {
        for bytes in [b"".to_vec(), b"abc".to_vec(), noise(300_000)] {
            assert!(read(bytes.clone(), "a.txt").unwrap() == bytes);
        }
    }

    #[test]
    fn what_is_cut_short_or_damaged_is_refused_by_name() {
        let text = noise(100_000);
        for (name, pack) in PACKERS {
            let packed = pack(&text);
            for length in [1, 5, 7, 20, packed.len() / 2, packed.len() - 1] {
                let fault = read(packed[..length].to_vec(), name)
                    .unwrap_err()
                    .to_string();
                assert!(fault.starts_with(name), "{length}: {fault}");
                assert!(fault.contains("cut short"), "{length}: {fault}");
                assert!(length < 7 || fault.contains("bytes of text"), "{fault}");
            }
            let two = [packed.clone(), packed[..packed.len() / 2].to_vec()].concat();
            assert!(read(two, name).is_err(), "{name}");
            let junk = [packed.clone(), b"junk after the end".to_vec()].concat();
            assert!(read(junk, name).is_err(), "{name}");
            let mut altered = packed.clone();
            altered[packed.len() / 2] ^= 0x10;
            assert!(read(altered, name).is_err(), "{name}");
            assert!(read(b"plain text".to_vec(), name).is_err(), "{name}");
            assert!(read(Vec::new(), name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_the_disk_refuses_is_no_damage() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                // EIO, wherever there is an `errno.h`.
                Err(io::Error::from_raw_os_error(5))
            }
        }
        for (name, pack) in PACKERS {
            let packed = pack(&noise(300_000));
            for length in [10, packed.len() / 2] {
                let input = Cursor::new(packed[..length].to_vec()).chain(Broken);
                let mut stream = Stream::new(Box::new(input), name, None).unwrap();
                let error = stream.input.read_to_end(&mut Vec::new()).unwrap_err();
                let fault = stream.fault(error);
                assert!(matches!(fault, SourceError::Read { .. }), "{fault}");
                assert!(!fault.is_usage() && !fault.is_of_one_file(), "{fault}");
            }
        }
    }

    #[test]
    fn other_formats_are_named() {
        let fault = read(b"PK\x03\x04abc".to_vec(), "a")
            .unwrap_err()
            .to_string();
        assert!(fault.contains("zip") && fault.contains(".zst"), "{fault}");
        let check = |bytes: &[u8]| {
            let raw = Box::new(Cursor::new(bytes.to_vec()));
            Stream::new(raw, "a", None).unwrap().check_text()
        };
        check("русский текст".as_bytes()).unwrap();
        let fault = check(b"PAR1abc").unwrap_err().to_string();
        assert!(fault.contains("Parquet"), "{fault}");
        for (marked, says) in [
            (&b"\xFF\xFEa\0b\0"[..], "iconv -f UTF-16"),
            (b"\xFE\xFF\0a", "iconv -f UTF-16"),
            (b"\xFF\xFE\0\0a\0\0\0", "iconv -f UTF-32"),
            (b"\0\0\xFE\xFF\0\0\0a", "iconv -f UTF-32"),
        ] {
            let fault = check(marked).unwrap_err().to_string();
            assert!(fault.contains(says), "{fault}");
        }
        let fault = check(b"\x89PNG\0").unwrap_err().to_string();
        assert!(fault.contains("byte 4 is NUL"), "{fault}");
    }
}
