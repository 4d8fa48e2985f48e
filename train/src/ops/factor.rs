//! One number for all gradients of a step, shared by the optimizers of all parameters.

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the gradients of this step are multiplied with. All clones hold the same number.
#[derive(Clone, Debug)]
pub struct Factor(Arc<AtomicU64>);

impl Default for Factor {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1f64.to_bits())))
    }
}

impl Factor {
    /// The number.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Sets it for all that share it.
    pub fn set(&self, factor: f64) {
        self.0.store(factor.to_bits(), Ordering::Relaxed);
    }
}

/// An optimizer that is given gradients multiplied with a [`Factor`].
#[derive(Clone, Debug)]
pub struct Scaled<O> {
    /// What updates.
    pub optimizer: O,
    /// What its gradients are multiplied with first.
    pub factor: Factor,
}

impl<O: Optimizer> Optimizer for Scaled<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let grad = grad.mul_scalar(self.factor.get());
        self.optimizer.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
