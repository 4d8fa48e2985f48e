//! What a person (or a program) sees while a run goes, on standard error.
//!
//! A burn-train renderer: it is told of metrics and of items done, and writes one updating line on
//! a terminal, a line every few seconds elsewhere, or JSON.

use crate::Result;
use crate::learner::Limits;
use burn_train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn_train::metric::{MetricDefinition, MetricId};
use burn_train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use burn_train::{Interrupter, LearnerSummary};
use slovo_args::Progress;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The renderer that `how` asks for, of a run that starts (or goes on) at `step`.
pub fn renderer(
    how: Progress,
    limits: &Limits,
    step: u64,
    interrupter: &Interrupter,
) -> Box<dyn MetricsRenderer> {
    let style = match how {
        #[cfg(feature = "tui")]
        Progress::Tui => return burn_train::renderer::default_renderer(interrupter.clone(), None),
        Progress::Json => Style::Json,
        Progress::None => Style::Silent,
        _ if std::io::stderr().is_terminal() => Style::Line,
        _ => Style::Lines,
    };
    // Only the dashboard has a key that stops.
    let _ = interrupter;
    Box::new(Plain {
        style,
        steps: limits.steps,
        step,
        seconds: 0.0,
        stepped: 0,
        shown: None,
        training: true,
        names: HashMap::new(),
        values: HashMap::new(),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// One line that is written over.
    Line,
    /// A line every few seconds.
    Lines,
    /// A JSON object a step and an evaluation.
    Json,
    Silent,
}

struct Plain {
    style: Style,
    steps: u64,
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
                    "lr": self.value("Learning Rate"),
                    "grad_norm": self.value("Gradient norm"),
                    "tokens_per_second": speed,
                    "seconds_left": self.left().as_secs_f64(),
                })
            ));
            return;
        }
        let text = format!(
            "step {}/{}  loss {loss:.4}  {speed:.0} tokens/s  {} left",
            self.step,
            self.steps,
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

/// Hours, minutes and seconds, as far as they matter.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Says something out of the ordinary on a line of its own.
pub fn notice(text: &str) {
    let clear = if std::io::stderr().is_terminal() {
        "\r\x1b[K"
    } else {
        ""
    };
    write(&format!("{clear}{text}\n"));
}

/// Refuses a way of showing progress that was not built in.
///
/// # Errors
///
/// The dashboard, where it was not built in.
pub fn check(how: Progress) -> Result<()> {
    match how {
        Progress::Tui if !cfg!(feature = "tui") => Err(crate::Error::Device(
            "this program was built without the dashboard; `cargo xtask … --progress tui` builds \
             it in"
                .into(),
        )),
        _ => Ok(()),
    }
}

/// Nobody listening is no reason to stop training.
fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_says_what_matters() {
        assert_eq!(clock(Duration::from_secs(59)), "59 s");
        assert_eq!(clock(Duration::from_secs(61)), "1 min 01 s");
        assert_eq!(clock(Duration::from_secs(3661)), "1 h 01 min");
    }
}
