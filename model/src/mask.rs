//! Who may look at whom, in one convention: a mask is added to the attention scores before the
//! softmax. Zero lets a query see a key, a number far below every score hides it.
//!
//! The number is half the lowest that the type holds, not −∞: a row in which everything is hidden
//! then gives finite weights instead of NaN, and no score added to it can overflow.

use burn::tensor::{DType, Device, Int, Tensor};

/// Hides the future from `seq` queries that follow `start` earlier tokens.
///
/// Returns `[1, 1, groups · seq, start + seq]`, each query row repeated for the `groups` query
/// heads that share a key head, or `None` for a single query, which may see everything there is.
pub(crate) fn causal(
    start: usize,
    seq: usize,
    groups: usize,
    device: &Device,
    dtype: DType,
) -> Option<Tensor<4>> {
    if seq == 1 {
        return None;
    }
    let end = start + seq;
    let keys = Tensor::<1, Int>::arange(0..end as i64, device).unsqueeze_dim::<2>(0);
    let queries = Tensor::<1, Int>::arange(start as i64..end as i64, device).unsqueeze_dim::<2>(1);
    let future = keys.expand([seq, end]).greater(queries.expand([seq, end]));
    let mask = Tensor::<2>::zeros([seq, end], (device, dtype)).mask_fill(future, hidden(dtype));
    Some(mask.repeat_dim(0, groups).unsqueeze()) // [1, 1, groups · seq, end]
}

/// What is added to the score of a key that a query must not see.
fn hidden(dtype: DType) -> f64 {
    let lowest = dtype.finfo().map_or(f64::from(f32::MIN), |info| info.min);
    0.5 * lowest
}
