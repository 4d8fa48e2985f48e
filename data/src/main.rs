//! The program behind `cargo xtask prepare` and `cargo xtask tokenizer`.

mod commands;

use std::process::ExitCode;

use clap::Parser;
use slovo_args::{Cli, Command, exit};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Prepare(args) => commands::prepare::run(&args),
        Command::Tokenizer(args) => commands::tokenizer::run(args.command),
        _ => {
            eprintln!("error: slovo-data runs `prepare` and `tokenizer`; try `cargo xtask --help`");
            return ExitCode::from(exit::USAGE);
        }
    };
    match done {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(failure) => failure.report(),
    }
}
