//! Lines of text or JSON: one updating line on a terminal, a line every few seconds elsewhere.

use super::{clock, write};
use crate::learner::Limits;
use burn_train::LearnerSummary;
use burn_train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn_train::metric::{MetricDefinition, MetricId};
use burn_train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// One line that is written over.
    Line,
    /// A line every few seconds.
    Lines,
    /// A JSON object a step and an evaluation.
    Json,
    Silent,
}

pub(super) struct Plain {
    style: Style,
    steps: u64,
    /// What a step has many of.
    counted: &'static str,
    step: u64,
    /// Time that this process spent on steps, and how many.
    seconds: f64,
    stepped: u64,
    shown: Option<Instant>,
    /// Which split is running.
    training: bool,
    names: HashMap<MetricId, String>,
    values: HashMap<String, f64>,
}

impl Plain {
    /// Lines of a run that starts (or goes on) at `step`.
    pub(super) fn new(style: Style, limits: &Limits, step: u64) -> Self {
        Self {
            style,
            steps: limits.steps,
            counted: limits.counted,
            step,
            seconds: 0.0,
            stepped: 0,
            shown: None,
            training: true,
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    fn value(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(f64::NAN)
    }

    fn keep(&mut self, state: MetricState, prefix: &str) {
        if let MetricState::Numeric(entry, Some(value)) = state
            && let Some(name) = self.names.get(&entry.metric_id)
        {
            self.values
                .insert(format!("{prefix}{name}"), value.current());
        }
    }

    fn left(&self) -> Duration {
        let left = self.steps.saturating_sub(self.step) as f64;
        Duration::from_secs_f64(left * self.seconds / self.stepped.max(1) as f64)
    }

    fn show_step(&mut self) {
        let pause = match self.style {
            Style::Silent => return,
            Style::Json => Duration::ZERO,
            Style::Line => Duration::from_millis(100),
            Style::Lines => Duration::from_secs(5),
        };
        let ended = self.step >= self.steps;
        if !ended && self.shown.is_some_and(|shown| shown.elapsed() < pause) {
            return;
        }
        self.shown = Some(Instant::now());
        let (loss, speed) = (self.value("Loss"), self.value("Tokens per second"));
        if self.style == Style::Json {
            write(&format!(
                "{}\n",
                serde_json::json!({
                    "step": self.step,
                    "steps": self.steps,
                    "loss": loss,
                    "lr": self.value("Learning rate"),
                    "grad_norm": self.value("Gradient norm"),
                    "tokens_per_second": speed,
                    "seconds_left": self.left().as_secs_f64(),
                })
            ));
            return;
        }
        let text = format!(
            "step {}/{}  loss {loss:.4}  {speed:.0} {}/s  {} left",
            self.step,
            self.steps,
            self.counted,
            clock(self.left())
        );
        match self.style {
            Style::Line => write(&format!("\r\x1b[K{text}")),
            _ => write(&format!("{text}\n")),
        }
    }

    fn show_evaluation(&self) {
        let loss = self.value("validation Loss");
        match self.style {
            Style::Silent => {}
            Style::Json => write(&format!(
                "{}\n",
                serde_json::json!({ "step": self.step, "validation_loss": loss })
            )),
            Style::Line => write(&format!(
                "\r\x1b[Kstep {}  validation loss {loss:.4}\n",
                self.step
            )),
            Style::Lines => write(&format!("step {}  validation loss {loss:.4}\n", self.step)),
        }
    }
}

impl MetricsRendererTraining for Plain {
    fn update_train(&mut self, state: MetricState) {
        self.keep(state, "");
    }

    fn update_valid(&mut self, state: MetricState) {
        self.keep(state, "validation ");
    }

    fn on_train_end(
        &mut self,
        _summary: Option<LearnerSummary>,
    ) -> std::result::Result<(), Box<dyn core::error::Error>> {
        Ok(())
    }
}

impl TrainingProgressLogger for Plain {
    fn start(&mut self, _total: usize, _first: usize, _items: Option<usize>, _label: Option<&str>) {
    }

    fn update_epoch(&mut self, _epoch: usize) {}

    fn start_split(&mut self, split: &str, _total_items: usize) {
        self.training = split == "train";
    }

    fn update_split(&mut self, items: usize) {
        if self.training {
            self.step += 1;
            self.stepped += 1;
            self.seconds += self.value("Seconds");
            self.show_step();
        } else if self.style == Style::Line {
            write(&format!(
                "\r\x1b[Kstep {}  evaluating: {items} windows",
                self.step
            ));
        }
    }

    fn end_split(&mut self) {
        if !self.training {
            self.show_evaluation();
        }
    }

    fn end(&mut self) {
        if self.style == Style::Line {
            write("\r\x1b[K");
        }
    }

    fn log_event_training(&mut self, _event: String) {}
}

impl EvaluationProgressLogger for Plain {
    fn start_global_progress(&mut self, _total_tests: usize) {}
    fn start_test(&mut self, _name: &str, _total_items: usize) {}
    fn update_test_progress(&mut self, _items_processed: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _event: String) {}
}

impl MetricsRendererEvaluation for Plain {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}
}

impl MetricsRenderer for Plain {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        self.names
            .insert(definition.metric_id, definition.name.to_string());
    }
}
