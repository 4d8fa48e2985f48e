//! `prepare`.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use slovo_args::PrepareArgs;
use slovo_data::Error;
use slovo_data::baseline::{Baselines, PairBaselines};
use slovo_data::prepare::{
    Meter, Options, Plan, Share, plan, prepare_pairs_with, prepare_share, prepare_with,
    share_folder,
};
use slovo_data::recipe::{DataRecipe, apply_sets};
use slovo_data::report::grouped;
use slovo_data::stop::Stop;

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
        merge: args.merge.iter().map(|dir| share_folder(dir)).collect(),
        keep_parts: args.keep_documents,
        documents: args.export_documents.clone(),
        memory: usize::try_from(args.memory.0).unwrap_or(usize::MAX),
        ..Options::default()
    };
    if args.dry_run {
        return print_plan(&plan(&recipe, &options)?).map_err(Failure::Output);
    }
    let stop = Stop::on_signals()?;
    let mut meter = Meter::new(args.quiet);
    let mut progress = |progress| meter.take(&progress);
    if let Some(share) = &args.shard {
        let share: Share = share
            .parse()
            .map_err(|said| Failure::Usage(format!("--shard: {said}")))?;
        let folder = prepare_share(&recipe, share, &options, &mut progress, stop.flag());
        meter.clear();
        let folder = folder?;
        println!(
            "share {share} is done, in {}; bring the folders of all shares together, and name each to --merge",
            folder.display()
        );
        return Ok(());
    }
    let export_to = args.export_validation.as_deref();
    if recipe.is_pairs() {
        if args.export_documents.is_some() {
            return Err(Failure::Usage(
                "--export-documents: the recipe's sources are pairs, which are no documents"
                    .to_owned(),
            ));
        }
        let prepared = prepare_pairs_with(&recipe, &options, &mut progress, stop.flag());
        meter.clear();
        let prepared = prepared?;
        export(export_to, |file| prepared.write_validation(file))?;
        let lines = pair_lines(&prepared.baselines()?);
        return print_report(&prepared.report, &lines, &prepared.dir).map_err(Failure::Output);
    }
    let prepared = prepare_with(&recipe, &options, &mut progress, stop.flag());
    meter.clear();
    let prepared = prepared?;
    export(export_to, |file| prepared.write_validation_text(file))?;
    let mut line = line(&prepared.baselines()?);
    if let Some(lost) = prepared.tokenizer.loses() {
        line += &format!("\n\x20             for what tokens keep; they leave out {lost}");
    }
    print_report(&prepared.report, &line, &prepared.dir).map_err(Failure::Output)
}

/// Has the held-out text written to a file, if one is wanted.
fn export(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> Result<u64, Error>,
) -> Result<(), Failure> {
    let Some(path) = path else {
        return Ok(());
    };
    let io = |error| Error::Io {
        action: "write",
        path: path.to_owned(),
        error,
    };
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    write(&mut file).map_err(|error| match error {
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

fn line(baselines: &Baselines) -> String {
    format!(
        "held out      {}-gram model {:.3} bits a byte, xz -9 {:.3} ({} of {} bytes)",
        baselines.order,
        baselines.ngram_bits_per_byte,
        baselines.xz_bits_per_byte,
        grouped(baselines.xz_bytes),
        grouped(baselines.bytes)
    )
}

fn pair_lines(baselines: &PairBaselines) -> String {
    format!(
        "held out      {} pairs: copying the source {}\n\
         \x20             looking up in {} training pairs {}",
        grouped(baselines.pairs),
        baselines.copy,
        grouped(baselines.lookup_pairs),
        baselines.lookup
    )
}

fn print_report(report: &impl Display, baselines: &str, folder: &Path) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}\n{baselines}")?;
    writeln!(out, "folder        {}", folder.display())?;
    out.flush()
}
