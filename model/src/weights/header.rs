//! The front of a safetensors file: which tensors there are, and where.
//!
//! The format: <https://github.com/huggingface/safetensors#format>. Eight bytes say how long the
//! header is, the header is a JSON object, and behind it lie the values, each tensor where the last
//! one ends. We read it ourselves: the published reader takes headers of 100 MB, holds one several
//! times over, and lets the second of two tensors of one name win; and it does not say which tensor
//! is wrong, and how. The tests hold this reader against it.

use super::dtype::Dtype;
use super::entries::Entries;
use super::error::WeightsError;
use super::quote::{json, plain};
use super::text::LFS;
use std::path::Path;

/// The longest header that is read, in bytes. A model of 405 billion parameters has 150,000 of them.
const LONGEST: u64 = 1 << 22;

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Where its values lie in the file, in bytes.
    pub start: u64,
    pub end: u64,
}

/// How many bytes at the beginning of a file of `len` bytes the header takes, its length included;
/// `first` are the first eight or more, or all there are.
pub(super) fn length(path: &Path, first: &[u8], len: u64) -> Result<u64, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged {
        path: path.to_path_buf(),
        reason,
    };
    if first.starts_with(LFS) {
        let path = path.to_path_buf();
        return Err(WeightsError::LfsPointer { path });
    }
    let Some(stored) = first.first_chunk::<8>() else {
        let reason = format!("it has {len} bytes, and the length of its header alone takes 8");
        return Err(damaged(reason));
    };
    let header = u64::from_le_bytes(*stored);
    let left = len.saturating_sub(8);
    if header > left {
        let begins = first[..first.len().min(16)].escape_ascii();
        return Err(damaged(format!(
            "by its first eight bytes the header has {header} bytes, but {left} follow; it begins \
             with \"{begins}\""
        )));
    }
    if header > LONGEST {
        return Err(damaged(format!(
            "its header has {header} bytes, and at most {LONGEST} are read"
        )));
    }
    Ok(8 + header)
}

/// The tensors of a file of `len` bytes, whose `header` begins at byte 8, by name.
pub(super) fn read(path: &Path, header: &[u8], len: u64) -> Result<Vec<Entry>, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged {
        path: path.to_path_buf(),
        reason,
    };
    let Entries(stored) = serde_json::from_slice(header)
        .map_err(|error| damaged(format!("in its header: {}", json(&error))))?;
    let data = 8 + header.len() as u64;
    let mut entries = Vec::with_capacity(stored.len());
    for (name, stored) in stored {
        let Some(dtype) = Dtype::of(&stored.dtype) else {
            return Err(WeightsError::Format {
                path: path.to_path_buf(),
                tensor: plain(&name),
                found: plain(&stored.dtype),
            });
        };
        let values = stored
            .shape
            .iter()
            .try_fold(1u64, |n, size| n.checked_mul(*size));
        let bits = values.and_then(|values| values.checked_mul(dtype.bits));
        let [start, end] = stored.data_offsets;
        let has = end.checked_sub(start);
        let fits = bits.is_some_and(|bits| bits % 8 == 0 && has == Some(bits / 8));
        let range = [start, end].map(|at| data.checked_add(at).filter(|at| *at <= len));
        let name_shown = plain(&name);
        if !fits {
            let needs = match bits {
                Some(bits) => format!("{} bytes", bits.div_ceil(8)),
                None => "more bytes than a file can have".into(),
            };
            let format = dtype.name;
            return Err(damaged(format!(
                "tensor `{name_shown}` of shape {:?} in {format} needs {needs}, but its offsets are \
                 {start} to {end}",
                stored.shape
            )));
        }
        let [Some(from), Some(to)] = range else {
            let values = len - data;
            return Err(damaged(format!(
                "tensor `{name_shown}` has the offsets {start} to {end}, but {values} bytes of \
                 values follow the header"
            )));
        };
        // The product of the sizes is bounded by the file, but a size beside a zero is not.
        let shape = stored
            .shape
            .iter()
            .map(|size| usize::try_from(*size).unwrap_or(usize::MAX));
        entries.push(Entry {
            shape: shape.collect(),
            name,
            dtype,
            start: from,
            end: to,
        });
    }
    whole(&mut entries, data, len).map_err(damaged)?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    match entries.windows(2).find(|two| two[0].name == two[1].name) {
        Some(two) => Err(damaged(format!(
            "two tensors are named `{}`",
            plain(&two[0].name)
        ))),
        None => Ok(entries),
    }
}

/// Checks that every byte between `data` and `len` belongs to one tensor.
fn whole(entries: &mut [Entry], data: u64, len: u64) -> Result<(), String> {
    entries.sort_unstable_by_key(|entry| (entry.start, entry.end));
    let mut before: Option<&Entry> = None;
    for entry in entries.iter() {
        let end = before.map_or(data, |before| before.end);
        let name = plain(&entry.name);
        if let Some(before) = before.filter(|_| entry.start < end) {
            let first = plain(&before.name);
            return Err(format!("tensors `{first}` and `{name}` overlap"));
        }
        if entry.start > end {
            let gap = entry.start - end;
            return Err(format!(
                "{gap} bytes before tensor `{name}` belong to no tensor"
            ));
        }
        before = Some(entry);
    }
    match len - before.map_or(data, |last| last.end) {
        0 => Ok(()),
        more => Err(format!(
            "{more} bytes behind the last tensor belong to none"
        )),
    }
}
