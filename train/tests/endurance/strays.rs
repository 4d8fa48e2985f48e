//! What may lie where when no process is at work. A new file of a stage is added here, or in
//! [`CONTENTS`].

use crate::tally::{Trial, require};
use slovo_data::Prepared;
use slovo_train::checkpoint::Shelf;
use slovo_train::run::CONTENTS;
use std::path::Path;

/// Files of a checkpoint, in the order in which they are written.
pub const BUNDLE: [&str; 5] = [
    "model.bpk",
    "optimizer.bpk",
    "scheduler.bpk",
    "state.ron",
    "MANIFEST.json",
];

const MODEL: [&str; 5] = [
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "slovo.ron",
];

const PREPARED: [&str; 5] = [
    "tokenizer.json",
    "train-00000.shard",
    "validation-00000.shard",
    "report.json",
    "recipe.ron",
];

/// Every file that a run writes.
pub fn files() -> impl Iterator<Item = &'static str> {
    let folders = ["checkpoints", "model"];
    let run = CONTENTS
        .into_iter()
        .filter(move |name| !folders.contains(name));
    BUNDLE.into_iter().chain(MODEL).chain(PREPARED).chain(run)
}

/// Checkpoints that a run of these tests keeps: the last two and the best.
const KEPT: usize = 3;

/// The names in a folder, sorted; none where there is no folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Whether anything in the run folder looks half-written.
pub fn is_half_written(run: &Path) -> bool {
    let half = |name: &String| name.ends_with(".tmp") || name.ends_with(".old");
    names(run).iter().any(half) || names(&run.join("checkpoints")).iter().any(half)
}

/// A run folder at rest holds what it should, and every checkpoint in it is whole.
pub fn none_in_run(run: &Path) -> Trial {
    only(run, &CONTENTS)?;
    only(&run.join("model"), &MODEL)?;
    let bundles = Shelf::new(run, 2).bundles().map_err(|e| e.to_string())?;
    require(bundles.len() <= KEPT, || {
        format!("{} checkpoints", bundles.len())
    })?;
    let expected: Vec<_> = bundles.iter().filter_map(|b| b.path.file_name()).collect();
    let expected: Vec<_> = expected.iter().filter_map(|name| name.to_str()).collect();
    only(&run.join("checkpoints"), &expected)?;
    for bundle in bundles {
        only(&bundle.path, &BUNDLE)?;
        bundle.verify().map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The prepared data below `root` is one whole folder and nothing else; gives its fingerprint.
pub fn none_in_data(root: &Path) -> Result<String, String> {
    let names = names(root);
    let [name] = names.as_slice() else {
        return Err(format!("{names:?} in {}", root.display()));
    };
    let folder = root.join(name);
    only(&folder, &PREPARED)?;
    let prepared = Prepared::open(&folder).map_err(|error| error.to_string())?;
    Ok(prepared.fingerprint)
}

fn only(folder: &Path, known: &[&str]) -> Trial {
    let names = names(folder);
    let stray = names.iter().find(|name| !known.contains(&name.as_str()));
    match stray {
        Some(stray) => Err(format!("stray {}", folder.join(stray).display())),
        None => Ok(()),
    }
}
