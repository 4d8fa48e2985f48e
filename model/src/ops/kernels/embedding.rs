//! Embedding tables: gathering rows, and adding gradient rows back.

use crate::ops::kernels::CHUNK;
use crate::ops::kernels::reduce::add_assign_chunk;
use crate::ops::kernels::simd::vectorized;
use rayon::prelude::*;

/// Elements below which one thread is faster than two: copying and adding are soon done.
const SERIAL: usize = 16 * CHUNK;

/// Ranges of the vocabulary that are added to independently of each other.
const RANGES: usize = 64;

/// `out [tokens, d] = table[ids]`, in parallel.
///
/// # Panics
/// If an id is outside `table [vocab, d]` or the lengths do not fit.
pub fn gather(table: &[f32], d: usize, ids: &[u32], out: &mut [f32]) {
    assert!(d > 0 && table.len().is_multiple_of(d) && out.len() == ids.len() * d);
    let rows = (CHUNK / d).max(1);
    let run = |(piece, out): (usize, &mut [f32])| {
        for (&id, out) in ids[piece * rows..].iter().zip(out.chunks_exact_mut(d)) {
            out.copy_from_slice(&table[id as usize * d..][..d]);
        }
    };
    if out.len() <= SERIAL {
        return out.chunks_mut(rows * d).enumerate().for_each(run);
    }
    out.par_chunks_mut(rows * d).enumerate().for_each(run);
}

/// `d_table[ids] += grad [tokens, d]`, rows of equal ids in the order of the tokens. In
/// parallel over ranges of the vocabulary, each of which only one thread adds to.
///
/// # Panics
/// If an id is outside `d_table [vocab, d]` or the lengths do not fit.
pub fn scatter_add(grad: &[f32], d: usize, ids: &[u32], d_table: &mut [f32]) {
    assert!(d > 0 && d_table.len().is_multiple_of(d) && grad.len() == ids.len() * d);
    let vocab = d_table.len() / d;
    assert!(
        ids.iter().all(|&id| (id as usize) < vocab),
        "an id is outside the table"
    );
    let add = |t: usize, row: &mut [f32]| {
        vectorized(
            #[inline(always)]
            || add_assign_chunk(row, &grad[t * d..][..d]),
        );
    };
    if grad.len() <= SERIAL {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::testing::{Random, assert_close, assert_same_with_any_threads, f64s};

    const SHAPES: [(usize, usize, usize); 5] = [
        (1, 1, 1),
        (5, 3, 9),
        (65, 33, 1500),
        (1000, 129, 4200),
        (63, 700, 800),
    ];

    #[test]
    fn gathers_rows() {
        for (vocab, d, tokens) in SHAPES {
            let mut random = Random((vocab * d) as u64);
            let table = random.vec(vocab * d, 1.0);
            let ids: Vec<u32> = (0..tokens).map(|_| random.below(vocab) as u32).collect();
            let mut out = vec![9.0; tokens * d];
            gather(&table, d, &ids, &mut out);
            let at = |i: usize| table[ids[i / d] as usize * d + i % d];
            assert!(out.iter().enumerate().all(|(i, &o)| o == at(i)));
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
            let mut want = f64s(&start);
            for (i, &g) in grad.iter().enumerate() {
                want[ids[i / d] as usize * d + i % d] += f64::from(g);
            }
            let mut out = start.clone();
            scatter_add(&grad, d, &ids, &mut out);
            // Thousands of numbers are added to one.
            assert_close(&out, &want, 1e-4);
            assert_same_with_any_threads(|| {
                let mut out = start.clone();
                scatter_add(&grad, d, &ids, &mut out);
                out
            });
        }
    }

    #[test]
    #[should_panic(expected = "outside the table")]
    fn refuses_an_id_outside_the_table() {
        scatter_add(&[1.0; 4], 2, &[0, 3], &mut [0.0; 6]);
    }
}
