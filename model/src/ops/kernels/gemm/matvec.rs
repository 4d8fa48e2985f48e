//! A few rows times a matrix, as in generating tokens: every weight is used once for each row, so
//! that the time is what reading the weights takes.
//!
//! The loops run along rows of the weights as they lie in memory, four rows at a time, and all of the
//! rows of x are served by one reading. Multiplication and addition are not fused: that costs nothing
//! here and makes results the same on every processor.

use rayon::prelude::*;

use super::matrix::Matrix;
use super::scratch::with_scratch;
use crate::ops::kernels::simd::vectorized;

/// Most rows that one reading of the weights serves.
pub const FEW: usize = 4;

/// Lanes of each sum, whatever the processor's vectors hold.
const LANES: usize = 64;

/// Weights that one task reads at least.
const TASK: usize = 1 << 15;

/// Weights below which one thread is faster than two.
const SERIAL: usize = 1 << 17;

/// Rows of a row-major W summed by one task. Fixed, because it determines the order of additions.
const PART: usize = 64;

/// Columns of a row-major W that one task sums, so that its sums stay in the first-level cache.
const BAND: usize = 2048;

/// y = x·W for `x` as `[rows, K]`, `w` as `[K, N]` (row-major or a transposed `[N, K]`) and `y` as
/// `[rows, N]`. Meant for up to [`FEW`] rows; more are taken `FEW` at a time.
///
/// # Panics
/// If `x` and `y` are not whole rows, as many in one as in the other.
pub fn multiply_few(x: &[f32], w: Matrix, y: &mut [f32]) {
    let (steps, cols) = (w.rows, w.cols);
    if cols == 0 || steps == 0 {
        y.fill(0.0);
        return;
    }
    let rows = x.len() / steps;
    assert_eq!(x.len(), rows * steps, "x is not whole rows");
    assert_eq!(y.len(), rows * cols, "y has not as many rows as x");
    for (x, y) in x.chunks(FEW * steps).zip(y.chunks_mut(FEW * cols)) {
        match x.len() / steps {
            1 => few::<1>(x, w, y),
            2 => few::<2>(x, w, y),
            3 => few::<3>(x, w, y),
            _ => few::<4>(x, w, y),
        }
    }
}

fn few<const ROWS: usize>(x: &[f32], w: Matrix, y: &mut [f32]) {
    let x: [&[f32]; ROWS] = std::array::from_fn(|r| &x[r * w.rows..][..w.rows]);
    let parallel = w.rows * w.cols >= SERIAL && rayon::current_num_threads() > 1;
    with_scratch(|scratch| {
        if w.transposed {
            let size = (TASK / w.rows).next_multiple_of(4).max(4) * ROWS;
            let sums = scratch.b.floats(w.cols * ROWS);
            let task = |(n, sums): (usize, &mut [f32])| {
                vectorized(
                    #[inline(always)]
                    || dots(x, &w, n * size / ROWS, sums),
                );
            };
            each_chunk(parallel, sums, size, &task);
            for (r, y) in y.chunks_mut(w.cols).enumerate() {
                let sums = sums.chunks_exact(ROWS);
                y.iter_mut().zip(sums).for_each(|(y, sums)| *y = sums[r]);
            }
            return;
        }
        let parts = w.rows.div_ceil(PART);
        let sums = scratch.b.floats(parts * ROWS * w.cols);
        let part = |(p, sums): (usize, &mut [f32])| {
            let band = |(n, sums): (usize, &mut [f32])| {
                vectorized(
                    #[inline(always)]
                    || columns(x, &w, p * PART, n * BAND, sums),
                );
            };
            each_chunk(parallel && parts < 8, sums, ROWS * BAND, &band);
        };
        each_chunk(parallel, sums, ROWS * w.cols, &part);
        vectorized(
            #[inline(always)]
            || gather::<ROWS>(sums, w.cols, y),
        );
    });
}

/// Calls `f` with each chunk of `data` and its number.
fn each_chunk(
    parallel: bool,
    data: &mut [f32],
    size: usize,
    f: &(impl Fn((usize, &mut [f32])) + Sync),
) {
    if parallel && data.len() > size {
        data.par_chunks_mut(size).enumerate().for_each(f);
    } else {
        data.chunks_mut(size).enumerate().for_each(f);
    }
}

/// The dot products of `x` with columns of `w` from `first` on, contiguous, into `sums` as
/// `[columns, ROWS]`.
#[inline(always)]
fn dots<const ROWS: usize>(x: [&[f32]; ROWS], w: &Matrix, first: usize, sums: &mut [f32]) {
    for (n, sums) in sums.chunks_exact_mut(ROWS).enumerate() {
        let w = &w.data[(first + n) * w.stride..][..w.rows];
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum = dot(x, w);
        }
    }
}

#[inline(always)]
fn dot(x: &[f32], w: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for (x, w) in x.iter().zip(w) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * w[lane];
        }
    }
    let (x, w) = (padded(x_rest), padded(w_rest));
    for lane in 0..LANES {
        sums[lane] += x[lane] * w[lane];
    }
    total(sums)
}

/// What is left over from whole vectors, filled up with zeros.
#[inline(always)]
fn padded(rest: &[f32]) -> [f32; LANES] {
    let mut lanes = [0.0; LANES];
    lanes[..rest.len()].copy_from_slice(rest);
    lanes
}

