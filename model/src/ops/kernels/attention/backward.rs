//! The backward pass: blocks of queries against blocks of keys, with the weights computed again.

use std::f32::consts::{LN_2, LOG2_E};
use std::ops::Range;

use super::block::{Block, KEYS, QUERIES, for_each_task};
use super::forward::drop_weights;
use super::heads::{Heads, HeadsMut};
use super::math::{LANES, exp2, fold};
use super::pack::{self, with_scratch};
use super::product::{Left, PANEL, ROWS, Right, multiply};
use super::{Dropout, Sizes, Visible};
use crate::ops::kernels::simd::vectorized;

/// Not a power of two, which would put all rows into the same few places of the cache.
const STRIDE: usize = KEYS + 16;

/// The gradients of [`forward`](super::forward), from the gradient of its output.
///
/// `q`, `out`, `d_out` and `dq`: `[batch, queries, heads, head_dim]`; `k`, `v`, `dk` and `dv`:
/// `[batch, keys, kv_heads, head_dim]`; `lse`: `[batch, heads, queries]`, as `forward` wrote it.
/// `scale`, `visible` and `dropout` as given to `forward`. The gradients are written, not added.
///
/// # Panics
/// If the sizes disagree.
#[allow(clippy::too_many_arguments)]
pub fn backward(
    q: Heads,
    k: Heads,
    v: Heads,
    out: Heads,
    lse: &[f32],
    d_out: Heads,
    scale: f32,
    visible: Visible,
    dropout: Option<Dropout>,
    dq: HeadsMut,
    dk: HeadsMut,
    dv: HeadsMut,
) {
    let sizes = Sizes::of(&q, &k, &v, &visible, dropout.as_ref());
    assert_eq!(
        sizes.query_dims(),
        out.layout().dims(),
        "the sizes of `out`"
    );
    assert_eq!(
        sizes.query_dims(),
        d_out.layout().dims(),
        "the sizes of `d_out`"
    );
    assert_eq!(sizes.query_dims(), dq.layout().dims(), "the sizes of `dq`");
    assert_eq!(sizes.key_dims(), dk.layout().dims(), "the sizes of `dk`");
    assert_eq!(sizes.key_dims(), dv.layout().dims(), "the sizes of `dv`");
    assert_eq!(
        sizes.batch * sizes.heads * sizes.queries,
        lse.len(),
        "the sizes of `lse`"
    );
    let task = Backward {
        sizes,
        q,
        k,
        v,
        out,
        lse,
        d_out,
        scale,
        visible,
        dropout,
        dq,
        dk,
        dv,
    };
    for_each_task(&sizes, |b, kv_head| task.head(b, kv_head));
}

struct Backward<'a> {
    sizes: Sizes,
    q: Heads<'a>,
    k: Heads<'a>,
    v: Heads<'a>,
    out: Heads<'a>,
    lse: &'a [f32],
    d_out: Heads<'a>,
    scale: f32,
    visible: Visible<'a>,
    dropout: Option<Dropout<'a>>,
    dq: HeadsMut<'a>,
    dk: HeadsMut<'a>,
    dv: HeadsMut<'a>,
}

