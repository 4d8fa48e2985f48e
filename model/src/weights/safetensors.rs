//! Writes safetensors files, a few rows of a tensor at a time.
//!
//! The published writer takes each tensor whole, as bytes; turned round and copied out of a device
//! it would be in memory three times. The file is the same, byte for byte (tested).

use serde::Serialize;
use std::io::{self, Write};

/// A tensor of F32 values that is to be written.
pub(super) struct Outline<'a> {
    pub name: &'a str,
    pub shape: &'a [usize],
}

/// What the header says of a tensor.
#[derive(Serialize)]
struct Entry<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

/// Writes the front of a file with these tensors, which must be sorted by name; their values follow
/// in the same order.
pub(super) fn front(file: &mut impl Write, tensors: &[Outline<'_>]) -> io::Result<()> {
    // Programs look here for the framework that a file's layout belongs to.
    let mut header = String::from(r#"{"__metadata__":{"format":"pt"}"#);
    let mut at = 0;
    for tensor in tensors {
        let end = at + 4 * tensor.shape.iter().product::<usize>();
        let entry = Entry {
            dtype: "F32",
            shape: tensor.shape,
            data_offsets: [at, end],
        };
        let name = serde_json::to_string(tensor.name)?;
        header.push_str(&format!(",{name}:{}", serde_json::to_string(&entry)?));
        at = end;
    }
    header.push('}');
    // Values begin at a multiple of eight bytes.
    let length = header.len().next_multiple_of(8);
    file.write_all(&(length as u64).to_le_bytes())?;
    write!(file, "{header:<length$}")
}

/// Writes values as they stand in a file.
pub(super) fn values(file: &mut impl Write, values: &[f32]) -> io::Result<()> {
    let mut bytes = [0; 1 << 14];
    for values in values.chunks(bytes.len() / 4) {
        let (places, _) = bytes.as_chunks_mut::<4>();
        for (place, value) in places.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
        file.write_all(&bytes[..4 * values.len()])?;
    }
    Ok(())
}
