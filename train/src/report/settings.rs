//! A recipe as names and values, section by section, and where several recipes differ.

use crate::recipe::Recipe;
use serde_json::Value;

/// A section's heading, and its settings by name.
pub type Section = (String, Vec<(String, String)>);

/// The sections of a recipe, in the order in which a reader asks for them. Single values come first.
pub fn settings(recipe: &Recipe) -> Vec<Section> {
    let tree = serde_json::to_value(recipe).unwrap_or_default();
    let Value::Object(fields) = tree else {
        return Vec::new();
    };
    let mut run = Vec::new();
    let mut sections = Vec::new();
    for (name, value) in fields {
        match inside(&value) {
            Some((variant, Value::Object(fields))) => {
                let mut rows: Vec<_> = variant
                    .filter(|variant| !matches!(*variant, "Shape" | "Inline"))
                    .map(|variant| ("kind".to_string(), variant.to_string()))
                    .into_iter()
                    .collect();
                rows.extend(
                    fields
                        .iter()
                        .map(|(name, value)| (name.clone(), inline(value))),
                );
                sections.push((name, rows));
            }
            _ => run.push((name, inline(&value))),
        }
    }
    let order = [
        "model",
        "data",
        "batch",
        "optimizer",
        "schedule",
        "evaluation",
        "checkpoint",
        "samples",
    ];
    sections.sort_by_key(|(name, _)| order.iter().position(|known| known == name));
    sections.insert(0, ("run".into(), run));
    sections
}

/// The settings in which recipes differ: name, then each recipe's value. A setting that only some
/// of them have shows as `–` in the others.
pub fn differing(recipes: &[&Recipe]) -> Vec<Vec<String>> {
    let flat: Vec<Vec<(String, String)>> = recipes
        .iter()
        .map(|recipe| {
            let sections = settings(recipe).into_iter();
            let paths = sections.flat_map(|(section, rows)| {
                rows.into_iter()
                    .map(move |(name, value)| match section.as_str() {
                        "run" => (name, value),
                        section => (format!("{section}.{name}"), value),
                    })
            });
            paths.collect()
        })
        .collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in flat.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let value = |of: &[(String, String)], name: &str| {
        let found = of.iter().find(|(known, _)| known == name);
        found.map_or("–".to_string(), |(_, value)| value.clone())
    };
    names
        .into_iter()
        .map(|name| {
            let values = flat.iter().map(|of| value(of, name));
            std::iter::once(name.clone()).chain(values).collect()
        })
        .filter(|row: &Vec<String>| row[2..].iter().any(|value| *value != row[1]))
        .collect()
}

/// The name of an enum's variant, and what is in it; a plain struct has no such name.
fn inside(value: &Value) -> Option<(Option<&str>, &Value)> {
    match value {
        Value::Object(fields) => match fields.iter().next() {
            Some((name, inner)) if fields.len() == 1 && name.starts_with(char::is_uppercase) => {
                Some((Some(name), inner))
            }
            _ => Some((None, value)),
        },
        _ => None,
    }
}

/// A value on one line, about as a recipe writes it.
fn inline(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => list(items.iter().map(inline).collect()),
        Value::Object(fields) => match inside(value) {
            Some((Some(variant), inner)) => match inline(inner) {
                inner if inner.is_empty() => variant.into(),
                inner => format!("{variant}({inner})"),
            },
            _ => list(
                fields
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| format!("{name}: {}", inline(value)))
                    .collect(),
            ),
        },
        Value::Number(number) => match number.as_f64() {
            Some(small) if small != 0.0 && small.abs() < 1e-3 => format!("{small:e}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_on_one_line_under_its_section() {
        let recipe = Recipe::load(None, &[]).unwrap();
        let sections = settings(&recipe);
        let names: Vec<_> = sections.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "run",
                "model",
                "data",
                "batch",
                "optimizer",
                "schedule",
                "evaluation",
                "checkpoint",
                "samples"
            ]
        );
        let value = |section: &str, name: &str| {
            let (_, rows) = sections.iter().find(|(found, _)| found == section).unwrap();
            rows.iter()
                .find(|(found, _)| found == name)
                .unwrap()
                .1
                .clone()
        };
        assert_eq!(value("model", "norm"), "RmsNorm(epsilon: 1e-5)");
        assert_eq!(value("optimizer", "kind"), "Muon");
        assert_eq!(value("run", "steps"), "2000");
        assert_eq!(value("evaluation", "patience"), "none");
    }

    #[test]
    fn only_what_differs_is_listed() {
        let one = Recipe::load(None, &[]).unwrap();
        let sets = ["schedule.peak=0.5", "optimizer=AdamW(())", "steps=3"];
        let two = Recipe::load(None, &sets.map(String::from)).unwrap();
        assert!(differing(&[&one, &one]).is_empty());
        let found = differing(&[&one, &two, &one]);
        assert!(found.contains(&["steps", "2000", "3", "2000"].map(String::from).to_vec()));
        assert!(
            found.contains(
                &["optimizer.beta1", "–", "0.9", "–"]
                    .map(String::from)
                    .to_vec()
            )
        );
        assert!(
            !found.iter().any(|row| row[0].starts_with("model")),
            "{found:?}"
        );
    }
}
