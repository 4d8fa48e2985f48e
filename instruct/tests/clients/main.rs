//! The server, asked by programs that others wrote, and by many at once: `cargo xtask check clients
//! --python PYTHON`.
//!
//! OpenAI's own Python package holds a conversation; headless Chromium opens the page, asks, stops an
//! answer; 64 streams are kept going for two minutes, beside which one alone is measured. Prints
//! tokens per second and memory.
//!
//! ```text
//! cargo test --release -p slovo-instruct --test clients -- \
//!     --python python3 --model runs/instruct --only load --streams 64 --seconds 120
//! ```

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)] // it can do more than is asked of it here
#[path = "../serving/client.rs"]
mod client;
mod load;
mod server;
#[path = "../tiny/mod.rs"]
mod tiny;

use clap::{Parser, ValueEnum};
use server::Server;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Asks the server as programs of others do.
#[derive(Parser)]
struct Arguments {
    /// A Python that has the package openai
    #[arg(long)]
    python: PathBuf,
    /// A model to serve [default: a tiny one with fresh weights]
    #[arg(long, value_name = "DIR")]
    model: Vec<PathBuf>,
    /// Only this [default: all]
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Streams at once
    #[arg(long, default_value_t = 64)]
    streams: usize,
    /// For how long
    #[arg(long, default_value_t = 120)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Openai,
    Browser,
    Load,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let model = match arguments.model.first() {
        Some(model) => model.clone(),
        None => {
            tiny::write(scratch.path(), 7, 8192);
            scratch.path().into()
        }
    };
    for part in Part::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(part) {
            continue;
        }
        let started = std::time::Instant::now();
        match part {
            Part::Openai => script(arguments, &model, "openai_package.py")?,
            Part::Browser => script(arguments, &model, "browser.py")?,
            Part::Load => {
                let server = Server::start(&model, &["--slots", "64", "--queue", "64"])?;
                load::run(&server, arguments.streams, arguments.seconds)?;
                server.end()?;
            }
        }
        println!(
            "{part:?}: passed in {:.1} s",
            started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// Has one of the scripts here ask a server of its own.
fn script(arguments: &Arguments, model: &Path, name: &str) -> Result<(), String> {
    let key = ["--api-key", "a key of the test"];
    let server = Server::start(model, &key)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name);
    let status = Command::new(&arguments.python)
        .arg(script)
        .args([&server.url(), key[1]])
        .status();
    let status = status.map_err(|error| format!("{}: {error}", arguments.python.display()))?;
    if !status.success() {
        return Err(format!("{name} failed ({status})"));
    }
    server.end()
}
