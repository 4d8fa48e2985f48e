//! Which files one worker reads, and which parts one machine makes.

use std::str::FromStr;

use crate::source::Inputs;

/// Bytes on disk after which a part is begun anew. Small enough that two cores have work to the end, large
/// enough that a crawl has some ten thousand parts and not millions.
const PART_BYTES: u64 = 32 << 20;

/// A run of whole files of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its number, which decides its place among the documents.
    pub number: usize,
    /// The source.
    pub source: String,
    /// Its files, by their numbers in the inputs.
    pub files: std::ops::Range<usize>,
    /// Their bytes on disk.
    pub bytes: u64,
}

/// Divides the files of all sources, in order.
pub(super) fn divide(inputs: &Inputs) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (file, (source, length)) in inputs.lengths().enumerate() {
        match parts.last_mut() {
            Some(part) if part.source == source && part.bytes + length <= PART_BYTES => {
                part.files.end = file + 1;
                part.bytes += length;
            }
            _ => parts.push(Part {
                number: parts.len(),
                source: source.to_owned(),
                files: file..file + 1,
                bytes: length,
            }),
        }
    }
    parts
}

/// The share of the work that one machine does: `2/8` is every eighth part, from the second on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which share, from 1.
    pub number: usize,
    /// How many shares there are.
    pub of: usize,
}

impl Share {
    /// All of it.
    pub const ALL: Self = Self { number: 1, of: 1 };

    /// Whether a part, counted from 0, belongs to this share.
    pub fn holds(&self, part: usize) -> bool {
        part % self.of == self.number - 1
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let right = || format!("{text} is no share: write it as 2/8, the second of eight");
        let (number, of) = text.split_once('/').ok_or_else(right)?;
        let number: usize = number.trim().parse().map_err(|_| right())?;
        let of: usize = of.trim().parse().map_err(|_| right())?;
        match (1..=of).contains(&number) {
            true => Ok(Self { number, of }),
            false => Err(right()),
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn shares_divide_the_parts_without_rest() {
        for of in 1..6 {
            for part in 0..20 {
                let held = (1..=of).filter(|&number| Share { number, of }.holds(part));
                assert_eq!(held.count(), 1);
            }
        }
    }

    #[test]
    fn a_share_is_read_as_it_is_written() {
        assert_eq!("2/8".parse(), Ok(Share { number: 2, of: 8 }));
        for wrong in ["", "2", "0/8", "9/8", "1/0", "a/b", "-1/2", "1/2/3"] {
            let said = wrong.parse::<Share>().unwrap_err();
            assert!(said.contains("2/8"), "{said}");
        }
    }
}
