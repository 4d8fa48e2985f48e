//! This program and PyTorch in turns on the same machine, each turn in a process of its own.

use super::scratch::Scratch;
use super::{all_asked, median, shape};
use crate::stop::Stop;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use slovo_args::{BenchArgs, RaceWork, exit};
use slovo_data::report::grouped;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fmt, thread};

/// The other side's program.
const PEER: &str = include_str!("peer.py");

/// What one turn prints.
#[derive(Clone, Debug, Deserialize)]
struct Turn {
    tokens_per_second: f64,
    peak_memory: Option<u64>,
}

/// All turns of one side.
#[derive(Clone, Debug, Serialize)]
struct Side {
    name: String,
    /// Tokens a second: in the middle, lowest, highest.
    median: f64,
    min: f64,
    max: f64,
    /// Most bytes that were resident in any turn.
    peak_memory: Option<u64>,
}

/// Training or generating with one shape.
#[derive(Clone, Debug, Serialize)]
struct Heat {
    work: &'static str,
    config: String,
    rounds: usize,
    /// This program first.
    sides: Vec<Side>,
    /// Tokens a second over those of the faster of the others.
    ratio: f64,
    /// Peak memory over that of the leaner of the others.
    memory_ratio: Option<f64>,
}

/// What was raced, one after the other.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Race(Vec<Heat>);

/// Who takes turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    Slovo,
    Torch,
    TorchCompiled,
}

impl Runner {
    fn name(self) -> &'static str {
        match self {
            Runner::Slovo => "slovo",
            Runner::Torch => "torch",
            Runner::TorchCompiled => "torch compiled",
        }
    }
}

/// Races what is asked for.
///
/// # Errors
///
/// A Python that does not run or has no torch, a turn that fails, or a request to stop.
pub(super) fn race(args: &BenchArgs, stop: &Stop) -> Result<Race> {
    let scratch = Scratch::new("race")?;
    let script = scratch.write("peer.py", PEER)?;
    let mut heats = Vec::new();
    for (work, config) in heats_asked(args)? {
        heats.push(heat(args, work, config, &script, stop)?);
    }
    Ok(Race(heats))
}

fn heats_asked(args: &BenchArgs) -> Result<Vec<(RaceWork, &str)>> {
    let training = || -> Result<Vec<_>> {
        let shapes = all_asked(args)?.into_iter();
        Ok(shapes.map(|config| (RaceWork::Train, config)).collect())
    };
    let generating = || -> Result<Vec<_>> {
        let config = args.config.as_deref().unwrap_or("C");
        shape(config).map(|_| vec![(RaceWork::Generate, config)])
    };
    match (args.work, &args.config) {
        (Some(RaceWork::Train), _) | (None, Some(_)) => training(),
        (Some(RaceWork::Generate), _) => generating(),
        (None, None) => Ok([training()?, generating()?].concat()),
    }
}

fn heat(
    args: &BenchArgs,
    work: RaceWork,
    config: &str,
    script: &Path,
    stop: &Stop,
) -> Result<Heat> {
    let (work_name, runners): (_, &[Runner]) = match work {
        RaceWork::Train => (
            "train",
            &[Runner::Slovo, Runner::Torch, Runner::TorchCompiled],
        ),
        RaceWork::Generate => ("generate", &[Runner::Slovo, Runner::Torch]),
    };
    let rounds = args.rounds.max(1);
    let mut turns = vec![Vec::new(); runners.len()];
    for round in 1..=rounds {
        for (runner, turns) in runners.iter().zip(&mut turns) {
            let turn = turn(args, *runner, work_name, config, script)?;
            if stop.requested() {
                return Err(slovo_data::Error::Stopped.into());
            }
            eprintln!(
                "{work_name} {config}, round {round} of {rounds}, {}: {:.1} tokens/s",
                runner.name(),
                turn.tokens_per_second
            );
            turns.push(turn);
        }
    }
    let sides = runners
        .iter()
        .zip(turns)
        .map(|(runner, turns)| side(*runner, &turns));
    let sides: Vec<Side> = sides.collect();
    let (ours, others) = match sides.split_first() {
        Some((ours, others)) => (ours, others),
        None => unreachable!("this program always takes part"),
    };
    let fastest = others.iter().map(|side| side.median).fold(0.0, f64::max);
    let leanest = others.iter().filter_map(|side| side.peak_memory).min();
    Ok(Heat {
        work: work_name,
        config: config.into(),
        rounds,
        ratio: ours.median / fastest,
        memory_ratio: (ours.peak_memory.zip(leanest))
            .map(|(ours, least)| ours as f64 / least as f64),
        sides,
    })
}

