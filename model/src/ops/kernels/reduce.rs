//! Sums in a fixed order: bias gradients, the global gradient norm, a check for NaN.
//!
//! Every sum runs in a fixed number of lanes over chunks of a fixed size, and the chunks' sums are
//! added in order. The result therefore depends neither on the width of the processor's vectors
//! nor on the number of threads, and rounding errors grow with the chunk rather than the whole.

use crate::ops::kernels::CHUNK;
use crate::ops::kernels::simd::vectorized;
use rayon::prelude::*;

/// Partial sums that a reduction keeps side by side.
pub const LANES: usize = 32;

/// Rows whose sum [`sum_rows`] forms before adding it to the others.
const ROWS: usize = 64;

/// Σ `f(i, x[i])`-like sum over a row on the calling thread, for use inside [`vectorized`]:
/// `f` gets matching elements of `x` and `y`.
#[inline(always)]
pub fn sum_pairs(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x.iter().zip(y) {
        for i in 0..LANES {
            lanes[i] += f(x[i], y[i]);
        }
    }
    let (x, y) = (padded(x_rest), padded(y_rest));
    for i in 0..LANES {
        let value = f(x[i], y[i]);
        lanes[i] += if i < x_rest.len() { value } else { 0.0 };
    }
    add_lanes(lanes)
}

/// Σ `f(x[i])` over a row on the calling thread, for use inside [`vectorized`].
#[inline(always)]
pub fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (x, rest) = x.as_chunks::<LANES>();
    for x in x {
        for i in 0..LANES {
            lanes[i] += f(x[i]);
        }
    }
    let last = padded(rest);
    for i in 0..LANES {
        let value = f(last[i]);
        lanes[i] += if i < rest.len() { value } else { 0.0 };
    }
    add_lanes(lanes)
}

/// What is left of a row after the whole groups of lanes. The lanes themselves are only indexed by
/// constants, so that they stay in registers.
#[inline(always)]
pub(crate) fn padded(rest: &[f32]) -> [f32; LANES] {
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    last
}

#[inline(always)]
pub(crate) fn add_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// `out [n] += Σ over the rows of x [m, n]`, the gradient of a bias, in parallel.
///
/// # Panics
/// If `x` is not a whole number of rows.
pub fn sum_rows(x: &[f32], out: &mut [f32]) {
    let n = out.len();
    if n == 0 {
        assert!(x.is_empty());
        return;
    }
    assert!(x.len().is_multiple_of(n), "not a whole number of rows");
    let run = |(x, partial): (&[f32], &mut [f32])| {
        vectorized(
            #[inline(always)]
            || add_rows(x, partial),
        )
    };
    let mut partials = vec![0.0; x.len().div_ceil(ROWS * n) * n];
    if x.len() <= CHUNK {
        x.chunks(ROWS * n).zip(partials.chunks_mut(n)).for_each(run);
    } else {
        x.par_chunks(ROWS * n)
            .zip(partials.par_chunks_mut(n))
            .for_each(run);
    }
    vectorized(
        #[inline(always)]
        || add_rows(&partials, out),
    );
}

/// `x += y` on the calling thread, for use inside [`vectorized`].
#[inline(always)]
pub fn add_assign_chunk(x: &mut [f32], y: &[f32]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// `out += Σ rows of x`, four rows at a time so that `out` is loaded and stored a quarter as often.
#[inline(always)]
pub(crate) fn add_rows(x: &[f32], out: &mut [f32]) {
    let n = out.len();
    let mut fours = x.chunks_exact(4 * n);
    for four in &mut fours {
        let (a, rest) = four.split_at(n);
        let (b, rest) = rest.split_at(n);
        let (c, d) = rest.split_at(n);
        add_four(a, b, c, d, out);
    }
    for row in fours.remainder().chunks_exact(n) {
        add_assign_chunk(out, row);
    }
}

#[inline(always)]
fn add_four(a: &[f32], b: &[f32], c: &[f32], d: &[f32], out: &mut [f32]) {
    for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out += (a + b) + (c + d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::testing::{Random, assert_close, assert_same_with_any_threads, f64s};

    #[test]
    fn sums_of_a_row_follow_float64() {
        for n in [0, 1, 31, 32, 33, 100, 4099] {
            let mut random = Random(n as u64);
            let (x, y) = (random.vec(n, 1.0), random.vec(n, 1.0));
            let want: f64 = f64s(&x).iter().sum();
            assert_close(&[sum(&x, |x| x)], &[want], 1e-5);
            let want: f64 = f64s(&x).iter().zip(f64s(&y)).map(|(x, y)| x * y).sum();
            assert_close(&[sum_pairs(&x, &y, |x, y| x * y)], &[want], 1e-5);
        }
    }

    #[test]
    fn rows_are_added_to_what_is_there() {
        for (m, n) in [
            (0, 3),
            (1, 1),
            (3, 5),
            (64, 7),
            (65, 33),
            (331, 130),
            (9, 5000),
        ] {
            let mut random = Random((m * n) as u64);
            let (x, start) = (random.vec(m * n, 1.0), random.vec(n, 1.0));
            let mut want = f64s(&start);
            for row in x.chunks(n) {
                want.iter_mut()
                    .zip(row)
                    .for_each(|(w, &x)| *w += f64::from(x));
            }
            let mut out = start.clone();
            sum_rows(&x, &mut out);
            assert_close(&out, &want, 2e-6);
        }
    }

    #[test]
    fn threads_change_nothing() {
        let x = Random(1).vec(777 * 129, 1.0);
        assert_same_with_any_threads(|| {
            let mut out = vec![0.0; 129];
            sum_rows(&x, &mut out);
            out
        });
    }
}
