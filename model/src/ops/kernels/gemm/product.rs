//! The product itself: how the work is cut into blocks that stay in caches and into threads.

use std::ops::Range;

use rayon::prelude::*;

use super::kernel::{self, DEPTH, Kernels, MAX_HEIGHT, MAX_WIDTH, Tile};
use super::matrix::{Matrix, Output};
use super::pack::{Columns, Panels, pack_a, pack_b};
use super::scratch::{Buffer, Scratch, with_scratch};
use crate::ops::kernels::simd::vectorized;

/// Rows of A packed at a time: with `DEPTH` they take an eighth of a second-level cache of 1 MB, and
/// leave room there for the rows of C.
const BAND: usize = 8 * MAX_HEIGHT;

/// Most floats of B packed at a time (8 MB), which bounds memory and keeps it in the last cache.
const PACKED: usize = 1 << 21;

/// Multiply-adds below which one thread is faster than two, given what waking the other costs.
const SERIAL: usize = 1 << 20;

/// Elements of B below which one thread packs them faster than two.
const SERIAL_PACK: usize = 1 << 17;

/// Panels of B packed together: 2 KB of a row-major row at a time.
const GROUP: usize = 16;

/// An element-wise function of a packed copy of A.
pub type Prepare<'a> = dyn Fn(&mut [f32]) + Sync + 'a;

/// What is done with finished rows of C, the number of the first of which comes along.
pub type Finish<'a> = dyn Fn(usize, &mut [f32]) + Sync + 'a;

/// C = scale · prepare(A) · [B₀ B₁ …], then `finish`.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    /// `[M, K]`.
    pub a: Matrix<'a>,
    /// Matrices `[K, Nᵢ]` side by side: their columns together are the N columns of C.
    pub b: &'a [Matrix<'a>],
    /// An element-wise function applied to a packed copy of A. It may be applied more than once, each
    /// time to fresh copies.
    pub prepare: Option<&'a Prepare<'a>>,
    /// Factor of the product.
    pub scale: f32,
    /// Called once for each band of finished rows with the number of the first and the rows
    /// themselves, contiguous. C must have no gaps between rows.
    pub finish: Option<&'a Finish<'a>>,
}

impl<'a> Product<'a> {
    /// A·[B₀ B₁ …] and nothing else.
    pub fn new(a: Matrix<'a>, b: &'a [Matrix<'a>]) -> Self {
        Self {
            a,
            b,
            prepare: None,
            scale: 1.0,
            finish: None,
        }
    }
}

/// Computes `product` into `c` on rayon's threads, or on this one where it is small.
///
/// # Panics
/// If shapes do not match, or there is a `finish` and C has gaps between rows.
pub fn multiply(product: &Product, c: &mut Output) {
    with_scratch(|scratch| {
        let small = c.rows * c.cols * product.a.cols < SERIAL;
        let parallel = !small && rayon::current_num_threads() > 1;
        run(kernel::best(), product, c, scratch, parallel);
    });
}

/// What all blocks of one product share.
struct Plan<'a> {
    kernels: &'static Kernels,
    product: &'a Product<'a>,
    c: *mut f32,
    c_stride: usize,
    accumulate: bool,
    /// Steps of k in a packed panel.
    depth: usize,
}

// SAFETY: the pointer is to C, which the caller has borrowed mutably for as long as the plan lives;
// threads write to it in disjoint tiles only.
unsafe impl Sync for Plan<'_> {}

/// A part of B that is packed as a whole: steps `ks` and `columns` of C.
struct Packed<'a> {
    /// `None` where B is read in place.
    floats: Option<&'a [f32]>,
    ks: Range<usize>,
    first_column: usize,
    columns: Columns,
}

