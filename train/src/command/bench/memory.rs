//! Peak memory of training, planned and measured.
//!
//! What a process once had resident never leaves its high-water mark, so each configuration trains
//! in a process of its own: this program again, with `--config`.

use super::scratch::Scratch;
use super::{SHAPES, Shape, optimizer, shape, train};
use crate::learner::End;
use crate::plan::{Load, Operations, Plan};
use crate::pretrain::Pretraining;
use crate::stop::Stop;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use slovo_args::{Backend, BenchArgs, PretrainArgs, Progress, TrainingArgs, exit};
use slovo_data::memory;
use slovo_data::report::grouped;
use std::fmt;
use std::process::{Command, Stdio};

/// Recipes by name, and what is in their files.
const RECIPES: [(&str, &str); 2] = [
    ("default", crate::recipe::DEFAULT),
    (
        "shakespeare-char-cpu",
        include_str!("../../../recipes/shakespeare-char-cpu.ron"),
    ),
];

/// One configuration's memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Compared {
    /// Its name.
    pub config: String,
    /// Bytes that the plan says.
    pub planned: u64,
    /// Bytes that were resident at most.
    pub measured: u64,
}

/// The memory of the configurations that were asked for.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison(Vec<Compared>);

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| format!("{} MiB", grouped(bytes >> 20));
        write!(
            f,
            "{:<21} {:>12} {:>12} {:>8}",
            "configuration", "planned", "measured", "ratio"
        )?;
        for row in &self.0 {
            write!(
                f,
                "\n{:<21} {:>12} {:>12} {:>8.2}",
                row.config,
                mib(row.planned),
                mib(row.measured),
                row.planned as f64 / row.measured as f64
            )?;
        }
        Ok(())
    }
}

/// Compares all configurations, or one.
///
/// # Errors
///
/// A backend whose memory is not this process's; a training that fails; a system that does not tell
/// what is resident.
pub(super) fn compare(args: &BenchArgs, stop: &Stop) -> Result<Comparison> {
    let backend = args.backend.backend;
    if !matches!(backend, Backend::Flex | Backend::Ndarray) {
        return Err(Error::Value {
            field: "--backend",
            found: backend.to_string(),
            expected: "its memory is not this process's; flex would do".into(),
        });
    }
    if let Some(name) = &args.config {
        return Ok(Comparison(vec![one(name, args, stop)?]));
    }
    let mut rows = Vec::new();
    for (name, text) in RECIPES {
        match prepare(name, text, args, stop) {
            Ok(()) => rows.extend(in_its_own_process(name, args)?),
            Err(error) if error.is_usage() => eprintln!("{name} left out: {error}"),
            Err(error) => return Err(error),
        }
    }
    for name in SHAPES {
        rows.extend(in_its_own_process(name, args)?);
    }
    Ok(Comparison(rows))
}

/// Preparing text takes memory too; it is done before anything is measured.
fn prepare(name: &str, text: &str, args: &BenchArgs, stop: &Stop) -> Result<()> {
    let scratch = Scratch::new(&format!("memory-{name}"))?;
    let args = pretrain(&scratch, text, args, true)?;
    Pretraining::prepare(&args, &mut |_| {}, stop).map(|_| ())
}

fn in_its_own_process(name: &str, args: &BenchArgs) -> Result<Vec<Compared>> {
    let failed = |what: String| Error::Training(format!("measuring {name}: {what}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let output = Command::new(program)
        .args(["bench", "memory", "--json", "--config", name])
        .args(["--backend", args.backend.backend.name()])
        .args(["--steps", &args.steps.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.code() == Some(exit::STOPPED.into()) {
        return Err(slovo_data::Error::Stopped.into());
    }
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

/// Trains a configuration here.
fn one(name: &str, args: &BenchArgs, stop: &Stop) -> Result<Compared> {
    let plan = match RECIPES.iter().find(|(recipe, _)| *recipe == name) {
        Some((_, text)) => train_recipe(name, text, args, stop)?,
        None => train_shape(name, args, stop)?,
    };
    let measured = memory::peak().ok_or_else(|| {
        Error::Training("this system does not tell a process's peak memory; Linux does".into())
    })?;
    Ok(Compared {
        config: name.into(),
        planned: plan.memory.process,
        measured,
    })
}

/// A whole run: training, evaluation, checkpoints.
fn train_recipe(name: &str, text: &str, args: &BenchArgs, stop: &Stop) -> Result<Plan> {
    let scratch = Scratch::new(&format!("memory-{name}"))?;
    let args = pretrain(&scratch, text, args, false)?;
    let run = Pretraining::prepare(&args, &mut |_| {}, stop)?;
    let plan = run.plan(args.training.backend.backend)?;
    match run.run(&args.training, stop)?.end {
        // What was not trained to its end was not measured.
        End::Stopped => Err(slovo_data::Error::Stopped.into()),
        End::Finished | End::NoImprovement => Ok(plan),
    }
}

/// Steps of the training benchmark.
fn train_shape(name: &str, args: &BenchArgs, stop: &Stop) -> Result<Plan> {
    let Shape {
        config: model,
        sequences,
    } = shape(name)?;
    let args = BenchArgs {
        config: Some(name.into()),
        ..args.clone()
    };
    train::train(&args, stop)?;
    let load = Load {
        context: model.max_seq_len,
        model,
        sequences,
        micro_batches: 1,
        operations: Operations::of(args.backend.backend),
        optimizer: optimizer(),
        evaluation: None,
        checkpoints: false,
    };
    Ok(Plan::new(&load, 0))
}

/// Arguments of a run that nobody wants to keep.
fn pretrain(
    scratch: &Scratch,
    recipe: &str,
    args: &BenchArgs,
    dry_run: bool,
) -> Result<PretrainArgs> {
    Ok(PretrainArgs {
        recipe: Some(scratch.write("asked.ron", recipe)?),
        base: None,
        training: TrainingArgs {
            backend: args.backend.clone(),
            out: Some(scratch.path("run")),
            resume: false,
            seed: None,
            set: Vec::new(),
            steps: Some(args.steps.max(1) as u64),
            dry_run,
            progress: Progress::None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned_and_tells_the_ratio() {
        let row = |config: &str, planned, measured| Compared {
            config: config.into(),
            planned,
            measured,
        };
        let text = Comparison(vec![
            row("A", 110 << 20, 100 << 20),
            row("C", 2 << 30, 2 << 30),
        ])
        .to_string();
        let widths: Vec<_> = text.lines().map(str::len).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
        assert!(text.contains("110 MiB") && text.contains("1.10"), "{text}");
        assert!(text.contains("2,048 MiB"), "{text}");
    }
}
