//! All parts, on all cores, with those that are there already left as they are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde::Serialize;

use super::divide::{Part, Share, divide};
use super::list::{Beside, List, begin};
use super::make::{Names, make_part};
use super::report::{PartReport, VERSION};
use super::store::Store;
use crate::clean::rules::Rule;
use crate::prefetch::message;
use crate::prepare::contamination::Held;
use crate::prepare::duplicates::Sketching;
use crate::prepare::{Progress, Stage};
use crate::recipe::DataRecipe;
use crate::source::Inputs;
use crate::{Error, files};

/// How often progress is told, and a request to stop is looked for, while workers are at work.
const TELL: Duration = Duration::from_millis(200);

/// What every part is made by.
pub(in crate::prepare) struct Work<'a> {
    pub inputs: &'a Inputs,
    pub recipe: &'a DataRecipe,
    /// The rules of each source, with the lists that they name, by the source's label.
    rules: BTreeMap<String, Vec<Rule>>,
    pub contamination: Option<&'a Held>,
    pub sketching: Sketching,
    /// SHA-256 over everything that decides what is in a part, but for the files' times.
    pub key: String,
    /// The same of the recipe alone.
    pub recipe_key: String,
}

impl<'a> Work<'a> {
    /// The work of a recipe; `held` are the evaluation texts that it names.
    pub(in crate::prepare) fn new(
        inputs: &'a Inputs,
        recipe: &'a DataRecipe,
        held: Option<&'a Held>,
    ) -> Result<Self, Error> {
        let rules = loaded_rules(recipe)?;
        let key = key(inputs, recipe, &rules, held)?;
        Ok(Self {
            inputs,
            recipe,
            rules,
            contamination: held,
            sketching: Sketching::new(&recipe.duplicates)?,
            key,
            recipe_key: recipe_key(recipe)?,
        })
    }
}

impl Work<'_> {
    /// What was read beside the sources.
    fn beside(&self) -> Beside {
        let held = self.contamination.map(Held::reports);
        Beside {
            evaluations: held.cloned().unwrap_or_default(),
            links: self.inputs.links().clone(),
        }
    }

    /// The rules for a source.
    pub(super) fn rules(&self, source: &str) -> &[Rule] {
        self.rules.get(source).map_or(&[], Vec::as_slice)
    }
}

/// The rules of each source, by its label, with the lists that they name.
pub(in crate::prepare) fn loaded_rules(
    recipe: &DataRecipe,
) -> Result<BTreeMap<String, Vec<Rule>>, Error> {
    let mut rules = BTreeMap::new();
    for (i, source) in recipe.sources.iter().enumerate() {
        let label = source.label(i);
        let mut of_source = recipe.rules_of(&label).to_vec();
        for rule in &mut of_source {
            rule.load()
                .map_err(Error::io("read", Path::new(rule.name())))?;
        }
        rules.insert(label, of_source);
    }
    Ok(rules)
}

/// Two machines that hold the same files at different times agree on it.
fn key(
    inputs: &Inputs,
    recipe: &DataRecipe,
    rules: &BTreeMap<String, Vec<Rule>>,
    held: Option<&Held>,
) -> Result<String, Error> {
    let files: Vec<(&str, u64)> = inputs
        .all_files()
        .iter()
        .map(|file| (file.path.as_str(), file.length))
        .collect();
    // As they are shown, the lists that rules have read are among them.
    let rules = format!("{rules:?}");
    let held = held.map(Held::fingerprint);
    hash(&(recipe_key(recipe)?, rules, held, inputs.beside(), files))
}

/// What of a recipe decides what is in a part.
pub(in crate::prepare) fn recipe_key(recipe: &DataRecipe) -> Result<String, Error> {
    hash(&(
        VERSION,
        &recipe.sources,
        &recipe.clean,
        &recipe.rules,
        &recipe.duplicates,
        &recipe.contamination,
    ))
}

fn hash(decides: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_vec(decides)
        .map_err(std::io::Error::from)
        .map_err(Error::io("describe", Path::new("the recipe")))?;
    Ok(files::sha256_hex(&json))
}

