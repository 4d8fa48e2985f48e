//! The sum of squares of a gradient, for the norm over all of them.

use burn::tensor::Tensor;

/// Sum of the squares of `x`, as a tensor of one element that has not been read yet.
pub fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    #[cfg(feature = "fused")]
    if slovo_model::ops::fused(&x) {
        return fused::sum_of_squares(x);
    }
    x.square().sum()
}

#[cfg(feature = "fused")]
mod fused {
    use crate::ops::flex::{CHUNK, floats, row_major};
    use burn::tensor::Tensor;
    use rayon::prelude::*;

    pub(super) fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
        let device = x.device();
        let x = row_major(x);
        let chunks = floats(&x).par_chunks(CHUNK);
        // Added up in the order of the chunks, whoever has summed them.
        let sums: Vec<f64> = chunks.map(sum_of_a_chunk).collect();
        Tensor::from_data([sums.into_iter().sum::<f64>() as f32], &device)
    }

    fn sum_of_a_chunk(x: &[f32]) -> f64 {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut sums = [0.0f64; 16];
                let (groups, rest) = x.as_chunks::<16>();
                for group in groups {
                    for (sum, x) in sums.iter_mut().zip(group) {
                        *sum += f64::from(*x) * f64::from(*x);
                    }
                }
                for (sum, x) in sums.iter_mut().zip(rest) {
                    *sum += f64::from(*x) * f64::from(*x);
                }
                sums.iter().sum()
            },
        )
    }
}
