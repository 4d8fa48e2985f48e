//! `prepare`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use slovo_args::PrepareArgs;
use slovo_data::baseline::Baselines;
use slovo_data::prepare::{Meter, Options, Plan, plan, prepare_with};
use slovo_data::recipe::{DataRecipe, apply_sets};
use slovo_data::report::grouped;
use slovo_data::stop::Stop;
use slovo_data::{Error, Prepared};

use super::Failure;

pub fn run(args: &PrepareArgs) -> Result<(), Failure> {
    let recipe = match &args.recipe {
        Some(path) => DataRecipe::load(path, &args.set)?,
        None => {
            let recipe: DataRecipe = apply_sets(DataRecipe::standard()?, &args.set)?;
            recipe.validate()?;
            recipe
        }
    };
    let options = Options {
        out: args.out.clone(),
        ..Options::default()
    };
    if args.dry_run {
        return print_plan(&plan(&recipe, &options)?).map_err(Failure::Output);
    }
    let stop = Stop::on_signals()?;
    let mut meter = Meter::new(args.quiet);
    let mut progress = |progress| meter.take(&progress);
    let prepared = prepare_with(&recipe, &options, &mut progress, stop.flag());
    meter.clear();
    let prepared = prepared?;
    if let Some(path) = &args.export_validation {
        export(&prepared, path)?;
    }
    let baselines = prepared.baselines()?;
    print_report(&prepared, &baselines).map_err(Failure::Output)
}

fn export(prepared: &Prepared, path: &Path) -> Result<(), Failure> {
    let io = |error| Error::Io {
        action: "write",
        path: path.to_owned(),
        error,
    };
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    prepared
        .write_validation_text(&mut file)
        .map_err(|error| match error {
            // The library knows a writer, not which file is behind it.
            Error::Io { error, .. } => io(error),
            error => error,
        })?;
    file.flush().map_err(io)?;
    Ok(())
}

fn print_plan(plan: &Plan) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for file in &plan.files {
        writeln!(out, "{:>14}  {}", grouped(file.length), file.path)?;
    }
    if plan.reads_stdin {
        writeln!(out, "and standard input")?;
    }
    writeln!(
        out,
        "{} files, {} bytes",
        grouped(plan.files.len() as u64),
        grouped(plan.bytes)
    )?;
    writeln!(out, "key           {}", plan.key)?;
    match &plan.dir {
        Some(dir) if plan.ready => writeln!(out, "folder        {} (ready)", dir.display()),
        Some(dir) => writeln!(out, "folder        {}", dir.display()),
        None => Ok(()),
    }
}

fn print_report(prepared: &Prepared, baselines: &Baselines) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", prepared.report)?;
    writeln!(
        out,
        "held out      {}-gram model {:.3} bits a byte, xz -9 {:.3} ({} of {} bytes)",
        baselines.order,
        baselines.ngram_bits_per_byte,
        baselines.xz_bits_per_byte,
        grouped(baselines.xz_bytes),
        grouped(baselines.bytes)
    )?;
    writeln!(out, "folder        {}", prepared.dir.display())?;
    out.flush()
}
