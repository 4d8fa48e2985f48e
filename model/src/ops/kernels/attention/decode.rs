//! One query per batch row against a key-value cache, as in generating text token by token.
//!
//! Every key and value is read once and used once, so the speed is that of memory: no packing, no
//! matrix products. The softmax runs along with the keys (Milakov and Gimelshein 2018,
//! <https://arxiv.org/abs/1805.02867>).

use super::backward::dot;
use super::block::for_each_task;
use super::heads::{Heads, HeadsMut};
use super::math::{LANES, exp2, fold, larger};
use super::{Sizes, Visible};
use crate::ops::kernels::simd::vectorized;

/// Keys whose scores are held at a time.
const KEYS: usize = 64;

/// [`forward`](super::forward) for one query per batch row, allocating nothing.
///
/// `q` and `out`: `[batch, 1, heads, head_dim]`; `k` and `v`: `[batch, keys, kv_heads, head_dim]`,
/// for example where they lie in a cache.
///
/// # Panics
/// If the sizes disagree.
pub fn decode(q: Heads, k: Heads, v: Heads, scale: f32, visible: Visible, out: HeadsMut) {
    let scale = scale * std::f32::consts::LOG2_E;
    let sizes = Sizes::of(&q, &k, &v, &visible, None);
    assert_eq!(sizes.queries, 1, "decode takes one query per batch row");
    assert_eq!(
        sizes.query_dims(),
        out.layout().dims(),
        "the sizes of `out`"
    );
    for_each_task(&sizes, |b, kv_head| {
        let seen = visible.of(b, 0, [sizes.queries, sizes.keys]);
        for h in sizes.query_heads(kv_head) {
            // SAFETY: this task alone writes the query heads of `kv_head`, one at a time.
            unsafe { out.row_mut(b, 0, h) }.fill(0.0);
        }
        // Query heads that share a key-value head take turns at a block of it, still in cache.
        const TOGETHER: usize = 16;
        let group = sizes.query_heads(kv_head);
        for heads in group.clone().step_by(TOGETHER) {
            let heads = heads..group.end.min(heads + TOGETHER);
            let mut running = [(f32::NEG_INFINITY, 0.0); TOGETHER];
            for first in seen.clone().step_by(KEYS) {
                let keys = first..seen.end.min(first + KEYS);
                for (h, running) in heads.clone().zip(&mut running) {
                    // SAFETY: as above.
                    let out = unsafe { out.row_mut(b, 0, h) };
                    vectorized(
                        #[inline(always)]
                        || {
                            let query = q.row(b, 0, h);
                            let mut scores = [f32::NEG_INFINITY; KEYS];
                            for (score, t) in scores.iter_mut().zip(keys.clone()) {
                                *score = dot(query, k.row(b, t, kv_head)) * scale;
                            }
                            let shrink = weigh(&mut scores, running);
                            out.iter_mut().for_each(|x| *x *= shrink);
                            for (&weight, t) in scores.iter().zip(keys.clone()) {
                                for (x, &v) in out.iter_mut().zip(v.row(b, t, kv_head)) {
                                    *x += weight * v;
                                }
                            }
                        },
                    );
                }
            }
            for (h, (_, sum)) in heads.zip(running) {
                let inverse = if sum == 0.0 { 0.0 } else { 1.0 / sum };
                // SAFETY: as above.
                unsafe { out.row_mut(b, 0, h) }
                    .iter_mut()
                    .for_each(|x| *x *= inverse);
            }
        }
    });
}

/// Turns scores into powers of two of their distance to the largest so far, adds them to the
/// running sum, and gives what the sums so far must be multiplied by.
#[inline(always)]
fn weigh(scores: &mut [f32; KEYS], (max, sum): &mut (f32, f32)) -> f32 {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let (chunks, _) = scores.as_chunks_mut::<LANES>();
    for chunk in chunks.iter() {
        for (top, &x) in tops.iter_mut().zip(chunk) {
            *top = if x > *top { x } else { *top };
        }
    }
    let top = larger(fold(tops, larger), *max);
    let top = if top == f32::NEG_INFINITY { 0.0 } else { top };
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (x, sum) in chunk.iter_mut().zip(&mut sums) {
            *x = exp2(*x - top);
            *sum += *x;
        }
    }
    let shrink = exp2(*max - top);
    *sum = *sum * shrink + fold(sums, |x, y| x + y);
    *max = top;
    shrink
}
