//! Weights in and out, held against the real `transformers`: `cargo xtask check transformers --python
//! PYTHON`.
//!
//! Python makes small random models of every family in many configurations, saves them as
//! `transformers` does and writes down what they compute; here each is read, compared and saved again;
//! then Python reads the second folder as anybody would and compares again. Folders whose `config.json`
//! was altered must give the numbers that `transformers` makes of them, or be refused by an error that
//! names the setting.
//!
//! ```text
//! cargo test --release -p slovo-model -p slovo-train --test transformers -- \
//!     --python python3 --only llama --model runs/default/model --keep FOLDER
//! ```

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod case;
mod compare;
mod kinds;
mod python;
mod read;
#[path = "../../../model/tests/reference/mod.rs"]
mod reference;
mod table;

use burn::tensor::Device;
use clap::Parser;
use python::Python;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// How far `transformers` may be from itself: the weights are the same bit by bit.
const CLOSE_AGAIN: f64 = 1e-5;

/// Holds weights in and out against transformers.
#[derive(Parser)]
struct Arguments {
    /// A Python that has torch and transformers
    #[arg(long)]
    python: PathBuf,
    /// A model folder to look at beside those that are made (repeatable)
    #[arg(long, value_name = "FOLDER")]
    model: Vec<PathBuf>,
    /// Only this family (repeatable) [default: all]
    #[arg(long, value_name = "FAMILY")]
    only: Vec<String>,
    /// Leave everything in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Gives the number of cases that failed.
fn run(arguments: &Arguments) -> Result<usize, String> {
    let begun = Instant::now();
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = match &arguments.keep {
        Some(folder) => folder.as_path(),
        None => scratch.path(),
    };
    let python = Python(arguments.python.clone());
    eprintln!("Python makes models …");
    let cases = python.make(folder, &arguments.only, &arguments.model)?;
    eprintln!("reading {} folders …", cases.len());
    let device = Device::flex();
    let read = |case| read::read(case, &device);
    let mut findings: Vec<_> = cases.iter().map(read).collect();
    eprintln!("Python reads what was saved again …");
    python.verify(folder, &cases, &mut findings, CLOSE_AGAIN)?;
    Ok(table::print(&cases, &findings, begun.elapsed()))
}