impl Backward<'_> {
    /// One key-value head and the query heads that read it.
    fn head(&self, b: usize, kv_head: usize) {
        let sizes = &self.sizes;
        let d = sizes.head_dim;
        let width = d.next_multiple_of(PANEL);
        let keys = sizes.keys.next_multiple_of(PANEL);
        let block_rows = QUERIES.min(sizes.queries.next_multiple_of(ROWS));
        let lengths = [
            keys * width,
            keys * width,
            keys * d,
            keys * d,
            keys * width,
            block_rows * width,
            block_rows * width,
            block_rows * width,
            block_rows * STRIDE,
            block_rows * STRIDE,
        ];
        with_scratch(lengths, |buffers| {
            let [
                k_rows,
                dk,
                k_panels,
                v_panels,
                dv,
                q_rows,
                g_rows,
                dq,
                weights,
                slopes,
            ] = buffers;
            let here = (b, kv_head);
            // The rows of the values are needed for their panels only.
            pack::rows(dv, width, &self.v, here, 0..sizes.keys, 1.0);
            pack::panels(v_panels, dv, width, d);
            pack::rows(k_rows, width, &self.k, here, 0..sizes.keys, 1.0);
            pack::panels(k_panels, k_rows, width, d);
            dk.fill(0.0);
            dv.fill(0.0);
            for h in sizes.query_heads(kv_head) {
                for start in (0..sizes.queries).step_by(QUERIES) {
                    let queries = start..sizes.queries.min(start + QUERIES);
                    let whole = Block::new(
                        &self.visible,
                        b,
                        queries.clone(),
                        [sizes.queries, sizes.keys],
                        0..sizes.keys,
                    );
                    let rows = whole.tiles() * ROWS * width;
                    let (q_rows, g_rows, dq) =
                        (&mut q_rows[..rows], &mut g_rows[..rows], &mut dq[..rows]);
                    pack::rows(
                        q_rows,
                        width,
                        &self.q,
                        (b, h),
                        queries.clone(),
                        self.scale * LOG2_E,
                    );
                    pack::rows(g_rows, width, &self.d_out, (b, h), queries.clone(), 1.0);
                    dq.fill(0.0);
                    let deltas = self.deltas(b, h, queries.start, queries.len());
                    let lse = &self.lse[(b * sizes.heads + h) * sizes.queries..][queries.clone()];
                    for first in (whole.base..whole.base + whole.end()).step_by(KEYS) {
                        let within = first..sizes.keys.min(first + KEYS);
                        let block = Block::new(
                            &self.visible,
                            b,
                            queries.clone(),
                            [sizes.queries, sizes.keys],
                            within,
                        );
                        block.scores(q_rows, width, k_panels, d, weights, STRIDE);
                        block.scores(g_rows, width, v_panels, d, slopes, STRIDE);
                        let kept = |i: usize| {
                            let seen = block.seen(i);
                            let keep = self.dropout?.row(sizes, b, h, start + i);
                            Some(&keep[block.base..][seen])
                        };
                        let drop = |rows: &mut [f32]| {
                            for i in 0..queries.len() {
                                if let (Some(keep), Some(dropout)) = (kept(i), self.dropout) {
                                    let row = &mut rows[i * STRIDE..][block.seen(i)];
                                    drop_weights(row, keep, dropout.scale);
                                }
                            }
                        };
                        drop(slopes);
                        softmax_slopes(weights, slopes, &block, lse, &deltas);
                        drop(weights);
                        let from = block.base * width;
                        let (depths, tiles) = block.queries_of_keys();
                        let depths = &depths[..tiles];
                        let by = |data| Right {
                            data,
                            stride: width,
                            columns: width,
                        };
                        let (p, ds) = (
                            Left::Columns(weights, STRIDE),
                            Left::Columns(slopes, STRIDE),
                        );
                        multiply(p, by(g_rows), depths, true, &mut dv[from..], width);
                        multiply(ds, by(q_rows), depths, true, &mut dk[from..], width);
                        let ds = Left::Rows(slopes, STRIDE);
                        multiply(ds, by(&k_rows[from..]), block.depths(), true, dq, width);
                    }
                    // SAFETY: this task alone writes the query heads of `kv_head`, one at a time.
                    unsafe { write(&self.dq, (b, h), queries, dq, width, self.scale) };
                }
            }
            // The queries that made `dk` were scaled for powers of two.
            // SAFETY: this task alone writes the key-value head `kv_head`.
            unsafe {
                write(&self.dk, here, 0..sizes.keys, dk, width, LN_2);
                write(&self.dv, here, 0..sizes.keys, dv, width, 1.0);
            }
        });
    }

    /// For each query the inner product of its output and the gradient of it, which equals the
    /// weighted mean of the gradients of its weights.
    fn deltas(&self, b: usize, h: usize, start: usize, count: usize) -> [f32; QUERIES] {
        let mut deltas = [0.0; QUERIES];
        vectorized(
            #[inline(always)]
            || {
                for (i, delta) in deltas[..count].iter_mut().enumerate() {
                    let (x, g) = (
                        self.out.row(b, start + i, h),
                        self.d_out.row(b, start + i, h),
                    );
                    *delta = dot(x, g);
                }
            },
        );
        deltas
    }
}

/// The inner product, in sixteen sums.
#[inline(always)]
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<16>(), y.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (x, y) in x.iter().zip(y) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(x_rest).zip(y_rest) {
        *sum += x * y;
    }
    fold(sums, |x, y| x + y)
}

/// Writes rows of `width` numbers, times `scale`, to the tokens of a head.
///
/// # Safety
/// No other reference to these tokens of this head may be alive.
unsafe fn write(
    to: &HeadsMut,
    (b, h): (usize, usize),
    tokens: Range<usize>,
    rows: &[f32],
    width: usize,
    scale: f32,
) {
    vectorized(
        #[inline(always)]
        || {
            for (t, row) in tokens.zip(rows.chunks_exact(width)) {
                // SAFETY: promised by the caller, and one row after the other.
                let to = unsafe { to.row_mut(b, t, h) };
                for (to, &x) in to.iter_mut().zip(row) {
                    *to = x * scale;
                }
            }
        },
    );
}

/// Turns the scores of all rows, to the base of two, into weights, and the gradients of the
/// weights into those of the scores; zero for keys that a row does not see.
fn softmax_slopes(
    scores: &mut [f32],
    slopes: &mut [f32],
    block: &Block,
    lse: &[f32],
    deltas: &[f32; QUERIES],
) {
    vectorized(
        #[inline(always)]
        || {
            for (i, (&lse, &delta)) in lse.iter().zip(deltas).enumerate() {
                let (span, seen) = (block.span(i / ROWS), block.seen(i));
                let from = (seen.start as u32).wrapping_sub(span.start as u32);
                let count = seen.len() as u32;
                let row = i * STRIDE + span.start..i * STRIDE + span.end;
                let log2 = lse * LOG2_E;
                let (scores, _) = scores[row.clone()].as_chunks_mut::<LANES>();
                let (slopes, _) = slopes[row].as_chunks_mut::<LANES>();
                let first = (0u32..).step_by(LANES);
                for ((scores, slopes), first) in scores.iter_mut().zip(slopes).zip(first) {
                    for lane in 0..LANES {
                        let sees = (first + lane as u32).wrapping_sub(from) < count;
                        let p = exp2(scores[lane] - log2);
                        let ds = p * (slopes[lane] - delta);
                        scores[lane] = if sees { p } else { 0.0 };
                        slopes[lane] = if sees { ds } else { 0.0 };
                    }
                }
            }
        },
    );
}
