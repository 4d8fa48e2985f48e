//! One part: read, cleaned, judged by the rules, sketched, written.
//!
//! One thread reads, the pool judges what it has read, and this thread writes, in order: where one large file
//! is left, all cores still have work.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::divide::Part;
use super::file::DocumentWriter;
use super::report::{PartReport, StepReport, VERSION};
use super::run::Work;
use crate::clean::CleanReport;
use crate::clean::rules::{Rule, Verdict, language};
use crate::document::Document;
use crate::prepare::corpus::{Pieces, cleaned};
use crate::prepare::duplicates::Sketch;
use crate::prepare::pipe::{Batches, pipe};
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
        steps: steps(work, rules),
        ..PartReport::default()
    };
    // The report of what lay here before says nothing of what comes.
    match std::fs::remove_file(&names.report) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &names.report)(error));
        }
        _ => {}
    }
    let mut writer = DocumentWriter::create(&names.documents)?;
    let mut sketches = work.sketching.begin(&names.documents)?;
    // What became of the text whose pieces come.
    let (mut cleaned, mut ruled) = (CleanReport::default(), steps(work, rules));
    let read = |batches: &mut Batches<(Document, bool)>| {
        let mut documents = work
            .inputs
            .documents_of(part.files.clone(), &work.recipe.clean);
        let mut pieces = Pieces::default();
        for document in documents.by_ref() {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let document = document?;
            let bytes = document.text.len();
            done.fetch_add(bytes as u64, Ordering::Relaxed);
            let piece = pieces.is_next(&document);
            batches.push((document, piece));
            batches.count(bytes)?;
        }
        Ok(documents.counts())
    };
    report.read = pipe(read, |batch| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let judged: Vec<Judged> = batch
            .into_par_iter()
            .map(|(document, piece)| judge(work, rules, document, piece))
            .collect();
        for judged in judged {
            cleaned.join(&judged.clean);
            for (text, piece) in ruled.iter_mut().zip(&judged.steps) {
                text.join(piece);
            }
            if !judged.continues {
                report.clean.add(&std::mem::take(&mut cleaned));
                for (sum, text) in report.steps.iter_mut().zip(&mut ruled) {
                    sum.add(&std::mem::take(text));
                }
            }
            for (document, sketch) in &judged.kept {
                sketches.push(sketch)?;
                report.documents += 1;
                report.bytes += document.text.len() as u64;
                writer.write(document)?;
            }
        }
        Ok(())
    })?;
    writer.finish()?;
    sketches.finish()?;
    let json = serde_json::to_vec(&report)
        .map_err(std::io::Error::from)
        .map_err(Error::io("write", &names.report))?;
    // Last of all, and as a whole: from here on the part counts.
    files::write(&names.report, &json).map_err(Error::io("write", &names.report))?;
    Ok(report)
}

/// A report of each rule, and last of the evaluations, that has counted nothing yet.
fn steps(work: &Work<'_>, rules: &[Rule]) -> Vec<StepReport> {
    let mut steps: Vec<StepReport> = rules
        .iter()
        .map(|rule| StepReport::new(rule.name()))
        .collect();
    steps.extend(work.contamination.map(|_| StepReport::new("contamination")));
    steps
}

/// What became of one document.
struct Judged {
    /// The next one continues it.
    continues: bool,
    /// What is kept, where evaluations stood in it several texts.
    kept: Vec<(Document, Sketch)>,
    clean: CleanReport,
    steps: Vec<StepReport>,
}

/// Cleans a document, judges it, and sketches what is kept.
fn judge(work: &Work<'_>, rules: &[Rule], document: Document, piece: bool) -> Judged {
    let mut judged = Judged {
        continues: document.continues,
        kept: Vec::new(),
        clean: CleanReport::default(),
        steps: steps(work, rules),
    };
    let (document, repairs) = repaired(document, rules);
    let Some(mut document) = cleaned(document, piece, &work.recipe.clean, &mut judged.clean) else {
        return judged;
    };
    if !ruled(&mut document, rules, repairs, piece, &mut judged.steps) {
        return judged;
    }
    let texts = match (work.contamination, judged.steps.last_mut()) {
        (Some(held), Some(step)) => held.pass(&document, piece, step),
        _ => vec![std::mem::take(&mut document.text)],
    };
    document.text.clear();
    for text in texts {
        let mut document = document.clone();
        document.origin.language = language(&text).map(|(code, _)| code.to_owned());
        let sketch = work.sketching.sketch(&text, piece);
        document.text = text;
        judged.kept.push((document, sketch));
    }
    judged
}

/// What was read in the wrong encoding is repaired before cleaning takes out what that needs; with the number of
/// the rule that did.
fn repaired(mut document: Document, rules: &[Rule]) -> (Document, Option<usize>) {
    let repairs = rules.iter().position(|rule| match rule {
        Rule::Characters(rule) => match rule.repaired(&document.text) {
            Some(text) => {
                document.text = text;
                true
            }
            None => false,
        },
        _ => false,
    });
    (document, repairs)
}

/// Applies the recipe's rules in order, of which one has repaired the document before; false where it goes. What
/// only looks at whole documents does not judge a piece of one.
fn ruled(
    document: &mut Document,
    rules: &[Rule],
    repairs: Option<usize>,
    piece: bool,
    steps: &mut [StepReport],
) -> bool {
    for (number, (rule, step)) in rules.iter().zip(steps).enumerate() {
        step.enter(&document.text);
        if piece && !rule.changes() {
            step.leave(&document.text);
            continue;
        }
        match rule.apply(&document.text, document.origin.url.as_deref()) {
            Verdict::Drop(reason) if !piece => {
                step.drop(reason, || document.sample());
                return false;
            }
            Verdict::Change(text) => {
                step.changed += 1;
                document.text = text;
            }
            Verdict::Keep | Verdict::Drop(_) => step.changed += u64::from(repairs == Some(number)),
        }
        if document.text.trim().is_empty() && !piece {
            step.drop("nothing left", || document.sample());
            return false;
        }
        step.leave(&document.text);
    }
    true
}
