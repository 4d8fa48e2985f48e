//! Which class is taken for which: a matrix, shaded; or the most frequent mix-ups where a matrix
//! would be too large to read.

use super::Report;
use super::shown::{cut, fixed, many, shown};
use crate::Scores;
use slovo_data::report::grouped;
use slovo_train::report::markup::{escape, table};
use std::fmt::Write;

/// Classes beyond this number do not fit on a page.
const LARGEST: usize = 20;
/// Classes beyond this number have narrow cells.
const ROOMY: usize = 6;
/// Mix-ups that are listed.
const LISTED: usize = 20;

/// The figure; empty where a text may have several labels.
pub fn confusion(report: &Report) -> String {
    let Some((scores, side)) = shown(report) else {
        return String::new();
    };
    let Some(confusion) = &scores.confusion else {
        return String::new();
    };
    let counts = confusion.counts();
    let names: Vec<_> = (0..counts.len()).map(|class| name(scores, class)).collect();
    let inside = match counts.len() {
        0 => return String::new(),
        1..=LARGEST => matrix(counts, &names),
        _ => mixed_up(counts, &names),
    };
    format!(
        "<figure>\n<figcaption><b>{}</b> <span class=\"unit\">{}, best run</span></figcaption>\n{inside}</figure>\n",
        if counts.len() > LARGEST {
            "Most frequent mix-ups"
        } else {
            "Confusion matrix"
        },
        many(confusion.total(), side.strip_suffix('s').unwrap_or(side)),
    )
}

fn name(scores: &Scores, class: usize) -> &str {
    scores
        .classes
        .get(class)
        .map_or("?", |row| row.name.as_str())
}

fn matrix(counts: &[Vec<u64>], names: &[&str]) -> String {
    let many = if names.len() > ROOMY { " many" } else { "" };
    let mut text = format!(
        "<div class=\"wide\"><table class=\"confusion{many}\">\n<thead><tr><th>is ↓ told →</th>"
    );
    for name in names {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escape(&cut(name, 24)));
    }
    text += "</tr></thead>\n<tbody>\n";
    for (truth, (row, name)) in counts.iter().zip(names).enumerate() {
        let all: u64 = row.iter().sum();
        let _ = write!(
            text,
            "<tr><th scope=\"row\">{}</th>",
            escape(&cut(name, 24))
        );
        for (told, count) in row.iter().enumerate() {
            text += &cell(*count, all, truth == told);
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table></div>\n<p class=\"note\">Percentages are of the texts that are of a \
            class, row by row.</p>\n"
}

/// A count and its share of the row, which is also the strength of its colour.
fn cell(count: u64, all: u64, right: bool) -> String {
    let share = if all == 0 {
        0.0
    } else {
        count as f64 / all as f64
    };
    let class = match (count, right) {
        (0, _) => "zero",
        (_, true) => "right",
        (_, false) => "wrong",
    };
    let percent = match count {
        0 => String::new(),
        _ => format!("<span>{} %</span>", fixed(100.0 * share, 1)),
    };
    format!(
        "<td class=\"{class}\" style=\"--share:{share:.3}\"><b>{}</b>{percent}</td>",
        grouped(count)
    )
}

fn mixed_up(counts: &[Vec<u64>], names: &[&str]) -> String {
    let mut wrong: Vec<_> = counts
        .iter()
        .enumerate()
        .flat_map(|(truth, row)| {
            row.iter()
                .enumerate()
                .map(move |(told, n)| (*n, truth, told))
        })
        .filter(|(n, truth, told)| *n > 0 && truth != told)
        .collect();
    wrong.sort_by_key(|(n, truth, told)| (std::cmp::Reverse(*n), *truth, *told));
    let rows: Vec<_> = wrong
        .iter()
        .take(LISTED)
        .map(|(n, truth, told)| {
            let all: u64 = counts[*truth].iter().sum();
            let share = 100.0 * *n as f64 / all as f64;
            vec![
                names[*truth].to_string(),
                names[*told].to_string(),
                grouped(*n),
                format!("{} %", fixed(share, 1)),
            ]
        })
        .collect();
    match rows.is_empty() {
        true => String::from("<p class=\"note\">No text was told to be of another class.</p>\n"),
        false => table("", &["is", "told to be", "texts", "of its class"], &rows),
    }
}