/// Computes `product` with the given kernels. What it computes does not depend on `parallel`.
pub(super) fn run(
    kernels: &'static Kernels,
    product: &Product,
    c: &mut Output,
    scratch: &mut Scratch,
    parallel: bool,
) {
    let (rows, steps, cols) = (product.a.rows, product.a.cols, c.cols);
    assert_eq!(rows, c.rows, "rows of A and C");
    assert!(
        product.b.iter().all(|b| b.rows == steps),
        "columns of A and rows of B"
    );
    assert_eq!(
        product.b.iter().map(|b| b.cols).sum::<usize>(),
        cols,
        "columns of B and C"
    );
    let gaps = rows > 1 && c.row_stride != cols;
    assert!(
        product.finish.is_none() || !gaps,
        "`finish` needs rows without gaps"
    );
    if rows == 0 || cols == 0 {
        return;
    }
    // Blocks of k are even, so that none is short.
    let depth = steps
        .div_ceil(steps.div_ceil(DEPTH).max(1))
        .next_multiple_of(16)
        .clamp(16, DEPTH);
    let plan = Plan {
        kernels,
        product,
        c: c.data,
        c_stride: c.row_stride,
        accumulate: c.accumulate,
        depth,
    };
    let bands = if rows <= BAND / 4 {
        1
    } else {
        rows.div_ceil(BAND).next_multiple_of(2)
    };
    let band = rows.div_ceil(bands);
    let bands = rows.div_ceil(band);
    let Scratch {
        a: a_buffer,
        b: b_buffer,
    } = scratch;

    let wide = (PACKED / depth / MAX_WIDTH * MAX_WIDTH).min(cols);
    let long = (PACKED / wide.next_multiple_of(MAX_WIDTH) / depth).max(1) * depth;
    // Few rows: threads share the columns instead, in a fixed number of parts.
    let parts = if parallel && bands < 4 { 8 / bands } else { 1 };
    let in_place = readable_in_place(product.b, kernels.width);
    let mut finished = false;
    for first_column in (0..cols).step_by(wide) {
        let columns = Columns {
            count: wide.min(cols - first_column),
            width: kernels.width,
        };
        // With no step at all there is still a C to clear.
        for first_step in (0..steps.max(1)).step_by(long) {
            let ks = first_step..steps.min(first_step + long);
            let last = ks.end == steps && wide == cols && parts == 1;
            finished = last;
            let packed = if in_place {
                Packed {
                    floats: None,
                    ks,
                    first_column,
                    columns,
                }
            } else {
                let floats = b_buffer.floats(ks.len() * columns.padded());
                plan.pack(floats, &ks, first_column, columns, parallel);
                Packed {
                    floats: Some(floats),
                    ks,
                    first_column,
                    columns,
                }
            };
            let panels = columns.count.div_ceil(columns.width);
            let part = panels.div_ceil(parts);
            let block = |item: usize, buffer: &mut Buffer| {
                let first = item / parts * band;
                let rows = first..rows.min(first + band);
                let panel = item % parts * part;
                let panels = panel.min(panels)..panels.min(panel + part);
                plan.block(&packed, rows.clone(), panels, buffer);
                if last {
                    plan.finish(rows, cols);
                }
            };
            if parallel {
                (0..bands * parts)
                    .into_par_iter()
                    .with_max_len(1)
                    .for_each(|item| {
                        with_scratch(|scratch| block(item, &mut scratch.a));
                    });
            } else {
                (0..bands * parts).for_each(|item| block(item, a_buffer));
            }
        }
    }
    if !finished && product.finish.is_some() {
        let finish = |item: usize| plan.finish(item * band..rows.min((item + 1) * band), cols);
        if parallel {
            (0..bands).into_par_iter().with_max_len(1).for_each(finish);
        } else {
            (0..bands).for_each(finish);
        }
    }
}

/// Whether the kernels can read the matrices `b` where they are: rows contiguous and every panel of
/// columns within one of them. The kernel reads two cache lines of each row, so that this costs no
/// more than reading a packed copy, and saves making it.
fn readable_in_place(b: &[Matrix], width: usize) -> bool {
    let (inner, last) = match b {
        [inner @ .., last] => (inner, last),
        [] => return false,
    };
    inner
        .iter()
        .all(|b| !b.transposed && b.cols.is_multiple_of(width))
        && !last.transposed
        && last.cols.is_multiple_of(width / 2)
}

