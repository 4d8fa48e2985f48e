//! Who may look at whom, in one convention: a mask is added to the attention scores before the
//! softmax. Zero lets a query see a key, a number far below every score hides it.
//!
//! The number is half the lowest that the type holds, not −∞: a row in which everything is hidden
//! then gives finite weights instead of NaN, no score added to it can overflow, and masks can be
//! combined by adding them.

use crate::padding::Padding;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

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

/// Hides the first `keys` columns of each row from everybody where they are filler.
///
/// Returns `[batch, 1, 1, keys]`.
pub(crate) fn padding(padding: &Padding, keys: usize, device: &Device, dtype: DType) -> Tensor<4> {
    let hidden = hidden(dtype) as f32;
    let values = padding.is_filler(keys);
    let values: Vec<f32> = values.map(|f| if f { hidden } else { 0.0 }).collect();
    let shape = [padding.before().len(), 1, 1, keys];
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// What both masks hide; `None` hides nothing.
pub(crate) fn both(a: Option<Tensor<4>>, b: Option<Tensor<4>>) -> Option<Tensor<4>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// What is added to the score of a key that a query must not see.
fn hidden(dtype: DType) -> f64 {
    let lowest = dtype.finfo().map_or(f64::from(f32::MIN), |info| info.min);
    0.5 * lowest
}
