//! JSON Lines (<https://jsonlines.org>): one object a line, its fields a text and labels.

use serde_json::{Map, Value};

use super::error::{utf8, with_text};
use super::row_form::{Parts, split_label};
use super::{Fault, LabelFrom};

/// Which fields hold what.
pub(super) struct JsonlForm {
    pub(super) text: String,
    pub(super) label: LabelFrom<String>,
    pub(super) group: Option<String>,
}

impl JsonlForm {
    pub(super) fn parts(&self, line: &[u8], separator: Option<&str>) -> Result<Parts, Fault> {
        let mut fields = object(utf8(line, "the line")?.trim())?;
        let text = text(&mut fields, &self.text)?;
        with_text(&text)?;
        let (LabelFrom::Required(name) | LabelFrom::IfThere(name)) = &self.label else {
            return Ok((text, None, self.group(&fields)?));
        };
        let labels = match words(&fields, name)? {
            None => None,
            Some((words, true)) if separator.is_some() => Some(
                words
                    .into_iter()
                    .map(|word| word.trim().to_owned())
                    .collect(),
            ),
            Some((_, true)) => {
                let what = format!(
                    "field `{name}` is a list; give one label, or let the recipe say multi_label: \
                     \",\""
                );
                return Err(Fault::Malformed(what));
            }
            Some((words, false)) => words.iter().find_map(|word| split_label(word, separator)),
        };
        if labels.is_none() && matches!(self.label, LabelFrom::Required(_)) {
            let there = match fields.contains_key(name) {
                true => format!(", field `{name}` is empty"),
                false => format!(", no field `{name}`; there are: {}", names(&fields)),
            };
            return Err(Fault::MissingLabel(there));
        }
        Ok((text, labels, self.group(&fields)?))
    }

    fn group(&self, fields: &Map<String, Value>) -> Result<Option<String>, Fault> {
        let Some(name) = &self.group else {
            return Ok(None);
        };
        match words(fields, name)? {
            Some((words, false)) => Ok(words.into_iter().find(|word| !word.trim().is_empty())),
            Some((_, true)) => Err(Fault::Malformed(format!(
                "field `{name}` is a list; a text belongs to one group"
            ))),
            None => Ok(None),
        }
    }
}

/// The fields of a line.
fn object(line: &str) -> Result<Map<String, Value>, Fault> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        let said = error.to_string();
        // serde_json counts lines within this one line.
        let said = said.split(" at line ").next().unwrap_or_default();
        Fault::Malformed(format!("column {}: not JSON: {said}", error.column()))
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(Fault::Malformed(format!(
            "{} where an object should be",
            kind(&other)
        ))),
    }
}

/// Takes the text out of a field.
fn text(fields: &mut Map<String, Value>, name: &str) -> Result<String, Fault> {
    match fields.get_mut(name) {
        Some(Value::String(text)) => Ok(std::mem::take(text)),
        Some(other) => Err(Fault::Malformed(format!(
            "field `{name}` is {}, not a text",
            kind(other)
        ))),
        None => Err(Fault::Malformed(format!(
            "no field `{name}`; there are: {}",
            names(fields)
        ))),
    }
}

/// A label, a list of them, or a group, as text: `1` and `true` are labels too. `None`: no such
/// field, or null.
fn words(fields: &Map<String, Value>, name: &str) -> Result<Option<(Vec<String>, bool)>, Fault> {
    let wrong = |value: &Value, place: &str| {
        let what = format!(
            "field `{name}` {place} {}; a text, a number, true or false would do",
            kind(value)
        );
        Fault::Malformed(what)
    };
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => {
            let words = items.iter().map(|item| {
                let word = word(item);
                word.ok_or_else(|| wrong(item, "is a list that holds"))
            });
            Ok(Some((words.collect::<Result<_, _>>()?, true)))
        }
        Some(value) => match word(value) {
            Some(word) => Ok(Some((vec![word], false))),
            None => Err(wrong(value, "is")),
        },
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The names of the fields, for a fault.
fn names(fields: &Map<String, Value>) -> String {
    let names: Vec<&str> = fields.keys().map(String::as_str).take(20).collect();
    names.join(", ")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
