//! What a transformer computes, each operation once: a composition of tensor operations that runs
//! on any backend, and beside it, where it pays, a fused path for the CPU.
//!
//! Burn's `flex` backend computes one tensor operation after another, each a pass over memory and
//! each recorded for the backward pass. The fused paths compute what belongs together while it is
//! in the cache, keep only what the backward pass cannot recompute more cheaply, and use the whole
//! width of the processor. They are chosen by the tensor's device and type ([`fused`]); the model's
//! modules do not know of them. This folder is the one place of the crate that names a backend.
//!
//! `kernels` holds the loops, over slices and free of tensors; `operation` joins them with Burn's
//! graph.

mod attention;
mod cross_entropy;
mod embedding;
mod feed_forward;
#[cfg(feature = "fused")]
pub(crate) mod kernels;
mod linear;
mod norm;
#[cfg(feature = "fused")]
mod operation;
mod rotary;
mod sight;

pub use attention::{HeadSizes, Heads, attention};
pub use cross_entropy::{Columns, linear_cross_entropy};
pub use embedding::embedding;
pub(crate) use feed_forward::activate;
pub use feed_forward::{Widened, feed_forward};
pub use linear::{linear, tied_logits};
pub use norm::norm;
pub use rotary::rotate;
pub use sight::{Sight, Visible};

use burn::tensor::Tensor;
use std::sync::atomic::{AtomicBool, Ordering};

/// Matrix products of the fused paths, for what multiplies matrices outside of the model.
#[cfg(feature = "fused")]
pub mod gemm {
    pub use super::kernels::gemm::{Matrix, Product};
}

static FUSED: AtomicBool = AtomicBool::new(true);

/// Chooses, for the whole process, between fused operations (the default) and the compositions
/// that every backend runs. Both compute the same within rounding; this is for comparing them.
///
/// Without the feature `fused` there is nothing to choose.
pub fn use_fused(yes: bool) {
    FUSED.store(yes, Ordering::Relaxed);
}

/// Whether an operation on `x` takes its fused path: on a flex device, in single precision.
pub fn fused<const D: usize>(x: &Tensor<D>) -> bool {
    #[cfg(feature = "fused")]
    return FUSED.load(Ordering::Relaxed) && operation::on_cpu(x);
    #[cfg(not(feature = "fused"))]
    {
        let _ = x;
        false
    }
}

/// Where the numbers of a tensor on the CPU lie.
#[cfg(all(test, feature = "fused"))]
pub(crate) fn place<const D: usize>(x: Tensor<D>) -> usize {
    operation::plain(x).storage::<f32>().as_ptr() as usize
}
