//! The page of one run.

use super::chart::{Chart, Curve, Style};
use super::curve::Points;
use super::figures;
use super::markup::{document, escape, list, section};
use super::origin;
use super::parts::{by_source, by_step, headline, measured_on, noisy, rate, status};
use super::record::{RunRecord, Status};
use super::scale::Extent;
use super::settings::settings;
use crate::launches::How;
use slovo_data::report::grouped;
use std::fmt::Write;

/// The page.
pub fn page(record: &RunRecord) -> String {
    let mut body = head(record);
    body += &tiles(record);
    body += &section("Curves", &charts(record));
    if !record.sources.is_empty() {
        let name = [record.name.clone()];
        let matrix = by_source(std::slice::from_ref(record), &name);
        body += &section("Held-out text by source", &matrix);
    }
    body += &section("Samples", &samples(record));
    body += &section("Settings", &cards(record));
    body += &section("Data", &origin::data(record));
    body += &section("Environment", &origin::environment(&record.launches));
    let _ = writeln!(
        body,
        "<footer>Slovo {} made this page from the run folder; the same numbers for programs are in \
         report.json beside it.</footer>",
        env!("CARGO_PKG_VERSION")
    );
    document(&record.name, &body)
}

fn head(record: &RunRecord) -> String {
    let (class, words) = status(record);
    let mut text = format!(
        "<header>\n<p class=\"kind\">Pretraining</p>\n<h1>{} <span class=\"status {class}\">{}</span></h1>\n",
        escape(&record.name),
        escape(&words)
    );
    if let Some(lead) = lead(record) {
        let _ = writeln!(text, "<p class=\"lead\">{}</p>", escape(&lead));
    }
    if let Status::Ended(end) = &record.status
        && let (How::Failed, Some(error)) = (end.how, &end.error)
    {
        let _ = writeln!(text, "<p class=\"error\">{}</p>", escape(error));
    }
    text + "</header>\n"
}

/// What was trained on what, in a sentence.
fn lead(record: &RunRecord) -> Option<String> {
    let model = record.recipe.model().ok()?;
    let mut text = format!(
        "A transformer of {} layers, width {} and {} heads, trained on ",
        model.n_layers, model.d_model, model.n_heads
    );
    text += &match &record.data {
        Some(data) => format!(
            "{} ({} tokens; {} tokenizer, vocabulary of {})",
            data.name(),
            figures::compact(data.targets() as f64),
            data.tokenizer().kind,
            grouped(data.tokenizer().vocab_size as u64)
        ),
        None => record.recipe.data().ok()?.name,
    };
    let step = record.recipe.tokens_per_step().ok()?;
    Some(format!("{text}, {} tokens a step.", grouped(step)))
}

/// The key figures.
fn tiles(record: &RunRecord) -> String {
    let unknown = || "–".to_string();
    let found = headline(record);
    let (loss, on) = found.as_ref().map_or_else(
        || (unknown(), "not measured yet".to_string()),
        |found| (figures::loss(found.loss), measured_on(found)),
    );
    let bits = found.as_ref().and_then(|found| found.bits_per_byte);
    let epochs = record.epochs().map(|epochs| format!("{epochs:.2} epochs"));
    let tile = |class: &str, name: &str, value: String, more: String| {
        format!(
            "<div class=\"tile{class}\"><p class=\"name\">{}</p><p class=\"value\">{}</p>\
             <p class=\"more\">{}</p></div>\n",
            escape(name),
            escape(&value),
            escape(&more)
        )
    };
    let best = found
        .as_ref()
        .map(|found| format!("best at step {}", grouped(found.step)));
    let mut text = String::from("<div class=\"tiles\">\n");
    text += &tile(" first", "validation loss", loss, on);
    text += &tile(
        "",
        "perplexity",
        found
            .as_ref()
            .map_or_else(unknown, |found| figures::perplexity(found.loss.exp())),
        best.unwrap_or_default(),
    );
    text += &match found.as_ref().and_then(|found| found.accuracy) {
        Some(accuracy) => tile(
            "",
            "accuracy",
            format!("{:.1} %", 100.0 * accuracy),
            "of hidden tokens".into(),
        ),
        None => tile(
            "",
            "bits per byte",
            bits.map_or_else(unknown, figures::loss),
            "of held-out text".into(),
        ),
    };
    text += &tile(
        "",
        "parameters",
        record
            .parameters()
            .map_or_else(unknown, |n| figures::compact(n as f64)),
        record.parameters().map(grouped).unwrap_or_default(),
    );
    text += &tile(
        "",
        "tokens seen",
        figures::compact(record.tokens() as f64),
        epochs.unwrap_or_else(|| grouped(record.tokens())),
    );
    text += &tile(
        "",
        "time training",
        figures::time(record.time()),
        record
            .speed()
            .map(|speed| format!("{} tokens/s", figures::speed(speed)))
            .unwrap_or_default(),
    );
    text + "</div>\n"
}

