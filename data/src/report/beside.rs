//! What was read beside the sources: evaluations, and lists of links.

use std::fmt;

use super::{Report, Table, grouped};

/// What is told of each evaluation.
pub(super) const EVALUATIONS: [&str; 5] =
    ["evaluation", "texts", "too short", "not read", "stands in"];
/// What is told of the links of each source.
pub(super) const LINKS: [&str; 6] = [
    "links",
    "lines",
    "score too low",
    "not read",
    "said again",
    "addresses kept",
];

/// A line for each evaluation.
pub(super) fn evaluations(report: &Report) -> Vec<[String; 5]> {
    let rows = report.evaluations.iter().map(|(name, evaluation)| {
        let read = &evaluation.read;
        let unread: u64 = read.unread().iter().map(|(_, count)| count).sum();
        [
            name.clone(),
            grouped(read.documents),
            grouped(evaluation.too_short),
            grouped(unread + read.broken_files.len() as u64),
            format!("{} documents", grouped(evaluation.found)),
        ]
    });
    rows.collect()
}

/// A line for the links of each source.
pub(super) fn links(report: &Report) -> Vec<[String; 6]> {
    let rows = report.links.iter().map(|(source, links)| {
        [
            source.clone(),
            grouped(links.lines),
            grouped(links.below),
            grouped(links.bad),
            grouped(links.repeated()),
            grouped(links.kept),
        ]
    });
    rows.collect()
}

/// Where something of them stands that could not be read, and what was found.
pub(super) fn faults(report: &Report) -> impl Iterator<Item = String> {
    let evaluations = report.evaluations.values().map(|it| &it.read);
    let broken = evaluations.clone().flat_map(|read| &read.broken_files);
    let samples = evaluations.flat_map(|read| read.faults());
    let links = report.links.values().flat_map(|it| &it.samples[..]);
    let faults = samples.chain(links).map(ToString::to_string);
    faults.chain(broken.cloned())
}

/// Both as a person reads them on a terminal, if there are any.
pub(super) fn write(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    rows(EVALUATIONS, evaluations(report), f)?;
    rows(LINKS, links(report), f)?;
    let faults: Vec<String> = faults(report).collect();
    for fault in &faults {
        writeln!(f, "  {fault}")?;
    }
    match faults.is_empty() {
        true => Ok(()),
        false => writeln!(f),
    }
}

fn rows<const N: usize>(
    head: [&str; N],
    rows: Vec<[String; N]>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(head);
    rows.into_iter().for_each(|row| table.cells(row));
    table.write(f)?;
    writeln!(f)
}
