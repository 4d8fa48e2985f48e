//! A paper's TeX files out of what arXiv holds of it: a gzipped archive, a gzipped file, or either
//! without gzip. What it is is told from the bytes.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::super::encoding::lossy;
use super::LatexError;
use super::comments::strip_comments;
use super::tar::{self, Tar};

/// The most bytes of a paper's TeX files together. Books on arXiv have some megabytes.
pub const MAX_SOURCE_BYTES: usize = 32 << 20;
/// The most bytes that a paper may unpack to, figures included; arXiv takes 50 MB packed.
pub(super) const MAX_UNPACKED_BYTES: u64 = 2 << 30;
/// The most files of TeX; a thesis has some hundred.
const MAX_FILES: usize = 4096;

/// A TeX file without its comments.
pub(super) struct SourceFile {
    /// Its path in the archive: `sections/intro.tex`.
    pub(super) name: String,
    pub(super) text: String,
}

/// A paper's files.
#[derive(Default)]
pub(super) struct Source {
    pub(super) files: Vec<SourceFile>,
    /// Invalid byte sequences that became U+FFFD.
    pub(super) replaced: u64,
    /// arXiv's mark of a paper that was withdrawn.
    pub(super) withdrawn: bool,
    bytes: usize,
}

/// Why a paper cannot be unpacked.
#[derive(Debug)]
pub(super) enum UnpackError {
    /// It is beyond a bound.
    Bound(LatexError),
    /// It is truncated or broken, or the stream below fails.
    Read(io::Error),
}

impl From<io::Error> for UnpackError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<LatexError> for UnpackError {
    fn from(error: LatexError) -> Self {
        Self::Bound(error)
    }
}

/// A stream with bytes that were read of it before it again.
pub(super) type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of a stream, and the stream with these still before it.
pub(super) fn peek<R: Read>(mut input: R) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::new();
    (&mut input)
        .take(tar::BLOCK as u64)
        .read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// Whether bytes begin a gzip file.
pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B])
}

/// Whether bytes may begin a TeX file: PDF, PostScript and pages of the web do not.
pub(super) fn may_be_tex(head: &[u8]) -> bool {
    let begins = head.trim_ascii_start();
    !head.is_empty()
        && !head.contains(&0)
        && ![b"%PDF".as_slice(), b"%!", b"<"]
            .iter()
            .any(|magic| begins.starts_with(magic))
}

/// Whether a file's name is one that TeX reads a paper from.
pub(super) fn is_tex_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, ending)) => ["tex", "ltx", "latex", "txt", "bbl"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known)),
        None => true,
    }
}

/// Unpacks a paper.
pub(super) fn unpack(input: impl Read, name: &str) -> Result<Source, UnpackError> {
    let (head, input) = peek(input)?;
    if is_gzip(&head) {
        let unzipped = MultiGzDecoder::new(input);
        return unpack_plain(&mut Limited::new(unzipped), name);
    }
    unpack_plain(&mut Limited::new(input), name)
}

fn unpack_plain(input: &mut Limited<impl Read>, name: &str) -> Result<Source, UnpackError> {
    let result = files(input, name);
    match result {
        Err(UnpackError::Read(_)) if input.left == 0 => Err(LatexError::Unpacked.into()),
        result => result,
    }
}

fn files(input: &mut impl Read, name: &str) -> Result<Source, UnpackError> {
    let mut source = Source::default();
    let (head, mut input) = peek(input)?;
    if !tar::is_header(&head) {
        source.add(name, &mut input)?;
        return Ok(source);
    }
    let mut members = Tar::new(BufReader::new(input));
    while let Some(member) = members.next()? {
        if is_tex_name(&member.name) {
            source.add(&member.name, &mut members)?;
        }
    }
    Ok(source)
}

impl Source {
    /// Reads a file, which is none of the paper's if it is not TeX.
    pub(super) fn add(&mut self, name: &str, input: &mut impl Read) -> Result<(), UnpackError> {
        let room = MAX_SOURCE_BYTES - self.bytes;
        let (head, input) = peek(input)?;
        if !may_be_tex(&head) || self.files.len() >= MAX_FILES {
            return Ok(());
        }
        let mut bytes = Vec::new();
        input.take(room as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > room {
            return Err(LatexError::Source.into());
        }
        if bytes.contains(&0) {
            return Ok(());
        }
        self.bytes += bytes.len();
        self.withdrawn |= bytes.starts_with(b"%auto-ignore");
        let (text, replaced) = decode(&bytes);
        self.replaced += replaced;
        self.files.push(SourceFile {
            name: name.strip_prefix("./").unwrap_or(name).to_owned(),
            text: strip_comments(&text),
        });
        Ok(())
    }
}

/// Text with line feeds: UTF-8, or Latin-1 where the file says so.
fn decode(bytes: &[u8]) -> (String, u64) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (text, replaced) = match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), 0),
        Err(_) if says_latin1(bytes) => (bytes.iter().map(|&byte| char::from(byte)).collect(), 0),
        Err(_) => lossy(bytes),
    };
    match text.contains('\r') {
        true => (text.replace("\r\n", "\n").replace('\r', "\n"), replaced),
        false => (text, replaced),
    }
}

/// `\usepackage[latin1]{inputenc}` and its kin.
fn says_latin1(bytes: &[u8]) -> bool {
    ["latin1", "ansinew", "cp1252", "latin9"]
        .iter()
        .any(|name| {
            let name = name.as_bytes();
            bytes.windows(name.len() + 1).any(|window| {
                matches!(window[0], b'[' | b',' | b'{' | b' ') && &window[1..] == name
            })
        })
}

/// A stream that ends in a fault when too much has come.
struct Limited<R> {
    input: R,
    left: u64,
}

impl<R> Limited<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            left: MAX_UNPACKED_BYTES,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.left = self.left.saturating_sub(count as u64);
        match self.left {
            0 => Err(io::Error::other("too much")),
            _ => Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_is_read_where_the_file_says_so_and_replaced_elsewhere() {
        let latin = b"\\usepackage[latin1]{inputenc} \xE9";
        assert!(decode(latin).0.ends_with('é'));
        assert_eq!(
            decode(b"\xEF\xBB\xBFa\r\nb\rc\xFF"),
            ("a\nb\nc\u{FFFD}".to_owned(), 1)
        );
    }

    #[test]
    fn what_is_no_tex_is_told_from_its_first_bytes() {
        for bytes in [b"%PDF-1.4".as_slice(), b"%!PS", b" <html>", b"a\0b", b""] {
            assert!(!may_be_tex(bytes), "{bytes:?}");
        }
        assert!(may_be_tex(b"% a comment\n\\documentclass{article}"));
        for (name, is) in [
            ("a/main.TEX", true),
            ("main", true),
            ("00README.XXX", false),
            ("fig.eps", false),
        ] {
            assert_eq!(is_tex_name(name), is, "{name}");
        }
    }
}
