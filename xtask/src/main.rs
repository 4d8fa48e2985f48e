//! The command line of the project: `cargo xtask COMMAND`.
//!
//! Parses the whole line before anything is compiled, so that `--help` and a misspelt flag answer
//! at once; then builds the program that carries the command out and becomes it ([`stage`]).
//! `check` is the one command that is carried out here ([`check`]).

mod cargo;
mod check;
mod relay;
mod stage;

use clap::Parser;
use slovo_args::{Cli, Command, exit};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Check(arguments) => check::run(arguments),
        command => stage::run(command),
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::from(exit::FAILED)
    })
}
