//! Embedding tables: gathering rows, and adding gradient rows back.

use crate::ops::kernels::add::add_assign_chunk;
use crate::ops::kernels::chunks::CHUNK;
use crate::ops::kernels::simd::vectorized;
use rayon::prelude::*;

/// Ranges of the vocabulary that are added to independently of each other.
const RANGES: usize = 64;

/// `out [tokens, d] = scale · table[ids]`, plus `positions [len, d]` repeated over the tokens
/// where given (token `t` gets row `t % len`). In parallel.
///
/// # Panics
/// If an id is outside `table [vocab, d]` or the lengths do not fit.
pub fn gather(
    table: &[f32],
    d: usize,
    ids: &[u32],
    scale: f32,
    positions: Option<&[f32]>,
    out: &mut [f32],
) {
    assert!(d > 0 && table.len().is_multiple_of(d) && out.len() == ids.len() * d);
    let len = positions.map_or(1, |p| p.len() / d);
    assert!(
        len > 0 && positions.is_none_or(|p| p.len() == len * d),
        "rows of positions"
    );
    let rows = (CHUNK / d).max(1);
    let run = |(piece, out): (usize, &mut [f32])| {
        for (t, out) in out.chunks_exact_mut(d).enumerate() {
            let t = piece * rows + t;
            let row = &table[ids[t] as usize * d..][..d];
            vectorized(
                #[inline(always)]
                || match positions {
                    Some(positions) => {
                        scale_and_add(row, scale, &positions[t % len * d..][..d], out)
                    }
                    None => scale_row(row, scale, out),
                },
            );
        }
    };
    if ids.len() <= rows {
        return run((0, out));
    }
    out.par_chunks_mut(rows * d).enumerate().for_each(run);
}

/// `d_table[ids] += scale · grad [tokens, d]`, rows of equal ids in the order of the tokens. In
/// parallel over ranges of the vocabulary, each of which only one thread adds to.
///
/// # Panics
/// If an id is outside `d_table [vocab, d]` or the lengths do not fit.
pub fn scatter_add(grad: &[f32], d: usize, ids: &[u32], scale: f32, d_table: &mut [f32]) {
    assert!(d > 0 && d_table.len().is_multiple_of(d) && grad.len() == ids.len() * d);
    let vocab = d_table.len() / d;
    assert!(
        ids.iter().all(|&id| (id as usize) < vocab),
        "an id is outside the table"
    );
    let add = |t: usize, row: &mut [f32]| {
        vectorized(
            #[inline(always)]
            || add_scaled(&grad[t * d..][..d], scale, row),
        );
    };
    if grad.len() <= CHUNK {
        for (t, &id) in ids.iter().enumerate() {
            add(t, &mut d_table[id as usize * d..][..d]);
        }
        return;
    }
    // Each range's tokens in order, by counting.
    let range = vocab.div_ceil(RANGES);
    let mut ends = [0; RANGES];
    ids.iter().for_each(|&id| ends[id as usize / range] += 1);
    let mut next = 0;
    for end in &mut ends {
        next += std::mem::replace(end, next);
    }
    let mut tokens = vec![0; ids.len()];
    for (t, &id) in ids.iter().enumerate() {
        let end = &mut ends[id as usize / range];
        tokens[*end] = t;
        *end += 1;
    }
    d_table
        .par_chunks_mut(range * d)
        .enumerate()
        .for_each(|(r, rows)| {
            let start = if r == 0 { 0 } else { ends[r - 1] };
            for &t in &tokens[start..ends[r]] {
                add(t, &mut rows[(ids[t] as usize - r * range) * d..][..d]);
            }
        });
}

