//! The front of a GGUF file: counts, metadata, and where each tensor lies.
//!
//! Nothing is allocated by a number from the file. What is kept of an entry are places in the file,
//! and there is a limit to the entries.

use super::cursor::{Cursor, Short};
use super::error::{Fault, plain, quote, quote_bytes};
use super::info::{Info, infos};
use super::value::{MOST_ELEMENTS, Value, ValueKind, Walker, decode};
use std::ops::Range;

const MOST_KEYS: u64 = 1 << 14;
/// 405 billion parameters stand in 1,138 tensors.
const MOST_TENSORS: u64 = 1 << 14;
/// The format allows 65,535; the longest in use has about 60.
const LONGEST_KEY: u64 = 1 << 10;

/// Where everything is.
#[derive(Debug)]
pub(super) struct Header {
    pub version: u32,
    /// In the order of their names.
    pub entries: Vec<Entry>,
    /// In the order of their names.
    pub tensors: Vec<Info>,
    /// Where the data begins.
    pub data: u64,
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: Range<usize>,
    pub kind: ValueKind,
    pub value: Range<usize>,
}

impl Header {
    /// Reads and checks the front of the file `bytes`.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(bytes);
        let version = begin(bytes, &mut cursor)?;
        let count = |cursor: &mut Cursor<'_>, what: &str, limit| {
            let found = cursor.u64().map_err(|short| short.reading(what))?;
            at_most(limit, found, || what.into()).map(|()| found)
        };
        let tensors = count(&mut cursor, "the number of tensors", MOST_TENSORS)?;
        let keys = count(&mut cursor, "the number of metadata keys", MOST_KEYS)?;
        let entries = entries(bytes, &mut cursor, keys)?;
        let tensors = infos(bytes, &mut cursor, tensors)?;
        let mut header = Self {
            version,
            entries,
            tensors,
            data: 0,
        };
        header.place(bytes, cursor.at())?;
        Ok(header)
    }

    /// The value of a key.
    pub fn get<'a>(&self, bytes: &'a [u8], key: &str) -> Option<Value<'a>> {
        let name = |entry: &Entry| bytes.get(entry.key.clone()).unwrap_or_default();
        let found = self
            .entries
            .binary_search_by(|entry| name(entry).cmp(key.as_bytes()));
        self.entries[found.ok()?].decode(bytes)
    }

    /// Finds the beginning of the data, and checks that each tensor is in the file and alone there.
    fn place(&mut self, bytes: &[u8], end: usize) -> Result<(), Fault> {
        let alignment = self.alignment(bytes)?;
        let data = (end as u64).checked_next_multiple_of(alignment);
        self.data = data.unwrap_or(u64::MAX);
        for info in &self.tensors {
            let name = || plain(text(bytes, &info.name));
            if !info.offset.is_multiple_of(alignment) {
                return Err(Fault::Invalid {
                    place: format!("the offset of tensor `{}`", name()),
                    found: info.offset.to_string(),
                    expected: format!("a multiple of the alignment, {alignment}"),
                });
            }
            let start = self.data.saturating_add(info.offset);
            let left = (bytes.len() as u64).saturating_sub(start);
            if info.length > left {
                return Err(Fault::Short {
                    place: format!("tensor `{}`", name()),
                    at: start,
                    needs: info.length,
                    left,
                });
            }
        }
        let mut order: Vec<&Info> = self.tensors.iter().collect();
        order.sort_unstable_by_key(|info| info.offset);
        let overlap = |two: &&[&Info]| two[0].offset + two[0].length > two[1].offset;
        match order.windows(2).find(overlap) {
            Some(two) => Err(Fault::Overlap {
                first: plain(text(bytes, &two[0].name)),
                second: plain(text(bytes, &two[1].name)),
            }),
            None => Ok(()),
        }
    }

    fn alignment(&self, bytes: &[u8]) -> Result<u64, Fault> {
        const KEY: &str = "general.alignment";
        let Some(value) = self.get(bytes, KEY) else {
            return Ok(32);
        };
        let power = value.to_u64().filter(|value| value.is_power_of_two());
        power.ok_or_else(|| Fault::Invalid {
            place: format!("metadata `{KEY}`"),
            found: value.to_string(),
            expected: "a power of two".into(),
        })
    }
}

