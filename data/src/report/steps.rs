//! What became of the documents of a source, step by step: lines of a table.

use std::collections::BTreeMap;
use std::fmt;

use super::{Table, grouped};
use crate::Sample;
use crate::prepare::{SourceReport, StepReport};

/// Reasons that a printed line has room for.
const SHOWN: usize = 3;

/// One step: reading, cleaning, a rule, or the comparison with other documents.
pub(super) struct Step<'a> {
    pub name: &'a str,
    pub documents_in: u64,
    pub documents_out: u64,
    /// `None` where a step changes nothing.
    pub changed: Option<u64>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Why documents went, the most frequent reason first.
    pub why: Vec<String>,
    /// Documents that went, were told of, or lost what was found in them.
    pub out: u64,
    /// Some of them.
    pub samples: &'a [Sample],
}

/// The steps of a source, in order.
pub(super) fn of(source: &SourceReport) -> Vec<Step<'_>> {
    let mut steps = vec![reading(source), cleaning(source)];
    steps.extend(source.steps.iter().map(judging));
    steps
}

/// The steps of a source as a person reads them on a terminal.
pub(super) fn write(name: &str, source: &SourceReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let steps = of(source);
    let why: Vec<String> = steps
        .iter()
        .map(|step| match step.why.get(SHOWN..) {
            Some(rest @ [_, ..]) => {
                format!("{} and {} more", step.why[..SHOWN].join(", "), rest.len())
            }
            _ => step.why.join(", "),
        })
        .collect();
    // Of one width, so that they begin below each other in a table that is aligned to the right.
    let width = why.iter().map(|why| why.chars().count()).max().unwrap_or(0);
    let mut table = Table::new([
        name,
        "documents",
        "kept",
        "bytes",
        &format!("{:<width$}", "why"),
    ]);
    for (step, why) in steps.iter().zip(&why) {
        table.cells([
            step.name.to_owned(),
            grouped(step.documents_in),
            grouped(step.documents_out),
            grouped(step.bytes_out),
            format!("{why:<width$}"),
        ]);
    }
    table.write(f)?;
    for sample in source.read.faults() {
        writeln!(f, "  {sample}")?;
    }
    let broken = &source.read.broken_files;
    for file in broken.iter().take(SHOWN) {
        writeln!(f, "  {file}")?;
    }
    match broken.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        rest => writeln!(f, "  and {rest} more, in report.json"),
    }
}

fn reading(source: &SourceReport) -> Step<'_> {
    let read = &source.read;
    // What cannot be read first: a person may be able to mend it.
    let mut why: Vec<String> = read
        .unread()
        .into_iter()
        .chain([(
            "files not read, or not to their ends",
            read.broken_files.len() as u64,
        )])
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{} {what}", grouped(count)))
        .collect();
    why.extend(by_count(&read.left_out));
    let unread: u64 = read.unread().iter().map(|(_, count)| count).sum();
    let out = read.left_out.values().sum::<u64>() + unread;
    Step {
        name: "reading",
        documents_in: read.documents + out,
        documents_out: read.documents,
        changed: None,
        bytes_in: source.file_bytes,
        bytes_out: read.bytes,
        why,
        out,
        samples: &read.samples,
    }
}

fn cleaning(source: &SourceReport) -> Step<'_> {
    let clean = &source.clean;
    Step {
        name: "cleaning",
        documents_in: clean.documents_in,
        documents_out: clean.documents_kept,
        // Earlier versions counted only these.
        changed: Some(clean.changed.max(clean.nfc_changed)),
        bytes_in: clean.bytes_in,
        bytes_out: clean.bytes_kept,
        why: match clean.too_short {
            0 => Vec::new(),
            short => vec![format!("{} too short", grouped(short))],
        },
        out: clean.too_short,
        samples: &clean.samples,
    }
}

/// Reasons with their counts, the most frequent first.
fn by_count(counts: &BTreeMap<String, u64>) -> impl Iterator<Item = String> {
    let mut reasons: Vec<(&String, &u64)> = counts.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    reasons
        .into_iter()
        .map(|(reason, count)| format!("{} {reason}", grouped(*count)))
}

fn judging(step: &StepReport) -> Step<'_> {
    let mut why: Vec<String> = by_count(&step.dropped).collect();
    if step.told > 0 {
        why.push(format!("{} told of, and kept", grouped(step.told)));
    }
    Step {
        name: &step.name,
        documents_in: step.documents_in,
        documents_out: step.documents_out,
        changed: Some(step.changed),
        bytes_in: step.bytes_in,
        bytes_out: step.bytes_out,
        why,
        // Where evaluations were looked for, what changed lost a place in which one stood.
        out: step.dropped.values().sum::<u64>()
            + step.told
            + if step.found.is_empty() {
                0
            } else {
                step.changed
            },
        samples: &step.samples,
    }
}
