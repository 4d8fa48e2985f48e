//! The small matrix products of attention: blocks of queries against blocks of keys, on one
//! thread, in buffers padded to whole tiles.
//!
//! A tile of 8 rows by one panel of 32 columns stays in registers while the depth runs by. The
//! left side is read one number at a time and spread over a vector, so that it needs no packing
//! whether it is read along its rows or, transposed, along its columns. Every tile of rows has its
//! own range of depth, which is how causal order saves half of the work.

use std::ops::Range;

use pulp::{Simd, WithSimd};

/// Rows of a tile; every left side has a multiple of it.
pub const ROWS: usize = 8;
/// Columns of a panel; every right side has a multiple of it.
pub const PANEL: usize = 32;
/// The depth taken at a time: such a panel of the right side stays in the first cache.
const DEPTH: usize = 128;

/// The left side of a product.
#[derive(Clone, Copy)]
pub enum Left<'a> {
    /// Element (row, step) at `data[row * stride + step]`.
    Rows(&'a [f32], usize),
    /// Element (row, step) at `data[step * stride + row]`.
    Columns(&'a [f32], usize),
}

/// The right side: element (step, column) at `data[step * stride + column]`.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    /// The elements.
    pub data: &'a [f32],
    /// From a step of the depth to the next.
    pub stride: usize,
    /// A multiple of [`PANEL`].
    pub columns: usize,
}

/// `out[row * stride + column] (+)= Σ left(row, step) * right(step, column)`, where the `i`-th
/// eight rows take the steps `depth[i]`.
///
/// # Panics
/// If a side is too short.
pub fn multiply(
    left: Left,
    right: Right,
    depth: &[Range<usize>],
    accumulate: bool,
    out: &mut [f32],
    stride: usize,
) {
    let rows = depth.len() * ROWS;
    let steps = depth.iter().map(|d| d.end).max().unwrap_or(0);
    assert!(right.columns.is_multiple_of(PANEL));
    if rows == 0 || right.columns == 0 {
        return;
    }
    assert!(out.len() >= (rows - 1) * stride + right.columns);
    if steps > 0 {
        assert!(right.data.len() >= (steps - 1) * right.stride + right.columns);
        assert!(match left {
            Left::Rows(data, stride) => data.len() >= (rows - 1) * stride + steps,
            Left::Columns(data, stride) => data.len() >= (steps - 1) * stride + rows,
        });
    }
    pulp::Arch::new().dispatch(Product {
        left,
        right,
        depth,
        accumulate,
        out,
        stride,
    });
}

/// A product whose bounds are checked.
struct Product<'a> {
    left: Left<'a>,
    right: Right<'a>,
    depth: &'a [Range<usize>],
    accumulate: bool,
    out: &'a mut [f32],
    stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Two vectors wide, a tile needs two registers a row and three more.
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, ROWS>(simd);
        } else {
            self.run::<S, { ROWS / 2 }>(simd);
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let first = self.depth.iter().map(|d| d.start).min().unwrap_or(0);
        let last = self.depth.iter().map(|d| d.end).max().unwrap_or(0);
        let mut start = first;
        loop {
            let end = last.min(start + DEPTH);
            for column in (0..self.right.columns).step_by(2 * S::F32_LANES) {
                for (i, depth) in self.depth.iter().enumerate() {
                    let k = depth.start.max(start)..depth.end.min(end);
                    // The first part of the depth writes, even if it is empty; later ones add.
                    let add = self.accumulate || start > first && start > depth.start;
                    if k.start >= k.end && (add || start > first) {
                        continue;
                    }
                    // A tile whose depth begins in a later part was cleared by the first.
                    let add = add || start > first;
                    for row in (i * ROWS..(i + 1) * ROWS).step_by(R) {
                        let k = k.start..k.end.max(k.start);
                        // SAFETY: `multiply` checked that all rows and columns of `out`, and all
                        // steps of both sides, are inside their slices; a tile of R rows by two
                        // vectors is inside because ROWS is a multiple of R and PANEL of two
                        // vectors of any processor.
                        unsafe {
                            let out = self.out.as_mut_ptr().add(row * self.stride + column);
                            let right = self.right.data.as_ptr();
                            let right = right.add(k.start * self.right.stride + column);
                            let b = (right, self.right.stride);
                            let c = (out, self.stride);
                            match self.left {
                                Left::Rows(data, stride) => {
                                    let a = data.as_ptr().add(row * stride + k.start);
                                    tile::<S, R>(simd, a, stride, 1, b, k.len(), add, c);
                                }
                                Left::Columns(data, stride) => {
                                    let a = data.as_ptr().add(k.start * stride + row);
                                    tile::<S, R>(simd, a, 1, stride, b, k.len(), add, c);
                                }
                            }
                        }
                    }
                }
            }
            start = end;
            if start >= last {
                break;
            }
        }
    }
}

/// A tile of `R` rows by two vectors: `c (+)= a * b` over `steps`.
///
/// # Safety
/// `a` is readable at `row * a_row + step * a_step`, `b` for two vectors at `step` times its
/// stride, `c` readable and writable for two vectors at `row` times its stride.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn tile<S: Simd, const R: usize>(
    simd: S,
    a: *const f32,
    a_row: usize,
    a_step: usize,
    (b, b_stride): (*const f32, usize),
    steps: usize,
    add: bool,
    (c, c_stride): (*mut f32, usize),
) {
    let mut sums = [[simd.splat_f32s(0.0); 2]; R];
    // SAFETY: all places are within what the caller promises.
    unsafe {
        let (mut a, mut b) = (a, b);
        for _ in 0..steps {
            let b0 = b.cast::<S::f32s>().read_unaligned();
            let b1 = b.add(S::F32_LANES).cast::<S::f32s>().read_unaligned();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = simd.splat_f32s(*a.add(r * a_row));
                sum[0] = simd.mul_add_e_f32s(x, b0, sum[0]);
                sum[1] = simd.mul_add_e_f32s(x, b1, sum[1]);
            }
            // Wrapping, because the step after the last may leave the slice.
            a = a.wrapping_add(a_step);
            b = b.wrapping_add(b_stride);
        }
        for (r, sum) in sums.iter().enumerate() {
            for (v, &sum) in sum.iter().enumerate() {
                let c = c.add(r * c_stride + v * S::F32_LANES).cast::<S::f32s>();
                let old = if add {
                    c.read_unaligned()
                } else {
                    simd.splat_f32s(0.0)
                };
                c.write_unaligned(simd.add_f32s(old, sum));
            }
        }
    }
}