impl Entry {
    /// The value, from the bytes of the file.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Option<Value<'a>> {
        decode(&mut Cursor::new(bytes.get(self.value.clone())?), self.kind)
    }
}

/// Checks that this is a GGUF file, and returns its version.
fn begin(bytes: &[u8], cursor: &mut Cursor<'_>) -> Result<u32, Fault> {
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(Fault::LfsPointer);
    }
    if bytes.starts_with(b"FUGG") {
        return Err(Fault::BigEndian);
    }
    if !bytes.starts_with(b"GGUF") {
        let found = match &bytes[..bytes.len().min(4)] {
            [] => "nothing: it is empty".into(),
            first => quote_bytes(first),
        };
        return Err(Fault::NotGguf { found });
    }
    let reading = |short: Short| short.reading("the version of the format");
    cursor.u32().map_err(reading)?;
    match cursor.u32().map_err(reading)? {
        found @ (2 | 3) => Ok(found),
        found if found & 0xFFFF == 0 && found != 0 => Err(Fault::BigEndian),
        found => Err(Fault::Version { found }),
    }
}

fn entries(bytes: &[u8], cursor: &mut Cursor<'_>, count: u64) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    let mut left = MOST_ELEMENTS;
    for number in 0..count {
        let key = name(cursor, LONGEST_KEY, || format!("metadata key {number}"))?;
        let mut walker = Walker {
            key: text(bytes, &key),
            left: &mut left,
        };
        let kind = walker.kind(cursor)?;
        let start = cursor.at();
        walker.skip(cursor, kind)?;
        let value = start..cursor.at();
        entries.push(Entry { key, kind, value });
    }
    sort(bytes, &mut entries, "metadata keys", |entry| &entry.key)?;
    Ok(entries)
}

/// Reads a name of at most `longest` bytes, and returns where it stands.
pub(super) fn name(
    cursor: &mut Cursor<'_>,
    longest: u64,
    place: impl Fn() -> String,
) -> Result<Range<usize>, Fault> {
    let length = cursor.u64().map_err(|short| short.reading(place()))?;
    at_most(longest, length, || format!("the length of {}", place()))?;
    let start = cursor.at();
    let bytes = cursor
        .take(length)
        .map_err(|short| short.reading(place()))?;
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(start..cursor.at()),
        Err(_) => Err(Fault::Invalid {
            place: place(),
            found: quote_bytes(bytes),
            expected: "UTF-8".into(),
        }),
    }
}

/// Puts things in the order of their names, which must differ.
pub(super) fn sort<T>(
    bytes: &[u8],
    things: &mut [T],
    what: &'static str,
    name: impl Fn(&T) -> &Range<usize>,
) -> Result<(), Fault> {
    let key = |thing: &T| text(bytes, name(thing));
    things.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    match things.windows(2).find(|two| key(&two[0]) == key(&two[1])) {
        Some(two) => Err(Fault::Duplicate {
            what,
            name: quote(key(&two[0])),
        }),
        None => Ok(()),
    }
}

/// A name, which was checked when it was read.
pub(super) fn text<'a>(bytes: &'a [u8], place: &Range<usize>) -> &'a str {
    let bytes = bytes.get(place.clone()).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

pub(super) fn at_most(limit: u64, found: u64, place: impl Fn() -> String) -> Result<(), Fault> {
    match found <= limit {
        true => Ok(()),
        false => Err(Fault::TooLarge {
            place: place(),
            found,
            limit,
        }),
    }
}
