//! The formats of numbers that safetensors files have, and those that are read.

use half::f16;
use half::slice::HalfFloatSliceExt;

/// How the values of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dtype {
    /// Its name in files.
    pub name: &'static str,
    /// Of one value; some formats are smaller than a byte.
    pub bits: u64,
}

/// All formats of safetensors 0.8.
const FORMATS: [(&str, u64); 22] = [
    ("BOOL", 8),
    ("F4", 4),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("U8", 8),
    ("I8", 8),
    ("F8_E5M2", 8),
    ("F8_E4M3", 8),
    ("F8_E8M0", 8),
    ("F8_E4M3FNUZ", 8),
    ("F8_E5M2FNUZ", 8),
    ("I16", 16),
    ("U16", 16),
    ("F16", 16),
    ("BF16", 16),
    ("I32", 32),
    ("U32", 32),
    ("F32", 32),
    ("C64", 64),
    ("F64", 64),
    ("I64", 64),
    ("U64", 64),
];

/// Reads values: stored bytes, and where the values go.
pub(super) type Reader = fn(&[u8], &mut [f32]);

impl Dtype {
    /// The format of that name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let found = FORMATS.iter().find(|(known, _)| *known == name)?;
        let (name, bits) = *found;
        Some(Self { name, bits })
    }

    /// How its values become single precision; `None` for a format that is not read.
    pub(super) fn reader(self) -> Option<Reader> {
        Some(match self.name {
            "F32" => f32s,
            "F16" => f16s,
            "BF16" => bf16s,
            _ => return None,
        })
    }
}

pub(crate) fn f32s(bytes: &[u8], out: &mut [f32]) {
    let (stored, _) = bytes.as_chunks();
    for (value, stored) in out.iter_mut().zip(stored) {
        *value = f32::from_le_bytes(*stored);
    }
}

pub(crate) fn f16s(bytes: &[u8], out: &mut [f32]) {
    /// Values that are widened together, by the processor's own instruction where it has one.
    const TOGETHER: usize = 256;
    let mut halves = [f16::ZERO; TOGETHER];
    for (out, bytes) in out.chunks_mut(TOGETHER).zip(bytes.chunks(2 * TOGETHER)) {
        let (stored, _) = bytes.as_chunks();
        for (half, stored) in halves.iter_mut().zip(stored) {
            *half = f16::from_le_bytes(*stored);
        }
        halves[..out.len()].convert_to_f32_slice(out);
    }
}

pub(crate) fn bf16s(bytes: &[u8], out: &mut [f32]) {
    let (stored, _) = bytes.as_chunks();
    for (value, stored) in out.iter_mut().zip(stored) {
        // The upper half of an `f32`.
        *value = f32::from_bits(u32::from(u16::from_le_bytes(*stored)) << 16);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use half::bf16;
    use safetensors::Dtype as Published;

    #[test]
    fn formats_are_those_of_the_published_reader() {
        for (name, bits) in FORMATS {
            let published: Published = serde_json::from_value(name.into()).unwrap();
            assert_eq!(published.bitsize() as u64, bits, "{name}");
        }
    }

    #[test]
    fn every_half_is_widened_exactly() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let mut found = vec![0.0; 1 << 16];
        let same = |found: &[f32], expected: fn(u16) -> f32| {
            for (bits, value) in (0..=u16::MAX).zip(found) {
                let expected = expected(bits);
                let equal = value.to_bits() == expected.to_bits();
                assert!(equal || value.is_nan() && expected.is_nan(), "{bits:#x}");
            }
        };
        f16s(&all, &mut found);
        same(&found, |bits| f16::from_bits(bits).to_f32());
        bf16s(&all, &mut found);
        same(&found, |bits| bf16::from_bits(bits).to_f32());
    }
}
