//! What the front of a file says of each tensor.

use super::cursor::{Cursor, Short};
use super::error::{Fault, plain};
use super::header::{at_most, name, sort, text};
use super::kind::TensorKind;
use std::ops::Range;

/// ggml's own limit.
const LONGEST_NAME: u64 = 64;
const MOST_AXES: u32 = 4;

/// A tensor.
#[derive(Debug)]
pub(super) struct Info {
    pub name: Range<usize>,
    pub kind: TensorKind,
    /// As in the file: the axis whose values lie side by side comes first.
    pub sizes: [u64; MOST_AXES as usize],
    pub axes: usize,
    /// From the beginning of the data.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
}

/// Reads what is said of `count` tensors.
pub(super) fn infos(bytes: &[u8], cursor: &mut Cursor<'_>, count: u64) -> Result<Vec<Info>, Fault> {
    let mut infos = Vec::new();
    for number in 0..count {
        let name = name(cursor, LONGEST_NAME, || {
            format!("the name of tensor {number}")
        })?;
        infos.push(info(bytes, cursor, name)?);
    }
    sort(bytes, &mut infos, "tensors", |info| &info.name)?;
    Ok(infos)
}

fn info(bytes: &[u8], cursor: &mut Cursor<'_>, name: Range<usize>) -> Result<Info, Fault> {
    let shown = || plain(text(bytes, &name));
    let reading = |short: Short| short.reading(format!("what is said of tensor `{}`", shown()));
    let axes = cursor.u32().map_err(reading)?;
    let place = || format!("the number of axes of tensor `{}`", shown());
    at_most(MOST_AXES.into(), axes.into(), place)?;
    let mut sizes = [1; MOST_AXES as usize];
    for size in &mut sizes[..axes as usize] {
        *size = cursor.u64().map_err(reading)?;
    }
    let found = cursor.u32().map_err(reading)?;
    let kind = TensorKind::of(found).ok_or_else(|| Fault::UnknownKind {
        tensor: shown(),
        found,
    })?;
    let invalid = |expected: String| Fault::Invalid {
        place: format!("the shape of tensor `{}`", shown()),
        found: format!("{:?}", &sizes[..axes as usize]),
        expected,
    };
    if axes == 0 || sizes.contains(&0) {
        return Err(invalid("one to four sizes of at least 1".into()));
    }
    let block = kind.block_len() as u64;
    if !sizes[0].is_multiple_of(block) {
        let expected = format!(
            "rows of whole blocks, which hold {block} values in {}",
            kind.name()
        );
        return Err(invalid(expected));
    }
    let values = sizes
        .iter()
        .try_fold(1u64, |product, size| product.checked_mul(*size));
    let length = values.and_then(|n| (n / block).checked_mul(kind.block_size() as u64));
    let length = length.ok_or_else(|| invalid("fewer values than a file can hold".into()))?;
    let offset = cursor.u64().map_err(reading)?;
    Ok(Info {
        name,
        kind,
        sizes,
        axes: axes as usize,
        offset,
        length,
    })
}
