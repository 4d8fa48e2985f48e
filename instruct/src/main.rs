//! `slovo-instruct`: arguments → library call → output.

use clap::Parser;
use slovo_args::{Cli, Command, exit};
use slovo_instruct::command;
use std::process::ExitCode;

/// A step allocates and frees the same large tensors over and over; the system's allocator gives
/// them back to the kernel each time, which then clears every page anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Instruct(args) => command::instruct(&args),
        Command::Chat(args) => command::chat(&args),
        Command::Serve(args) => command::serve(&args),
        _ => {
            eprintln!("error: this command is another program's; `cargo xtask` knows whose");
            return ExitCode::from(exit::USAGE);
        }
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
