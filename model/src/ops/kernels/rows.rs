//! What is added to the rows of a matrix product as they are finished, and sums over rows.

use super::reduce::{self, add_assign_chunk};
use super::simd::vectorized;

/// Adds `bias`, `[width]` or empty, to each of the whole `rows` of an output, and to each what
/// `stream`, of the whole output's shape, holds at its place; `first` is the first row's number.
pub fn add_to_rows(
    first: usize,
    rows: &mut [f32],
    width: usize,
    bias: &[f32],
    stream: Option<&[f32]>,
) {
    vectorized(
        #[inline(always)]
        || {
            for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                if !bias.is_empty() {
                    add_assign_chunk(row, bias);
                }
                if let Some(stream) = stream {
                    add_assign_chunk(row, &stream[(first + i) * width..][..width]);
                }
            }
        },
    );
}

/// The sums of the columns of `x`, `[rows, width]`.
pub fn sum_rows(x: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    reduce::sum_rows(x, &mut sums);
    sums
}
