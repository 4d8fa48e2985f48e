//! Packing: copies of A and B in the order in which the micro-kernel reads them.

use std::ops::Range;

use super::kernel::{DEPTH, Kernels};
use super::matrix::Matrix;
use super::product::Prepare;
use super::transpose::transpose;

/// Room after each panel of A, because short rows are copied 16 elements at a time.
const SLACK: usize = 16;

/// How the rows of a band are cut into panels: `height` rows each but for the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panels {
    pub(super) rows: usize,
    pub(super) height: usize,
}

impl Panels {
    /// As few panels of at most `max` rows as `rows` need, as even as can be.
    pub(super) fn even(rows: usize, max: usize) -> Self {
        let count = rows.div_ceil(max).max(1);
        Self {
            rows,
            height: rows.div_ceil(count).max(1),
        }
    }

    /// Floats from one packed panel to the next.
    pub(super) fn stride(self) -> usize {
        (self.height * DEPTH + SLACK).next_multiple_of(16)
    }

    /// The panels' first rows and heights.
    pub(super) fn iter(self) -> impl Iterator<Item = (usize, usize)> {
        let Self { rows, height } = self;
        (0..rows)
            .step_by(height)
            .map(move |first| (first, height.min(rows - first)))
    }

    /// Floats that all packed panels take.
    pub(super) fn floats(self) -> usize {
        self.rows.div_ceil(self.height) * self.stride()
    }
}

/// Packs rows from `first` on and columns `ks` of `a` into `to`, and applies `prepare` to them.
#[inline(always)]
pub(super) fn pack_a(
    a: &Matrix,
    first: usize,
    panels: Panels,
    ks: Range<usize>,
    to: &mut [f32],
    prepare: Option<&Prepare<'_>>,
) {
    let kc = ks.len();
    if a.transposed {
        for (n, k) in ks.enumerate() {
            let from = &a.data[k * a.stride + first..];
            for (panel, (row, height)) in to.chunks_exact_mut(panels.stride()).zip(panels.iter()) {
                let from = &from[row..];
                let to = &mut panel[n * height..][..16];
                match from.first_chunk::<16>() {
                    // The elements after `height` are overwritten by the next step or never read.
                    Some(from) => to.copy_from_slice(from),
                    None => to[..height].copy_from_slice(&from[..height]),
                }
            }
        }
        if let Some(prepare) = prepare {
            for (panel, (_, height)) in to.chunks_exact_mut(panels.stride()).zip(panels.iter()) {
                prepare(&mut panel[..kc * height]);
            }
        }
        return;
    }
    for (panel, (row, height)) in to.chunks_exact_mut(panels.stride()).zip(panels.iter()) {
        for i in 0..height {
            let to = &mut panel[i * DEPTH..][..kc];
            to.copy_from_slice(&a.data[(first + row + i) * a.stride + ks.start..][..kc]);
            if let Some(prepare) = prepare {
                prepare(to);
            }
        }
    }
}

/// The columns of all B side by side, cut into panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) width: usize,
}

impl Columns {
    /// Columns with those that fill up the last panel, which is of full or half width.
    pub(super) fn padded(self) -> usize {
        self.count.next_multiple_of(self.width / 2)
    }
}

/// Packs rows `ks` and `columns` into `to`, panel after panel.
#[inline(always)]
pub(super) fn pack_b(
    kernels: &Kernels,
    b: &[Matrix],
    ks: Range<usize>,
    columns: Range<usize>,
    to: &mut [f32],
) {
    let (kc, width) = (ks.len(), kernels.width);
    // Few rows of a row-major B at a time and along them, which is how memory likes to be read.
    let step = if b.iter().any(|b| b.transposed) {
        kc
    } else {
        8
    };
    for k in (0..kc).step_by(step) {
        let here = k..kc.min(k + step);
        for (panel, first) in to
            .chunks_mut(kc * width)
            .zip(columns.clone().step_by(width))
        {
            let width = panel.len() / kc;
            let columns = first..columns.end.min(first + width);
            let to = &mut panel[k * width..here.end * width];
            pack_panel(
                kernels,
                b,
                ks.start + here.start..ks.start + here.end,
                columns,
                to,
                width,
            );
        }
    }
}

/// Packs rows `ks` and `columns` (at most a panel's width) of the matrices `b`, which lie side by
/// side, into one panel `[k][width]`; missing columns become zero.
#[inline(always)]
fn pack_panel(
    kernels: &Kernels,
    b: &[Matrix],
    ks: Range<usize>,
    columns: Range<usize>,
    to: &mut [f32],
    width: usize,
) {
    let mut start = 0;
    for b in b {
        let inside = columns.start.max(start)..columns.end.min(start + b.cols);
        if !inside.is_empty() {
            let skip = inside.start - columns.start;
            let first = inside.start - start;
            pack_part(
                kernels,
                b,
                ks.clone(),
                first..first + inside.len(),
                to,
                (width, skip),
            );
        }
        start += b.cols;
    }
    let filled = columns.len();
    if filled < width {
        for row in to.chunks_exact_mut(width) {
            row[filled..].fill(0.0);
        }
    }
}

/// Packs rows `ks` and `columns` of one matrix, starting at column `skip` of the panel.
#[inline(always)]
fn pack_part(
    kernels: &Kernels,
    b: &Matrix,
    ks: Range<usize>,
    columns: Range<usize>,
    to: &mut [f32],
    (width, skip): (usize, usize),
) {
    if b.transposed {
        let whole = if skip.is_multiple_of(16) {
            columns.len() / 16 * 16
        } else {
            0
        };
        for group in (0..whole).step_by(16) {
            for k in (0..ks.len()).step_by(16) {
                let from = &b.data[(columns.start + group) * b.stride + ks.start + k..];
                let to = &mut to[k * width + skip + group..];
                let size = (16, (ks.len() - k).min(16));
                transpose(kernels.avx512, from, b.stride, size, to, width);
            }
        }
        for j in whole..columns.len() {
            let from = &b.data[(columns.start + j) * b.stride..][ks.clone()];
            for (to, &x) in to[skip + j..].iter_mut().step_by(width).zip(from) {
                *to = x;
            }
        }
    } else {
        let count = columns.len();
        for (k, to) in ks.zip(to.chunks_exact_mut(width)) {
            let from = &b.data[k * b.stride + columns.start..][..count];
            let to = &mut to[skip..][..count];
            match (from.as_array::<32>(), to.as_mut_array::<32>()) {
                // A length known to the compiler makes this two moves instead of a call.
                (Some(from), Some(to)) => *to = *from,
                _ => to.copy_from_slice(from),
            }
        }
    }
}
