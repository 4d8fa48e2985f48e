//! `slovo-train`: arguments → library call → output.

use clap::Parser;
use slovo_args::{Cli, Command, exit};
use slovo_train::command::{
    self, bench, doctor, embed, generate, import, inspect, lineage, plan, report,
};
use slovo_train::{Result, stop::Stop};
use std::io::Write;
use std::process::ExitCode;

/// A step allocates and frees the same large tensors over and over; the system's allocator gives
/// them back to the kernel each time, which then clears every page anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
        Command::Plan(args) => {
            let plan = plan::plan(&args)?;
            print(
                match args.json {
                    true => command::json(&plan)?,
                    false => plan.to_string(),
                }
                .trim_end(),
            )
        }
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
        Command::Embed(args) => {
            let stop = Stop::on_signals()?;
            embed::embed(&args, &mut std::io::stdout().lock(), &stop)?;
            Ok(if stop.requested() {
                exit::STOPPED
            } else {
                exit::DONE
            })
        }
        Command::Inspect(args) => {
            if let Some(batch) = args.batch {
                let found = lineage::lineage(&args.dir, batch, &Stop::on_signals()?)?;
                return print(&match args.json {
                    true => command::json(&found)?,
                    false => found.to_string(),
                });
            }
            let found = inspect::inspect(&args.dir)?;
            print(&match args.json {
                true => format!("{found:#}"),
                false => inspect::as_text(&found),
            })
        }
        Command::Import(args) => {
            let found = import::import(&args, &Stop::on_signals()?)?;
            print(&match args.json {
                true => command::json(&found)?,
                false => found.to_string(),
            })
        }
        Command::Report(args) => print(&report::report(&args)?.display().to_string()),
        Command::Doctor(args) => {
            let found = doctor::examine(&args.backend);
            print(&match args.json {
                true => command::json(&found)?,
                false => found.to_string(),
            })
        }
        Command::Bench(args) => print(&bench::run(&args, &Stop::on_signals()?)?),
        Command::Prepare(_)
        | Command::Tokenizer(_)
        | Command::Classify(_)
        | Command::Instruct(_)
        | Command::Chat(_)
        | Command::Serve(_)
        | Command::Check(_) => {
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
