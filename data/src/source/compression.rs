//! Compressed files: which sort it is, and its decoder.
//!
//! | | format | memory |
//! |---|---|---|
//! | `.gz` | RFC 1952 | a window of 32 KiB |
//! | `.zst` | RFC 8878 | the window that the frame states, at most 100 MiB |
//! | `.bz2` | bzip2 1.0 | 4 MB |
//! | `.xz` | <https://tukaani.org/xz/xz-file-format.txt> | the dictionary that the block states, at most [`XZ_MEMORY_KIB`] |
//!
//! All of them allow several members, frames or streams in one file (`cat a.gz b.gz`, `pigz`,
//! `pbzip2`, log rotation); readers that stop after the first lose the rest in silence.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bzip2::bufread::MultiBzDecoder;
use lzma_rust2::XzReader;

use super::gzip::{Interruption, Members};
use super::zstd::Frames;

/// The most memory that an xz block may ask for: a dictionary of 128 MiB, twice that of `xz -9`.
/// The format allows 4 GiB.
pub(super) const XZ_MEMORY_KIB: u32 = 129 << 10;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Compression {
    const ALL: [Self; 4] = [Self::Gzip, Self::Zstd, Self::Bzip2, Self::Xz];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
            Self::Bzip2 => "bz2",
            Self::Xz => "xz",
        }
    }

    /// What a file's name promises.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let extension = Path::new(name).extension()?.to_str()?;
        Self::ALL
            .into_iter()
            .find(|compression| compression.extension() == extension)
    }

    /// What a file's first six bytes say.
    pub(super) fn of_bytes(head: &[u8]) -> Option<Self> {
        let head = &head[..head.len().min(6)];
        let is_skippable_frame =
            head.len() >= 4 && head[0] & 0xF0 == 0x50 && head[1..4] == [0x2A, 0x4D, 0x18];
        if head.starts_with(&[0x1F, 0x8B]) {
            Some(Self::Gzip)
        } else if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) || is_skippable_frame {
            Some(Self::Zstd)
        } else if head.starts_with(&[0xFD, b'7', b'z', b'X', b'Z', 0]) {
            Some(Self::Xz)
        } else if let [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72] = head
        {
            // The first block begins with π, an empty file ends with √π: text does neither.
            Some(Self::Bzip2)
        } else {
            None
        }
    }

    /// The bytes behind the compressed ones.
    pub(super) fn decoder(self, input: impl BufRead + Send + 'static) -> Box<dyn BufRead + Send> {
        let decoder: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(Members::new(input)),
            Self::Zstd => Box::new(Frames::new(input)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(input)),
            Self::Xz => Box::new(XzReader::new_mem_limit(input, true, XZ_MEMORY_KIB)),
        };
        Box::new(BufReader::with_capacity(
            1 << 16,
            Placed { decoder, given: 0 },
        ))
    }
}

/// The name without the ending that speaks of a compression.
pub(super) fn inner_name(name: &str) -> &str {
    Compression::of_name(name)
        .and_then(|compression| {
            name.strip_suffix(compression.extension())?
                .strip_suffix('.')
        })
        .unwrap_or(name)
}

/// A decoder whose faults say how much came out before them.
struct Placed {
    decoder: Box<dyn Read + Send>,
    given: u64,
}

impl Read for Placed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.decoder.read(out) {
            Ok(count) => {
                self.given += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let message = format!("{error}, after {} bytes of text", self.given);
                Err(match Interruption::is(&error) {
                    true => io::Error::new(error.kind(), Interruption(message)),
                    false => io::Error::new(error.kind(), message),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_and_bytes_tell() {
        for (name, inner, compression) in [
            ("a/b.txt.gz", "a/b.txt", Some(Compression::Gzip)),
            ("b.jsonl.bz2", "b.jsonl", Some(Compression::Bzip2)),
            ("b.xz", "b", Some(Compression::Xz)),
            ("b.tar.zst", "b.tar", Some(Compression::Zstd)),
            ("gz", "gz", None),
            ("b.gz.txt", "b.gz.txt", None),
        ] {
            assert_eq!(Compression::of_name(name), compression, "{name}");
            assert_eq!(inner_name(name), inner);
        }
        assert_eq!(Compression::of_bytes(b"BZh is how it begins"), None);
        assert_eq!(Compression::of_bytes(b"BZh9"), None);
        assert_eq!(Compression::of_bytes(b"BZh91A"), Some(Compression::Bzip2));
    }

    /// `printf 'one\n' | bzip2 > a; printf 'two\n' | bzip2 >> a`, bzip2 1.0.8.
    const BZIP2: &str = "425a68393141592653597813c082000001c10000100201a000219a68334d0cbc5dc914e14241e04f0208\
                       425a68393141592653592eb71ad700000141800010000084802000219a68334d073c5dc914e14240badc\
                       6b5c";
    /// `printf 'one\n' | xz > a; printf '\0\0\0\0' >> a; printf 'two\n' | xz --check=sha256 >> a`,
    /// XZ Utils: two streams, and the padding that the format allows between them.
    const XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a30100036f6e650a00f55cbb561fc6fd860001\
                       1c046f2c9cc11fb6f37d010000000004595a00000000fd377a585a00000ae1fb0ca10200210116000000\
                       742fe5a301000374776f0a0027dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a0730\
                       0a5a00013404c582c19c189b4b9a01000000000a595a";

    #[test]
    fn what_the_tools_write_is_read() {
        for (compression, file) in [(Compression::Bzip2, BZIP2), (Compression::Xz, XZ)] {
            let bytes: Vec<u8> = (0..file.len() / 2)
                .map(|at| u8::from_str_radix(&file[2 * at..][..2], 16).unwrap())
                .collect();
            assert_eq!(Compression::of_bytes(&bytes[..6]), Some(compression));
            let mut text = String::new();
            let mut decoder = compression.decoder(io::Cursor::new(bytes));
            decoder.read_to_string(&mut text).unwrap();
            assert_eq!(text, "one\ntwo\n", "{compression:?}");
        }
    }

    /// A block header that asks for a dictionary of 1.5 GiB; `xz --lzma2=dict=1536MiB` writes such.
    #[test]
    fn a_dictionary_beyond_the_limit_is_refused_before_it_is_allocated() {
        let mut options = lzma_rust2::XzOptions::with_preset(0);
        options.lzma_options.dict_size = 1 << 16;
        let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        io::Write::write_all(&mut writer, b"text").unwrap();
        let mut bytes = writer.finish().unwrap();
        // Stream header of 12 bytes; block header: size, flags, filter 0x21, size of properties,
        // dictionary. Its CRC32 follows at its end.
        assert_eq!(bytes[14..16], [0x21, 1]);
        bytes[16] = 37;
        let length = (usize::from(bytes[12]) + 1) * 4;
        let end = 12 + length - 4;
        let crc = flate2_crc(&bytes[12..end]);
        bytes[end..end + 4].copy_from_slice(&crc.to_le_bytes());
        let mut decoder = Compression::Xz.decoder(io::Cursor::new(bytes));
        let fault = decoder.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::OutOfMemory, "{fault}");
    }

    fn flate2_crc(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }
}
