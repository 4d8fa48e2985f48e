//! The exponential and the logarithm of the softmax, short enough to vanish beside the matrix
//! products. Powers of two, because the factor between them and those of e goes into the scale of
//! the queries for nothing.

use std::array::from_fn;

/// Sums run in this many lanes, whatever vectors the processor has.
pub const LANES: usize = 16;
/// Powers of two below this are taken for zero.
const LOWEST: f32 = -126.0;

/// 2ˣ for `x` below 127, within 2 units in the last place; 0 below −126.
#[inline(always)]
pub fn exp2(x: f32) -> f32 {
    // Not `max`, which would turn what is not a number into one.
    let cut = if x < LOWEST { LOWEST } else { x };
    // Round to the nearest integer by adding and subtracting 1.5 · 2²³.
    let shifted = cut + 12_582_912.0;
    let r = cut - (shifted - 12_582_912.0);
    // The polynomial of exp2f in Moshier's Cephes library.
    let p = 1.535_336_2e-4_f32;
    let p = p.mul_add(r, 1.339_887_4e-3);
    let p = p.mul_add(r, 9.618_437e-3);
    let p = p.mul_add(r, 5.550_332_5e-2);
    let p = p.mul_add(r, 2.402_264_8e-1);
    let p = p.mul_add(r, 6.931_472e-1);
    let p = p.mul_add(r, 1.0);
    let e = p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    if x < LOWEST { 0.0 } else { e }
}

/// ln x for a normal positive `x`; −∞ for 0.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // x = m · 2ⁿ with m from √½ to √2.
    let bits = x.to_bits().wrapping_sub(0x3f35_04f3);
    let n = (bits as i32 >> 23) as f32;
    let m = f32::from_bits((bits & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    // The series of the inverse hyperbolic tangent.
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let p = (2.0_f32 / 9.0).mul_add(z, 2.0 / 7.0);
    let p = p.mul_add(z, 2.0 / 5.0);
    let p = p.mul_add(z, 2.0 / 3.0);
    let tail = (s * z).mul_add(p, n * -2.121_944_4e-4);
    let e = n.mul_add(0.693_359_4, 2.0f32.mul_add(s, tail));
    let e = if x == 0.0 { f32::NEG_INFINITY } else { e };
    if x.is_nan() { x } else { e }
}

/// Combines the lanes by halves, which takes four steps instead of fifteen.
#[inline(always)]
pub fn fold(lanes: [f32; LANES], with: impl Fn(f32, f32) -> f32) -> f32 {
    let a: [f32; 8] = from_fn(|i| with(lanes[i], lanes[i + 8]));
    let a: [f32; 4] = from_fn(|i| with(a[i], a[i + 4]));
    let a: [f32; 2] = from_fn(|i| with(a[i], a[i + 2]));
    with(a[0], a[1])
}

/// The larger one, as a single instruction.
#[inline(always)]
pub fn larger(x: f32, y: f32) -> f32 {
    if x > y { x } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp2_and_ln_are_close() {
        for i in 0..200_000 {
            let x = i as f32 * 1.26e-3 - 126.0;
            let is = f64::from(exp2(x)) / f64::from(x).exp2();
            assert!((is - 1.0).abs() < 2.4e-7, "2^{x}: {is}");
            let x = (i as f32 * 8e-4 - 80.0).exp();
            let (is, should) = (f64::from(ln(x)), f64::from(x).ln());
            assert!(
                (is - should).abs() < 2e-7 * should.abs().max(1.0),
                "ln {x}: {is}"
            );
        }
        assert_eq!(
            [exp2(-127.0), exp2(f32::NEG_INFINITY), exp2(0.0)],
            [0.0, 0.0, 1.0]
        );
        assert_eq!([ln(0.0), ln(1.0)], [f32::NEG_INFINITY, 0.0]);
        assert!(exp2(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
    }
}
