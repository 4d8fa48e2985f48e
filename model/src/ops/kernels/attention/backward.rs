//! The backward pass: blocks of queries against blocks of keys, with the weights computed again.

use super::block::{Block, KEYS, QUERIES, for_each_task};
use super::heads::{Heads, HeadsMut};
use super::pack::{self, with_scratch};
use super::product::{Left, PANEL, ROWS, Right, multiply};
use super::{Dropout, Sizes, Visible};
use crate::ops::kernels::simd::{exp, vectorized};

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
                    let whole =
                        Block::new(&self.visible, b, queries.clone(), sizes.keys, 0..sizes.keys);
                    let rows = whole.tiles() * ROWS * width;
                    let (q_rows, g_rows, dq) =
                        (&mut q_rows[..rows], &mut g_rows[..rows], &mut dq[..rows]);
                    pack::rows(q_rows, width, &self.q, (b, h), queries.clone(), self.scale);
                    pack::rows(g_rows, width, &self.d_out, (b, h), queries.clone(), 1.0);
                    dq.fill(0.0);
                    let deltas = self.deltas(b, h, queries.start, queries.len());
                    for first in (whole.base..whole.base + whole.end()).step_by(KEYS) {
                        let within = first..sizes.keys.min(first + KEYS);
                        let block =
                            Block::new(&self.visible, b, queries.clone(), sizes.keys, within);
                        block.scores(q_rows, width, k_panels, d, weights, STRIDE);
                        block.scores(g_rows, width, v_panels, d, slopes, STRIDE);
                        for (i, query) in queries.clone().enumerate() {
                            let lse = self.lse[(b * sizes.heads + h) * sizes.queries + query];
                            let keep = self.dropout.map(|x| (x.row(sizes, b, h, query), x.scale));
                            let row = i * STRIDE..(i + 1) * STRIDE;
                            let (p, ds) = (&mut weights[row.clone()], &mut slopes[row]);
                            softmax_slopes(p, ds, &block, i, lse, deltas[i], keep);
                        }
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
                    for (query, dq) in queries.zip(dq.chunks_exact(width)) {
                        // SAFETY: this task alone writes the query heads of `kv_head`.
                        let to = unsafe { self.dq.row_mut(b, query, h) };
                        for (to, &x) in to.iter_mut().zip(dq) {
                            *to = x * self.scale;
                        }
                    }
                }
            }
            for (to, from) in [(&self.dk, dk), (&self.dv, dv)] {
                for (t, row) in (0..sizes.keys).zip(from.chunks_exact(width)) {
                    // SAFETY: this task alone writes the key-value head `kv_head`.
                    unsafe { to.row_mut(b, t, kv_head) }.copy_from_slice(&row[..d]);
                }
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
    sums.into_iter().sum()
}

/// Turns the scores of row `i` into the weights that met the values, and the gradients of the
/// weights into those of the scores; zero for keys that the row does not see.
fn softmax_slopes(
    scores: &mut [f32],
    slopes: &mut [f32],
    block: &Block,
    i: usize,
    lse: f32,
    delta: f32,
    keep: Option<(&[u8], f32)>,
) {
    let (span, seen) = (block.span(i / ROWS), block.seen(i));
    scores[span.start..seen.start].fill(f32::NEG_INFINITY);
    scores[seen.end..span.end].fill(f32::NEG_INFINITY);
    // Where nothing is seen, −∞ less −∞ would not be a number.
    let lse = if lse == f32::NEG_INFINITY { 0.0 } else { lse };
    if let Some((keep, scale)) = keep {
        let keep = &keep[block.base + seen.start..block.base + seen.end];
        // The weights are needed with and without dropout, so its gradient is taken here, while
        // the span below handles the plain part.
        vectorized(
            #[inline(always)]
            || {
                for (slope, &keep) in slopes[seen.clone()].iter_mut().zip(keep) {
                    *slope *= f32::from(keep) * scale;
                }
            },
        );
    }
    vectorized(
        #[inline(always)]
        || {
            let (scores, slopes) = (&mut scores[span.clone()], &mut slopes[span]);
            for (score, slope) in scores.iter_mut().zip(slopes) {
                let x = *score - lse;
                let p = if x < -87.0 { 0.0 } else { exp(x) };
                *score = p;
                *slope = if x < -87.0 { 0.0 } else { p * (*slope - delta) };
            }
        },
    );
    if let Some((keep, scale)) = keep {
        let keep = &keep[block.base + seen.start..block.base + seen.end];
        vectorized(
            #[inline(always)]
            || {
                for (score, &keep) in scores[seen].iter_mut().zip(keep) {
                    *score *= f32::from(keep) * scale;
                }
            },
        );
    }
}
