//! Stopping on request: the first Ctrl-C or SIGTERM asks, the second insists.

use crate::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody asked the program to stop. Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nobody has asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to Ctrl-C and SIGTERM. The second signal ends the process at once (exit code 1);
    /// what was complete on disk stays complete.
    ///
    /// # Errors
    ///
    /// When the system does not let the program listen.
    pub fn on_signals() -> Result<Self, Error> {
        let stop = Self::new();
        let asked = stop.clone();
        ctrlc::set_handler(move || {
            if asked.0.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(slovo_args::exit::FAILED));
            }
        })
        .map_err(|error| Error::Thread(format!("cannot listen to signals: {error}")))?;
        Ok(stop)
    }

    /// Asks.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// The flag itself, for code that knows only flags.
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }
}
