//! The page of several runs, side by side.

use super::chart::{Chart, Curve, Style, key};
use super::curve::Points;
use super::figures;
use super::markup::{document, escape, section, table};
use super::parts::{by_source, calm, headline, rate, status};
use super::record::RunRecord;
use super::scale::Extent;
use super::settings::differing;
use crate::run::TrainRow;
use slovo_data::report::grouped;
use std::fmt::Write;

/// The page.
pub fn page(records: &[RunRecord]) -> String {
    let names = names(records);
    let title = format!("{} runs side by side", records.len());
    let mut body = format!(
        "<header>\n<p class=\"kind\">Pretraining</p>\n<h1>{}</h1>\n<p class=\"lead legend\">",
        escape(&title)
    );
    for (colour, name) in names.iter().enumerate() {
        body += &key(name, colour, Style::Line);
    }
    body += "</p>\n</header>\n";
    body += &section("Results", &results(records, &names));
    body += &section("Curves", &charts(records));
    if records.iter().any(|record| !record.sources.is_empty()) {
        body += &section("Held-out text by source", &by_source(records, &names));
    }
    if records.iter().any(|record| !record.samples.is_empty()) {
        body += &section("What they say", &last_samples(records, &names));
    }
    body += &section("Settings that differ", &differences(records, &names));
    let _ = writeln!(
        body,
        "<footer>Slovo {} made this page from the run folders; the same numbers for programs are in \
         the file of the same name that ends in .json.</footer>",
        env!("CARGO_PKG_VERSION")
    );
    document(&title, &body)
}

/// The runs' names; those of the same name are numbered.
fn names(records: &[RunRecord]) -> Vec<String> {
    let name = |index: usize| {
        let own = &records[index].name;
        let same = |from: &[RunRecord]| from.iter().filter(|other| other.name == *own).count();
        match same(records) {
            1 => own.clone(),
            _ => format!("{own} ({})", same(&records[..=index])),
        }
    };
    (0..records.len()).map(name).collect()
}

fn results(records: &[RunRecord], names: &[String]) -> String {
    let lowest = |of: &dyn Fn(&RunRecord) -> Option<f64>| {
        let values = records.iter().filter_map(of);
        values.fold(f64::INFINITY, f64::min)
    };
    let loss = |record: &RunRecord| headline(record).map(|found| found.loss);
    let bits = |record: &RunRecord| headline(record)?.bits_per_byte;
    let (best_loss, best_bits) = (lowest(&loss), lowest(&bits));
    let figure = |name: &str, of: &dyn Fn(&RunRecord) -> Option<String>| {
        let values = records
            .iter()
            .map(|record| of(record).unwrap_or("–".into()));
        (name.to_string(), values.collect::<Vec<_>>())
    };
    let figures = [
        figure("state", &|record| Some(status(record).1)),
        figure("validation loss", &|record| loss(record).map(figures::loss)),
        figure("perplexity", &|record| {
            Some(figures::perplexity(loss(record)?.exp()))
        }),
        figure("bits per byte", &|record| bits(record).map(figures::loss)),
        figure("measured on", &|record| Some(headline(record)?.windows)),
        figure("best at step", &|record| {
            Some(grouped(headline(record)?.step))
        }),
        figure("parameters", &|record| {
            Some(figures::compact(record.parameters()? as f64))
        }),
        figure("tokens", &|record| {
            Some(figures::compact(record.tokens() as f64))
        }),
        figure("epochs", &|record| Some(format!("{:.2}", record.epochs()?))),
        figure("time training", &|record| {
            Some(figures::time(record.time()))
        }),
        figure("tokens per second", &|record| {
            record.speed().map(figures::speed)
        }),
        figure("steps skipped", &|record| {
            Some(grouped(record.skipped().count() as u64))
        }),
    ];
    let mut text =
        String::from("<div class=\"wide\"><table class=\"results\">\n<thead><tr><th></th>");
    for (colour, name) in names.iter().enumerate() {
        let key = key(name, colour, Style::Line);
        let _ = write!(text, "<th scope=\"col\">{key}</th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for (name, values) in figures {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", escape(&name));
        for (record, value) in records.iter().zip(values) {
            let best = match name.as_str() {
                "validation loss" => comparable(records) && loss(record) == Some(best_loss),
                "bits per byte" => bits(record) == Some(best_bits),
                _ => false,
            };
            let class = if best { " class=\"best\"" } else { "" };
            let _ = write!(text, "<td{class}>{}</td>", escape(&value));
        }
        text += "</tr>\n";
    }
    text += "</tbody>\n</table></div>\n";
    if !comparable(records) {
        text += "<p class=\"note\">These runs were measured on different tokens: their losses and \
                 perplexities do not compare. Bits per byte do, where the held-out text is the \
                 same.</p>\n";
    }
    text
}

/// What the models say in the end.
fn last_samples(records: &[RunRecord], names: &[String]) -> String {
    let mut text = String::from("<div class=\"samples\">\n");
    for (record, name) in records.iter().zip(names) {
        let last = record.samples.iter().map(|sample| sample.step).max();
        for sample in record
            .samples
            .iter()
            .filter(|sample| Some(sample.step) == last)
        {
            let _ = writeln!(
                text,
                "<article><h3>{}, step {}</h3>\n<pre><span class=\"prompt\">{}</span>{}</pre></article>",
                escape(name),
                grouped(sample.step),
                escape(&sample.prompt),
                escape(&sample.text)
            );
        }
    }
    text + "</div>\n"
}

