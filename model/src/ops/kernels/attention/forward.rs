//! The forward pass: a block of queries against all the keys it sees.

use std::ops::Range;

use super::block::{Block, QUERIES, for_each_task};
use super::heads::{Heads, HeadsMut, Layout};
use super::pack::{self, with_scratch};
use super::product::{Left, PANEL, ROWS, Right, multiply};
use super::{Dropout, Sizes, Visible};
use crate::ops::kernels::simd::{exp, vectorized};

/// `out = softmax(scale * q kᵀ) v` for every head, over the keys that `visible` leaves to a query;
/// with `dropout`, the weights are multiplied by it after the softmax.
///
/// `q` and `out`: `[batch, queries, heads, head_dim]`; `k` and `v`: `[batch, keys, kv_heads,
/// head_dim]`, where query head `h` reads head `h / (heads / kv_heads)`; `lse`: `[batch, heads,
/// queries]`, receives the logarithm of the sum of the exponentials of the scores, which
/// [`backward`](super::backward) needs. A query that sees no key gives zeros, and −∞ there.
///
/// # Panics
/// If the sizes disagree.
#[allow(clippy::too_many_arguments)]
pub fn forward(
    q: Heads,
    k: Heads,
    v: Heads,
    scale: f32,
    visible: Visible,
    dropout: Option<Dropout>,
    out: HeadsMut,
    lse: Option<&mut [f32]>,
) {
    let sizes = Sizes::of(&q, &k, &v, &visible, dropout.as_ref());
    assert_eq!(
        sizes.query_dims(),
        out.layout().dims(),
        "the sizes of `out`"
    );
    // A row of queries is to `lse` what a row of a head is to `out`.
    let lse = lse.map(|lse| {
        HeadsMut::new(
            lse,
            Layout::contiguous(sizes.batch, sizes.heads, 1, sizes.queries),
        )
    });
    for_each_task(&sizes, |b, kv_head| {
        head(
            &sizes,
            (q, k, v),
            scale,
            &visible,
            dropout.as_ref(),
            &out,
            lse.as_ref(),
            (b, kv_head),
        );
    });
}

#[allow(clippy::too_many_arguments)]
fn head(
    sizes: &Sizes,
    (q, k, v): (Heads, Heads, Heads),
    scale: f32,
    visible: &Visible,
    dropout: Option<&Dropout>,
    out: &HeadsMut,
    lse: Option<&HeadsMut>,
    (b, kv_head): (usize, usize),
) {
    let d = sizes.head_dim;
    let width = d.next_multiple_of(PANEL);
    let keys = sizes.keys.next_multiple_of(PANEL);
    let block_rows = QUERIES.min(sizes.queries.next_multiple_of(ROWS));
    // Not a power of two, which would put all rows into the same few places of the cache.
    let stride = keys + 16;
    let lengths = [
        keys * width,
        keys * width,
        keys * d,
        block_rows * width,
        block_rows * width,
        block_rows * stride,
    ];
    with_scratch(
        lengths,
        |[k_rows, v_rows, k_panels, q_rows, sums, scores]| {
            pack::rows(k_rows, width, &k, (b, kv_head), 0..sizes.keys, 1.0);
            pack::rows(v_rows, width, &v, (b, kv_head), 0..sizes.keys, 1.0);
            pack::panels(k_panels, k_rows, width, d);
            for h in sizes.query_heads(kv_head) {
                for start in (0..sizes.queries).step_by(QUERIES) {
                    let queries = start..sizes.queries.min(start + QUERIES);
                    let block = Block::new(visible, b, queries.clone(), sizes.keys, 0..sizes.keys);
                    let q_rows = &mut q_rows[..block.tiles() * ROWS * width];
                    pack::rows(q_rows, width, &q, (b, h), queries.clone(), scale);
                    block.scores(q_rows, width, k_panels, d, scores, stride);
                    let mut inverse = [0.0; QUERIES];
                    let mut log = [f32::NEG_INFINITY; QUERIES];
                    for (i, query) in queries.clone().enumerate() {
                        let span = block.span(i / ROWS);
                        let seen = block.seen(i);
                        let row = &mut scores[i * stride..][..stride];
                        let keep = dropout.map(|x| (x.row(sizes, b, h, query), x.scale));
                        (inverse[i], log[i]) = softmax(row, span, seen, block.base, keep);
                    }
                    let right = Right {
                        data: &v_rows[block.base * width..],
                        stride: width,
                        columns: width,
                    };
                    multiply(
                        Left::Rows(scores, stride),
                        right,
                        block.depths(),
                        false,
                        sums,
                        width,
                    );
                    for (i, query) in queries.clone().enumerate() {
                        // SAFETY: this task alone writes the query heads of `kv_head`, one at a time.
                        let out = unsafe { out.row_mut(b, query, h) };
                        for (out, &x) in out.iter_mut().zip(&sums[i * width..]) {
                            *out = x * inverse[i];
                        }
                    }
                    if let Some(lse) = lse {
                        // SAFETY: as above.
                        let lse = unsafe { lse.row_mut(b, h, 0) };
                        lse[queries.clone()].copy_from_slice(&log[..queries.len()]);
                    }
                }
            }
        },
    );
}

/// Turns the scores of a row in `span` into exponentials, zero outside `seen`, times what dropout
/// keeps; gives one over their sum, and its logarithm with the maximum added.
fn softmax(
    row: &mut [f32],
    span: Range<usize>,
    seen: Range<usize>,
    base: usize,
    keep: Option<(&[u8], f32)>,
) -> (f32, f32) {
    row[span.start..seen.start].fill(f32::NEG_INFINITY);
    row[seen.end..span.end].fill(f32::NEG_INFINITY);
    let (max, sum) = vectorized(
        #[inline(always)]
        || {
            let (chunks, _) = row[span].as_chunks_mut::<16>();
            let mut max = [f32::NEG_INFINITY; 16];
            for chunk in chunks.iter() {
                for (max, &x) in max.iter_mut().zip(chunk) {
                    *max = if x > *max { x } else { *max };
                }
            }
            let max = max.into_iter().fold(f32::NEG_INFINITY, f32::max);
            // Where nothing is seen, −∞ less −∞ would not be a number.
            let max = if max == f32::NEG_INFINITY { 0.0 } else { max };
            let mut sum = [0.0; 16];
            for chunk in chunks.iter_mut() {
                for (x, sum) in chunk.iter_mut().zip(&mut sum) {
                    let e = exp(*x - max);
                    *x = if *x - max < -87.0 { 0.0 } else { e };
                    *sum += *x;
                }
            }
            (max, sum.into_iter().sum::<f32>())
        },
    );
    if let Some((keep, scale)) = keep {
        let keep = &keep[base + seen.start..base + seen.end];
        vectorized(
            #[inline(always)]
            || {
                for (x, &keep) in row[seen].iter_mut().zip(keep) {
                    *x *= f32::from(keep) * scale;
                }
            },
        );
    }
    if sum == 0.0 {
        (0.0, f32::NEG_INFINITY)
    } else {
        (1.0 / sum, max + sum.ln())
    }
}
