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
    /// How many valid targets were the likeliest token, where that is asked; one element.
    pub correct: Option<Tensor<1>>,
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
    /// The share of valid targets that were the likeliest token; 0 where that is not asked.
    pub accuracy: f64,
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
    let mut sums: Option<(Tensor<1>, Option<Tensor<1>>, usize)> = None;
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
            Some((sum, correct, valid)) => (
                sum + item.loss_sum.clone(),
                correct.zip(item.correct.clone()).map(|(a, b)| a + b),
                valid + item.valid,
            ),
            None => (item.loss_sum.clone(), item.correct.clone(), item.valid),
        });
        last = Some(item);
    }
    match (sums, last) {
        (Some((loss_sum, correct, valid)), Some(output)) => Ok(Summed {
            grads: accumulator.grads(),
            output,
            loss_sum,
            correct,
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
    // All numbers in one read: each read waits for the device.
    let asked = [
        Some(&summed.loss_sum),
        squares.as_ref(),
        summed.correct.as_ref(),
    ];
    let numbers = read(Tensor::cat(
        asked.into_iter().flatten().cloned().collect(),
        0,
    ))?;
    let mut numbers = numbers.into_iter();
    let mut next = |asked: bool| numbers.next().filter(|_| asked).unwrap_or(0.0);
    let count = summed.divisor();
    Ok(Measured {
        loss: next(true) / count,
        grad_norm: next(squares.is_some()).sqrt() / count,
        accuracy: next(summed.correct.is_some()) / count,
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
