//! One part: read, cleaned, judged by the rules, sketched, written.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::divide::Part;
use super::file::DocumentWriter;
use super::report::{PartReport, StepReport, VERSION};
use super::run::Work;
use crate::clean::rules::{Rule, Verdict, language};
use crate::document::Document;
use crate::prepare::corpus::Cleaner;
use crate::{Error, files};

/// The files of a part, but for what is compared.
pub(super) struct Names {
    pub documents: PathBuf,
    pub report: PathBuf,
}

impl Names {
    pub(super) fn new(folder: &Path, number: usize) -> Self {
        let named = |ending| folder.join(format!("part-{number:05}.{ending}"));
        Self {
            documents: named("jsonl.gz"),
            report: named("json"),
        }
    }
}

/// Makes a part in `folder`; `done` counts the bytes of text that were read.
///
/// # Errors
/// Sources that cannot be read, a disk that fails, a stop. Nothing of the part counts then.
pub(super) fn make_part(
    work: &Work<'_>,
    part: &Part,
    folder: &Path,
    done: &AtomicU64,
    stop: &AtomicBool,
) -> Result<PartReport, Error> {
    let names = Names::new(folder, part.number);
    let rules = work.rules(&part.source);
    let mut report = PartReport {
        version: VERSION,
        key: work.key.clone(),
        number: part.number,
        source: part.source.clone(),
        files: work.inputs.files_of(part.files.clone()),
        steps: rules
            .iter()
            .map(|rule| StepReport::new(rule.name()))
            .collect(),
        ..PartReport::default()
    };
    let mut contamination = work.contamination.map(|_| StepReport::new("contamination"));
    // The report of what lay here before says nothing of what comes.
    match std::fs::remove_file(&names.report) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &names.report)(error));
        }
        _ => {}
    }
    let mut writer = DocumentWriter::create(&names.documents)?;
    let mut sketches = work.sketching.begin(&names.documents)?;
    let mut documents = work
        .inputs
        .documents_of(part.files.clone(), &work.recipe.clean);
    let mut cleaner = Cleaner::new(&work.recipe.clean);
    for document in documents.by_ref() {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let document = document?;
        done.fetch_add(document.text.len() as u64, Ordering::Relaxed);
        let document = repaired(document, rules);
        let Some(mut document) = cleaner.clean(document, &mut report.clean) else {
            continue;
        };
        let piece = cleaner.piece;
        if !ruled(&mut document, rules, piece, &mut report.steps) {
            continue;
        }
        let texts = match (work.contamination, &mut contamination) {
            (Some(held), Some(step)) => held.pass(&document, piece, step),
            _ => vec![std::mem::take(&mut document.text)],
        };
        for text in texts {
            document.origin.language = language(&text).map(|(code, _)| code.to_owned());
            document.text = text;
            sketches.push(&document.text)?;
            report.documents += 1;
            report.bytes += document.text.len() as u64;
            writer.write(&document)?;
        }
    }
    report.read = documents.counts();
    report.steps.extend(contamination);
    writer.finish()?;
    sketches.finish()?;
    let json = serde_json::to_vec(&report)
        .map_err(std::io::Error::from)
        .map_err(Error::io("write", &names.report))?;
    // Last of all, and as a whole: from here on the part counts.
    files::write(&names.report, &json).map_err(Error::io("write", &names.report))?;
    Ok(report)
}

/// What was read in the wrong encoding is repaired before cleaning takes out what that needs.
fn repaired(mut document: Document, rules: &[Rule]) -> Document {
    for rule in rules {
        if let Rule::Characters(rule) = rule
            && let Some(text) = rule.repaired(&document.text)
        {
            document.text = text;
        }
    }
    document
}

/// Applies the recipe's rules in order; false where the document goes. What only looks at whole documents
/// does not judge a piece of one.
fn ruled(document: &mut Document, rules: &[Rule], piece: bool, steps: &mut [StepReport]) -> bool {
    for (rule, step) in rules.iter().zip(steps) {
        step.documents_in += 1;
        step.bytes_in += document.text.len() as u64;
        match rule.apply(&document.text, document.origin.url.as_deref()) {
            Verdict::Drop(reason) if !piece => {
                step.drop(reason, &document.text, || document.place());
                return false;
            }
            Verdict::Change(text) => {
                step.changed += 1;
                document.text = text;
            }
            Verdict::Keep | Verdict::Drop(_) => {}
        }
        if document.text.trim().is_empty() && !piece {
            step.drop("nothing left", "", || document.place());
            return false;
        }
        step.documents_out += 1;
        step.bytes_out += document.text.len() as u64;
    }
    true
}