fn side(runner: Runner, turns: &[Turn]) -> Side {
    let speeds: Vec<f64> = turns.iter().map(|turn| turn.tokens_per_second).collect();
    Side {
        name: runner.name().into(),
        min: speeds.iter().copied().fold(f64::INFINITY, f64::min),
        max: speeds.iter().copied().fold(0.0, f64::max),
        median: median(speeds),
        peak_memory: turns.iter().filter_map(|turn| turn.peak_memory).max(),
    }
}

fn turn(args: &BenchArgs, runner: Runner, work: &str, config: &str, script: &Path) -> Result<Turn> {
    let (steps, tokens) = (args.steps.to_string(), args.tokens.to_string());
    let amount = match work {
        "train" => ["--steps", &steps],
        _ => ["--tokens", &tokens],
    };
    let program = match (runner, &args.peer) {
        (Runner::Slovo, _) => std::env::current_exe().map_err(|error| failed(runner, &error))?,
        (_, Some(python)) => python.clone(),
        (_, None) => return Err(failed(runner, &"--peer is missing")),
    };
    let mut command = Command::new(&program);
    match runner {
        Runner::Slovo => {
            command.args(["bench", work, "--json", "--config", config]);
            command.args(["--backend", args.backend.backend.name()]);
        }
        Runner::Torch | Runner::TorchCompiled => {
            let threads = thread::available_parallelism().map_or(1, usize::from);
            command.args([script.as_os_str(), OsStr::new(work), OsStr::new(config)]);
            command.args(["--threads", &threads.to_string()]);
        }
    }
    if runner == Runner::TorchCompiled {
        command.arg("--compile");
    }
    let output = command
        .args(amount)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| failed(runner, &format!("{}: {error}", program.display())))?;
    if output.status.code() == Some(exit::STOPPED.into()) {
        return Err(slovo_data::Error::Stopped.into());
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        return Err(failed(
            runner,
            &format!("{}, saying: {}", output.status, last.unwrap_or("nothing")),
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).map_err(|error| failed(runner, &error))
}

fn failed(runner: Runner, what: &dyn fmt::Display) -> Error {
    Error::Training(format!("the turn of {}: {what}", runner.name()))
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, heat) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f, "\n")?;
            }
            write!(f, "{heat}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:>10} {:>10} {:>10} {:>12}",
            format!("{} {}, {} rounds", self.work, self.config, self.rounds),
            "tokens/s",
            "lowest",
            "highest",
            "peak memory"
        )?;
        for side in &self.sides {
            let peak = side.peak_memory;
            let peak = peak.map_or("-".into(), |bytes| format!("{} MiB", grouped(bytes >> 20)));
            let [median, min, max] = [side.median, side.min, side.max].map(speed);
            writeln!(
                f,
                "{:<18} {median:>10} {min:>10} {max:>10} {peak:>12}",
                side.name
            )?;
        }
        write!(f, "{:.2} of the faster peer's speed", self.ratio)?;
        match self.memory_ratio {
            Some(ratio) => write!(f, ", {ratio:.2} of the leaner one's memory"),
            None => Ok(()),
        }
    }
}

/// With a digit behind the point where there are few before it.
fn speed(tokens_per_second: f64) -> String {
    match tokens_per_second < 1000.0 {
        true => format!("{tokens_per_second:.1}"),
        false => grouped(tokens_per_second.round() as u64),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn turns(speeds: &[f64]) -> Vec<Turn> {
        let turn = |speed: &f64| Turn {
            tokens_per_second: *speed,
            peak_memory: Some((*speed as u64) << 20),
        };
        speeds.iter().map(turn).collect()
    }

    #[test]
    fn a_side_is_told_by_its_median() {
        let side = side(Runner::Torch, &turns(&[300.0, 100.0, 200.0]));
        assert_eq!((side.median, side.min, side.max), (200.0, 100.0, 300.0));
        assert_eq!(side.peak_memory, Some(300 << 20));
    }

    #[test]
    fn the_table_tells_both_ratios() {
        let sides = vec![
            side(Runner::Slovo, &turns(&[3000.0])),
            side(Runner::Torch, &turns(&[1500.0])),
        ];
        let heat = Heat {
            work: "train",
            config: "A".into(),
            rounds: 1,
            ratio: 2.0,
            memory_ratio: Some(0.5),
            sides,
        };
        let text = Race(vec![heat.clone(), heat]).to_string();
        assert!(text.contains("3,000") && text.contains("1,500"), "{text}");
        assert!(
            text.contains("2.00 of the faster peer's speed, 0.50"),
            "{text}"
        );
        let widths: Vec<_> = text.lines().take(3).map(str::len).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
    }
}
