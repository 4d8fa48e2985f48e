//! The commands of `slovo-instruct`, from arguments to exit code.

mod chat;
mod merge;
mod serve;
mod tune;

pub use chat::chat;
pub use merge::merge;
pub use serve::serve;
pub use tune::tune;

use crate::Result;
use slovo_args::{InstructArgs, InstructCommand};
use std::io::Write;

/// `instruct`.
///
/// # Errors
///
/// See each command.
pub fn instruct(args: &InstructArgs) -> Result<u8> {
    match &args.command {
        None => tune(&args.tune),
        Some(InstructCommand::Merge(args)) => merge(args),
    }
}

/// Prints a result; nobody reading it is no failure.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
