//! Stopping on request: the first Ctrl-C, SIGTERM or SIGHUP asks, the second insists.

use crate::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Signals this close together are one.
const TOGETHER: Duration = Duration::from_millis(200);
/// The same where the terminal has closed: it sends SIGHUP, and so does its shell when it ends, which on a busy
/// machine may take a while. Nobody is left to insist.
const TERMINAL_GONE: Duration = Duration::from_secs(10);

/// Whether somebody asked the program to stop. Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    flag: AtomicBool,
    /// The first signal.
    at: OnceLock<Instant>,
    before_exit: OnceLock<fn()>,
}

impl Stop {
    /// Nobody has asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to Ctrl-C, SIGTERM and SIGHUP. The second signal ends the process at once (exit code 1);
    /// what was complete on disk stays complete.
    ///
    /// # Errors
    ///
    /// When the system does not let the program listen.
    pub fn on_signals() -> Result<Self, Error> {
        let stop = Self::new();
        let asked = stop.clone();
        let had_terminal = has_terminal();
        ctrlc::set_handler(move || {
            let first = *asked.0.at.get_or_init(Instant::now);
            let together = match had_terminal && !has_terminal() {
                true => TERMINAL_GONE,
                false => TOGETHER,
            };
            if asked.0.flag.swap(true, Ordering::SeqCst) && first.elapsed() > together {
                if let Some(tidy) = asked.0.before_exit.get() {
                    tidy();
                }
                std::process::exit(i32::from(slovo_args::exit::FAILED));
            }
        })
        .map_err(|error| Error::Thread(format!("cannot listen to signals: {error}")))?;
        Ok(stop)
    }

    /// Has `tidy` called before a second signal ends the process, e.g. to give the terminal back.
    /// The first one given stays.
    pub fn before_exit(&self, tidy: fn()) {
        self.0.before_exit.get_or_init(|| tidy);
    }

    /// Asks.
    pub fn request(&self) {
        self.0.flag.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn requested(&self) -> bool {
        self.0.flag.load(Ordering::SeqCst)
    }

    /// The flag itself, for code that knows only flags.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.flag
    }
}

/// Whether a terminal controls this process.
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}
