//! The result on standard output: a line for each configuration, one for all altered settings of a
//! family, and what is wrong.

use crate::case::{Case, Expected, Finding};
use std::time::Duration;

/// Prints everything; gives the number of failed cases.
pub fn print(cases: &[Case], findings: &[Finding], took: Duration) -> usize {
    println!(
        "{:<11}{:<37}{:>8}{:>10}{:>10}{:>9}{:>10}",
        "family", "configuration", "read", "fused", "composed", "written", "again"
    );
    let together =
        |a: &Case, b: &Case| a.family == b.family && a.text.is_some() == b.text.is_some();
    let mut rest = findings;
    for group in cases.chunk_by(together) {
        let (findings, others) = rest.split_at(group.len());
        rest = others;
        let group = group.iter().zip(findings);
        let (saved, altered): (Vec<_>, Vec<_>) = group.partition(|(case, _)| case.again);
        saved.iter().for_each(|(case, finding)| row(case, finding));
        if let [(case, _), ..] = altered.as_slice() {
            summary(&case.family, &altered);
        }
    }
    let all = cases.iter().zip(findings);
    let failed: Vec<_> = all
        .filter(|(_, found)| !found.failures.is_empty())
        .collect();
    println!();
    for (case, finding) in &failed {
        for failure in &finding.failures {
            println!("FAILED {}, {}: {failure}", case.family, case.about);
        }
    }
    let (n, seconds) = (cases.len(), took.as_secs_f64());
    println!("{n} folders, {} failed, {seconds:.1} s", failed.len());
    failed.len()
}

fn row(case: &Case, finding: &Finding) {
    let refused = finding.refused.is_some() && finding.failures.is_empty();
    let yes = |fine: bool| match (fine, refused) {
        (true, _) => "yes",
        (false, true) => "refused",
        (false, false) => "NO",
    };
    let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1e}"));
    let [fused, composed] = [0, 1].map(|path| finding.differences.map(|both| both[path]));
    let wrong = if finding.failures.is_empty() {
        ""
    } else {
        "  FAILED"
    };
    println!(
        "{:<11}{:<37}{:>8}{:>10}{:>10}{:>9}{:>10}{wrong}",
        case.family,
        case.about,
        yes(finding.differences.is_some()),
        number(fused),
        number(composed),
        yes(finding.again.is_some()),
        number(finding.again),
    );
}

/// The cases of a family that differ in `config.json` alone.
fn summary(family: &str, altered: &[(&Case, &Finding)]) {
    let good = |expected: Option<Expected>, refused: bool| {
        let fits = |case: &Case| expected.is_none_or(|expected| case.expected == expected);
        let good = altered.iter().filter(|(case, finding)| {
            fits(case) && finding.failures.is_empty() && finding.refused.is_some() == refused
        });
        good.count()
    };
    let of = |expected| {
        let all = altered.iter();
        all.filter(|(case, _)| case.expected == expected).count()
    };
    println!(
        "{family:<11}config.json altered: {} of {} refused by name, {} of {} equal, of {} others {} \
         refused by name and {} equal",
        good(Some(Expected::Refused), true),
        of(Expected::Refused),
        good(Some(Expected::Equal), false),
        of(Expected::Equal),
        of(Expected::Either),
        good(Some(Expected::Either), true),
        good(Some(Expected::Either), false),
    );
}
