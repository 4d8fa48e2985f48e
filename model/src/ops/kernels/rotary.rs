//! Rotary position embedding (Su et al. 2021, <https://arxiv.org/abs/2104.09864>) in place, in the
//! form that pairs channel `i` of a head with channel `i + head_dim / 2`.

use crate::ops::kernels::CHUNK;
use crate::ops::kernels::simd::vectorized;
use rayon::prelude::*;

/// Where the heads lie in a buffer of rows, one row a token: `heads · head_dim` elements from
/// `offset` on, as in the joint product of queries, keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Elements from one row to the next.
    pub stride: usize,
    /// The first head's first element in a row.
    pub offset: usize,
    /// Number of heads.
    pub heads: usize,
    /// Channels of a head; even.
    pub head_dim: usize,
}

/// cos and sin of every angle, each `[positions, head_dim / 2]`; row `t` stands at position
/// `t % positions`.
#[derive(Clone, Copy, Debug)]
pub struct Angles<'a> {
    /// cos(position · frequency).
    pub cos: &'a [f32],
    /// sin(position · frequency).
    pub sin: &'a [f32],
}

/// Turns every pair of `x [tokens, stride]` by its angle, in parallel: the forward pass.
///
/// # Panics
/// If the heads do not fit a row, or the tables are empty.
pub fn rotate(x: &mut [f32], heads: Heads, angles: Angles) {
    apply(
        x,
        heads,
        angles,
        #[inline(always)]
        |a, b, cos, sin| (a * cos - b * sin, b * cos + a * sin),
    );
}

/// Turns every pair back: the backward pass, applied to the gradient.
///
/// # Panics
/// If the heads do not fit a row, or the tables are empty.
pub fn rotate_back(x: &mut [f32], heads: Heads, angles: Angles) {
    apply(
        x,
        heads,
        angles,
        #[inline(always)]
        |a, b, cos, sin| (a * cos + b * sin, b * cos - a * sin),
    );
}

#[inline(always)]
fn apply(
    x: &mut [f32],
    layout: Heads,
    angles: Angles,
    turn: impl Fn(f32, f32, f32, f32) -> (f32, f32) + Copy + Sync,
) {
    let Heads {
        stride,
        offset,
        heads,
        head_dim,
    } = layout;
    let (half, width) = (head_dim / 2, heads * head_dim);
    assert!(
        half > 0 && head_dim == 2 * half,
        "head_dim must be even and not 0"
    );
    assert!(
        offset + width <= stride && x.len().is_multiple_of(stride),
        "heads in whole rows"
    );
    assert_eq!(angles.cos.len(), angles.sin.len());
    let positions = angles.cos.len() / half;
    assert!(positions > 0 || x.is_empty(), "a position for each row");
    let rows = (CHUNK / width.max(1)).max(1);
    let run = |(piece, x): (usize, &mut [f32])| {
        for (t, row) in x.chunks_exact_mut(stride).enumerate() {
            let at = (piece * rows + t) % positions * half;
            let (cos, sin) = (&angles.cos[at..][..half], &angles.sin[at..][..half]);
            vectorized(
                #[inline(always)]
                || {
                    for head in row[offset..][..width].chunks_exact_mut(head_dim) {
                        let (a, b) = head.split_at_mut(half);
                        turn_head(a, b, cos, sin, turn);
                    }
                },
            );
        }
    };
    if x.len() <= rows * stride {
        return run((0, x));
    }
    x.par_chunks_mut(rows * stride).enumerate().for_each(run);
}

#[inline(always)]
fn turn_head(
    a: &mut [f32],
    b: &mut [f32],
    cos: &[f32],
    sin: &[f32],
    turn: impl Fn(f32, f32, f32, f32) -> (f32, f32),
) {
    for (((a, b), &cos), &sin) in a.iter_mut().zip(b).zip(cos).zip(sin) {
        (*a, *b) = turn(*a, *b, cos, sin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::testing::{Random, assert_close, f64s};

    fn tables(positions: usize, half: usize) -> (Vec<f32>, Vec<f32>) {
        let angle =
            |i: usize| (i / half) as f64 * 10_000f64.powf(-((i % half) as f64) / half as f64);
        let table = |f: fn(f64) -> f64| (0..positions * half).map(|i| f(angle(i)) as f32).collect();
        (table(f64::cos), table(f64::sin))
    }

    #[test]
    fn turns_each_pair_and_leaves_the_rest() {
        for (tokens, heads, head_dim, offset, after) in [
            (1, 1, 2, 0, 0),
            (5, 3, 6, 4, 7),
            (9, 2, 64, 128, 3),
            (700, 3, 34, 5, 0),
        ] {
            let stride = offset + heads * head_dim + after;
            let half = head_dim / 2;
            let (cos, sin) = tables(20, half);
            let angles = Angles {
                cos: &cos,
                sin: &sin,
            };
            let layout = Heads {
                stride,
                offset,
                heads,
                head_dim,
            };
            let mut random = Random(stride as u64);
            let x = random.vec(tokens * stride, 3.0);
            let mut want = f64s(&x);
            for t in 0..tokens {
                for i in 0..heads * half {
                    let (head, i) = (i / half, i % half);
                    let low = t * stride + offset + head * head_dim + i;
                    let (a, b) = (want[low], want[low + half]);
                    let angle = (t % 20) as f64 * 10_000f64.powf(-(i as f64) / half as f64);
                    want[low] = a * angle.cos() - b * angle.sin();
                    want[low + half] = a * angle.sin() + b * angle.cos();
                }
            }
            let mut out = x.clone();
            rotate(&mut out, layout, angles);
            assert_close(&out, &want, 1e-6);
            rotate_back(&mut out, layout, angles);
            assert_close(&out, &f64s(&x), 1e-6);
        }
    }

    #[test]
    #[should_panic(expected = "whole rows")]
    fn refuses_heads_outside_a_row() {
        let (cos, sin) = tables(2, 2);
        let heads = Heads {
            stride: 8,
            offset: 1,
            heads: 2,
            head_dim: 4,
        };
        let angles = Angles {
            cos: &cos,
            sin: &sin,
        };
        rotate(&mut [0.0; 16], heads, angles);
    }
}
