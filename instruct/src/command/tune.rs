//! Tuning an assistant.

use super::say;
use crate::Result;
use crate::report::HTML;
use crate::tuning::Tuning;
use slovo_args::{TuneArgs, exit};
use slovo_data::report::grouped;
use slovo_data::stop::Stop;
use slovo_train::progress::notice;

/// `instruct [RECIPE]`.
///
/// # Errors
///
/// See [`Tuning`].
pub fn tune(args: &TuneArgs) -> Result<u8> {
    let stop = Stop::on_signals()?;
    let Some(run) = Tuning::prepare(args, &stop)? else {
        return Ok(stopped());
    };
    if args.training.dry_run {
        say(&run.plan()?);
        return Ok(exit::DONE);
    }
    let quiet = args.training.progress.is_quiet();
    if !quiet {
        let count = run.records.conversations.len() as u64;
        notice(&format!(
            "{} conversations, into {}",
            grouped(count),
            run.out.display()
        ));
        if let Some(why) = &run.records.first_skipped {
            let skipped = grouped(run.records.skipped);
            notice(&format!(
                "{skipped} records were left out; the first: {why}"
            ));
        }
    }
    let out = run.out.clone();
    let Some(report) = run.run(&args.training, &stop)? else {
        return Ok(stopped());
    };
    say(&format!(
        "{report}{:<22}{}\n{:<22}{}",
        "model",
        out.join("model").display(),
        "report",
        out.join(HTML).display()
    ));
    Ok(exit::DONE)
}

fn stopped() -> u8 {
    notice("stopped; `--resume` goes on from there");
    exit::STOPPED
}
