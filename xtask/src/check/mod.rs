//! `cargo xtask check`: what continuous integration runs, on anybody's machine.
//!
//! The steps stand in the order in which they fail: seconds first, minutes last. The first
//! failure ends the run. They share the release profile, so that what one compiled the next finds.

mod licences;
mod python;
mod spdx;
mod tracked;
mod tree;
mod words;

use crate::cargo::cargo;
use clap::ValueEnum;
use slovo_args::{CheckArgs, CheckStep, exit};
use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many kernels CubeCL tries before it chooses one.
const AUTOTUNE: &str = "CUBECL_AUTOTUNE_LEVEL";
/// Backends that any machine can run, beside `flex`.
const BACKENDS: &str = "slovo-train/ndarray,slovo-train/wgpu";
/// What is built only when asked for.
const ASKED_FOR: &str = "slovo-data/parquet,slovo-instruct/parquet,slovo-train/tui,slovo-train/hub,slovo-instruct/judge";
/// How a build of all backends takes half an hour less on two cores.
const UNOPTIMISED: &str = ".cargo/unoptimised.toml";
/// The tensor library's default device.
const DEVICE: &str = "BURN_DEVICE";

/// How a step ended.
#[derive(Debug)]
enum Verdict {
    Passed,
    /// Not checked, and why.
    Skipped(&'static str),
    /// What is wrong.
    Failed(String),
}

/// Runs the steps asked for (the usual ones, if none is named) up to the first that fails.
pub fn run(arguments: &CheckArgs) -> Result<ExitCode, String> {
    if !python::fits(arguments) {
        eprintln!(
            "error: --python is for the steps `transformers` and `clients`: name one of them too"
        );
        return Ok(ExitCode::from(exit::USAGE));
    }
    let steps = in_order(&arguments.steps);
    let started = Instant::now();
    let mut results: Vec<(CheckStep, Verdict, Duration)> = Vec::new();
    for &step in &steps {
        let what = step
            .to_possible_value()
            .and_then(|value| Some(value.get_help()?.to_string()));
        eprintln!("\n== {}: {}", name(step), what.unwrap_or_default());
        let begun = Instant::now();
        let verdict = carry_out(step, &steps, arguments);
        let took = begun.elapsed();
        match &verdict {
            Verdict::Failed(what) => eprintln!("{what}\n== {}: failed", name(step)),
            Verdict::Skipped(why) => eprintln!("== {}: skipped: {why}", name(step)),
            Verdict::Passed => eprintln!("== {}: passed in {}", name(step), seconds(took)),
        }
        let failed = matches!(verdict, Verdict::Failed(_));
        results.push((step, verdict, took));
        if failed {
            break;
        }
    }
    print_table(&steps, &results, started.elapsed());
    let failed = results
        .iter()
        .any(|(_, verdict, _)| matches!(verdict, Verdict::Failed(_)));
    Ok(ExitCode::from(if failed {
        exit::FAILED
    } else {
        exit::DONE
    }))
}

/// Each step once, in its place.
fn in_order(asked: &[CheckStep]) -> Vec<CheckStep> {
    let all = CheckStep::value_variants();
    all.iter()
        .copied()
        .filter(|step| match asked.is_empty() {
            true => step.is_usual(),
            false => asked.contains(step),
        })
        .collect()
}

/// Carries out one of `steps`.
///
/// The tensor library takes minutes to compile, and once more for every other set of its features. So
/// where all backends are to be checked, every step that runs something builds the whole workspace with all
/// of them, and with whatever else is built only when asked for: tables in columns, the dashboard, the clients of the
/// hub and of a judge; and without optimising what need not be fast to be right.
fn carry_out(step: CheckStep, steps: &[CheckStep], arguments: &CheckArgs) -> Verdict {
    let all = steps.contains(&CheckStep::Backends);
    let workspace = match all {
        true => format!(
            "test --release --workspace --features {BACKENDS},{ASKED_FOR} --config {UNOPTIMISED}"
        ),
        false => "test --release --workspace".into(),
    };
    match step {
        CheckStep::Format => cargo_passes(&["fmt --all --check"]),
        CheckStep::Words => words::check(),
        CheckStep::Tree => tree::check(),
        CheckStep::Licences => licences::check(),
        CheckStep::Lints => {
            cargo_passes(&[
                "clippy --release --workspace --all-targets -- -D warnings",
                // No targets that `cargo test` builds by itself.
                "clippy --release --workspace --test endurance --test transformers --test clients \
                 -- -D warnings",
            ])
        }
        // Without --all-targets, which would leave the documentation's examples out. What the next but
        // one runs on other backends is not run twice.
        CheckStep::Tests if all => cargo_passes(&[&format!(
            "{workspace} -- --skip on_every_backend --skip on_ndarray --skip on_wgpu"
        )]),
        CheckStep::Tests => cargo_passes(&[&workspace]),
        CheckStep::Docs => cargo_passes(&["doc --release --workspace --no-deps"]),
        CheckStep::Features => {
            let compile = [
                // As an embedder has it: without the training features that `slovo-train` adds.
                "check --release -p slovo-model --no-default-features --features ndarray",
                "clippy --release -p slovo-data -p slovo-model -p slovo-train -p slovo-classify -p slovo-instruct \
                 --no-default-features --features fused,ndarray,wgpu,slovo-data/parquet,slovo-instruct/parquet,\
                 slovo-train/hub,slovo-instruct/judge --all-targets -- -D warnings",
            ];
            // Tables in columns; the dashboard on a terminal of its own, which it must give back; and the clients,
            // against servers in the tests.
            let run = format!(
                "test --release --workspace --features {ASKED_FOR} --lib --test dashboard --test hub --test judge \
                 --test behaviour"
            );
            match all {
                // The tests had them in.
                true => cargo_passes(&compile),
                false => cargo_passes(&[&run, compile[0], compile[1]]),
            }
        }
        // Output is shown because a machine without an adapter says in it what it skips.
        CheckStep::Backends => cargo_passes(&[&format!(
            "{workspace} --test backends --test memory --test resume -- --nocapture on_"
        )]),
        CheckStep::Robustness => cargo_passes(&["test --release --workspace --test endurance"]),
        CheckStep::Transformers => python::check(&python::TRANSFORMERS, arguments),
        CheckStep::Clients => python::check(&python::CLIENTS, arguments),
    }
}

/// Runs cargo with each line of arguments, up to the first that fails.
fn cargo_passes(lines: &[&str]) -> Verdict {
    for line in lines {
        let verdict = cargo_line_passes(line, &[]);
        if !matches!(verdict, Verdict::Passed) {
            return verdict;
        }
    }
    Verdict::Passed
}

/// Runs cargo with a line of arguments and more that may hold spaces.
fn cargo_line_passes(line: &str, more: &[OsString]) -> Verdict {
    let shown = more.iter().map(|argument| argument.to_string_lossy());
    let shown: String = shown.map(|argument| format!(" {argument}")).collect();
    eprintln!("+ cargo {line}{shown}");
    let mut command = cargo();
    command.args(line.split_whitespace()).args(more);
    if line.starts_with("doc ") {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    // The device that a test takes where it names none, whatever else was built in.
    if line.starts_with("test ") {
        command.env(DEVICE, "flex");
    }
    // Trying fewer kernels finds good ones less often and takes half the time.
    if line.starts_with("test ") && env::var_os(AUTOTUNE).is_none() {
        command.env(AUTOTUNE, "minimal");
    }
    match command.status() {
        Ok(status) if status.success() => Verdict::Passed,
        Ok(status) => Verdict::Failed(format!("`cargo {line}{shown}` failed ({status})")),
        Err(error) => Verdict::Failed(format!("cannot run cargo: {error}")),
    }
}

/// The result on standard output: a line for each step, those not reached included.
fn print_table(
    steps: &[CheckStep],
    results: &[(CheckStep, Verdict, Duration)],
    altogether: Duration,
) {
    println!();
    for (i, &step) in steps.iter().enumerate() {
        let (verdict, took) = match results.get(i) {
            Some((_, Verdict::Passed, took)) => ("passed", seconds(*took)),
            Some((_, Verdict::Skipped(_), took)) => ("skipped", seconds(*took)),
            Some((_, Verdict::Failed(_), took)) => ("FAILED", seconds(*took)),
            None => ("not run", String::new()),
        };
        println!("{:<14}{verdict:<10}{took:>9}", name(step));
    }
    println!("{:<24}{:>9}", "together", seconds(altogether));
}

fn name(step: CheckStep) -> String {
    step.to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_named_means_everything_but_what_takes_long() {
        let all = CheckStep::value_variants().iter().copied();
        let long = [
            CheckStep::Robustness,
            CheckStep::Transformers,
            CheckStep::Clients,
        ];
        let usual: Vec<_> = all.filter(|step| !long.contains(step)).collect();
        assert_eq!(in_order(&[]), usual);
        assert_eq!(in_order(&[CheckStep::Robustness]), [CheckStep::Robustness]);
    }

    #[test]
    fn steps_run_once_and_the_cheap_ones_first() {
        let asked = [CheckStep::Tests, CheckStep::Format, CheckStep::Tests];
        assert_eq!(in_order(&asked), [CheckStep::Format, CheckStep::Tests]);
    }

    #[test]
    fn a_failing_cargo_is_named() {
        let verdict = cargo_passes(&["--version", "no-such-subcommand"]);
        assert!(matches!(&verdict, Verdict::Failed(what) if what.contains("no-such-subcommand")));
    }
}
