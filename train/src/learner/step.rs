//! One optimizer step: micro-batches → summed gradients → finite? → mean → clip → update.
//!
//! Losses are summed over valid tokens and divided once, by the valid tokens of the whole step, so
//! that micro-batches change memory and not the gradient.

use super::clip;
use super::evaluation::read;
use crate::optimizer::StepOptimizer;
use crate::task::{StepOutput, Task};
use crate::{Error, Result};
use burn::data::dataloader::DataLoaderIterator;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use burn_train::TrainStep;

/// Gradients of a whole step, summed over its micro-batches and not yet divided.
pub struct Summed {
    /// Sum over all valid targets of the step.
    pub grads: GradientsParams,
    /// The last micro-batch's output, for the renderer.
    pub output: StepOutput,
    /// Sum of the loss over valid targets; one element.
    pub loss_sum: Tensor<1>,
    /// Valid targets of the step.
    pub valid: usize,
}

impl Summed {
    /// A step without a valid target has no gradient, and nothing to divide by.
    fn divisor(&self) -> f64 {
        self.valid.max(1) as f64
    }
}

/// What a step measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Mean loss over the step's valid targets, in nats.
    pub loss: f64,
    /// Norm of the mean gradient, before clipping.
    pub grad_norm: f64,
}

impl Measured {
    /// Whether an update would leave the parameters finite.
    pub fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.grad_norm.is_finite()
    }
}

/// Runs forward and backward over `count` micro-batches.
///
/// # Errors
///
/// When a batch cannot be loaded.
pub fn accumulate<M: Task>(
    model: &M,
    batches: &mut dyn DataLoaderIterator<M::Batch>,
    count: u64,
) -> Result<Summed> {
    let mut accumulator = GradientsAccumulator::new();
    let mut sums: Option<(Tensor<1>, usize)> = None;
    let mut last = None;
    for _ in 0..count {
        let batch = batches
            .next()
            .ok_or_else(|| Error::Training("the training batches ended early".into()))?
            .map_err(|error| Error::Training(error.to_string()))?;
        let output = TrainStep::step(model, batch);
        accumulator.accumulate(model, output.grads);
        let item = output.item;
        sums = Some(match sums {
            Some((sum, valid)) => (sum + item.loss_sum.clone(), valid + item.valid),
            None => (item.loss_sum.clone(), item.valid),
        });
        last = Some(item);
    }
    match (sums, last) {
        (Some((loss_sum, valid)), Some(output)) => Ok(Summed {
            grads: accumulator.grads(),
            output,
            loss_sum,
            valid,
        }),
        _ => Err(Error::Training(
            "a step needs at least one micro-batch".into(),
        )),
    }
}

/// Reads the step's loss and gradient norm; both are means over its valid targets.
///
/// # Errors
///
/// When the device fails.
pub fn measure<M: Task>(model: &M, summed: &Summed) -> Result<Measured> {
    let squares = clip::sum_of_squares(model, &summed.grads);
    // Both numbers in one read: each read waits for the device.
    let loss_sum = summed.loss_sum.clone();
    let numbers = match squares {
        Some(squares) => read(Tensor::cat(vec![loss_sum, squares], 0))?,
        None => read(loss_sum)?,
    };
    let count = summed.divisor();
    Ok(Measured {
        loss: numbers[0] / count,
        grad_norm: numbers.get(1).map_or(0.0, |squares| squares.sqrt() / count),
    })
}

/// Divides by the step's valid targets, clips and updates; says with which learning rate.
pub fn update<M: Task>(
    model: M,
    summed: Summed,
    measured: &Measured,
    optimizer: &mut StepOptimizer,
    scheduler: &mut ModuleLrScheduler,
    limit: Option<f64>,
) -> (M, f64) {
    let factor = clip::factor(measured.grad_norm, limit) / summed.divisor();
    let rate = scheduler.step();
    let lr = rate.base();
    (optimizer.step(rate, model, summed.grads, factor), lr)
}
