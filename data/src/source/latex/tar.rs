//! Members of a tar archive, one after the other, in the memory of a header.
//!
//! The formats are POSIX ustar and pax
//! (<https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html>) and GNU tar's long names.
//! Not the `tar` package: it reads a long name or a pax header whole, however long the archive says
//! that it is, and its entries borrow the archive, so that no reader can hold both.

use std::io::{self, Read};

/// Everything in an archive is padded to blocks of this size.
pub(super) const BLOCK: usize = 512;
/// The longest path and the longest pax header; paths on Linux have 4 KiB at most. A longer one is
/// passed over, and the member keeps its short name.
const MAX_EXTENSION_BYTES: u64 = 64 << 10;

/// A regular file in an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Place of its header in the archive, in bytes.
    pub(super) offset: u64,
}

/// An archive; reading from it gives the bytes of the member that [`next`](Tar::next) found last.
pub(super) struct Tar<R> {
    input: R,
    /// Bytes of the member that were not read.
    left: u64,
    /// Bytes behind it that fill its last block.
    padding: u64,
    position: u64,
    /// It was cut off, which is told once.
    ended: bool,
}

/// Whether a block is a header: its checksum is right.
pub(super) fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.get(..BLOCK) else {
        return false;
    };
    let Some(stored) = number(&block[148..156]) else {
        return false;
    };
    let sum = |range: std::ops::Range<usize>| -> u64 {
        block[range].iter().map(|&byte| u64::from(byte)).sum()
    };
    // The field itself counts as eight blanks. A block of zeros is the end, not a header.
    stored == sum(0..148) + sum(156..BLOCK) + 8 * u64::from(b' ') && block[0] != 0
}

/// A number in octal digits, or big-endian if its first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let mut bytes = field.iter().copied();
        let first = u64::from(bytes.next()? & 0x7F);
        return bytes.try_fold(first, |sum, byte| {
            sum.checked_mul(256)?.checked_add(u64::from(byte))
        });
    }
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let digits = field.iter().skip_while(|&byte| blank(byte));
    let digits = digits.take_while(|&byte| !blank(byte));
    digits.copied().try_fold(0_u64, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

impl<R: Read> Tar<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            left: 0,
            padding: 0,
            position: 0,
            ended: false,
        }
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// How much of the archive was read, in bytes.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next regular file; folders and links are passed over.
    ///
    /// # Errors
    /// The archive ends within a member, or something other than a header stands between two.
    pub(super) fn next(&mut self) -> io::Result<Option<Member>> {
        let (mut long_name, mut long_size, mut begins_at) = (None, None, None);
        if self.ended {
            return Ok(None);
        }
        loop {
            self.pass()?;
            let Some(block) = self.block()? else {
                return Ok(None);
            };
            let offset = self.position - BLOCK as u64;
            if !is_header(&block) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("byte {offset} of the archive begins no member: the checksum is wrong"),
                ));
            }
            let offset = *begins_at.get_or_insert(offset);
            let size = number(&block[124..136]).unwrap_or_default();
            self.enter(size);
            match block[156] {
                b'L' => long_name = self.extension(size)?.map(|name| until_zero(&name).to_vec()),
                b'x' => {
                    let fields = self.extension(size)?.unwrap_or_default();
                    for (key, value) in pax(&fields) {
                        match key {
                            b"path" => long_name = Some(value.to_vec()),
                            b"size" => {
                                let size = std::str::from_utf8(value).ok();
                                long_size = size.and_then(|size| size.parse().ok());
                            }
                            _ => {}
                        }
                    }
                }
                b'K' | b'g' => {}
                kind => {
                    if let Some(size) = long_size.take() {
                        self.enter(size);
                    }
                    let name = long_name.take().unwrap_or_else(|| short_name(&block));
                    begins_at = None;
                    if matches!(kind, b'0' | 0 | b'7') && !name.ends_with(b"/") {
                        let name = String::from_utf8_lossy(&name).into_owned();
                        return Ok(Some(Member { name, offset }));
                    }
                }
            }
        }
    }

    fn enter(&mut self, size: u64) {
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    /// Passes over what is left of a member.
    fn pass(&mut self) -> io::Result<()> {
        let wanted = self.left.saturating_add(self.padding);
        let passed = io::copy(&mut (&mut self.input).take(wanted), &mut io::sink())?;
        self.position += passed;
        // Archives cut off in the last padding hold all that they ever held.
        if passed < self.left {
            return Err(self.truncated());
        }
        self.left = 0;
        self.padding = 0;
        Ok(())
    }

    fn truncated(&mut self) -> io::Error {
        self.ended = true;
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!(
                "the archive ends within a member, after {} bytes",
                self.position
            ),
        )
    }

    /// The next block that is not zero, none at the end.
    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        loop {
            let mut block = [0; BLOCK];
            let mut filled = 0;
            while filled < BLOCK {
                match self.input.read(&mut block[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            self.position += filled as u64;
            let is_zero = block.iter().all(|&byte| byte == 0);
            match filled {
                BLOCK if is_zero => {}
                BLOCK => return Ok(Some(block)),
                // Two archives that were joined have zeros between them, and some writers leave a
                // few at the end.
                _ if is_zero => return Ok(None),
                _ => return Err(self.truncated()),
            }
        }
    }

    /// The bytes of a member that only describes the next one.
    fn extension(&mut self, size: u64) -> io::Result<Option<Vec<u8>>> {
        if size > MAX_EXTENSION_BYTES {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

impl<R: Read> Read for Tar<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut out[..wanted])?;
        if count == 0 {
            return Err(self.truncated());
        }
        self.left -= count as u64;
        self.position += count as u64;
        Ok(count)
    }
}

fn short_name(block: &[u8; BLOCK]) -> Vec<u8> {
    let name = until_zero(&block[..100]);
    let prefix = until_zero(&block[345..500]);
    // GNU's own format has times where POSIX has a prefix.
    if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
        return [prefix, b"/", name].concat();
    }
    name.to_vec()
}

