//! What is in a folder.

use crate::checkpoint::{Bundle, Manifest};
use crate::place::{ModelPlace, is_classifier};
use crate::recipe::{Recipe, RunRecipe};
use crate::{Error, Result};
use serde_json::{Value, json};
use slovo_data::prepare::{PairSide, PairSplitReport, holds_pairs};
use slovo_data::report::grouped;
use slovo_data::{Prepared, PreparedPairs};
use std::path::Path;

/// Describes a model folder, a run folder, a checkpoint, or prepared text or pairs.
///
/// # Errors
///
/// A folder that is none of these, or a file in it that is damaged.
pub fn inspect(dir: &Path) -> Result<Value> {
    if dir.join("MANIFEST.json").is_file() {
        return checkpoint(dir);
    }
    if dir.join("report.json").is_file() && dir.join("tokenizer.json").is_file() {
        return prepared(dir);
    }
    if dir.join("recipe.ron").is_file() {
        return run(dir);
    }
    let place = ModelPlace::find(dir).map_err(|error| match error {
        Error::Folder { path, .. } => Error::Folder {
            path,
            what: "is no run folder, model folder, checkpoint or prepared data".into(),
        },
        other => other,
    })?;
    model(&place)
}

fn model(place: &ModelPlace) -> Result<Value> {
    let config = slovo_model::load_config(&place.folder)?;
    let provenance = place.origin()?;
    Ok(json!({
        "kind": "model",
        "folder": place.folder,
        "parameters": config.parameter_count(),
        "shape": config,
        "provenance": provenance,
    }))
}

fn run(dir: &Path) -> Result<Value> {
    let steps = match is_classifier(dir) {
        true => None,
        false => Some(Recipe::of_run(dir)?.steps),
    };
    let shelf = crate::checkpoint::Shelf::new(dir, 1);
    let checkpoints: Vec<_> = shelf
        .bundles()?
        .iter()
        .map(|bundle| {
            json!({
                "step": bundle.step,
                "whole": bundle.verify().map_or_else(|error| error.to_string(), |()| "yes".into()),
            })
        })
        .collect();
    let found = match ModelPlace::find(dir) {
        Ok(place) => model(&place)?,
        Err(_) => Value::Null,
    };
    Ok(json!({
        "kind": "run",
        "folder": dir,
        "steps": steps,
        "trained": last_row(&dir.join("train.csv")),
        "evaluated": last_row(&dir.join("eval.csv")),
        "checkpoints": checkpoints,
        "model": found,
    }))
}

fn checkpoint(dir: &Path) -> Result<Value> {
    let manifest = Manifest::read(dir)?;
    let bundle = Bundle {
        path: dir.into(),
        step: manifest.step,
    };
    bundle.verify()?;
    Ok(json!({
        "kind": "checkpoint",
        "folder": dir,
        "files": manifest.files,
        "state": bundle.state()?,
    }))
}

fn prepared(dir: &Path) -> Result<Value> {
    if holds_pairs(dir)? {
        return pairs(dir);
    }
    let prepared = Prepared::open(dir)?;
    Ok(json!({
        "kind": "prepared data",
        "folder": dir,
        "vocabulary": prepared.tokenizer.vocab_size(),
        "training": { "tokens": prepared.train.len(), "bytes": prepared.train.bytes() },
        "validation": { "tokens": prepared.validation.len(), "bytes": prepared.validation.bytes() },
        "fingerprint": prepared.fingerprint,
    }))
}

fn pairs(dir: &Path) -> Result<Value> {
    let prepared = PreparedPairs::open(dir)?;
    let side = |side: &PairSide| {
        json!({
            "tokens": side.tokens,
            "bytes": side.bytes,
            "lengths": side.lengths,
        })
    };
    let split = |split: &PairSplitReport| {
        json!({
            "pairs": split.pairs,
            "sources": side(&split.sources),
            "targets": side(&split.targets),
        })
    };
    let report = &prepared.report;
    Ok(json!({
        "kind": "prepared pairs",
        "folder": dir,
        "vocabulary": prepared.tokenizer.vocab_size(),
        "training": split(&report.train),
        "validation": split(&report.validation),
        "left out": report.dropped,
        "fingerprint": prepared.fingerprint,
    }))
}

/// The last row of a table, by column; null where there is none.
fn last_row(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines();
    let (Some(header), Some(row)) = (lines.next(), lines.next_back()) else {
        return Value::Null;
    };
    let cells = header.split(',').zip(row.split(',')).map(|(name, cell)| {
        let whole = cell.parse::<u64>().map(|n| json!(n));
        let number = whole.or_else(|_| cell.parse::<f64>().map(|n| json!(n)));
        let number = number.unwrap_or(Value::Null);
        (name.to_string(), number)
    });
    Value::Object(cells.collect())
}

/// The same as indented text, a line a value.
pub fn as_text(value: &Value) -> String {
    let mut lines = Vec::new();
    write(value, 0, &mut lines);
    lines.join("\n")
}

fn write(value: &Value, indent: usize, lines: &mut Vec<String>) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Object(_) | Value::Array(_) => {
                        lines.push(format!("{pad}{name}:"));
                        write(value, indent + 1, lines);
                    }
                    plain => lines.push(format!("{pad}{name}: {}", scalar(plain))),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let inline: Vec<_> = match item {
                    Value::Object(fields) => fields
                        .iter()
                        .map(|(name, value)| format!("{name} {}", scalar(value)))
                        .collect(),
                    other => vec![scalar(other)],
                };
                lines.push(format!("{pad}- {}", inline.join(", ")));
            }
        }
        plain => lines.push(format!("{pad}{}", scalar(plain))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(n) => n.as_u64().map_or_else(|| n.to_string(), grouped),
        Value::Null => "none".into(),
        other => other.to_string(),
    }
}
