//! `report.html`: what a corpus is made of, for a person.
//!
//! Whoever chooses the text shapes the model. So the page shows what went in, what each rule left out and
//! why, with samples, and what a model will read of each source.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::markup::{document, escape, list, section, table};
use super::{Report, beside, grouped, steps};
use crate::prepare::{Kept, SourceReport};
use crate::recipe::DataRecipe;

/// Hosts and languages that are shown.
const SHOWN: usize = 20;

/// The page; `recipe` is the one that the text was prepared by.
pub fn page(report: &Report, recipe: &DataRecipe) -> String {
    let mut body = head(report);
    body += &section("Sources", &sources(report, recipe));
    if !report.judged.is_empty() {
        body += &section("Step by step", &step_by_step(&report.judged));
        body += &section("What is kept", &kept(report));
        body += &section("What was left out, or told of", &samples(&report.judged));
    }
    if !(report.evaluations.is_empty() && report.links.is_empty()) {
        body += &section("Read beside the sources", &read_beside(report));
    }
    if !report.duplicate_sizes.is_empty() {
        let rows: Vec<(String, u64)> = report
            .duplicate_sizes
            .iter()
            .map(|(size, groups)| (format!("{} documents", grouped(*size)), *groups))
            .collect();
        body += &section("Groups of duplicates, by size", &bars("groups", &rows));
    }
    body += &section("Tokens", &tokens(report));
    let _ = writeln!(
        body,
        "<footer>Slovo {} made this page; the same numbers for programs are in report.json beside \
         it.</footer>",
        env!("CARGO_PKG_VERSION")
    );
    document(&report.name, &body)
}

fn head(report: &Report) -> String {
    format!(
        "<header>\n<p class=\"kind\">Corpus</p>\n<h1>{}</h1>\n<p class=\"lead\">{} tokens of {} bytes to learn \
         from, {} tokens held out. Fingerprint {}.</p>\n</header>\n",
        escape(&report.name),
        grouped(report.train.tokens),
        grouped(report.train.bytes),
        grouped(report.validation.tokens),
        escape(report.fingerprint.get(..12).unwrap_or_default()),
    )
}

