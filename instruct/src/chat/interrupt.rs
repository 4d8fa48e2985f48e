//! Ctrl-C: stops the answer that is being made, and not the program; pressed again, the program too.

use crate::{Error, Result};
use slovo_args::exit;
use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Listens for Ctrl-C.
pub struct Interrupt(Arc<Flags>);

#[derive(Default)]
struct Flags {
    answering: AtomicBool,
    asked: AtomicBool,
}

/// While this lives, Ctrl-C stops an answer.
pub struct Answering<'a>(&'a Flags);

impl Interrupt {
    /// Begins to listen. While nothing is answered, Ctrl-C ends the program.
    ///
    /// # Errors
    ///
    /// A system that does not let it.
    pub fn listen() -> Result<Self> {
        let network = |error| Error::System {
            what: "cannot listen to Ctrl-C".into(),
            error,
        };
        let flags = Arc::new(Flags::default());
        let seen = Arc::clone(&flags);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(network)?;
        // From here on it is heard, whenever the thread begins to run.
        let mut signals = {
            let _inside = runtime.enter();
            signals().map_err(network)?
        };
        let listen = move || {
            runtime.block_on(async {
                while signals.recv().await.is_some() {
                    let answering = seen.answering.load(Ordering::SeqCst);
                    if !answering || seen.asked.swap(true, Ordering::SeqCst) {
                        process::exit(i32::from(exit::STOPPED));
                    }
                }
            });
        };
        let started = thread::Builder::new().name("signals".into()).spawn(listen);
        started.map_err(network)?;
        Ok(Self(flags))
    }

    /// Says that an answer is being made.
    pub fn while_answering(&self) -> Answering<'_> {
        self.0.asked.store(false, Ordering::SeqCst);
        self.0.answering.store(true, Ordering::SeqCst);
        Answering(&self.0)
    }
}

#[cfg(unix)]
fn signals() -> io::Result<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::interrupt())
}

#[cfg(windows)]
fn signals() -> io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

impl Answering<'_> {
    /// Whether Ctrl-C was pressed.
    pub fn asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.answering.store(false, Ordering::SeqCst);
    }
}
