//! burn-train's dashboard, told of steps, on a terminal that is given back whatever happens.
//!
//! burn-train's renderer owns the screen from a thread of its own and thinks in epochs. Here it is
//! told of a run without epochs, whose items are steps. It sits in a static, because a process has
//! one terminal and whoever ends the process has to give that back: the end of the run, a second
//! signal, a panic.
//!
//! What has to be said meanwhile is held until the screen is the person's again.

use super::terminal::{self, Settings};
use super::write;
use crate::stop::Stop;
use crate::{Error, Result};
use burn_train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn_train::metric::{MetricDefinition, MetricId, NumericEntry};
use burn_train::renderer::tui::TuiMetricsRendererWrapper;
use burn_train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use burn_train::{Interrupter, LearnerSummary};
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::time::Duration;

/// burn-train's renderer while it has the terminal, and the settings to put back.
static SCREEN: Mutex<Option<(TuiMetricsRendererWrapper, Settings)>> = Mutex::new(None);

/// What to say when the terminal is back; `None` while it is not away.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// What burn-train panics with, in each of its threads, when the person chose to kill the run.
const KILL: &str = "Killing training from user input.";

/// A panic is not the end of giving the terminal back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(what: &str) -> Error {
    Error::Value {
        field: "--progress",
        found: "tui".into(),
        expected: format!("{what}; `--progress plain` writes lines instead"),
    }
}

/// Refuses to draw where nobody could see it or press a key.
///
/// # Errors
///
/// When standard output is no terminal, or there is none to read keys from.
pub fn check() -> Result<()> {
    if !std::io::stdout().is_terminal() {
        return Err(refused(
            "the dashboard draws on standard output, which is no terminal here",
        ));
    }
    terminal::check().map_err(|error| {
        refused(&format!(
            "the dashboard needs a terminal for its keys: {error}"
        ))
    })
}

/// Takes the terminal, for a run that is at step `first` of `steps`.
///
/// # Errors
///
/// See [`check`].
pub fn open(
    steps: u64,
    first: u64,
    interrupter: &Interrupter,
    stop: &Stop,
) -> Result<Box<dyn MetricsRenderer>> {
    check()?;
    let gone = |error: std::io::Error| {
        refused(&format!(
            "the terminal does not answer the dashboard: {error}"
        ))
    };
    let settings = Settings::remember().map_err(gone)?;
    hold_panics();
    stop.before_exit(close_in_time);
    *lock(&HELD) = Some(Vec::new());
    let tui = TuiMetricsRendererWrapper::new(interrupter.clone(), None);
    let ready = settings.await_raw_mode();
    *lock(&SCREEN) = Some((tui, settings));
    if let Err(error) = ready {
        close();
        return Err(gone(error));
    }
    Ok(Box::new(Dashboard {
        steps,
        first,
        step: first,
        training: true,
        hidden: None,
        interrupter: interrupter.clone(),
        stop: stop.clone(),
    }))
}

/// Gives the terminal back and says what was held.
pub fn close() {
    let mut screen = lock(&SCREEN);
    let Some((tui, settings)) = screen.take() else {
        return;
    };
    // Waits for its thread, which leaves the screen. After a kill it panics once more.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(tui)));
    // A thread that died did not do all of this; the terminal itself may be gone.
    let _ = settings.restore();
    let _ = write!(std::io::stdout(), "\x1b[?25h").and_then(|()| std::io::stdout().flush());
    let held = lock(&HELD).take();
    for text in held.unwrap_or_default() {
        write(&format!("{text}\n"));
    }
}

/// [`close`], for a process that ends now: a terminal that no longer takes anything must not keep
/// it.
fn close_in_time() {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        close();
        tell.send(())
    });
    let _ = told.recv_timeout(Duration::from_secs(1));
}

/// Keeps `text` until the terminal is back; says whether that was needed.
pub fn hold(text: &str) -> bool {
    match lock(&HELD).as_mut() {
        Some(held) => {
            held.push(text.into());
            true
        }
        None => false,
    }
}

/// Holds what a panic says, too: burn-train's own hook, which runs before this one, leaves the
/// screen, but its thread goes on drawing.
fn hold_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let mut text = format!("thread '{}' {panic}", thread.name().unwrap_or("unnamed"));
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                text += &format!("\n{trace}");
            }
            if !hold(&text) {
                before(panic);
            }
        }));
    });
}

