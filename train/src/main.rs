//! `slovo-train`: arguments → library call → output.

use clap::Parser;
use slovo_args::{Cli, Command, exit};
use slovo_train::{Result, bench, command, doctor, generate, inspect, stop::Stop};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<u8> {
    match command {
        Command::Pretrain(args) => command::pretrain(&args),
        Command::Evaluate(args) => command::evaluate(&args),
        Command::Generate(args) => {
            let stop = Stop::on_signals()?;
            generate::generate(&args, &mut std::io::stdout().lock(), &stop)?;
            Ok(if stop.requested() {
                exit::STOPPED
            } else {
                exit::DONE
            })
        }
        Command::Inspect(args) => {
            let found = inspect::inspect(&args.dir)?;
            print(&match args.json {
                true => format!("{found:#}"),
                false => inspect::as_text(&found),
            })
        }
        Command::Doctor(args) => print(doctor::report(&args.backend).trim_end()),
        Command::Bench(args) => {
            let found = bench::train(&args)?;
            print(&command::json(&found)?)
        }
        Command::Prepare(_) | Command::Tokenizer(_) | Command::Check(_) => {
            eprintln!("error: this command is another program's; `cargo xtask` knows whose");
            Ok(exit::USAGE)
        }
    }
}

/// Prints a result; nobody reading it is no failure.
fn print(text: &str) -> Result<u8> {
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(exit::DONE)
}
