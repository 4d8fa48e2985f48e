//! What a person (or a program) sees while a run goes, on standard error.
//!
//! A burn-train renderer: it is told of metrics and of items done, and writes one updating line on
//! a terminal, a line every few seconds elsewhere, or JSON. With the feature `tui` there is also
//! burn-train's dashboard, which takes the whole terminal, standard output included.

#[cfg(feature = "tui")]
mod dashboard;
mod plain;
#[cfg(feature = "tui")]
mod terminal;

use crate::Result;
use crate::learner::Limits;
use crate::stop::Stop;
use burn_train::Interrupter;
use burn_train::renderer::MetricsRenderer;
use plain::{Plain, Style};
use slovo_args::Progress;
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// The renderer that `how` asks for, of a run that starts (or goes on) at `step`. Where it has a
/// key that stops the run, pressing it asks `stop`.
///
/// # Errors
///
/// A dashboard without a terminal to draw on.
pub fn renderer(
    how: Progress,
    limits: &Limits,
    step: u64,
    interrupter: &Interrupter,
    stop: &Stop,
) -> Result<Box<dyn MetricsRenderer>> {
    let style = match how {
        #[cfg(feature = "tui")]
        Progress::Tui => return dashboard::open(limits.steps, step, interrupter, stop),
        Progress::Json => Style::Json,
        Progress::None => Style::Silent,
        _ if std::io::stderr().is_terminal() => Style::Line,
        _ => Style::Lines,
    };
    // Only the dashboard has a key that stops.
    let _ = (interrupter, stop);
    Ok(Box::new(Plain::new(style, limits, step)))
}

/// Runs what a renderer shows and gives the terminal back afterwards, whatever happens.
///
/// # Errors
///
/// When the person ended the run at once, from the dashboard.
pub fn while_shown<T>(run: impl FnOnce() -> T) -> Result<T> {
    let ran = catch_unwind(AssertUnwindSafe(run));
    close();
    ran.or_else(|panic| {
        #[cfg(feature = "tui")]
        if dashboard::is_kill(&*panic) {
            return Err(crate::Error::Training(
                "ended at once, as asked; `--resume` goes on from the last checkpoint".into(),
            ));
        }
        resume_unwind(panic)
    })
}

/// Gives the terminal back, if a dashboard has it; notices that waited for that are written.
pub fn close() {
    #[cfg(feature = "tui")]
    dashboard::close();
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

/// Says something out of the ordinary on a line of its own; under a dashboard, after it has closed.
pub fn notice(text: &str) {
    #[cfg(feature = "tui")]
    if dashboard::hold(text) {
        return;
    }
    let clear = if std::io::stderr().is_terminal() {
        "\r\x1b[K"
    } else {
        ""
    };
    write(&format!("{clear}{text}\n"));
}

/// Refuses a way of showing progress that was not built in, or that has nowhere to show it.
///
/// # Errors
///
/// The dashboard, where it was not built in or where there is no terminal.
pub fn check(how: Progress) -> Result<()> {
    match how {
        #[cfg(feature = "tui")]
        Progress::Tui => dashboard::check(),
        #[cfg(not(feature = "tui"))]
        Progress::Tui => Err(crate::Error::Device(
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