/// The fields of a pax header: `17 path=main.tex\n`, with its own length before it.
fn pax(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let space = bytes.iter().position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let field = bytes.get(space + 1..length)?;
        bytes = &bytes[length..];
        let field = field.strip_suffix(b"\n")?;
        let equals = field.iter().position(|&byte| byte == b'=')?;
        Some((&field[..equals], &field[equals + 1..]))
    })
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A member as `tar` writes it.
    pub(crate) fn member(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..108].copy_from_slice(b"0000644\0");
        block[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        block[148..156].copy_from_slice(b"        ");
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block.extend(bytes);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let files = members
            .iter()
            .map(|(name, bytes)| member(name, b'0', bytes));
        let mut bytes: Vec<u8> = files.flatten().collect();
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, u64, Vec<u8>)>, String> {
        let mut tar = Tar::new(bytes);
        let mut found = Vec::new();
        while let Some(member) = tar.next().map_err(|error| error.to_string())? {
            let mut bytes = Vec::new();
            tar.read_to_end(&mut bytes)
                .map_err(|error| error.to_string())?;
            found.push((member.name, member.offset, bytes));
        }
        Ok(found)
    }

    #[test]
    fn files_are_found_and_folders_and_links_are_not() {
        let bytes = [
            member("a/", b'5', b""),
            member("a/b", b'2', b""),
            archive(&[("a/b.tex", b"text"), ("c", &[b'x'; 512])]),
            archive(&[("d", b"")]),
        ]
        .concat();
        let want = [
            ("a/b.tex".to_owned(), 1024, b"text".to_vec()),
            ("c".to_owned(), 2048, vec![b'x'; 512]),
            ("d".to_owned(), 4096, Vec::new()),
        ];
        assert_eq!(read(&bytes).unwrap(), want);
        // What is not read is passed over.
        let mut tar = Tar::new(bytes.as_slice());
        let names = std::iter::from_fn(|| tar.next().unwrap()).map(|member| member.name);
        assert_eq!(names.collect::<Vec<_>>(), ["a/b.tex", "c", "d"]);
    }

    #[test]
    fn long_names_of_both_formats_are_read() {
        let long = "f/".repeat(200) + "a.tex";
        let pax = format!("{} path={long}\n", long.len() + 10);
        let bytes = [
            member("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            member("short", b'0', b"1"),
            member("pax", b'x', pax.as_bytes()),
            member("short", b'0', b"2"),
            member("much", b'L', &[b'n'; 100_000]),
            archive(&[("short", b"3")]),
        ]
        .concat();
        let names: Vec<_> = read(&bytes)
            .unwrap()
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(names, [&long, &long, "short"]);
    }

    #[test]
    fn an_archive_cut_off_anywhere_is_told_and_none_panics() {
        let bytes = archive(&[("a", &[b'x'; 700]), ("b", b"y")]);
        for length in 0..bytes.len() {
            let whole = length % BLOCK == 0
                || bytes[length - length % BLOCK..length]
                    .iter()
                    .all(|&b| b == 0);
            match read(&bytes[..length]) {
                Ok(found) => assert!(found.is_empty() || length >= 1212, "{length}"),
                Err(fault) => assert!(fault.contains("ends within a member"), "{fault}"),
            }
            assert!(
                whole || length >= 1212 || read(&bytes[..length]).is_err(),
                "{length}"
            );
        }
        let mut broken = bytes.clone();
        broken[1536] ^= 1;
        assert!(
            read(&broken)
                .unwrap_err()
                .contains("byte 1536 of the archive")
        );
    }

    #[test]
    fn a_size_beyond_all_bounds_is_truncation() {
        for size in [b"777777777777".as_slice(), &[0xFF; 12], b"99999999999\0"] {
            let mut block = member("a", b'0', b"");
            block[124..136].copy_from_slice(size);
            block[148..156].copy_from_slice(b"        ");
            let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert!(is_header(&block));
            let _ = read(&block);
        }
        assert!(!is_header(&[0; BLOCK]));
        assert!(!is_header(b"text"));
    }
}
