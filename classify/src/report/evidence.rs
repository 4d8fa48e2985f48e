//! Texts for a reader to judge: the most confident mistakes, and what stands on two sides.

use super::shown::{NOTHING, fixed, many};
use super::{Mistake, Report};
use crate::leak::{Crossing, Excerpt, Kind, LeakPair, LeakReport, Within};
use slovo_data::report::grouped;
use slovo_train::report::markup::{escape, table};
use std::fmt::Write;

/// Pairs of a kind that are shown for each two sides.
const PAIRS: usize = 4;

/// The best model's most confident mistakes.
pub fn mistakes(report: &Report) -> String {
    if report.mistakes.is_empty() {
        return String::from("<p class=\"note\">None on the test texts.</p>\n");
    }
    let leaked = report
        .mistakes
        .iter()
        .filter(|mistake| mistake.leaked)
        .count();
    let mut text = format!(
        "<p class=\"note\">Of the best model on the test texts, the surest first{}.</p>\n\
         <div class=\"samples\">\n",
        match leaked {
            0 => String::new(),
            leaked => format!(
                "; {leaked} of them {} in training too",
                if leaked == 1 { "stands" } else { "stand" }
            ),
        }
    );
    for mistake in &report.mistakes {
        text += &card(mistake);
    }
    text + "</div>\n"
}

fn card(mistake: &Mistake) -> String {
    let mut place = mistake.place.clone();
    if mistake.leaked {
        place += " · stands in training too";
    }
    format!(
        "<article><h3>{}, told to be {} at {} %</h3>\n<pre>{}</pre>\
         <p class=\"place\">{}</p></article>\n",
        escape(&labels(&mistake.truth)),
        escape(&mistake.told),
        fixed(100.0 * mistake.probability, 1),
        escape(&mistake.text),
        escape(&place)
    )
}

/// What stands on two sides, and how often on one.
pub fn leaks(report: &LeakReport) -> String {
    let crossings = [
        ("test in train", &report.test_in_train),
        ("test in validation", &report.test_in_validation),
        ("validation in train", &report.validation_in_train),
    ];
    let within = [
        ("within train", &report.train),
        ("within validation", &report.validation),
        ("within test", &report.test),
    ];
    let near = format!("nearly (from {})", fixed(report.threshold, 2));
    let head = [
        "",
        "texts",
        "byte for byte",
        "once normalised",
        near.as_str(),
        "all",
        "of these with other labels",
    ];
    let rows: Vec<_> = crossings
        .iter()
        .map(|(name, found)| crossing(name, found))
        .chain(within.iter().map(|(name, found)| repeated(name, found)))
        .collect();
    let mut text = table("", &head, &rows);
    text += "<p class=\"note\">Each text counts once, by its closest duplicate on the other side; on \
             one side, texts that repeat an earlier one. Nearly: most runs of five characters are the \
             same.</p>\n";
    for (name, found) in crossings {
        let shown: Vec<_> = [Kind::Exact, Kind::Normalised, Kind::Near]
            .into_iter()
            .flat_map(|kind| {
                found
                    .pairs
                    .iter()
                    .filter(move |p| p.kind == kind)
                    .take(PAIRS)
            })
            .collect();
        if shown.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "<h3>{}: {} of {}</h3>\n<div class=\"samples\">\n",
            escape(name),
            shown.len(),
            many(found.leaked(), "pair"),
        );
        shown.into_iter().for_each(|found| text += &pair(found));
        text += "</div>\n";
    }
    text
}

fn crossing(name: &str, found: &Crossing) -> Vec<String> {
    let numbers = [
        found.examples,
        found.exact,
        found.normalised,
        found.near,
        found.leaked(),
        found.conflicting,
    ];
    std::iter::once(name.to_string())
        .chain(numbers.map(grouped))
        .collect()
}

fn repeated(name: &str, found: &Within) -> Vec<String> {
    vec![
        name.into(),
        grouped(found.examples),
        grouped(found.exact),
        grouped(found.normalised),
        NOTHING.into(),
        grouped(found.exact + found.normalised),
        grouped(found.conflicting),
    ]
}

fn pair(pair: &LeakPair) -> String {
    let how = match pair.kind {
        Kind::Exact => "byte for byte".to_string(),
        Kind::Normalised => "once normalised".to_string(),
        Kind::Near => format!("nearly, {} % alike", fixed(100.0 * pair.similarity, 0)),
    };
    let (class, conflict) = match pair.conflicting {
        true => (" class=\"broken\"", " · other labels"),
        false => ("", ""),
    };
    // The same text twice would only be longer.
    let again = match pair.held_out.text == pair.other.text {
        true => String::new(),
        false => format!("<pre>{}</pre>", escape(&pair.other.text)),
    };
    format!(
        "<article><h3{class}>{}{conflict}</h3>\n<p class=\"place\">{}</p><pre>{}</pre>\
         <p class=\"place\">{}</p>{again}</article>\n",
        escape(&how),
        escape(&where_it_stands(&pair.held_out)),
        escape(&pair.held_out.text),
        escape(&where_it_stands(&pair.other)),
    )
}

fn where_it_stands(excerpt: &Excerpt) -> String {
    format!("{} · {}", excerpt.place, labels(&excerpt.labels))
}

fn labels(names: &[String]) -> String {
    match names {
        [] => "no label".into(),
        names => names.join(", "),
    }
}