/// `d_positions [len, d] += Σ` of the rows of `grad [tokens, d]` whose token is at that position,
/// `t % len`: the gradient of [`gather`]'s positions. In parallel.
///
/// # Panics
/// If the lengths do not fit.
pub fn add_positions(grad: &[f32], d: usize, d_positions: &mut [f32]) {
    let size = d_positions.len();
    assert!(d > 0 && size.is_multiple_of(d) && grad.len().is_multiple_of(d));
    if size == 0 {
        assert!(grad.is_empty());
        return;
    }
    let run = |(at, d_row): (usize, &mut [f32])| {
        for sequence in grad.chunks(size) {
            if let Some(row) = sequence.get(at * d..(at + 1) * d) {
                vectorized(
                    #[inline(always)]
                    || add_assign_chunk(d_row, row),
                );
            }
        }
    };
    if grad.len() <= CHUNK {
        return d_positions.chunks_mut(d).enumerate().for_each(run);
    }
    d_positions.par_chunks_mut(d).enumerate().for_each(run);
}

#[inline(always)]
fn scale_row(row: &[f32], scale: f32, out: &mut [f32]) {
    for (out, &row) in out.iter_mut().zip(row) {
        *out = row * scale;
    }
}

#[inline(always)]
fn scale_and_add(row: &[f32], scale: f32, position: &[f32], out: &mut [f32]) {
    for ((out, &row), &position) in out.iter_mut().zip(row).zip(position) {
        *out = row * scale + position;
    }
}

#[inline(always)]
fn add_scaled(grad: &[f32], scale: f32, out: &mut [f32]) {
    for (out, &grad) in out.iter_mut().zip(grad) {
        *out += grad * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::testing::{Random, assert_close, assert_same_with_any_threads, f64s};

    const SHAPES: [(usize, usize, usize); 5] = [
        (1, 1, 1),
        (5, 3, 9),
        (65, 33, 1500),
        (1000, 129, 700),
        (63, 700, 100),
    ];

    #[test]
    fn gathers_scaled_rows_and_positions() {
        for (vocab, d, tokens) in SHAPES {
            let mut random = Random((vocab * d) as u64);
            let (table, positions) = (random.vec(vocab * d, 1.0), random.vec(4 * d, 1.0));
            let ids: Vec<u32> = (0..tokens).map(|_| random.below(vocab) as u32).collect();
            let mut out = vec![9.0; tokens * d];
            gather(&table, d, &ids, 3.0, None, &mut out);
            let at = |i: usize| table[ids[i / d] as usize * d + i % d] * 3.0;
            assert!(out.iter().enumerate().all(|(i, &o)| o == at(i)));
            gather(&table, d, &ids, 3.0, Some(&positions), &mut out);
            assert!(
                out.iter()
                    .enumerate()
                    .all(|(i, &o)| o == at(i) + positions[i % (4 * d)])
            );
        }
    }

    #[test]
    fn scatters_onto_what_is_there() {
        for (vocab, d, tokens) in SHAPES {
            let mut random = Random((vocab * d) as u64);
            let (grad, start) = (random.vec(tokens * d, 1.0), random.vec(vocab * d, 1.0));
            // Half of the tokens are the same, as in a text.
            let ids: Vec<u32> = (0..tokens)
                .map(|t| random.below(if t % 2 == 0 { 1 } else { vocab }) as u32)
                .collect();
            let (mut want, mut want_positions) = (f64s(&start), vec![1.0; 4 * d]);
            for (i, &g) in grad.iter().enumerate() {
                want[ids[i / d] as usize * d + i % d] += 2.0 * f64::from(g);
                want_positions[i % (4 * d)] += f64::from(g);
            }
            let mut out = start.clone();
            scatter_add(&grad, d, &ids, 2.0, &mut out);
            assert_close(&out, &want, 1e-5);
            let mut d_positions = vec![1.0; 4 * d];
            add_positions(&grad, d, &mut d_positions);
            assert_close(&d_positions, &want_positions, 1e-5);
            assert_same_with_any_threads(|| {
                let mut out = start.clone();
                scatter_add(&grad, d, &ids, 2.0, &mut out);
                out
            });
        }
    }

    #[test]
    #[should_panic(expected = "outside the table")]
    fn refuses_an_id_outside_the_table() {
        scatter_add(&[1.0; 4], 2, &[0, 3], 1.0, &mut [0.0; 6]);
    }
}