fn charts(record: &RunRecord) -> String {
    let skipped: Vec<f64> = record.skipped().map(|row| row.step as f64).collect();
    let chart = |title: &str, unit, extent, curves, note: String| Chart {
        title: title.into(),
        unit,
        along: "step".into(),
        extent,
        tall: false,
        curves,
        rule: None,
        skipped: Vec::new(),
        note,
    };
    let mut losses = noisy("train", by_step(record, |row| row.loss), 0);
    losses.push(validation(record));
    let loss = Chart {
        tall: true,
        skipped: skipped.clone(),
        ..chart(
            "Loss",
            "nats per token",
            Extent::Falling,
            losses,
            loss_note(record, skipped.len()),
        )
    };
    let learning_rate = chart(
        "Learning rate",
        "",
        Extent::FromZero,
        vec![line(by_step(record, rate))],
        String::new(),
    );
    let norm = Chart {
        rule: record
            .recipe
            .clip
            .map(|clip| (clip, format!("clip {clip}"))),
        skipped,
        ..chart(
            "Gradient norm",
            "before clipping",
            Extent::Around,
            noisy("", by_step(record, |row| row.grad_norm), 0),
            clipped(record),
        )
    };
    let speed = chart(
        "Throughput",
        "tokens per second",
        Extent::FromZero,
        noisy("", by_step(record, |row| row.tokens_per_second), 0),
        "Of steps; evaluations, checkpoints and samples are not counted.".into(),
    );
    format!(
        "{}<div class=\"charts\">\n{}{}{}</div>\n",
        loss.draw(),
        learning_rate.draw(),
        norm.draw(),
        speed.draw()
    )
}

/// A curve without noise.
fn line(points: Points) -> Curve {
    Curve {
        name: String::new(),
        points,
        colour: 0,
        style: Style::Line,
        named: None,
    }
}

fn validation(record: &RunRecord) -> Curve {
    Curve {
        name: "validation".into(),
        points: record
            .evaluations
            .iter()
            .map(|row| (row.step as f64, row.loss))
            .collect(),
        colour: 1,
        style: Style::Points,
        named: record.best().map(|best| {
            let name = format!("best {}", figures::loss(best.loss));
            (best.step as f64, best.loss, name)
        }),
    }
}

fn loss_note(record: &RunRecord, skipped: usize) -> String {
    let mut note = String::new();
    if let Some(last) = record.evaluations.last() {
        note += &format!(
            "Each validation point is of {} windows. ",
            grouped(last.windows)
        );
    }
    if skipped > 0 {
        let steps = if skipped == 1 {
            "step was"
        } else {
            "steps were"
        };
        note += &format!(
            "{} {steps} skipped: loss or gradient was not a finite number.",
            grouped(skipped as u64)
        );
    }
    note.trim_end().into()
}

fn clipped(record: &RunRecord) -> String {
    let Some(clip) = record.recipe.clip else {
        return "Nothing was clipped.".into();
    };
    let norms = record.steps.iter().map(|row| row.grad_norm);
    let finite: Vec<_> = norms.filter(|norm| norm.is_finite()).collect();
    if finite.is_empty() {
        return String::new();
    }
    let above = finite.iter().filter(|norm| **norm > clip).count();
    let share = 100.0 * above as f64 / finite.len() as f64;
    format!("{share:.0} % of steps were clipped.")
}

fn samples(record: &RunRecord) -> String {
    if record.samples.is_empty() {
        let why = match &record.recipe.samples {
            None => "The recipe takes none.",
            Some(_) => "None taken yet.",
        };
        return format!("<p class=\"note\">{why}</p>\n");
    }
    let mut text = String::from(
        "<p class=\"note\">The same prompt (in colour), continued with the same seed.</p>\n\
         <div class=\"samples\">\n",
    );
    for sample in &record.samples {
        let found = record
            .evaluations
            .iter()
            .find(|row| row.step == sample.step);
        let loss = found.map(|row| format!(" · validation loss {}", figures::loss(row.loss)));
        let _ = writeln!(
            text,
            "<article><h3>step {}{}</h3>\n<pre><span class=\"prompt\">{}</span>{}</pre></article>",
            grouped(sample.step),
            escape(&loss.unwrap_or_default()),
            escape(&sample.prompt),
            escape(&sample.text)
        );
    }
    text + "</div>\n"
}

fn cards(record: &RunRecord) -> String {
    let mut text = String::from("<div class=\"cards\">\n");
    for (name, rows) in settings(&record.recipe) {
        if name != "data" {
            let _ = writeln!(
                text,
                "<div class=\"card\"><h3>{}</h3>\n{}</div>",
                escape(&name),
                list(&rows)
            );
        }
    }
    text + "</div>\n"
}
