//! The numbers that burn-train's renderers show, read on the host once and never computed twice.

use crate::task::StepValues;
use burn::tensor::TensorReadError;
use burn_train::metric::state::{FormatOptions, NumericMetricState};
use burn_train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use std::sync::Arc;

/// One of a step's numbers, averaged over valid targets.
#[derive(Clone)]
pub struct Gauge {
    name: MetricName,
    unit: Option<&'static str>,
    higher_is_better: bool,
    pick: fn(&StepValues) -> f64,
    state: NumericMetricState,
}

impl Gauge {
    /// Mean loss in nats per valid target.
    pub fn loss() -> Self {
        Self::new("Loss", None, false, |values| values.loss)
    }

    /// Norm of the gradient before clipping.
    pub fn grad_norm() -> Self {
        Self::new("Gradient norm", None, false, |values| values.grad_norm)
    }

    /// Valid targets per second.
    pub fn throughput() -> Self {
        Self::new("Tokens per second", Some("/s"), true, |values| {
            values.tokens_per_second
        })
    }

    /// Time that a step took, in seconds.
    pub fn seconds() -> Self {
        Self::new("Seconds", Some("s"), false, |values| values.seconds)
    }

    fn new(
        name: &str,
        unit: Option<&'static str>,
        higher_is_better: bool,
        pick: fn(&StepValues) -> f64,
    ) -> Self {
        Self {
            name: Arc::new(name.into()),
            unit,
            higher_is_better,
            pick,
            state: NumericMetricState::default(),
        }
    }

    fn format(&self) -> FormatOptions {
        let format = FormatOptions::new(self.name()).precision(4);
        match self.unit {
            Some(unit) => format.unit(unit),
            None => format,
        }
    }
}

impl Metric for Gauge {
    type Input = StepValues;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: self.unit.map(String::from),
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
        Ok(self.state.compute_update(self.format()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.state.compute_final(self.format()))
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
