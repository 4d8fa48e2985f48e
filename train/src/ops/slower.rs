//! An optimizer for parameters that learn slower than others.

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// An optimizer whose learning rate is multiplied by a number.
#[derive(Clone, Debug)]
pub struct Slower<O> {
    /// What updates.
    pub optimizer: O,
    /// What its learning rate is multiplied with.
    pub rate: f64,
}

impl<O: Optimizer> Optimizer for Slower<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        self.optimizer.step(lr * self.rate, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
