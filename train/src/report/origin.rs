//! Where a run comes from: the text that it learned, and the machines that it ran on.

use super::figures;
use super::markup::{list, table};
use super::record::RunRecord;
use super::settings::settings;
use crate::launches::{How, Launch};
use crate::material::MaterialReport;
use slovo_data::report::{Share, grouped};
use slovo_data::{PairReport, Waste};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Packages and sources that are listed by name; the others are in the numbers.
const LISTED: usize = 12;

/// The text: how much of it, from where, under which licences, and what was done to it.
pub fn data(record: &RunRecord) -> String {
    let sections = settings(&record.recipe);
    let recipe = sections.iter().find(|(name, _)| name == "data");
    let recipe = recipe.map(|(_, rows)| rows.clone()).unwrap_or_default();
    let recipe_alone = |why: &str| format!("<p class=\"note\">{why}</p>\n{}", list(&recipe));
    let data = match &record.data {
        Some(MaterialReport::Text(data)) => data,
        Some(MaterialReport::Pairs(data)) => return pairs(data, recipe),
        None => return recipe_alone("This run kept no record of its text; its recipe says:"),
    };
    let splits = [("training", &data.train), ("validation", &data.validation)];
    let rows = splits.map(|(name, split)| {
        let numbers = [split.documents, split.bytes, split.tokens].map(grouped);
        std::iter::once(name.to_string()).chain(numbers).collect()
    });
    let mut text = table("shares", &["", "documents", "bytes", "tokens"], &rows);
    text += &shares("source", &data.sources);
    text += &shares("licence", &data.licences);
    if !data.packages.is_empty() {
        text += &shares("package", &data.packages);
    }
    let clean = &data.clean;
    let waste = record.launches.last().and_then(|launch| launch.waste);
    let windows = waste.map(|waste| ("windows", windows(waste, data.train.tokens)));
    let known = [
        (
            "tokenizer",
            format!(
                "{}, {} tokens, {:.3} bytes a token",
                data.tokenizer.kind,
                grouped(data.tokenizer.vocab_size as u64),
                data.bytes_per_token
            ),
        ),
        ("left out", data.left_out()),
        (
            "changed",
            format!(
                "{} line ends, {} control characters, {} bytes not UTF-8, {} documents to NFC",
                grouped(clean.newlines_changed),
                grouped(clean.control_removed),
                grouped(data.read.encoding_replaced),
                grouped(clean.nfc_changed)
            ),
        ),
        ("fingerprint", data.fingerprint.clone()),
    ];
    let known = known.into_iter().chain(windows);
    let known = known.map(|(name, value)| (name.to_string(), value));
    let recipe = recipe.into_iter().filter(|(name, _)| name != "tokenizer");
    text + &list(&known.chain(recipe).collect::<Vec<_>>())
}

/// The same of pairs of texts.
fn pairs(data: &PairReport, recipe: Vec<(String, String)>) -> String {
    let splits = [("training", &data.train), ("validation", &data.validation)];
    let rows = splits.map(|(name, split)| {
        let numbers = [split.pairs, split.sources.tokens, split.targets.tokens].map(grouped);
        std::iter::once(name.to_string()).chain(numbers).collect()
    });
    let text = table(
        "shares",
        &["", "pairs", "source tokens", "target tokens"],
        &rows,
    );
    let dropped = &data.dropped;
    let known = [
        (
            "tokenizer",
            format!(
                "{}, {} tokens, of both sides",
                data.tokenizer.kind,
                grouped(data.tokenizer.vocab_size as u64)
            ),
        ),
        (
            "left out",
            format!(
                "{} pairs that came twice, {} too short, {} too long, {} of held-out sources",
                grouped(dropped.duplicates),
                grouped(dropped.too_short + dropped.unsaid),
                grouped(dropped.too_long),
                grouped(dropped.held_out)
            ),
        ),
        ("fingerprint", data.fingerprint.clone()),
    ];
    let known = known.map(|(name, value)| (name.to_string(), value));
    let recipe = recipe.into_iter().filter(|(name, _)| name != "tokenizer");
    text + &list(&known.into_iter().chain(recipe).collect::<Vec<_>>())
}

/// A table of what each source, licence or package gave, the largest first; what is held out whole
/// comes before the rest.
fn shares(what: &str, shares: &BTreeMap<String, Share>) -> String {
    let with_licences = what != "licence";
    let mut order: Vec<_> = shares.iter().collect();
    let held_out = |share: &Share| share.train_tokens == 0 && share.validation_tokens > 0;
    order.sort_by_key(|(_, share)| (!held_out(share), std::cmp::Reverse(share.bytes)));
    let rows: Vec<Vec<String>> = order
        .iter()
        .take(LISTED)
        .map(|(name, share)| {
            let numbers = [
                share.documents,
                share.bytes,
                share.train_tokens,
                share.validation_tokens,
            ];
            let licences: Vec<_> = share.licences.iter().map(String::as_str).collect();
            let mut row = vec![name.to_string()];
            row.extend(numbers.map(grouped));
            if with_licences {
                row.push(match licences.len() {
                    0..=2 => licences.join(", "),
                    many => format!("{many}, see below"),
                });
            }
            row
        })
        .collect();
    let mut head = vec![
        what,
        "documents",
        "bytes",
        "training tokens",
        "validation tokens",
    ];
    if with_licences {
        head.push("licence");
    }
    let mut text = table("shares", &head, &rows);
    if let Some(hidden) = order.len().checked_sub(LISTED).filter(|hidden| *hidden > 0) {
        let _ = writeln!(
            text,
            "<p class=\"note\">and {hidden} more, in report.json</p>"
        );
    }
    text
}

/// What windows leave empty, and what of so many tokens they leave out.
fn windows(waste: Waste, tokens: u64) -> String {
    format!(
        "{:.1} % of a batch is padding, {} tokens are cropped ({:.1} %)",
        100.0 * waste.padding,
        grouped(waste.cropped),
        100.0 * waste.cropped as f64 / tokens.max(1) as f64
    )
}

/// Each launch, when and on what.
pub fn environment(launches: &[Launch]) -> String {
    if launches.is_empty() {
        return "<p class=\"note\">This run kept no record of where it ran.</p>\n".into();
    }
    let rows: Vec<Vec<String>> = launches
        .iter()
        .map(|launch| {
            let cpu = launch.cpu.as_deref().unwrap_or("unknown");
            vec![
                figures::moment(launch.began),
                grouped(launch.step),
                ending(launch),
                format!("{}, {}", launch.backend, launch.device),
                format!("{cpu}, {} threads", launch.threads),
                memory(launch),
                launch.system.clone(),
                launch.slovo.clone(),
            ]
        })
        .collect();
    let head = [
        "began",
        "at step",
        "ended",
        "backend",
        "processor",
        "peak memory",
        "system",
        "Slovo",
    ];
    table("launches", &head, &rows)
}

fn memory(launch: &Launch) -> String {
    let peak = launch.end.as_ref().and_then(|end| end.peak_memory);
    peak.map_or("unknown".into(), |peak| {
        format!("{} MiB", grouped(peak >> 20))
    })
}

fn ending(launch: &Launch) -> String {
    let Some(end) = &launch.end else {
        return "no end on record".into();
    };
    let how = match end.how {
        How::Finished => "finished",
        How::NoImprovement => "no more improvement",
        How::Stopped => "stopped",
        How::Failed => "failed",
    };
    format!("{how}, {}", figures::moment(end.at))
}