/// Whether all runs were measured on the same tokens, as far as they say.
fn comparable(records: &[RunRecord]) -> bool {
    let mut tokens = records.iter().map(|record| {
        let data = record.data.as_ref()?;
        Some((
            data.held_out().to_owned(),
            data.tokenizer().fingerprint.clone(),
        ))
    });
    let first = tokens.next();
    tokens.all(|other| Some(other) == first)
}

fn charts(records: &[RunRecord]) -> String {
    let time = Unit::of(records.iter().map(RunRecord::time).fold(0.0, f64::max));
    let chart = |title: &str, unit, along: &str, extent, tall, curves, note: &str| Chart {
        title: title.into(),
        unit,
        along: along.into(),
        extent,
        tall,
        curves,
        rule: None,
        skipped: Vec::new(),
        note: note.into(),
    };
    let evaluated = |x: &dyn Fn(&RunRecord, u64, u64) -> f64| {
        curves(records, Style::Points, |record| {
            let rows = record.evaluations.iter();
            rows.map(|row| (x(record, row.step, row.tokens), row.loss))
                .collect()
        })
    };
    let stepped = |y: &dyn Fn(&TrainRow) -> f64| {
        curves(records, Style::Line, |record| {
            let rows = record.steps.iter();
            let points: Vec<_> = rows.map(|row| (row.tokens as f64, y(row))).collect();
            calm(&points)
        })
    };
    let (around, falling, zero) = (Extent::Around, Extent::Falling, Extent::FromZero);
    let nats = "nats per token";
    let mean = "Each line is the mean of a hundredth of its steps on either side.";
    let by_tokens = evaluated(&|_, _, tokens| tokens as f64);
    let by_time = evaluated(&|record, step, _| record.seconds_at(step) / time.seconds);
    let mut text = chart(
        "Validation loss",
        nats,
        "tokens",
        falling,
        true,
        by_tokens,
        "",
    )
    .draw();
    text += "<div class=\"charts five\">\n";
    let along = format!("time training, in {}", time.name);
    text += &chart("Validation loss", nats, &along, falling, false, by_time, "").draw();
    let losses = stepped(&|row| row.loss);
    text += &chart(
        "Training loss",
        nats,
        "tokens",
        falling,
        false,
        losses,
        mean,
    )
    .draw();
    text += &chart(
        "Learning rate",
        "",
        "tokens",
        zero,
        false,
        stepped(&rate),
        "",
    )
    .draw();
    let norms = stepped(&|row| row.grad_norm);
    text += &chart(
        "Gradient norm",
        "before clipping",
        "tokens",
        around,
        false,
        norms,
        mean,
    )
    .draw();
    let speeds = stepped(&|row| row.tokens_per_second);
    text += &chart(
        "Throughput",
        "tokens per second",
        "tokens",
        zero,
        false,
        speeds,
        mean,
    )
    .draw();
    text + "</div>\n"
}

fn curves(records: &[RunRecord], style: Style, of: impl Fn(&RunRecord) -> Points) -> Vec<Curve> {
    let curve = |(colour, record)| Curve {
        // The page has one legend for all of its charts.
        name: String::new(),
        points: of(record),
        colour,
        style,
        named: None,
    };
    records.iter().enumerate().map(curve).collect()
}

/// A unit in which a time is a small number.
struct Unit {
    seconds: f64,
    name: &'static str,
}

impl Unit {
    fn of(longest: f64) -> Self {
        let (seconds, name) = match longest {
            s if s > 172_800.0 => (86_400.0, "days"),
            s if s > 7_200.0 => (3_600.0, "hours"),
            s if s > 120.0 => (60.0, "minutes"),
            _ => (1.0, "seconds"),
        };
        Self { seconds, name }
    }
}

fn differences(records: &[RunRecord], names: &[String]) -> String {
    let recipes: Vec<_> = records.iter().map(|record| &record.recipe).collect();
    let mut rows = differing(&recipes);
    let launched = |of: &dyn Fn(&crate::launches::Launch) -> String| -> Vec<String> {
        let last = records.iter().map(|record| record.launches.last());
        last.map(|launch| launch.map_or("–".into(), of)).collect()
    };
    for (name, values) in [
        ("text and tokens", records.iter().map(text).collect()),
        ("backend", launched(&|launch| launch.backend.clone())),
        (
            "processor",
            launched(&|launch| launch.cpu.clone().unwrap_or("–".into())),
        ),
        ("Slovo", launched(&|launch| launch.slovo.clone())),
    ] {
        if values.iter().any(|value| *value != values[0]) {
            rows.push(std::iter::once(name.to_string()).chain(values).collect());
        }
    }
    if rows.is_empty() {
        return "<p class=\"note\">None: the same recipe on the same text.</p>\n".into();
    }
    let mut head = vec!["setting"];
    head.extend(names.iter().map(String::as_str));
    table("settings", &head, &rows)
}

/// The first digits of the fingerprint of tokens and tokenizer.
fn text(record: &RunRecord) -> String {
    let data = record.data.as_ref();
    data.map_or("–".into(), |data| {
        data.fingerprint().chars().take(12).collect()
    })
}
