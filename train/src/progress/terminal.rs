//! The terminal under a dashboard.
//!
//! Raw mode makes a plain key of Ctrl-C, and burn-train's dashboard knows no such key. So signals
//! are switched on again: Ctrl-C is the signal that it is without a dashboard.
//!
//! What libraries write to standard error would go over the screen, and once the terminal is
//! closed such a write ends the process. So it leads nowhere meanwhile.

use std::io;

/// Whether there is a terminal that a dashboard can read keys from.
///
/// # Errors
///
/// When there is none.
pub fn check() -> io::Result<()> {
    system::tty().map(drop)
}

/// Settings and standard error as they were found.
pub struct Settings(system::Settings);

impl Settings {
    /// Remembers the settings, and leads standard error away from the terminal.
    ///
    /// # Errors
    ///
    /// When there is no terminal.
    pub fn remember() -> io::Result<Self> {
        system::Settings::read().map(Self)
    }

    /// Waits until somebody has changed them to raw mode, and makes Ctrl-C a signal again.
    ///
    /// # Errors
    ///
    /// When the terminal does not answer, or nobody changed it.
    pub fn await_raw_mode(&self) -> io::Result<()> {
        self.0.await_raw_mode()
    }

    /// Puts everything back.
    ///
    /// # Errors
    ///
    /// When the terminal has gone.
    pub fn restore(&self) -> io::Result<()> {
        self.0.restore()
    }
}

#[cfg(unix)]
mod system {
    use rustix::stdio::dup2_stderr;
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use std::fs::File;
    use std::io::{self, IsTerminal};
    use std::os::fd::{AsFd, OwnedFd};
    use std::time::{Duration, Instant};

    /// The value of `_POSIX_VDISABLE`: a key that no key is.
    const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

    /// Where keys come from: standard input, or the terminal of this session.
    pub fn tty() -> io::Result<OwnedFd> {
        let input = io::stdin();
        match input.is_terminal() {
            true => input.as_fd().try_clone_to_owned(),
            false => File::options()
                .read(true)
                .write(true)
                .open("/dev/tty")
                .map(OwnedFd::from),
        }
    }

    pub struct Settings {
        tty: OwnedFd,
        found: Termios,
        /// Standard error, where that is a terminal.
        errors: Option<OwnedFd>,
    }

    impl Settings {
        pub fn read() -> io::Result<Self> {
            let tty = tty()?;
            let found = tcgetattr(&tty)?;
            let stderr = io::stderr();
            let errors = match stderr.is_terminal() {
                true => Some(stderr.as_fd().try_clone_to_owned()?),
                false => None,
            };
            if errors.is_some() {
                dup2_stderr(File::options().write(true).open("/dev/null")?)?;
            }
            Ok(Self { tty, found, errors })
        }

        pub fn await_raw_mode(&self) -> io::Result<()> {
            let start = Instant::now();
            let mut now = loop {
                let now = tcgetattr(&self.tty)?;
                if !now.local_modes.contains(LocalModes::ICANON) {
                    break now;
                }
                if start.elapsed() > Duration::from_secs(5) {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                std::thread::sleep(Duration::from_millis(1));
            };
            now.local_modes |= LocalModes::ISIG;
            // A process that is suspended or dumped from the keyboard leaves the screen as it is.
            now.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
            now.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
            Ok(tcsetattr(&self.tty, OptionalActions::Now, &now)?)
        }

        pub fn restore(&self) -> io::Result<()> {
            if let Some(errors) = &self.errors {
                dup2_stderr(errors)?;
            }
            Ok(tcsetattr(&self.tty, OptionalActions::Now, &self.found)?)
        }
    }
}

/// Elsewhere the dashboard's own `q` is the only key that stops.
#[cfg(not(unix))]
mod system {
    use std::io;

    pub fn tty() -> io::Result<()> {
        Ok(())
    }

    pub struct Settings;

    impl Settings {
        pub fn read() -> io::Result<Self> {
            Ok(Self)
        }

        pub fn await_raw_mode(&self) -> io::Result<()> {
            Ok(())
        }

        pub fn restore(&self) -> io::Result<()> {
            Ok(())
        }
    }
}
