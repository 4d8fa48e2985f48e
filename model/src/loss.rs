//! Cross-entropy as a sum over the targets that count.
//!
//! A mean per batch gives a token in a short batch more weight than one in a long batch. So this
//! is a sum: whoever steps the optimizer counts the valid targets of the whole step and divides
//! once.

use burn::tensor::{Bool, Int, Tensor};

/// The sum of −log softmax(`logits`)\[`target`\] over the valid targets, in nats.
///
/// - `logits`: `[n, classes]`
/// - `targets`: `[n]`, each in `0..classes` where it counts
/// - `mask`: `[n]`, true where a target counts; `None` counts all
/// - `smoothing`: the share of each target that is spread evenly over all classes, 0 for none (label
///   smoothing, Szegedy et al. 2015, <https://arxiv.org/abs/1512.00567>)
///
/// Returns a tensor of one value. A target that does not count adds exactly zero to loss and
/// gradients, whatever its id; if none counts, both are zero.
pub fn cross_entropy_sum(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    mask: Option<Tensor<1, Bool>>,
    smoothing: f64,
) -> Tensor<1> {
    let ignored = mask.map(|mask| mask.bool_not());
    let targets = match &ignored {
        Some(ignored) => targets.mask_fill(ignored.clone(), 0),
        None => targets,
    };
    // log softmax(x)[t] = (x − max)[t] − log Σ exp(x − max). Taking the target out before
    // subtracting saves a pass over all classes.
    let shifted = logits.clone() - logits.detach().max_dim(1);
    let log_sum = shifted.clone().exp().sum_dim(1).log();
    let target = shifted.clone().gather(1, targets.unsqueeze_dim(1));
    let target = match smoothing > 0.0 {
        true => target * (1.0 - smoothing) + shifted.mean_dim(1) * smoothing,
        false => target,
    };
    let losses = (log_sum - target).squeeze_dim::<1>(1);
    match ignored {
        Some(ignored) => losses.mask_fill(ignored, 0.0).sum(),
        None => losses.sum(),
    }
}
