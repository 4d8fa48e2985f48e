//! Stored values to `f32`.
//!
//! A row is a sequence of blocks; each function here reads one block. The layouts are those of
//! ggml's `ggml-common.h`, the order of operations that of its reference, so the results are equal
//! bit by bit. Multi-byte numbers are little-endian; `d` is a scale in half precision.

use super::kind::TensorKind;
use crate::weights::dtype;
use crate::weights::gather::decode;
use half::f16;

/// The types that are read, for messages.
pub(super) const SUPPORTED: &str = "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K and Q6_K";

/// Whether values of that type are read.
pub(super) fn is_read(kind: TensorKind) -> bool {
    reader(kind).is_some()
}

/// Reads whole blocks into `out`, which stays as it is for a type that is not read.
pub(super) fn read(kind: TensorKind, bytes: &[u8], out: &mut [f32]) {
    if let Some(read) = reader(kind) {
        decode(bytes, out, [kind.block_len(), kind.block_size()], read);
    }
}

/// Reads whole blocks: stored bytes, and where the values go.
type Reader = fn(&[u8], &mut [f32]);

fn reader(kind: TensorKind) -> Option<Reader> {
    Some(match kind {
        TensorKind::F32 => dtype::f32s,
        TensorKind::F16 => dtype::f16s,
        TensorKind::BF16 => dtype::bf16s,
        TensorKind::Q8_0 => |bytes, out| each(bytes, out, q8_0),
        TensorKind::Q4_0 => |bytes, out| each(bytes, out, q4_0),
        TensorKind::Q4_1 => |bytes, out| each(bytes, out, q4_1),
        TensorKind::Q4_K => |bytes, out| each(bytes, out, q4_k),
        TensorKind::Q6_K => |bytes, out| each(bytes, out, q6_k),
        _ => return None,
    })
}

fn each<const B: usize, const N: usize>(
    bytes: &[u8],
    out: &mut [f32],
    read: impl Fn(&[u8; B], &mut [f32; N]),
) {
    let (blocks, _) = bytes.as_chunks();
    let (values, _) = out.as_chunks_mut();
    for (block, values) in blocks.iter().zip(values) {
        read(block, values);
    }
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// `d`, 32 signed bytes: `d · q`.
fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (value, q) in out.iter_mut().zip(&block[2..]) {
        *value = f32::from(*q as i8) * d;
    }
}

/// `d`, 16 bytes whose low halves are the first 16 values and whose high ones the others:
/// `d · (q − 8)`.
fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half_at(block, 0);
    let (low, high) = out.split_at_mut(16);
    for ((low, high), q) in low.iter_mut().zip(high).zip(&block[2..]) {
        *low = (f32::from(q & 15) - 8.0) * d;
        *high = (f32::from(q >> 4) - 8.0) * d;
    }
}

/// `d`, a minimum `m`, and bytes as in [`q4_0`]: `d · q + m`.
fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    let (low, high) = out.split_at_mut(16);
    for ((low, high), q) in low.iter_mut().zip(high).zip(&block[4..]) {
        *low = f32::from(q & 15) * d + m;
        *high = f32::from(q >> 4) * d + m;
    }
}

/// `d`, `dmin`, 12 bytes with eight scales `s` and minima `m` of six bits, 128 bytes of four-bit
/// values: `(d · s) · q − dmin · m`, where 32 values share a scale. The low halves of 32 bytes are
/// 32 values, and the high halves the next 32.
fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (d, dmin) = (half_at(block, 0), half_at(block, 2));
    let (packed, stored) = block[4..].split_at(12);
    let (groups, _) = out.as_chunks_mut::<64>();
    for (pair, (group, stored)) in groups.iter_mut().zip(stored.chunks_exact(32)).enumerate() {
        let part = |sub: usize| {
            let (s, m) = scale_and_min(packed, sub);
            (d * f32::from(s), dmin * f32::from(m))
        };
        let ((s0, m0), (s1, m1)) = (part(2 * pair), part(2 * pair + 1));
        let (low, high) = group.split_at_mut(32);
        for ((low, high), q) in low.iter_mut().zip(high).zip(stored) {
            *low = s0 * f32::from(q & 15) - m0;
            *high = s1 * f32::from(q >> 4) - m1;
        }
    }
}

/// The first four scales and minima are the low six bits of bytes 0 to 7. Each of the others has
/// its low four bits in bytes 8 to 11 and its high two on top of one of the first.
fn scale_and_min(packed: &[u8], sub: usize) -> (u8, u8) {
    if sub < 4 {
        return (packed[sub] & 63, packed[sub + 4] & 63);
    }
    let low = packed[sub + 4];
    let scale = low & 15 | packed[sub - 4] >> 6 << 4;
    let min = low >> 4 | packed[sub] >> 6 << 4;
    (scale, min)
}