/// Whether a panic is the person's wish.
pub fn is_kill(panic: &(dyn Any + Send)) -> bool {
    panic.downcast_ref::<&str>() == Some(&KILL)
}

/// What burn-train tells its renderer, in terms of steps.
struct Dashboard {
    steps: u64,
    first: u64,
    step: u64,
    /// Which split is running.
    training: bool,
    /// A number that is there for the other renderers.
    hidden: Option<MetricId>,
    interrupter: Interrupter,
    stop: Stop,
}

impl Dashboard {
    fn tell(&self, what: impl FnOnce(&mut TuiMetricsRendererWrapper)) {
        if let Some((tui, _)) = lock(&SCREEN).as_mut() {
            what(tui);
        }
    }

    fn show_step(&self) {
        let waiting = lock(&HELD).as_ref().map_or(0, Vec::len);
        let notices = match waiting {
            0 => String::new(),
            1 => ", 1 notice in run.log".into(),
            n => format!(", {n} notices in run.log"),
        };
        let label = format!("step {} of {}{notices}", self.step, self.steps);
        let done = (self.step - self.first) as usize;
        // Without epochs it counts the items of the split instead; before the first it cannot.
        let epochs = usize::from(done == 0);
        self.tell(|tui| {
            tui.start(epochs, epochs, None, Some(&label));
            tui.update_split(done);
        });
    }
}

impl MetricsRendererTraining for Dashboard {
    fn update_train(&mut self, state: MetricState) {
        match state {
            MetricState::Numeric(entry, _) if Some(&entry.metric_id) == self.hidden.as_ref() => {}
            // The mean since the last evaluation would stand there as if it were a step's.
            MetricState::Numeric(_, Some(NumericEntry::Final(_))) => {}
            state => self.tell(|tui| tui.update_train(state)),
        }
    }

    /// The plot gets one point for an evaluation, and none for its batches.
    fn update_valid(&mut self, state: MetricState) {
        if let MetricState::Numeric(entry, Some(NumericEntry::Final(mean))) = state {
            let state = MetricState::Numeric(entry, Some(NumericEntry::Value(mean)));
            self.tell(|tui| tui.update_valid(state));
        }
    }

    fn on_train_end(
        &mut self,
        _summary: Option<LearnerSummary>,
    ) -> std::result::Result<(), Box<dyn core::error::Error>> {
        Ok(())
    }
}

impl TrainingProgressLogger for Dashboard {
    fn start(&mut self, _total: usize, _first: usize, _items: Option<usize>, _label: Option<&str>) {
        self.tell(|tui| {
            tui.start(1, 1, None, None);
            // It gives validation as large a share of a plot's points as it has of the items, once
            // it knows both numbers; a few windows beside many steps would be left without any.
            tui.start_split("valid", 1);
            tui.update_split(0);
        });
    }

    fn update_epoch(&mut self, _epoch: usize) {}

    fn start_split(&mut self, split: &str, total_items: usize) {
        self.training = split == "train";
        if !self.training {
            self.tell(|tui| tui.start_split(split, total_items));
            return;
        }
        // A resumed run's share of the steps, so that bar and remaining time are its own.
        let steps = self.steps.saturating_sub(self.first).max(1) as usize;
        self.tell(|tui| tui.start_split(split, steps));
        self.show_step();
    }

    fn update_split(&mut self, items: usize) {
        if self.training {
            self.step += 1;
            self.show_step();
        } else {
            self.tell(|tui| tui.update_split(items));
        }
        if self.interrupter.interruption().is_some() {
            self.stop.request();
        }
    }

    fn end_split(&mut self) {}

    fn end(&mut self) {}

    fn log_event_training(&mut self, _event: String) {}
}

impl EvaluationProgressLogger for Dashboard {
    fn start_global_progress(&mut self, _total_tests: usize) {}
    fn start_test(&mut self, _name: &str, _total_items: usize) {}
    fn update_test_progress(&mut self, _items_processed: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _event: String) {}
}

impl MetricsRendererEvaluation for Dashboard {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}
}

impl MetricsRenderer for Dashboard {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        if *definition.name == "Seconds" {
            self.hidden = Some(definition.metric_id);
        } else {
            self.tell(|tui| tui.register_metric(definition));
        }
    }
}
