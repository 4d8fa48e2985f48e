//! `--set path.to.field=value`.
//!
//! The recipe's value is turned into its serde tree, one node of the tree is replaced, and the tree
//! is turned back into the recipe. Paths and values are therefore checked by the very types that
//! read the recipe file, for every stage's recipe, without a list of names anywhere.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::RecipeError;
use super::ron_tree::parse_ron;

/// Applies `path=value` arguments to a recipe, in order.
///
/// A path names fields and list places (`sources.0.paths.1`); the name of an enum's variant may be
/// left out (`split.validation`, `split.Position.validation`). A value is written as in the recipe
/// (`Bpe(vocab_size: 8192)`, `[1, 2]`, `None`); a text needs no quotes.
///
/// # Errors
/// An argument without `=`, a path that leads nowhere (the answer lists what exists there), a
/// value of the wrong type (the answer names path and expected type).
pub fn apply_sets<T: Serialize + DeserializeOwned>(
    mut recipe: T,
    sets: &[String],
) -> Result<T, RecipeError> {
    for set in sets {
        recipe = apply(&recipe, set).map_err(|message| RecipeError::Set {
            set: set.clone(),
            message,
        })?;
    }
    Ok(recipe)
}

fn apply<T: Serialize + DeserializeOwned>(recipe: &T, set: &str) -> Result<T, String> {
    let (path, text) = set
        .split_once('=')
        .ok_or("write it as path=value, such as clean.nfc=false")?;
    let (path, text) = (path.trim(), text.trim());
    let mut tree = serde_json::to_value(recipe).map_err(|error| error.to_string())?;
    // A bare word, `MIT OR Apache-2.0` or `$SLOVO_DATA/a.txt` is text where text is expected.
    let bare = Value::String(text.to_owned());
    *find(&mut tree, path)? = bare;
    let as_text = tree.clone();

    let parsed = match parse_ron(text) {
        Ok(value) => value,
        Err(fault) => {
            return serde_json::from_value(as_text).map_err(|error| {
                format!("{path}: {error} (and it cannot be read as RON: {fault})")
            });
        }
    };
    *find(&mut tree, path)? = parsed;
    serde_json::from_value(tree)
        .or_else(|error| serde_json::from_value(as_text).map_err(|_| format!("{path}: {error}")))
}

/// The node that `path` names.
fn find<'a>(tree: &'a mut Value, path: &str) -> Result<&'a mut Value, String> {
    let mut node = tree;
    let mut walked = String::new();
    for segment in path.split('.') {
        if !reaches(node, segment) {
            return Err(nowhere(node, &walked, segment));
        }
        node = step(node, segment).ok_or_else(|| format!("{path} leads nowhere"))?;
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(segment);
    }
    Ok(node)
}

fn reaches(node: &Value, segment: &str) -> bool {
    match node {
        Value::Object(fields) => {
            fields.contains_key(segment)
                || payload(fields).is_some_and(|(_, inside)| reaches(inside, segment))
        }
        Value::Array(items) => segment.parse::<usize>().is_ok_and(|i| i < items.len()),
        _ => false,
    }
}