/// 128 bytes with the low four bits of each value, 64 with the high two, 16 signed scales `s`, `d`:
/// `(d · s) · (q − 32)`, where 16 values share a scale.
fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let (low, rest) = block.split_at(128);
    let (high, rest) = rest.split_at(64);
    let (scales, _) = rest.split_at(16);
    let d = half_at(block, 208);
    for (at, value) in out.iter_mut().enumerate() {
        // Each half of the block has four runs of 32: the low bits of two lie in the same bytes,
        // the high bits of all four.
        let (half, run, column) = (at / 128, at % 128 / 32, at % 32);
        let low = low[half * 64 + run % 2 * 32 + column] >> (run / 2 * 4) & 15;
        let high = high[half * 32 + column] >> (run * 2) & 3;
        let q = f32::from(low | high << 4) - 32.0;
        *value = d * f32::from(scales[at / 16] as i8) * q;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1.0, 0.5 and −2.0 in half precision.
    const ONE: [u8; 2] = [0x00, 0x3C];
    const HALF: [u8; 2] = [0x00, 0x38];
    const MINUS_TWO: [u8; 2] = [0x00, 0xC0];

    fn read(kind: TensorKind, parts: &[&[u8]]) -> Vec<f32> {
        values(kind, &parts.concat())
    }

    fn values(kind: TensorKind, bytes: &[u8]) -> Vec<f32> {
        let mut values = vec![f32::NAN; bytes.len() / kind.block_size() * kind.block_len()];
        super::read(kind, bytes, &mut values);
        values
    }

    #[test]
    fn plain_numbers_are_widened() {
        assert_eq!(read(TensorKind::F32, &[&1.5f32.to_le_bytes()]), [1.5]);
        assert_eq!(read(TensorKind::F16, &[&HALF, &MINUS_TWO]), [0.5, -2.0]);
        assert_eq!(
            read(TensorKind::BF16, &[&[0x80, 0x3F, 0x00, 0xC0]]),
            [1.0, -2.0]
        );
    }

    #[test]
    fn eight_bits_are_signed() {
        let mut stored = [0u8; 32];
        stored[0] = 127;
        stored[31] = 0x80;
        let found = read(TensorKind::Q8_0, &[&HALF, &stored]);
        assert_eq!((found[0], found[1], found[31]), (63.5, 0.0, -64.0));
    }

    #[test]
    fn four_bits_fill_low_halves_first() {
        let stored: Vec<u8> = (0..16).map(|at| at | (15 - at) << 4).collect();
        let found = read(TensorKind::Q4_0, &[&HALF, &stored]);
        let expected: Vec<f32> = (0..16)
            .chain((0..16).rev())
            .map(|q| (q as f32 - 8.0) / 2.0)
            .collect();
        assert_eq!(found, expected);
        let found = read(TensorKind::Q4_1, &[&HALF, &MINUS_TWO, &stored]);
        let expected: Vec<f32> = (0..16)
            .chain((0..16).rev())
            .map(|q| q as f32 / 2.0 - 2.0)
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn six_bit_scales_and_minima_are_unpacked() {
        // Scale of part s is 10 + s, 50 + s from the fourth on; minima are 63 − s.
        let scale = |s: u8| if s < 4 { 10 + s } else { 50 + s };
        let mut packed = [0u8; 12];
        for s in 0..4 {
            let (first, second) = (usize::from(s), s + 4);
            packed[first] = scale(s) | scale(second) >> 4 << 6;
            packed[first + 4] = (63 - s) | (63 - second) >> 4 << 6;
            packed[first + 8] = scale(second) & 15 | (63 - second) << 4;
        }
        let found = read(TensorKind::Q4_K, &[&ONE, &HALF, &packed, &[0x21; 128]]);
        for (at, value) in found.iter().enumerate() {
            let part = at / 32;
            // Low halves hold 1, high halves 2.
            let q = 1.0 + (part % 2) as f32;
            let s = part as u8;
            let expected = q * f32::from(scale(s)) - 0.5 * f32::from(63 - s);
            assert_eq!(*value, expected, "value {at}");
        }
    }

    #[test]
    fn six_bits_come_from_two_places() {
        let scales: Vec<u8> = (0..16).map(|s: i8| (s - 8) as u8).collect();
        // Runs of 32 have the low bits 1, 1, 2, 2 and the high bits 0, 1, 2, 3.
        let found = read(
            TensorKind::Q6_K,
            &[&[0x21; 128], &[0b11_10_01_00; 64], &scales, &HALF],
        );
        for (at, value) in found.iter().enumerate() {
            let q = [1, 17, 34, 50][at % 128 / 32] - 32;
            let expected = 0.5 * ((at / 16) as f32 - 8.0) * q as f32;
            assert_eq!(*value, expected, "value {at}");
        }
    }

    #[test]
    fn many_blocks_are_read_whole() {
        let stored: Vec<f32> = (0..300_000).map(|n| n as f32).collect();
        let bytes: Vec<u8> = stored.iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(values(TensorKind::F32, &bytes), stored);
        let block = [&HALF[..], &[7; 32]].concat();
        let found = values(TensorKind::Q8_0, &block.repeat(20_000));
        assert_eq!(found, vec![3.5; 32 * 20_000]);
    }

    #[test]
    fn other_types_are_not_read() {
        assert!(!is_read(TensorKind::Q5_K) && is_read(TensorKind::Q6_K));
        assert!(values(TensorKind::Q5_K, &[0; 176])[0].is_nan());
    }
}