/// The sum of the lanes, in pairs.
#[inline(always)]
fn total(mut sums: [f32; LANES]) -> f32 {
    for half in [32, 16, 8, 4, 2, 1] {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
    }
    sums[0]
}

/// What rows `first..first + PART` of a row-major `w` add to the columns from `column` on, into
/// `sums` as `[ROWS, columns]`.
#[inline(always)]
fn columns<const ROWS: usize>(
    x: [&[f32]; ROWS],
    w: &Matrix,
    first: usize,
    column: usize,
    sums: &mut [f32],
) {
    let width = sums.len() / ROWS;
    sums.fill(0.0);
    let end = w.rows.min(first + PART);
    for k in (first..end).step_by(4) {
        // Rows past the end are the last one again, with a factor of nothing.
        let row = |n: usize| &w.data[(k + n).min(end - 1) * w.stride + column..][..width];
        let rows = [row(0), row(1), row(2), row(3)];
        let count = end - k;
        let mut factors = [[0.0; 4]; ROWS];
        for (factors, x) in factors.iter_mut().zip(x) {
            for (n, factor) in factors.iter_mut().enumerate().take(count) {
                *factor = x[k + n];
            }
        }
        add_rows(factors, rows, count, sums, width);
    }
}

#[inline(always)]
fn add_rows<const ROWS: usize>(
    factors: [[f32; 4]; ROWS],
    [w0, w1, w2, w3]: [&[f32]; 4],
    count: usize,
    sums: &mut [f32],
    width: usize,
) {
    if count < 4 {
        // One at a time, so that an infinite weight is not multiplied by a factor of nothing.
        for (sums, factors) in sums.chunks_exact_mut(width).zip(factors) {
            for (w, factor) in [w0, w1, w2].into_iter().zip(factors).take(count) {
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum += w * factor;
                }
            }
        }
        return;
    }
    for (sums, f) in sums.chunks_exact_mut(width).zip(factors) {
        let weights = w0.iter().zip(w1).zip(w2.iter().zip(w3));
        for (sum, ((w0, w1), (w2, w3))) in sums.iter_mut().zip(weights) {
            *sum += (w0 * f[0] + w1 * f[1]) + (w2 * f[2] + w3 * f[3]);
        }
    }
}

/// Adds the parts up in their order: `sums` is `[parts]` of bands, each `[ROWS, band]`.
#[inline(always)]
fn gather<const ROWS: usize>(sums: &[f32], cols: usize, y: &mut [f32]) {
    for (n, sums) in sums.chunks_exact(ROWS * cols).enumerate() {
        for (b, sums) in sums.chunks(ROWS * BAND).enumerate() {
            let width = sums.len() / ROWS;
            for (r, sums) in sums.chunks_exact(width).enumerate() {
                let y = &mut y[r * cols + b * BAND..][..width];
                if n == 0 {
                    y.copy_from_slice(sums);
                } else {
                    y.iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::testing::{Random, assert_same_with_any_threads};

    #[test]
    fn both_layouts_agree_with_float64() {
        let shapes = [
            (1, 1, 1),
            (1, 3, 5),
            (2, 64, 2048),
            (3, 65, 2049),
            (4, 200, 33),
            (5, 130, 700),
            (1, 700, 300),
            (9, 17, 19),
        ];
        for (seed, (rows, steps, cols)) in shapes.into_iter().enumerate() {
            let random = &mut Random(seed as u64);
            let (x, w) = (random.vec(rows * steps, 1.0), random.vec(steps * cols, 1.0));
            for transposed in [false, true] {
                let matrix = if transposed {
                    Matrix::new(&w, cols, steps).transposed()
                } else {
                    Matrix::new(&w, steps, cols)
                };
                let mut y = vec![f32::NAN; rows * cols];
                multiply_few(&x, matrix, &mut y);
                for (i, &y) in y.iter().enumerate() {
                    let (r, c) = (i / cols, i % cols);
                    let (mut sum, mut size) = (0.0, 0.0);
                    for k in 0..steps {
                        let place = if transposed {
                            c * steps + k
                        } else {
                            k * cols + c
                        };
                        let term = f64::from(x[r * steps + k]) * f64::from(w[place]);
                        sum += term;
                        size += f64::abs(term);
                    }
                    let error = (f64::from(y) - sum).abs();
                    assert!(
                        error <= 1e-7 * (steps as f64 + 4.0) * size,
                        "{rows} {steps} {cols}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_its_companions_or_on_threads() {
        let (steps, cols) = (500, 600);
        let random = &mut Random(1);
        let (x, w) = (random.vec(3 * steps, 1.0), random.vec(steps * cols, 1.0));
        for w in [
            Matrix::new(&w, steps, cols),
            Matrix::new(&w, cols, steps).transposed(),
        ] {
            let mut all = vec![0.0; 3 * cols];
            multiply_few(&x, w, &mut all);
            for (x, all) in x.chunks(steps).zip(all.chunks(cols)) {
                let mut one = vec![0.0; cols];
                multiply_few(x, w, &mut one);
                assert!(one == all);
            }
            assert_same_with_any_threads(|| {
                let mut all = vec![0.0; 3 * cols];
                multiply_few(&x, w, &mut all);
                all
            });
        }
    }
}
