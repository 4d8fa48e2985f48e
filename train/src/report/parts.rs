//! What the page of one run and the page of several have in common: a run's key figures, its state
//! in words, and its curves.

use super::chart::{Curve, Style};
use super::curve::{Points, radius, smooth};
use super::figures;
use super::markup::table;
use super::record::{RunRecord, Status, took_effect};
use crate::launches::How;
use crate::run::TrainRow;
use slovo_data::report::grouped;

/// The loss that stands for a run, and on what it was measured.
pub struct Headline {
    /// Nats per token.
    pub loss: f64,
    /// Half of its 95 % interval, where known.
    pub interval: Option<f64>,
    /// Bits for a byte, where known.
    pub bits_per_byte: Option<f64>,
    /// The share of targets that were the likeliest token, where that is asked.
    pub accuracy: Option<f64>,
    /// Steps behind the model.
    pub step: u64,
    /// Of which windows.
    pub windows: String,
}

/// The whole validation set where the run came to its end, else the best evaluation so far.
pub fn headline(record: &RunRecord) -> Option<Headline> {
    if let Some(found) = record.measured() {
        let of = found.evaluation;
        return Some(Headline {
            loss: of.loss,
            interval: of.standard_error.map(|error| 1.96 * error),
            bits_per_byte: of.bits_per_byte,
            accuracy: of.accuracy,
            step: found.step,
            windows: format!("all {} windows", grouped(of.windows)),
        });
    }
    record.best().map(|row| Headline {
        loss: row.loss,
        interval: None,
        bits_per_byte: row.bits_per_byte,
        accuracy: row.accuracy,
        step: row.step,
        windows: format!("{} windows", grouped(row.windows)),
    })
}

/// What the run is doing: a class of the style sheet, and words.
pub fn status(record: &RunRecord) -> (&'static str, String) {
    let at = format!(
        "step {} of {}",
        grouped(record.step()),
        grouped(record.recipe.steps)
    );
    match &record.status {
        Status::Running => ("going", format!("running, {at}")),
        Status::Interrupted => ("broken", format!("interrupted, {at}")),
        Status::Ended(end) => match end.how {
            How::Finished => ("good", "finished".into()),
            How::NoImprovement => ("good", format!("no more improvement, {at}")),
            How::Stopped => ("going", format!("stopped, {at}")),
            How::Failed => ("broken", format!("failed, {at}")),
        },
    }
}

/// A column of the steps, by step.
pub fn by_step(record: &RunRecord, y: impl Fn(&TrainRow) -> f64) -> Points {
    let rows = record.steps.iter();
    rows.map(|row| (row.step as f64, y(row))).collect()
}

/// The learning rate; a skipped step had none.
pub fn rate(row: &TrainRow) -> f64 {
    match took_effect(row) {
        true => row.lr,
        false => f64::NAN,
    }
}

/// A noisy curve twice: faintly as it is, and its mean. A short one is drawn once.
pub fn noisy(name: &str, points: Points, colour: usize) -> Vec<Curve> {
    let curve = |name: String, points, style| Curve {
        name,
        points,
        colour,
        style,
        named: None,
    };
    match radius(points.len()) {
        0 => vec![curve(name.into(), points, Style::Line)],
        radius => {
            let mean = smooth(&points, radius);
            let mean_name = match name.is_empty() {
                true => String::new(),
                false => format!("{name}, mean of {} steps", 2 * radius + 1),
            };
            vec![
                curve(name.into(), points, Style::Raw),
                curve(mean_name, mean, Style::Line),
            ]
        }
    }
}

/// The mean alone, for charts with several runs.
pub fn calm(points: &[(f64, f64)]) -> Points {
    smooth(points, radius(points.len()))
}

/// Where a loss was measured, in a few words: `± 0.0042 nats per token, all 1,742 windows`.
pub fn measured_on(headline: &Headline) -> String {
    let within = headline
        .interval
        .map(|half| format!("± {} ", figures::loss(half)));
    format!(
        "{}nats per token, {}",
        within.unwrap_or_default(),
        headline.windows
    )
}

/// Bits per byte of each source's held-out text, a column a run.
pub fn by_source(records: &[RunRecord], names: &[String]) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for figure in records.iter().flat_map(|record| &record.sources) {
        if !sources.contains(&figure.name.as_str()) {
            sources.push(&figure.name);
        }
    }
    let mut head = vec!["bits per byte"];
    head.extend(names.iter().map(String::as_str));
    let row = |source: &&str| {
        let cells = records.iter().map(|record| {
            let found = record.sources.iter().find(|figure| figure.name == **source);
            let bits = found.and_then(|figure| Some((figure.bits_per_byte?, figure.interval)));
            bits.map_or("–".to_owned(), |(bits, interval)| match interval {
                Some(half) => format!("{bits:.3} ± {half:.3}"),
                None => format!("{bits:.3}"),
            })
        });
        std::iter::once((*source).to_owned()).chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = sources.iter().map(row).collect();
    table("results", &head, &rows)
}