fn step<'a>(node: &'a mut Value, segment: &str) -> Option<&'a mut Value> {
    match node {
        Value::Object(fields) => {
            if fields.contains_key(segment) {
                fields.get_mut(segment)
            } else {
                step(fields.values_mut().next()?, segment)
            }
        }
        Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

/// An enum variant with a payload is an object with the variant's name as its only key; field names
/// begin with a small letter and variant names do not.
fn payload(fields: &Map<String, Value>) -> Option<(&String, &Value)> {
    let mut all = fields.iter();
    let only = all.next()?;
    let capital = only.0.starts_with(|c: char| c.is_ascii_uppercase());
    (all.next().is_none() && capital).then_some(only)
}

fn nowhere(node: &Value, walked: &str, segment: &str) -> String {
    let place = if walked.is_empty() {
        "the recipe".to_owned()
    } else {
        format!("`{walked}`")
    };
    match node {
        Value::Object(fields) => match payload(fields) {
            Some((variant, inside)) if inside.is_object() || inside.is_array() => {
                let inside = nowhere(inside, walked, segment);
                format!("{inside} (it is {variant})")
            }
            Some((variant, _)) => format!(
                "there is no `{segment}` in {place}: it is {variant}(…), set it whole or as \
                 `{walked}.{variant}`"
            ),
            None => {
                let names: Vec<&str> = fields.keys().map(String::as_str).collect();
                format!(
                    "there is no `{segment}` in {place}, which has: {}",
                    names.join(", ")
                )
            }
        },
        Value::Array(items) if items.is_empty() => {
            format!("there is no `{segment}` in {place}, an empty list: set it whole")
        }
        Value::Array(items) => format!(
            "there is no `{segment}` in {place}, a list with places 0 to {}",
            items.len() - 1
        ),
        Value::Null => format!("{place} is None and has no `{segment}`: set it whole"),
        other => format!("{place} is {other} and has no `{segment}`: set it whole"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::recipe::{DataRecipe, Source, Split, TokenizerRecipe, from_ron_str};

    fn recipe() -> DataRecipe {
        from_ron_str(
            r#"(
                name: "tests",
                sources: [Files(paths: ["a.txt", "b.txt"])],
                tokenizer: Bpe(vocab_size: 512),
                split: Position(validation: 0.1),
            )"#,
        )
        .unwrap()
    }

    fn set(argument: &str) -> Result<DataRecipe, String> {
        apply_sets(recipe(), &[argument.to_owned()]).map_err(|error| error.to_string())
    }

    #[test]
    fn values_land_where_the_path_says() {
        assert!(!set("clean.nfc=false").unwrap().clean.nfc);
        assert_eq!(set("clean.min_chars=20").unwrap().clean.min_chars, 20);
        assert_eq!(set("name=5").unwrap().name, "5");
        assert_eq!(set("name=two words").unwrap().name, "two words");
        assert_eq!(set("name=\"a = b\"").unwrap().name, "a = b");
        for path in ["split.validation=0.25", "split.Position.validation=0.25"] {
            assert_eq!(
                set(path).unwrap().split,
                Split::Position {
                    validation: 0.25,
                    each_source: false,
                }
            );
        }
        let changed = set("sources.0.paths.1=$SLOVO_DATA/c d.txt").unwrap();
        let Source::Files { paths, .. } = &changed.sources[0] else {
            panic!("{changed:?}")
        };
        assert_eq!(paths, &["a.txt", "$SLOVO_DATA/c d.txt"]);
    }

    #[test]
    fn options_are_set_and_cleared() {
        let licence = |recipe: DataRecipe| match &recipe.sources[0] {
            Source::Files { licence, .. } => licence.clone(),
            other => panic!("{other:?}"),
        };
        let with = set("sources.0.licence=MIT OR Apache-2.0").unwrap();
        assert_eq!(licence(with.clone()).as_deref(), Some("MIT OR Apache-2.0"));
        let without = apply_sets(with, &["sources.0.licence=None".to_owned()]).unwrap();
        assert_eq!(licence(without), None);
    }

    #[test]
    fn a_variant_is_replaced_whole() {
        assert_eq!(
            set("tokenizer=Char").unwrap().tokenizer,
            TokenizerRecipe::Char
        );
        assert_eq!(
            set("tokenizer=Bpe(vocab_size: 4_096)").unwrap().tokenizer,
            TokenizerRecipe::Bpe {
                vocab_size: 4096,
                specials: crate::tokenizer::Specials::Text,
                min_frequency: 2,
                sample: crate::tokenizer::SAMPLE_BYTES,
            }
        );
        assert_eq!(
            set("tokenizer=File(\"t.json\")").unwrap().tokenizer,
            TokenizerRecipe::File("t.json".to_owned())
        );
        assert_eq!(
            set("split=Groups([\"a\", \"b\"])").unwrap().split,
            Split::Groups(vec!["a".to_owned(), "b".to_owned()])
        );
    }

    #[test]
    fn later_arguments_win() {
        let sets = ["clean.min_chars=1", "clean.min_chars=2"].map(str::to_owned);
        assert_eq!(apply_sets(recipe(), &sets).unwrap().clean.min_chars, 2);
    }

    #[test]
    fn a_wrong_path_is_answered_with_what_exists() {
        let text = set("claen.nfc=false").unwrap_err();
        assert!(text.starts_with("--set claen.nfc=false: "), "{text}");
        assert!(text.contains("`claen`") && text.contains("clean"), "{text}");
        let text = set("clean.ncf=false").unwrap_err();
        assert!(
            text.contains("`clean`") && text.contains("min_chars, newlines, nfc"),
            "{text}"
        );
        let text = set("split.valid=0.2").unwrap_err();
        assert!(
            text.contains("validation") && text.contains("Position"),
            "{text}"
        );
        let text = set("sources.1.licence=MIT").unwrap_err();
        assert!(text.contains("places 0 to 0"), "{text}");
        let text = set("sources.0.licence.name=MIT").unwrap_err();
        assert!(text.contains("None"), "{text}");
        assert!(set("clean.nfc").unwrap_err().contains("path=value"));
    }

    #[test]
    fn a_wrong_value_is_answered_with_path_and_type() {
        let text = set("split.validation=much").unwrap_err();
        assert!(
            text.contains("split.validation: ") && text.contains("f64"),
            "{text}"
        );
        let text = set("clean.encoding=Skipp").unwrap_err();
        assert!(
            text.contains("clean.encoding") && text.contains("`Replace`, `Skip`"),
            "{text}"
        );
        let text = set("tokenizer=Bpe(vocab: 5)").unwrap_err();
        assert!(text.contains("vocab_size"), "{text}");
        let text = set("clean.min_chars=-1").unwrap_err();
        assert!(text.contains("-1") && text.contains("usize"), "{text}");
    }
}
