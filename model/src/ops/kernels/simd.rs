//! Vector code without intrinsics: loops that the compiler vectorises for the processor at hand.

use std::f32::consts::LOG2_E;

/// Runs `f` compiled for the widest vectors of this processor (AVX-512, AVX2 or what the target
/// guarantees), chosen at run time. What `f` calls must be `#[inline(always)]` to be part of it.
#[inline(always)]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// eˣ within 2 units in the last place; 0 below −87.3, never infinite: `x` is cut at 88.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.0);
    // Round to the nearest integer by adding and subtracting 1.5 · 2²³.
    let shifted = x * LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}
