//! Sums of slices, in parallel: residual connections and gradients that meet.

use crate::ops::kernels::chunks::for_each_chunk;
use crate::ops::kernels::simd::vectorized;

/// `x += y`.
///
/// # Panics
/// If the lengths differ.
pub fn add_assign(x: &mut [f32], y: &[f32]) {
    for_each_chunk([x], [y], |[x], [y]| {
        vectorized(
            #[inline(always)]
            || add_assign_chunk(x, y),
        )
    });
}

/// `out = x + y`.
///
/// # Panics
/// If the lengths differ.
pub fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    for_each_chunk([out], [x, y], |[out], [x, y]| {
        vectorized(
            #[inline(always)]
            || add_chunk(x, y, out),
        )
    });
}

/// `x += y` on the calling thread, for use inside [`vectorized`].
#[inline(always)]
pub fn add_assign_chunk(x: &mut [f32], y: &[f32]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// `out = x + y` on the calling thread, for use inside [`vectorized`].
#[inline(always)]
pub fn add_chunk(x: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *out = x + y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::chunks::CHUNK;
    use crate::ops::kernels::testing::Random;

    #[test]
    fn adds_every_element() {
        for n in [0, 1, 17, 1000, 2 * CHUNK + 9] {
            let mut random = Random(n as u64);
            let (mut x, y) = (random.vec(n, 1e3), random.vec(n, 1.0));
            let want: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
            let mut out = vec![9.0; n];
            add(&x, &y, &mut out);
            add_assign(&mut x, &y);
            assert_eq!(out, want);
            assert_eq!(x, want);
        }
    }
}
