//! The forward pass: a block of queries against all the keys it sees.

use std::f32::consts::{LN_2, LOG2_E};
use std::ops::Range;

use super::block::{Block, QUERIES, for_each_task};
use super::heads::{Heads, HeadsMut, Layout};
use super::math::{LANES, exp2, fold, larger, ln};
use super::pack::{self, with_scratch};
use super::product::{Left, PANEL, ROWS, Right, multiply};
use super::{Dropout, Sizes, Visible};
use crate::ops::kernels::simd::vectorized;

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
                    let block = Block::new(
                        visible,
                        b,
                        queries.clone(),
                        [sizes.queries, sizes.keys],
                        0..sizes.keys,
                    );
                    let q_rows = &mut q_rows[..block.tiles() * ROWS * width];
                    pack::rows(q_rows, width, &q, (b, h), queries.clone(), scale * LOG2_E);
                    block.scores(q_rows, width, k_panels, d, scores, stride);
                    let (inverse, log) = softmax(scores, stride, &block);
                    if let Some(dropout) = dropout {
                        for (i, query) in queries.clone().enumerate() {
                            let seen = block.seen(i);
                            let keep = &dropout.row(sizes, b, h, query)[block.base..][seen.clone()];
                            drop_weights(&mut scores[i * stride..][seen], keep, dropout.scale);
                        }
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
                    vectorized(
                        #[inline(always)]
                        || {
                            for ((query, sums), inverse) in
                                queries.clone().zip(sums.chunks_exact(width)).zip(inverse)
                            {
                                // SAFETY: this task alone writes the query heads of `kv_head`, one at
                                // a time.
                                let out = unsafe { out.row_mut(b, query, h) };
                                for (out, &x) in out.iter_mut().zip(sums) {
                                    *out = x * inverse;
                                }
                            }
                        },
                    );
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

/// Turns the scores of all rows, to the base of two, into their powers, zero for keys that a row
/// does not see; gives one over their sums, and the natural logarithms of the sums.
fn softmax(scores: &mut [f32], stride: usize, block: &Block) -> ([f32; QUERIES], [f32; QUERIES]) {
    let (mut max, mut sum) = ([0.0; QUERIES], [0.0; QUERIES]);
    vectorized(
        #[inline(always)]
        || {
            for tile in 0..block.tiles() {
                let span = block.span(tile);
                let rows = tile * ROWS..(tile + 1) * ROWS;
                // Eight maxima first: the rows do not wait for one another.
                for i in rows.clone() {
                    let row = &mut scores[i * stride..][span.clone()];
                    max[i] = mask(row, block.seen(i), span.start);
                }
                for i in rows {
                    let row = &mut scores[i * stride..][span.clone()];
                    sum[i] = powers(row, max[i]);
                }
            }
            let mut inverse = [0.0; QUERIES];
            for ((inverse, max), &sum) in inverse.iter_mut().zip(&mut max).zip(&sum) {
                *inverse = if sum == 0.0 { 0.0 } else { 1.0 / sum };
                *max = max.mul_add(LN_2, ln(sum));
            }
            (inverse, max)
        },
    )
}

/// Hides what is not seen of a row that begins at key `start`; gives the largest score, or 0.
#[inline(always)]
fn mask(row: &mut [f32], seen: Range<usize>, start: usize) -> f32 {
    let (from, count) = (
        (seen.start as u32).wrapping_sub(start as u32),
        seen.len() as u32,
    );
    let mut max = [f32::NEG_INFINITY; LANES];
    let (chunks, _) = row.as_chunks_mut::<LANES>();
    for (chunk, first) in chunks.iter_mut().zip((0u32..).step_by(LANES)) {
        // Bit masks, because the compiler would turn a choice into a branch for every number.
        for (lane, x) in chunk.iter_mut().enumerate() {
            let key = first + lane as u32;
            let sees = u32::from(key.wrapping_sub(from) < count).wrapping_neg();
            *x = f32::from_bits(x.to_bits() & sees | f32::NEG_INFINITY.to_bits() & !sees);
        }
        for (max, &x) in max.iter_mut().zip(chunk.iter()) {
            *max = larger(x, *max);
        }
    }
    let max = fold(max, larger);
    // Where nothing is seen, −∞ less −∞ would not be a number.
    if max == f32::NEG_INFINITY { 0.0 } else { max }
}

/// Turns scores into powers of two, relative to the largest; gives their sum.
#[inline(always)]
fn powers(row: &mut [f32], max: f32) -> f32 {
    let mut sum = [0.0; LANES];
    let (chunks, _) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for (x, sum) in chunk.iter_mut().zip(&mut sum) {
            *x = exp2(*x - max);
            *sum += *x;
        }
    }
    fold(sum, |x, y| x + y)
}

/// Multiplies weights by what dropout leaves of them.
pub fn drop_weights(weights: &mut [f32], keep: &[u8], scale: f32) {
    vectorized(
        #[inline(always)]
        || {
            for (x, &keep) in weights.iter_mut().zip(keep) {
                *x *= f32::from(keep) * scale;
            }
        },
    );
}
