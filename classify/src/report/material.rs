//! What the classifier is made of and what it learnt from.

use super::shown::{has_several_labels, many};
use super::{Model, Report};
use crate::labelled::Skipped;
use slovo_data::report::grouped;
use slovo_train::report::markup::{list, table};

/// Rows, what was left out, and the sides.
pub fn data(report: &Report) -> String {
    let data = &report.data;
    let counts = &data.counts;
    let mut rows = vec![
        ("name".to_string(), data.name.clone()),
        ("rows read".into(), grouped(counts.rows)),
        ("left out".into(), grouped(counts.skipped())),
        ("divided".into(), data.split.clone()),
        (
            "cut".into(),
            format!(
                "{} longer than {}",
                many(data.cut as u64, "text"),
                many(report.model.max_tokens as u64, "token")
            ),
        ),
    ];
    if data.repeated > 0 {
        let repeated = many(data.repeated as u64, "text");
        rows.insert(3, ("repeated".into(), format!("{repeated}, counted once")));
    }
    let mut text = String::new();
    text += &sides(report);
    text += &left_out(&[
        ("without a label", &counts.missing_label),
        ("with a label that is not listed", &counts.unknown_label),
        ("without text", &counts.no_text),
        ("not UTF-8", &counts.bad_encoding),
        ("malformed", &counts.malformed),
    ]);
    text + &list(&rows)
}

/// Texts of each class on each side.
fn sides(report: &Report) -> String {
    let sides = &report.data.sides;
    let of = |class: usize| {
        sides
            .each_ref()
            .map(|side| side.get(class).copied().unwrap_or(0))
    };
    let row = |name: &str, counts: [usize; 3]| {
        let all: usize = counts.iter().sum();
        let numbers = counts.into_iter().chain([all]).map(|n| grouped(n as u64));
        std::iter::once(name.to_string()).chain(numbers).collect()
    };
    let mut rows: Vec<Vec<String>> = report
        .labels
        .iter()
        .enumerate()
        .map(|(class, name)| row(name, of(class)))
        .collect();
    let sum = sides.each_ref().map(|side| side.iter().sum());
    let name = match has_several_labels(report) {
        true => "labels in all",
        false => "all",
    };
    rows.push(row(name, sum));
    table("", &["class", "train", "validation", "test", "all"], &rows)
}

fn left_out(reasons: &[(&str, &Skipped)]) -> String {
    let rows: Vec<_> = reasons
        .iter()
        .filter(|(_, skipped)| skipped.rows > 0)
        .map(|(reason, skipped)| {
            let more = skipped.rows > skipped.first.len() as u64;
            let dots = if more { ", …" } else { "" };
            let places = format!("{}{dots}", skipped.first.join(", "));
            vec![reason.to_string(), grouped(skipped.rows), places]
        })
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => table("words", &["rows left out", "", "where"], &rows),
    }
}

/// The model's settings.
pub fn model(model: &Model) -> String {
    list(&[
        ("base".to_string(), model.base.clone()),
        ("learns".into(), model.trains.clone()),
        ("pool".into(), model.pool.clone()),
        ("head".into(), model.head.clone()),
        ("parameters".into(), grouped(model.parameters)),
        ("of which learn".into(), grouped(model.learning)),
        (
            "tokens of a text".into(),
            format!("{} at most", grouped(model.max_tokens as u64)),
        ),
        ("backend".into(), model.backend.clone()),
    ])
}
