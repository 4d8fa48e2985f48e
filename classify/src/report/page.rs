//! The page of a classifier.

use super::confusion::confusion;
use super::shown::{cut, has_several_labels, many, share, shown};
use super::tiles::tiles;
use super::verdict::verdict;
use super::{Report, evidence, material, plots, reliability, tables};
use slovo_train::report::markup::{document, escape, section};
use std::fmt::Write;

/// Labels beyond this number are counted, not named, in the first sentence.
const NAMED: usize = 4;
/// A matrix of at most so many classes leaves room for a table beside it.
const NARROW: usize = 2;

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut body = head(report);
    body += &tiles(report);
    body += &answer(report);
    body += &section("Baselines", &tables::baselines(report));
    body += &section(
        "Learning",
        &(plots::learning(report) + &tables::runs(report)),
    );
    body += &section(&classes_heading(report), &classes(report));
    body += &section(&plots::ranking_heading(report), &plots::ranking(report));
    if let Some(threshold) = tables::threshold(report) {
        body += &section("Threshold", &threshold);
    }
    body += &section(
        "Does a probability mean what it says?",
        &reliability::reliability(report),
    );
    body += &section("Most confident mistakes", &evidence::mistakes(report));
    body += &section(
        "Texts that stand on two sides",
        &evidence::leaks(&report.leaks),
    );
    body += &section("Data", &material::data(report));
    body += &section("Model", &material::model(&report.model));
    let _ = writeln!(
        body,
        "<footer>Slovo {} made this page; the same numbers for programs are in report.json beside \
         it.</footer>",
        env!("CARGO_PKG_VERSION")
    );
    document(&report.name, &body)
}

fn head(report: &Report) -> String {
    let found = verdict(report);
    let status = match found.short {
        "" => String::new(),
        short => format!(
            " <span class=\"status {}\">{}</span>",
            found.class,
            escape(short)
        ),
    };
    format!(
        "<header>\n<p class=\"kind\">Classification</p>\n<h1>{}{status}</h1>\n\
         <p class=\"lead\">{}</p>\n</header>\n",
        escape(&report.name),
        escape(&lead(report))
    )
}

/// What was trained on what, in a sentence.
fn lead(report: &Report) -> String {
    let labels: Vec<_> = report.labels.iter().map(|label| cut(label, 40)).collect();
    let classes = match labels.as_slice() {
        [] => "texts".into(),
        [one] => one.clone(),
        [rest @ .., last] if labels.len() <= NAMED => format!("{} and {last}", rest.join(", ")),
        labels => format!("{} classes", labels.len()),
    };
    let texts = match has_several_labels(report) {
        true => format!("texts of {}", report.data.name),
        false => {
            let texts: usize = report.data.sides[0].iter().sum();
            format!(
                "{} of {}",
                many(texts as u64, "training text"),
                report.data.name
            )
        }
    };
    let times = match report.runs.len() {
        0 | 1 => String::new(),
        times => format!(", {times} times with different seeds"),
    };
    format!(
        "{}, taught to tell {classes} apart with {texts}{times}.",
        report.model.base
    )
}

fn answer(report: &Report) -> String {
    let found = verdict(report);
    let mut text = format!(
        "<div class=\"verdict {}\">\n<p>{}</p>\n",
        found.class,
        escape(&found.answer)
    );
    if !found.reasons.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", escape(&found.reasons));
    }
    text + "</div>\n"
}

fn classes_heading(report: &Report) -> String {
    match shown(report) {
        Some((_, side)) => format!("Classes, on the {side}"),
        None => "Classes".into(),
    }
}