/// What of each source is left, and how often a model reads it.
fn sources(report: &Report, recipe: &DataRecipe) -> String {
    let found: Vec<(String, u64)> = (0..)
        .zip(&recipe.sources)
        .map(|(i, source)| {
            let name = source.label(i);
            let tokens = report
                .sources
                .get(&name)
                .map_or(0, |share| share.train_tokens);
            (name, tokens)
        })
        .collect();
    let sizes: Vec<(&str, u64)> = found
        .iter()
        .map(|(name, size)| (name.as_str(), *size))
        .collect();
    let total: u64 = sizes.iter().map(|(_, size)| size).sum();
    let mixture = recipe.mixture.as_ref();
    let budget = mixture.and_then(|mixture| mixture.tokens).unwrap_or(total);
    let names: Vec<&str> = sizes.iter().map(|(name, _)| *name).collect();
    let mixed = mixture.and_then(|mixture| {
        let weights = mixture.shares(&names).ok()?;
        Some((weights, mixture.epochs(&sizes, budget).ok()?))
    });
    let mut header = vec![
        "source",
        "files",
        "on disk",
        "documents read",
        "kept",
        "bytes kept",
        "tokens",
        "of all",
    ];
    if mixed.is_some() {
        header.extend(["weight", "of what is read", "epochs"]);
    }
    let percent = |part: f64, whole: f64| format!("{:.1} %", 100.0 * part / whole.max(1.0));
    let rows = sizes.iter().enumerate().map(|(i, (name, size))| {
        let judged = report.judged.get(*name);
        let share = report.sources.get(*name);
        let or = |number: Option<u64>| number.map_or("–".to_owned(), grouped);
        let mut cells = vec![
            (*name).to_owned(),
            or(judged.map(|it| it.files)),
            or(judged.map(|it| it.file_bytes)),
            or(judged.map(|it| it.read.documents)),
            or(share.map(|it| it.documents)),
            or(share.map(|it| it.bytes)),
            grouped(*size),
            percent(*size as f64, total as f64),
        ];
        if let Some((weights, epochs)) = &mixed {
            cells.push(percent(weights[i], 1.0));
            cells.push(percent(epochs[i] * *size as f64, budget as f64));
            cells.push(format!("{:.2}", epochs[i]));
        }
        cells
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = table("results", &header, &rows);
    if mixed.is_some() {
        let _ = writeln!(
            text,
            "<p class=\"note\">Epochs when {} tokens are read in all; weights are made to add up to \
             one.</p>",
            grouped(budget)
        );
    }
    text
}

/// The documents of each source on their way, a line a step.
fn step_by_step(judged: &BTreeMap<String, SourceReport>) -> String {
    let mut text = String::new();
    for (name, source) in judged {
        let _ = writeln!(text, "<h3>{}</h3>", escape(name));
        let rows: Vec<Vec<String>> = steps::of(source)
            .iter()
            .map(|step| {
                vec![
                    step.name.to_owned(),
                    grouped(step.documents_in),
                    grouped(step.documents_out),
                    step.changed.map_or("–".to_owned(), grouped),
                    grouped(step.bytes_in),
                    grouped(step.bytes_out),
                    step.why.join(", "),
                ]
            })
            .collect();
        text += &table(
            "results",
            &[
                "step",
                "documents in",
                "out",
                "changed",
                "bytes in",
                "out",
                "why documents went",
            ],
            &rows,
        );
    }
    text
}

/// Languages, lengths and hosts of what is left, over all sources and of each.
fn kept(report: &Report) -> String {
    let mut all = Kept::default();
    for source in report.judged.values() {
        all.add(&source.kept);
    }
    let mut text = histograms(&all);
    if report.judged.len() > 1 {
        for (name, source) in &report.judged {
            if source.kept.documents > 0 {
                text += &details(name, &histograms(&source.kept));
            }
        }
    }
    text
}

fn histograms(kept: &Kept) -> String {
    let mut text = String::from("<h3>Languages</h3>\n");
    text += &bars("documents", &most(&kept.languages));
    text += "<h3>Lengths, in bytes of text</h3>\n";
    let lengths: Vec<(String, u64)> = kept
        .lengths
        .iter()
        .enumerate()
        .skip_while(|(_, count)| **count == 0)
        .map(|(class, count)| (format!("from {}", grouped(1 << class)), *count))
        .collect();
    text += &bars("documents", &lengths);
    if !kept.hosts.is_empty() {
        text += "<h3>Hosts</h3>\n";
        text += &bars("documents", &most(&kept.hosts));
    }
    text
}

/// What is folded away behind a line of text; `inside` is markup.
fn details(summary: &str, inside: &str) -> String {
    format!(
        "<details><summary>{}</summary>\n{inside}</details>\n",
        escape(summary)
    )
}

fn most(counts: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.iter().map(|(it, n)| (it.clone(), *n)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if counts.len() > SHOWN {
        let rest = counts.split_off(SHOWN);
        let sum = rest.iter().map(|(_, count)| count).sum();
        counts.push((format!("{} others", rest.len()), sum));
    }
    counts
}

/// A table whose last column is a bar.
fn bars(counted: &str, rows: &[(String, u64)]) -> String {
    let most = rows
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(0)
        .max(1);
    let mut text = format!(
        "<div class=\"wide\"><table class=\"results bars\">\n<thead><tr><th></th><th \
         scope=\"col\">{}</th><th></th></tr></thead>\n<tbody>\n",
        escape(counted)
    );
    for (name, count) in rows {
        let width = 100.0 * *count as f64 / most as f64;
        let _ = writeln!(
            text,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"bar\"><span style=\"width: \
             {width:.1}%\"></span></td></tr>",
            escape(name),
            grouped(*count)
        );
    }
    text + "</tbody>\n</table></div>\n"
}

/// What was left out, as it begins.
fn samples(judged: &BTreeMap<String, SourceReport>) -> String {
    let mut text = String::new();
    for (name, source) in judged {
        for step in steps::of(source) {
            if step.samples.is_empty() {
                continue;
            }
            let mut inside = String::from("<div class=\"samples\">");
            for sample in step.samples {
                let beside = match &sample.other {
                    Some(other) => format!(" · beside {other}"),
                    None => String::new(),
                };
                let text = match sample.text.is_empty() {
                    true => String::new(),
                    false => format!("\n<pre>{}</pre>", escape(&sample.text)),
                };
                let _ = writeln!(
                    inside,
                    "<article><h3>{} · {}{}</h3>{text}</article>",
                    escape(&sample.reason),
                    escape(&sample.place),
                    escape(&beside)
                );
            }
            inside += "</div>";
            let documents = grouped(step.out);
            let summary = format!("{name}: {}, {documents} documents", step.name);
            text += &details(&summary, &inside);
        }
        for broken in &source.read.broken_files {
            let _ = writeln!(text, "<p class=\"note\">{}</p>", escape(broken));
        }
    }
    match text.is_empty() {
        true => "<p class=\"note\">Nothing.</p>\n".to_owned(),
        false => text,
    }
}

/// Evaluations and lists of links, and what could not be read of them.
fn read_beside(report: &Report) -> String {
    let mut text = String::new();
    let evaluations = beside::evaluations(report).into_iter().map(Vec::from);
    let links = beside::links(report).into_iter().map(Vec::from);
    for (head, rows) in [
        (&beside::EVALUATIONS[..], evaluations.collect::<Vec<_>>()),
        (&beside::LINKS[..], links.collect()),
    ] {
        if !rows.is_empty() {
            text += &table("results", head, &rows);
        }
    }
    for fault in beside::faults(report) {
        let _ = writeln!(text, "<p class=\"note\">{}</p>", escape(&fault));
    }
    text
}

fn tokens(report: &Report) -> String {
    let tokenizer = &report.tokenizer;
    let used = 100.0 * report.vocabulary_used as f64 / tokenizer.vocab_size.max(1) as f64;
    list(&[
        ("tokenizer".to_owned(), tokenizer.kind.clone()),
        (
            "vocabulary".to_owned(),
            grouped(tokenizer.vocab_size as u64),
        ),
        (
            "tokens of it that occur".to_owned(),
            format!("{} ({used:.1} %)", grouped(report.vocabulary_used)),
        ),
        (
            "bytes a token".to_owned(),
            format!("{:.3}", report.bytes_per_token),
        ),
        ("seconds".to_owned(), report.seconds.to_string()),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Sample;
    use crate::prepare::StepReport;
    use crate::recipe::from_ron_str;
    use crate::report::Share;

    #[test]
    fn a_page_tells_what_went_and_escapes_it() {
        let recipe: DataRecipe = from_ron_str(
            r#"(name: "two", sources: [Files(name: Some("web"), paths: ["a"]), Files(name: Some("books"), paths: ["b"])],
                tokenizer: Byte, split: Hash(validation: 0.1),
                mixture: Some((weights: {"web": 3, "books": 1}, tokens: Some(400))))"#,
        )
        .unwrap();
        let mut step = StepReport::new("GopherQuality");
        step.dropped.insert("mean word length".to_owned(), 7);
        let sample = || Sample::at("a#0".to_owned(), "<script>&").beside(Some("b#1".to_owned()));
        step.samples.keep("mean word length", sample);
        let web = SourceReport {
            steps: vec![step],
            ..SourceReport::default()
        };
        let share = |train_tokens| Share {
            train_tokens,
            ..Share::default()
        };
        let report = Report {
            judged: [("web".to_owned(), web)].into(),
            sources: [
                ("web".to_owned(), share(100)),
                ("books".to_owned(), share(300)),
            ]
            .into(),
            duplicate_sizes: [(2, 5)].into(),
            ..Report::default()
        };
        let page = page(&report, &recipe);
        assert!(page.contains("a#0 · beside b#1") && page.contains("seconds</dt><dd>0.0 ("));
        assert!(page.contains("7 mean word length") && page.contains("&lt;script&gt;&amp;"));
        // 300 of 400 tokens from 100, and 100 from 300.
        assert!(
            page.contains("<td>75.0 %</td><td>75.0 %</td><td>3.00</td>")
                && page.contains("<td>0.33</td>")
        );
        assert!(page.contains("2 documents</th><td>5</td>"));
    }
}
