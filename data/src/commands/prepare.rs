//! `prepare`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slovo_args::PrepareArgs;
use slovo_data::baseline::Baselines;
use slovo_data::prepare::{Options, Plan, plan, prepare_with};
use slovo_data::recipe::{DataRecipe, apply_sets, from_ron_str};
use slovo_data::report::grouped;
use slovo_data::{Error, Prepared};

use super::Failure;
use super::progress::Meter;

/// The default recipe, as it was when this program was built.
const DEFAULT: &str = include_str!("../../recipes/cargo.ron");

pub fn run(args: &PrepareArgs) -> Result<(), Failure> {
    let recipe = match &args.recipe {
        Some(path) => DataRecipe::load(path, &args.set)?,
        None => {
            let recipe: DataRecipe = apply_sets(from_ron_str(DEFAULT)?, &args.set)?;
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
    let stop = stop_on_signals()?;
    let mut meter = Meter::new(args.quiet);
    let mut progress = |progress| meter.take(&progress);
    let prepared = prepare_with(&recipe, &options, &mut progress, &stop);
    meter.clear();
    let prepared = prepared?;
    if let Some(path) = &args.export_validation {
        export(&prepared, path)?;
    }
    let baselines = prepared.baselines()?;
    print_report(&prepared, &baselines).map_err(Failure::Output)
}

/// The first Ctrl-C or SIGTERM asks to stop, the second does not ask.
fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let asked = move || {
        if flag.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(slovo_args::exit::STOPPED));
        }
    };
    ctrlc::set_handler(asked)
        .map_err(|error| Failure::Data(Error::Thread(format!("no signal handler: {error}"))))?;
    Ok(stop)
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