fn classes(report: &Report) -> String {
    let (matrix, table) = (confusion(report), tables::classes(report));
    if matrix.is_empty() && table.is_empty() {
        return String::from("<p class=\"note\">Nothing was measured.</p>\n");
    }
    let beside = !matrix.is_empty() && report.labels.len() <= NARROW;
    let hamming = shown(report).and_then(|(scores, _)| scores.hamming_loss);
    let note = hamming.map(|loss| {
        format!(
            "<p class=\"note\">A text may have several labels: each counts from a probability of 0.5 \
             on. Of all these decisions {} are wrong.</p>\n",
            share(loss)
        )
    });
    let class = if beside {
        "charts matrix"
    } else {
        "charts one"
    };
    format!(
        "<div class=\"{class}\">\n{matrix}{table}</div>\n{}",
        note.unwrap_or_default()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::{ScoreOptions, Scores, Truth};

    const HOSTILE: &str = "</td></pre><script>\"x\" & 'y'\u{1b}[2J\0\u{ffff}]]>&nbsp;";

    /// Every tag closed, every attribute quoted, nothing raw between them; and no number that is none.
    fn whole(page: &str) {
        let mut open = Vec::new();
        let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
        while let Some(start) = rest.find('<') {
            text(&rest[..start]);
            let end = start + rest[start..].find('>').unwrap();
            let tag = &rest[start + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "</{name}>");
                continue;
            }
            let (tag, empty) = tag
                .strip_suffix('/')
                .map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()),
                "<{tag}>"
            );
            assert_eq!(
                attributes.matches('"').count(),
                2 * attributes.matches("=\"").count(),
                "<{tag}>"
            );
            text(attributes);
            if !empty {
                open.push(name);
            }
            if name == "style" {
                rest = &rest[rest.find("</style>").unwrap()..];
            }
        }
        assert!(open.is_empty(), "{open:?}");
        for outside in [
            "http://", "https://", "url(", "@import", "<script", "src=", "<link",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    fn text(text: &str) {
        for (at, _) in text.match_indices('&') {
            let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
            assert!(
                known
                    .iter()
                    .any(|reference| text[at..].starts_with(reference)),
                "{text}"
            );
        }
        let odd = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(odd, None, "{text}");
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        assert!(!words.any(|word| matches!(word, "NaN" | "inf")), "{text}");
    }

    #[test]
    fn every_part_is_on_the_page() {
        let page = page(&sample::spam());
        whole(&page);
        for part in [
            "sms-spam",
            "recall",
            "Confusion matrix",
            "ROC, few false positives",
            "After temperature 1.700",
            "at most 0.1 %",
            "tf-idf + logistic regression",
            "messages.tsv:3064",
            "stands in training too",
            "malformed",
            "3,561",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("class=\"confusion\"").count(), 1);
    }

    #[test]
    fn whatever_a_text_says_is_text() {
        let report = sample::spam();
        let mut json = serde_json::to_value(&report).unwrap();
        fill(&mut json);
        whole(&page(&serde_json::from_value(json).unwrap()));
    }

    /// Puts the hostile text into every field of text, but for names that are variants.
    fn fill(value: &mut serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::String(text) if !matches!(text.as_str(), "Exact" | "Normalised" | "Near") => {
                *text = HOSTILE.into();
            }
            Value::Array(items) => items.iter_mut().for_each(fill),
            Value::Object(fields) => {
                fields.values_mut().for_each(fill);
                if let Some(Value::Object(named)) = fields.get_mut("baselines") {
                    let found = named.values().next().cloned().unwrap_or_default();
                    named.insert(HOSTILE.into(), found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn a_report_of_nothing_is_dashes() {
        let mut report = sample::nothing();
        let empty = page(&report);
        whole(&empty);
        assert!(empty.contains("<p class=\"value\">–</p>"));
        // A run that measured nothing, and scores of no text at all.
        report = sample::spam();
        let options = ScoreOptions {
            positive: Some(1),
            temperature: None,
        };
        let scores = Scores::of(Truth::Single(&[]), &[], &["ham", "spam"], options).unwrap();
        for (index, run) in report.runs.iter_mut().enumerate() {
            run.validation = None;
            run.test = (index % 2 == 0).then(|| scores.clone());
            run.test_deduplicated = None;
            (run.threshold, run.at_threshold) = (None, None);
            run.validation_loss = f64::NAN;
            run.train_losses = vec![[1.0, f64::NAN]];
            run.evaluations = vec![[1.0, f64::INFINITY, f64::NAN]];
        }
        for baseline in report.baselines.values_mut() {
            baseline.scores = scores.clone();
            baseline.accuracy = f64::NAN;
            baseline.accuracy_difference = None;
        }
        whole(&page(&report));
    }

    #[test]
    fn several_labels_have_no_matrix_and_a_curve_for_each_class() {
        let page = page(&sample::several_labels(4));
        whole(&page);
        assert!(!page.contains("Confusion matrix") && page.contains("every label is"));
        for class in 0..4 {
            assert!(page.contains(&format!("topic {class} 0.")), "{class}");
        }
    }

    #[test]
    fn many_classes_are_a_matrix_as_long_as_it_can_be_read() {
        let matrix = page(&sample::many_classes(12));
        whole(&matrix);
        assert!(matrix.contains("confusion many"));
        let list = page(&sample::many_classes(40));
        whole(&list);
        assert!(list.contains("Most frequent mix-ups") && !list.contains("confusion many"));
    }
}