impl Plan<'_> {
    /// The panel of B for steps `start` to `start + kc`, from column `first` of `b` on and `width`
    /// wide: its elements and the distance between its rows.
    #[inline]
    fn panel<'b>(
        &'b self,
        b: &Packed<'b>,
        (start, kc): (usize, usize),
        (first, width): (usize, usize),
    ) -> (&'b [f32], usize) {
        if let Some(floats) = b.floats {
            let place = (start - b.ks.start) * b.columns.padded() + first * kc;
            return (&floats[place..][..kc * width], width);
        }
        let mut column = b.first_column + first;
        for b in self.product.b {
            if column < b.cols && kc > 0 {
                let length = (kc - 1) * b.stride + width;
                return (&b.data[start * b.stride + column..][..length], b.stride);
            }
            column -= b.cols.min(column);
        }
        (&[], width)
    }

    /// Packs steps `ks` and the `columns` of B: for each block of k, panel after panel.
    fn pack(
        &self,
        to: &mut [f32],
        ks: &Range<usize>,
        first_column: usize,
        columns: Columns,
        parallel: bool,
    ) {
        if to.is_empty() {
            return;
        }
        let block = |(n, to): (usize, &mut [f32])| {
            let start = ks.start + n * self.depth;
            let kc = to.len() / columns.padded();
            let group = |(n, to): (usize, &mut [f32])| {
                let first = n * GROUP * columns.width;
                let end = columns.count.min(first + GROUP * columns.width);
                let here = first_column + first..first_column + end;
                vectorized(
                    #[inline(always)]
                    || pack_b(self.kernels, self.product.b, start..start + kc, here, to),
                );
            };
            let size = GROUP * columns.width * kc;
            if parallel && to.len() > size {
                to.par_chunks_mut(size).enumerate().for_each(group);
            } else {
                to.chunks_mut(size).enumerate().for_each(group);
            }
        };
        let size = self.depth * columns.padded();
        if parallel && to.len() >= SERIAL_PACK {
            to.par_chunks_mut(size).enumerate().for_each(block);
        } else {
            to.chunks_mut(size).enumerate().for_each(block);
        }
    }

    /// Computes rows `rows` and panels `panels` of what `b` covers, on this thread.
    fn block(&self, b: &Packed, rows: Range<usize>, panels: Range<usize>, buffer: &mut Buffer) {
        let cut = Panels::even(rows.len(), self.kernels.tiles.len());
        let a = &self.product.a;
        // Columns as they lie serve the kernel as well as packed ones, if they are not read often.
        let in_place = a.transposed && self.product.prepare.is_none() && panels.len() <= 4;
        let packed = if in_place {
            &mut []
        } else {
            buffer.floats(cut.floats())
        };
        let padded = b.columns.padded();
        let mut start = b.ks.start;
        loop {
            let kc = self.depth.min(b.ks.end - start);
            if !in_place {
                vectorized(
                    #[inline(always)]
                    || {
                        let ks = start..start + kc;
                        pack_a(a, rows.start, cut, ks, packed, self.product.prepare)
                    },
                );
            }
            let add = self.accumulate || start > 0;
            for panel in panels.clone() {
                let first = panel * b.columns.width;
                let width = b.columns.width.min(padded - first);
                let (b_panel, b_step) = self.panel(b, (start, kc), (first, width));
                let count = width.min(b.columns.count - first);
                for (n, (row, height)) in cut.iter().enumerate() {
                    let (a, a_step) = if in_place {
                        (
                            &a.data[(start * a.stride + rows.start + row).min(a.data.len())..],
                            a.stride,
                        )
                    } else {
                        (&packed[n * cut.stride()..], height)
                    };
                    let tile = Tile {
                        kc,
                        a: a.as_ptr(),
                        a_step,
                        b: b_panel.as_ptr(),
                        b_step,
                        c: self.c.wrapping_add(
                            (rows.start + row) * self.c_stride + b.first_column + first,
                        ),
                        c_stride: self.c_stride,
                        scale: self.product.scale,
                        add,
                        next: b_panel.as_ptr().wrapping_add(if b.floats.is_some() {
                            kc * width
                        } else {
                            width
                        }),
                    };
                    // SAFETY: `a` holds `height` rows and `kc` steps from this block's first row
                    // on, packed or not, and `b_panel` the same steps for `width` columns. The
                    // tile of C lies within it, is this block's alone, and is initialised if
                    // `add`: by the caller or by the first block of k.
                    unsafe { self.tile(tile, height, count) };
                }
            }
            start += kc;
            if start >= b.ks.end {
                return;
            }
        }
    }

    /// Computes a tile of `height` rows and `count` columns.
    ///
    /// # Safety
    /// As for `MicroKernel`, for the narrowest kernel that has `count` columns, but that C needs to be
    /// no wider than `count`.
    #[inline]
    unsafe fn tile(&self, tile: Tile, height: usize, count: usize) {
        let full = self.kernels.width;
        let narrow = count <= full / 2;
        let width = if narrow { full / 2 } else { full };
        let by_column = usize::from(self.product.a.transposed);
        let kernel = self.kernels.tiles[height - 1][by_column][usize::from(narrow)];
        if count == width {
            // SAFETY: the set of kernels was chosen for this processor; the rest is promised.
            unsafe { kernel(&tile) };
            return;
        }
        let mut sums = [0.0; MAX_HEIGHT * MAX_WIDTH];
        let whole = Tile {
            c: sums.as_mut_ptr(),
            c_stride: width,
            add: false,
            ..tile
        };
        // SAFETY: as above, and `sums` has room for `height <= MAX_HEIGHT` rows of
        // `width <= MAX_WIDTH`.
        unsafe { kernel(&whole) };
        for (i, sums) in sums.chunks(width).take(height).enumerate() {
            for (j, &sum) in sums[..count].iter().enumerate() {
                // SAFETY: row i < height and column j < count of C, initialised if `add`.
                unsafe {
                    let c = tile.c.add(i * tile.c_stride + j);
                    c.write(if tile.add { *c + sum } else { sum });
                }
            }
        }
    }

    /// Hands `rows`, all of whose columns are done, to the product's `finish`.
    fn finish(&self, rows: Range<usize>, cols: usize) {
        if let Some(finish) = self.product.finish {
            // SAFETY: with a `finish`, C has no gaps, so the rows are one run of memory; all of it
            // has been written, and no other block has these rows.
            let c = unsafe {
                let first = self.c.add(rows.start * cols);
                std::slice::from_raw_parts_mut(first, rows.len() * cols)
            };
            finish(rows.start, c);
        }
    }
}
