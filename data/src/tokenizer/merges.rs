//! Whether the merges of a `tokenizer.json` fit its tokens.
//!
//! The `tokenizers` crate takes for granted that they do, and panics or reads nonsense where not.

use serde_json::Value;

/// What is wrong with the merges of a byte-pair model.
pub(super) fn fault(model: &Value) -> Option<String> {
    let vocabulary = model["vocab"].as_object()?;
    let prefix = model["continuing_subword_prefix"].as_str().unwrap_or("");
    let merges = model["merges"].as_array()?;
    merges.iter().enumerate().find_map(|(number, merge)| {
        // Both ways to write a pair; any other is refused by the crate.
        let (left, right) = match merge {
            Value::String(pair) => pair.split_once(' ')?,
            pair => (pair[0].as_str()?, pair[1].as_str()?),
        };
        let place = format!("merge {number}, of {left:?} and {right:?}");
        for part in [left, right] {
            if !vocabulary.contains_key(part) {
                return Some(format!("{place}: {part:?} is no token"));
            }
        }
        let Some(rest) = right.strip_prefix(prefix) else {
            return Some(format!(
                "{place}: the second does not begin with {prefix:?}"
            ));
        };
        let whole = [left, rest].concat();
        let known = vocabulary.contains_key(&whole);
        (!known).then(|| format!("{place}: {whole:?} is no token"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merges_are_of_tokens_and_make_tokens() {
        let model = |prefix: &str, merge: Value| {
            json!({
                "vocab": {"a": 0, "b": 1, "##b": 2, "ab": 3, "é": 4},
                "merges": [["a", "b"], merge],
                "continuing_subword_prefix": prefix,
            })
        };
        for (prefix, merge, expected) in [
            ("", json!("a b"), None),
            ("", json!(["a", "c"]), Some("\"c\" is no token")),
            (
                "",
                json!("b a"),
                Some("merge 1, of \"b\" and \"a\": \"ba\" is no token"),
            ),
            ("##", json!("a ##b"), Some("does not begin with \"##\"")),
        ] {
            let found = fault(&model(prefix, merge));
            match expected {
                None => assert_eq!(found, None),
                Some(part) => assert!(found.is_some_and(|found| found.contains(part))),
            }
        }
        let mut model = model("##", json!(["a", "##b"]));
        model["merges"] = json!([["a", "##b"]]);
        assert_eq!(fault(&model), None);
    }
}
