//! Sums of slices: biases, residual connections, gradients that meet.

/// `x += y` on the calling thread, for use inside [`vectorized`](super::simd::vectorized).
#[inline(always)]
pub fn add_assign_chunk(x: &mut [f32], y: &[f32]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