/// Makes what is missing of the parts that belong to `share`, and gives these parts, in order.
///
/// # Errors
/// The first fault of a part; a stop. Parts that were complete stay.
pub(in crate::prepare) fn make_parts(
    work: &Work<'_>,
    folder: &Path,
    share: Share,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Store, Error> {
    let mut parts: Vec<Part> = divide(work.inputs);
    let list = List {
        key: work.key.clone(),
        recipe: work.recipe_key.clone(),
        parts: parts.len(),
        beside: work.beside(),
    };
    let lock = begin(folder, &list)?;
    parts.retain(|part| share.holds(part.number));
    let mut reports: Vec<Option<PartReport>> = Vec::with_capacity(parts.len());
    for part in &parts {
        let found = read_part(folder, part.number, &work.key)?;
        let files = work.inputs.files_of(part.files.clone());
        reports.push(found.filter(|report| report.files == files));
    }
    let there = reports.iter().flatten().count();
    if there > 0 {
        progress(Progress::Note(format!(
            "{there} of {} parts are there already, in {}",
            parts.len(),
            folder.display()
        )));
    }
    let mut missing: Vec<usize> = (0..parts.len()).filter(|&i| reports[i].is_none()).collect();
    // The largest first: begun last, it would be made alone while all other cores wait.
    missing.sort_by_key(|&i| std::cmp::Reverse(parts[i].bytes));
    let (next, done, failed) = (
        AtomicUsize::new(0),
        AtomicU64::new(0),
        AtomicBool::new(false),
    );
    let workers = rayon::current_num_threads().min(missing.len());
    let (sender, receiver) = channel();
    let worker = || {
        while let Some(&i) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.load(Ordering::Relaxed) || stop.load(Ordering::Relaxed) {
                return;
            }
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                make_part(work, &parts[i], folder, &done, stop)
            }));
            let made = made.unwrap_or_else(|panic| Err(Error::Thread(message(&*panic))));
            failed.fetch_or(made.is_err(), Ordering::Relaxed);
            if sender.clone().send((i, made)).is_err() {
                return;
            }
        }
    };
    let mut fault: Option<(usize, Error)> = None;
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        while handles.iter().any(|handle| !handle.is_finished()) {
            for (i, made) in receiver
                .recv_timeout(TELL)
                .into_iter()
                .chain(receiver.try_iter())
            {
                settle(i, made, &mut reports, &mut fault);
            }
            progress(Progress::At {
                stage: Stage::Scan,
                done: done.load(Ordering::Relaxed),
                total: None,
            });
        }
    });
    for (i, made) in receiver.try_iter() {
        settle(i, made, &mut reports, &mut fault);
    }
    if let Some((_, error)) = fault {
        return Err(error);
    }
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    let reports = reports.into_iter().flatten().collect();
    Ok(Store::new(folder, reports, list.beside, lock))
}

/// Of several faults, that of the first part is told, whatever the order in which they came.
fn settle(
    i: usize,
    made: Result<PartReport, Error>,
    reports: &mut [Option<PartReport>],
    fault: &mut Option<(usize, Error)>,
) {
    match made {
        Ok(report) => reports[i] = Some(report),
        Err(error) => {
            let stopped = |error: &Error| matches!(error, Error::Stopped);
            let first = fault.as_ref().is_none_or(|(at, before)| {
                (i < *at && !stopped(&error)) || (stopped(before) && !stopped(&error))
            });
            if first {
                *fault = Some((i, error));
            }
        }
    }
}

/// The report of a part, where it is complete and was made under this key.
pub(super) fn read_part(
    folder: &Path,
    number: usize,
    key: &str,
) -> Result<Option<PartReport>, Error> {
    let names = Names::new(folder, number);
    let json = match std::fs::read(&names.report) {
        Ok(json) => json,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", &names.report)(error)),
    };
    let report: Option<PartReport> = serde_json::from_slice(&json).ok();
    Ok(report.filter(|report| report.version == VERSION && report.key == key))
}
