//! The commands of this program: arguments to library calls to output.

pub mod prepare;
pub mod tokenizer;

use std::error::Error as _;
use std::io;
use std::process::ExitCode;

use slovo_args::exit;
use slovo_data::Error;

/// Why a command did not finish.
pub enum Failure {
    /// The library says so.
    Data(Error),
    /// Something typed or piped in is wrong.
    Usage(String),
    /// Results could not be written.
    Output(io::Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Data(error.into())
    }
}

impl Failure {
    /// Tells the person, once, and gives the exit code.
    pub fn report(self) -> ExitCode {
        match self {
            Self::Data(error) if error.is_stopped() => {
                eprintln!("stopped on request; nothing half-finished was left");
                ExitCode::from(exit::STOPPED)
            }
            Self::Data(error) => {
                let mut text = format!("error: {error}");
                let mut cause = error.source();
                while let Some(inner) = cause {
                    let inner_text = inner.to_string();
                    // Most messages say their cause themselves.
                    if !text.contains(&inner_text) {
                        text.push_str(&format!("\n  because: {inner_text}"));
                    }
                    cause = inner.source();
                }
                eprintln!("{text}");
                ExitCode::from(if error.is_usage() {
                    exit::USAGE
                } else {
                    exit::FAILED
                })
            }
            Self::Usage(message) => {
                eprintln!("error: {message}");
                ExitCode::from(exit::USAGE)
            }
            // `slovo-data … | head` has had enough; that is no failure.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::from(exit::DONE)
            }
            Self::Output(error) => {
                eprintln!("error: cannot write the output: {error}");
                ExitCode::from(exit::FAILED)
            }
        }
    }
}
