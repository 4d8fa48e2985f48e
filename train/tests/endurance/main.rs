//! What a run survives, counted: `cargo xtask check robustness`.
//!
//! Kills, signals, damaged files, full disks and broken numbers, hundreds of each, at places and
//! moments drawn from a seed. The small tests beside this folder say what must happen in one case of
//! each; here it must happen every time. Processes are the real program, disks are real where the
//! system lets us mount one.
//!
//! ```text
//! cargo test --release --workspace --test endurance -- --only kills --seed 1
//! ```

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

mod damage;
mod disk;
#[path = "../support/faulty.rs"]
mod faulty;
mod kills;
mod numbers;
mod runs;
mod signals;
mod strays;
#[path = "../support/mod.rs"]
mod support;
mod tally;

use clap::{Parser, ValueEnum};
use std::process::ExitCode;
use std::time::Instant;
use tally::{Random, Tally};

/// Counts what a run survives.
#[derive(Parser)]
struct Arguments {
    /// Draws other places and moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this part (repeatable) [default: all]
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// kill -9 while training and preparing
    Kills,
    /// Flipped bits and truncated files, in checkpoints and shards
    Damage,
    /// Disks that are full, at every write
    Disk,
    /// Ctrl-C and SIGTERM in every phase
    Signals,
    /// Losses, gradients and parameters that are not finite
    Numbers,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let begun = Instant::now();
    let mut rows: Vec<Tally> = Vec::new();
    for part in Part::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(part) {
            continue;
        }
        let random = Random::new(arguments.seed);
        rows.extend(match part {
            Part::Kills => kills::run(random),
            Part::Damage => damage::run(random),
            Part::Disk => disk::run(random),
            Part::Signals => signals::run(random),
            Part::Numbers => numbers::run(random),
        });
    }
    tally::print(&rows, begun.elapsed());
    if rows.iter().all(Tally::is_good) {
        return ExitCode::SUCCESS;
    }
    eprintln!("again with: --seed {}", arguments.seed);
    ExitCode::FAILURE
}
