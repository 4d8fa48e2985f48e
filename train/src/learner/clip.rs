//! One norm over all gradients, and what it is clipped with.
//!
//! Burn clips each tensor by itself; what GPT and Llama were trained with is one norm over all
//! parameters (Pascanu et al. 2013).

use crate::ops;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Sum of squares over all gradients, as a tensor of one element that has not been read yet.
///
/// `None` when nothing has a gradient.
pub fn sum_of_squares<M: Module>(module: &M, grads: &GradientsParams) -> Option<Tensor<1>> {
    let mut visitor = SumOfSquares {
        grads,
        parts: Vec::new(),
    };
    module.visit(&mut visitor);
    (!visitor.parts.is_empty()).then(|| Tensor::cat(visitor.parts, 0).sum())
}

/// What to multiply gradients of this norm with, so that the norm is at most `limit`.
///
/// The small number is PyTorch's (`clip_grad_norm_`).
pub fn factor(norm: f64, limit: Option<f64>) -> f64 {
    match limit {
        Some(limit) => (limit / (norm + 1e-6)).min(1.0),
        None => 1.0,
    }
}

struct SumOfSquares<'a> {
    grads: &'a GradientsParams,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.parts.push(ops::sum_of_squares(grad));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    fn linear_with_gradients() -> (Linear, GradientsParams) {
        let device = Device::default().autodiff();
        let linear = LinearConfig::new(2, 2).init(&device);
        let x = Tensor::<2>::from_data([[3.0, 0.0], [0.0, 4.0]], &device);
        let grads = linear.forward(x).sum().backward();
        let grads = GradientsParams::from_grads(grads, &linear);
        (linear, grads)
    }

    #[test]
    fn the_norm_is_global() {
        // d(sum)/dW = [[3, 3], [4, 4]], d(sum)/db = [2, 2].
        let (linear, grads) = linear_with_gradients();
        let squares = sum_of_squares(&linear, &grads).map(|s| s.into_scalar::<f32>());
        assert_eq!(squares, Some(58.0));
    }

    #[test]
    fn clipping_brings_the_norm_to_the_limit() {
        assert!((58f64.sqrt() * factor(58f64.sqrt(), Some(1.0)) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_small_gradient_is_left_alone() {
        assert_eq!(factor(0.5, Some(1.0)), 1.0);
        assert_eq!(factor(50.0, None), 1.0);
    }
}
