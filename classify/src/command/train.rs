//! Training a classifier, or each variant of a recipe.

use super::say;
use crate::Result;
use crate::classification::Classification;
use crate::recipe::Recipe;
use crate::report::{HTML, Report, percent};
use slovo_args::{TrainClassifierArgs, exit};
use slovo_data::report::grouped;
use slovo_data::stop::Stop;
use slovo_train::progress::notice;

/// `classify [RECIPE]`.
///
/// # Errors
///
/// See [`Classification`].
pub fn train(args: &TrainClassifierArgs) -> Result<u8> {
    let stop = Stop::on_signals()?;
    if args.training.dry_run {
        let args = TrainClassifierArgs {
            variant: args.variant.clone().filter(|name| name != "all"),
            ..args.clone()
        };
        say(&Classification::prepare(&args)?.plan()?);
        return Ok(exit::DONE);
    }
    if args.variant.as_deref() != Some("all") {
        return Ok(match one(args, &stop)? {
            Some(_) => exit::DONE,
            None => stopped(),
        });
    }
    let recipe = Recipe::load(args.recipe.as_deref(), None, &args.training.set)?;
    let mut found = Vec::with_capacity(recipe.variants.len());
    for variant in &recipe.variants {
        let mut args = args.clone();
        args.variant = Some(variant.name.clone());
        args.training.out = args.training.out.map(|out| out.join(&variant.name));
        notice(&format!("variant {}", variant.name));
        match one(&args, &stop)? {
            Some(report) => found.push((variant.name.clone(), report)),
            None => return Ok(stopped()),
        }
    }
    say(&table(&found));
    Ok(exit::DONE)
}

fn stopped() -> u8 {
    notice("stopped; `--resume` goes on from there");
    exit::STOPPED
}

fn one(args: &TrainClassifierArgs, stop: &Stop) -> Result<Option<Report>> {
    let run = Classification::prepare(args)?;
    let quiet = args.training.progress.is_quiet();
    if !quiet {
        let counts = &run.labelled.counts;
        notice(&format!(
            "{} texts of {} classes ({}), into {}",
            grouped(run.labelled.examples.len() as u64),
            run.labelled.classes.len(),
            run.labelled.classes.join(", "),
            run.out.display()
        ));
        if counts.skipped() > 0 {
            notice(&format!(
                "{} rows were left out: {counts}",
                grouped(counts.skipped())
            ));
        }
    }
    let out = run.out.clone();
    let Some(report) = run.run(&args.training, stop)? else {
        return Ok(None);
    };
    say(&format!(
        "{report}{:<18}{}\n{:<18}{}",
        "model",
        out.join("model").display(),
        "report",
        out.join(HTML).display()
    ));
    Ok(Some(report))
}

/// Variants side by side, as Markdown.
fn table(found: &[(String, Report)]) -> String {
    let mut text = String::from(
        "| variant | learns | test accuracy | without leaks | seconds | MiB |\n|---|---|---|---|---|---|\n",
    );
    for (name, report) in found {
        let accuracy = |side: &Option<crate::report::Summary>| {
            let side = side.as_ref();
            side.map_or_else(|| "–".into(), |found| percent(&found.accuracy))
        };
        let memory = report.peak_memory_bytes.map_or(0, |bytes| bytes >> 20);
        text += &format!(
            "| {name} | {} | {} | {} | {:.0} | {memory} |\n",
            grouped(report.model.learning),
            accuracy(&report.test),
            accuracy(&report.test_deduplicated),
            report.seconds,
        );
    }
    text
}
