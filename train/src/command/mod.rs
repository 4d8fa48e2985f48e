//! The commands of `slovo-train`, from arguments to exit code.

pub mod bench;
pub mod doctor;
pub mod embed;
pub mod evaluate;
pub mod generate;
pub mod import;
pub mod inspect;
pub mod lineage;
pub mod plan;
pub mod report;

use crate::learner::{End, Outcome};
use crate::pretrain::Pretraining;
use crate::progress::{clock, notice};
use crate::report::{self as pages, HTML};
use crate::stop::Stop;
use crate::{Error, Result};
use serde::Serialize;
use slovo_args::{Backend, BackendArgs, EvaluateArgs, PretrainArgs, exit};
use slovo_data::memory;
use slovo_data::prepare::Meter;
use slovo_data::report::grouped;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// `pretrain`.
///
/// # Errors
///
/// See [`Pretraining`].
pub fn pretrain(args: &PretrainArgs) -> Result<u8> {
    let stop = Stop::on_signals()?;
    let quiet = args.training.progress.is_quiet();
    let mut meter = Meter::new(quiet);
    let run = Pretraining::prepare(args, &mut |event| meter.take(&event), &stop);
    meter.clear();
    let run = run?;
    if args.training.dry_run {
        let recipe = slovo_data::recipe::to_ron_string(&run.recipe)?;
        say(&format!(
            "{recipe}\n{}",
            run.plan(args.training.backend.backend)?
        ));
        return Ok(exit::DONE);
    }
    if !quiet {
        let plan = run.plan(args.training.backend.backend)?;
        let memory = match args.training.backend.backend {
            Backend::Flex | Backend::Ndarray => plan.memory.process,
            _ => plan.memory.peak().bytes,
        };
        eprintln!(
            "{} parameters, {} tokens ({:.2} epochs of {}), about {} MiB of memory, into {}",
            grouped(plan.parameters.all),
            grouped(plan.tokens),
            plan.epochs().unwrap_or(0.0),
            grouped(run.data.report().targets()),
            grouped(memory >> 20),
            run.out.display()
        );
        if let Some(adapter) = run.adapter() {
            eprintln!("on {adapter}");
        }
    }
    let out = run.out.clone();
    let mixed = run.recipe.data()?.mixture.is_some();
    let outcome = run.run(&args.training, &stop)?;
    Ok(match outcome.end {
        End::Stopped => {
            // A terminal that was closed stopped it, and nobody reads this.
            notice(&format!(
                "stopped at step {}; `--resume --out {}` goes on from there",
                outcome.state.step,
                out.display()
            ));
            exit::STOPPED
        }
        End::Finished | End::NoImprovement => {
            say(&summary(&outcome, &out));
            if mixed {
                match by_source(&out, &args.training.backend, &stop) {
                    Ok(found) => say(&found),
                    // The model is trained and saved.
                    Err(error) => {
                        notice(&format!("warning: not measured source by source: {error}"))
                    }
                }
            }
            exit::DONE
        }
    })
}

/// Measures the model of a finished run on each source, and says it in the report too.
fn by_source(run: &Path, backend: &BackendArgs, stop: &Stop) -> Result<String> {
    let Some(found) = evaluate::of_run(run, backend, stop)? else {
        return Ok("not measured source by source: stopped".into());
    };
    found.keep(run)?;
    pages::write(run)?;
    Ok(found.to_string())
}

/// `evaluate`.
///
/// # Errors
///
/// See [`evaluate::measure`].
pub fn evaluate(args: &EvaluateArgs) -> Result<u8> {
    let stop = Stop::on_signals()?;
    let Some(found) = evaluate::measure(args, &stop)? else {
        return Ok(exit::STOPPED);
    };
    say(&match args.json {
        true => json(&found)?,
        false => found.to_string(),
    });
    Ok(exit::DONE)
}

/// A value as one line of JSON.
///
/// # Errors
///
/// A value that JSON cannot express.
pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Training(error.to_string()))
}

fn summary(outcome: &Outcome, out: &Path) -> String {
    let state = &outcome.state;
    let mut text = String::new();
    if outcome.end == End::NoImprovement {
        text += "the validation loss stopped falling\n";
    }
    if let Some((step, whole)) = &outcome.measured {
        text += &format!(
            "validation loss  {:.4} nats per token, perplexity {:.2}",
            whole.loss,
            whole.perplexity()
        );
        if let Some(accuracy) = whole.accuracy {
            text += &format!(", {:.2} % told right", 100.0 * accuracy);
        }
        if let Some(bits) = whole.bits_per_byte {
            text += &format!(", {bits:.4} bits per byte");
        }
        text += &format!(
            "\nmeasured on      all {} windows, {} tokens\nbest model       step {step} of {}\n",
            grouped(whole.windows),
            grouped(whole.tokens),
            state.step
        );
    }
    if state.skipped > 0 {
        text += &format!("skipped steps    {} (see run.log)\n", state.skipped);
    }
    text += &format!(
        "trained          {} tokens in {}\nmodel            {}\nreport           {}",
        grouped(state.tokens),
        clock(Duration::from_secs_f64(state.seconds)),
        out.join("model").display(),
        out.join(HTML).display()
    );
    if let Some(peak) = memory::peak() {
        text += &format!("\npeak memory      {} MiB", grouped(peak >> 20));
    }
    text
}

/// Prints a result; nobody reading it is no failure.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
