//! What a run was trained with, against what is asked for now.

use crate::Result;
use serde::Serialize;
use serde_json::Value;
use slovo_data::recipe::RecipeError;

/// Fields in which two recipes differ, as `path: before → now`, within some of their sections.
///
/// # Errors
///
/// A recipe that cannot be written as a tree.
pub fn differences<R: Serialize>(before: &R, now: &R, sections: &[&str]) -> Result<Vec<String>> {
    let tree = |recipe: &R| {
        serde_json::to_value(recipe).map_err(|error| RecipeError::Write(error.to_string()))
    };
    let (before, now) = (tree(before)?, tree(now)?);
    let mut found = Vec::new();
    for section in sections {
        compare(section, &before[section], &now[section], &mut found);
    }
    Ok(found)
}

fn compare(path: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            // A path as `--set` takes it: without the names of variants.
            let variant = a.len() == 1 && a.keys().all(|key| key.starts_with(char::is_uppercase));
            for (key, value) in a {
                let path = match variant {
                    true => path.to_string(),
                    false => format!("{path}.{key}"),
                };
                compare(&path, value, &b[key], found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: {a} → {b}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::optimizer::{AdamW, OptimizerRecipe};
    use crate::recipe::tests::recipe;

    #[test]
    fn a_difference_is_shown_with_both_values() {
        let mut other = recipe();
        other.batch.sequences = 3;
        other.optimizer = OptimizerRecipe::AdamW(AdamW {
            beta1: 0.5,
            ..AdamW::default()
        });
        let found = differences(&recipe(), &other, &["batch", "optimizer"]).unwrap();
        assert_eq!(
            found,
            ["batch.sequences: 2 → 3", "optimizer.beta1: 0.9 → 0.5"]
        );
    }
}
