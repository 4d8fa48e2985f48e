//! The commands of `slovo-classify`, from arguments to exit code.

mod evaluate;
mod explain;
mod predict;
mod rows;
mod train;

pub use evaluate::evaluate;
pub use explain::explain;
pub use predict::predict;
pub use train::train;

use crate::Result;
use serde::Serialize;
use slovo_args::{ClassifyArgs, ClassifyCommand};
use std::io::Write;

/// `classify`.
///
/// # Errors
///
/// See each command.
pub fn classify(args: &ClassifyArgs) -> Result<u8> {
    match &args.command {
        None => train(&args.train),
        Some(ClassifyCommand::Predict(args)) => predict(args),
        Some(ClassifyCommand::Evaluate(args)) => evaluate(args),
        Some(ClassifyCommand::Explain(args)) => explain(args),
    }
}

/// A value as one line of JSON.
fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value);
    text.map_err(|error| slovo_train::Error::Training(error.to_string()).into())
}

/// Prints a result; nobody reading it is no failure.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
