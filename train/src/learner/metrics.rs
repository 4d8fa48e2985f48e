//! The numbers that burn-train's renderers show, read on the host once and never computed twice.

use crate::task::StepValues;
use burn::tensor::TensorReadError;
use burn_train::metric::state::NumericMetricState;
use burn_train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use slovo_data::report::grouped;
use std::sync::Arc;

/// One of a step's numbers, averaged over valid targets.
#[derive(Clone)]
pub struct Gauge {
    name: MetricName,
    higher_is_better: bool,
    pick: fn(&StepValues) -> f64,
    text: fn(f64) -> String,
    state: NumericMetricState,
}

impl Gauge {
    /// Mean loss in nats per valid target.
    pub fn loss() -> Self {
        Self::new("Loss", false, |values| values.loss, |x| format!("{x:.4}"))
    }

    /// The share of valid targets that were the likeliest token, in per cent.
    pub fn accuracy() -> Self {
        Self::new(
            "Accuracy",
            true,
            |values| 100.0 * values.accuracy,
            |x| format!("{x:.2} %"),
        )
    }

    /// Norm of the gradient before clipping.
    pub fn grad_norm() -> Self {
        Self::new(
            "Gradient norm",
            false,
            |values| values.grad_norm,
            |x| format!("{x:.4}"),
        )
    }

    /// Valid targets per second.
    pub fn throughput() -> Self {
        Self::new(
            "Tokens per second",
            true,
            |values| values.tokens_per_second,
            |x| grouped(x.round() as u64),
        )
    }

    /// Time that a step took, in seconds.
    pub fn seconds() -> Self {
        Self::new(
            "Seconds",
            false,
            |values| values.seconds,
            |x| format!("{x:.3}"),
        )
    }

    /// Learning rate of a step.
    pub fn learning_rate() -> Self {
        Self::new(
            "Learning rate",
            false,
            |values| values.lr,
            |x| format!("{x:.2e}"),
        )
    }

    fn new(
        name: &str,
        higher_is_better: bool,
        pick: fn(&StepValues) -> f64,
        text: fn(f64) -> String,
    ) -> Self {
        Self {
            name: Arc::new(name.into()),
            higher_is_better,
            pick,
            text,
            state: NumericMetricState::default(),
        }
    }

    /// A number for the screen and for a log; burn-train's own text speaks of epochs and batches.
    fn entry(&self, number: NumericEntry) -> SerializedEntry {
        SerializedEntry::new((self.text)(number.current()), number.serialize())
    }
}

impl Metric for Gauge {
    type Input = StepValues;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: None,
            higher_is_better: self.higher_is_better,
        }
        .into()
    }

    fn update(
        &mut self,
        values: &StepValues,
        _metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        self.state.update((self.pick)(values), values.tokens.max(1));
        Ok(self.entry(self.state.current_value()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.entry(self.state.final_value()))
    }

    fn clear(&mut self) {
        self.state.reset();
    }
}

impl Numeric for Gauge {
    fn value(&self) -> Option<NumericEntry> {
        Some(self.state.current_value())
    }

    fn running_value(&self) -> Option<NumericEntry> {
        Some(self.state.running_value())
    }

    fn final_value(&self) -> NumericEntry {
        self.state.final_value()
    }
}
