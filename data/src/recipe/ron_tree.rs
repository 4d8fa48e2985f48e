//! RON text to a serde tree, without knowing the type.
//!
//! `ron::Value` forgets the names of enum variants, which is what a value such as
//! `Bpe(vocab_size: 8192)` is about. This reader keeps them, in serde's own form
//! (`{"Bpe": {"vocab_size": 8192}}`), so that the type behind it can be filled from the tree.

use serde_json::{Map, Number, Value};

/// Nested values deeper than this are refused rather than followed.
const MAX_DEPTH: usize = 64;

/// Reads one RON value that fills the whole text.
pub(super) fn parse_ron(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    reader.space();
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(format!(
            "nothing should follow the value, found `{}`",
            reader.rest
        ))
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, mark: char) -> bool {
        self.space();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        self.space();
        match self.rest.chars().next() {
            None => Err("a value is missing".to_owned()),
            Some('"') => self.string().map(Value::String),
            Some('[') => {
                self.take('[');
                self.items(']', depth).map(Value::Array)
            }
            Some('{') => {
                self.take('{');
                self.fields('}', depth).map(Value::Object)
            }
            Some('(') => {
                self.take('(');
                self.body(depth).map(|body| match body {
                    Body::Fields(fields) => Value::Object(fields),
                    Body::Items(items) => Value::Array(items),
                })
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(depth),
            Some(_) => self.number(),
        }
    }

    fn name(&mut self, depth: usize) -> Result<Value, String> {
        let name = self.word();
        match name {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "None" => return Ok(Value::Null),
            _ => {}
        }
        if !self.take('(') {
            return Ok(Value::String(name.to_owned()));
        }
        let inside = match self.body(depth)? {
            Body::Fields(fields) => Value::Object(fields),
            Body::Items(mut items) if items.len() == 1 => items.swap_remove(0),
            Body::Items(items) => Value::Array(items),
        };
        if name == "Some" {
            return Ok(inside);
        }
        Ok(Value::Object(Map::from_iter([(name.to_owned(), inside)])))
    }

    /// What stands between `(` and `)`: named fields or items. `()` has no fields.
    fn body(&mut self, depth: usize) -> Result<Body, String> {
        self.space();
        let mut ahead = Reader { rest: self.rest };
        let named = !ahead.word().is_empty() && ahead.take(':');
        if named || self.rest.starts_with(')') {
            self.fields(')', depth).map(Body::Fields)
        } else {
            self.items(')', depth).map(Body::Items)
        }
    }

    fn items(&mut self, end: char, depth: usize) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.value(depth + 1)?);
            self.comma(end)?;
        }
        Ok(items)
    }

    fn fields(&mut self, end: char, depth: usize) -> Result<Map<String, Value>, String> {
        let mut fields = Map::new();
        while !self.take(end) {
            let name = if self.rest.starts_with('"') {
                self.string()?
            } else {
                self.word().to_owned()
            };
            if name.is_empty() || !self.take(':') {
                return Err(format!(
                    "a field `name: value` should stand at `{}`",
                    self.rest
                ));
            }
            fields.insert(name, self.value(depth + 1)?);
            self.comma(end)?;
        }
        Ok(fields)
    }

    fn comma(&mut self, end: char) -> Result<(), String> {
        self.space();
        if self.take(',') || self.rest.starts_with(end) {
            Ok(())
        } else {
            Err(format!("`,` or `{end}` should stand at `{}`", self.rest))
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                '"' if !escaped => {
                    let (text, rest) = self.rest.split_at(at + 1);
                    self.rest = rest;
                    return ron::from_str(text).map_err(|error| error.to_string());
                }
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
        Err("the closing `\"` is missing".to_owned())
    }

    fn number(&mut self) -> Result<Value, String> {
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || ",)]}".contains(c))
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        if let Ok(number) = ron::from_str::<u64>(text) {
            return Ok(Value::Number(number.into()));
        }
        if let Ok(number) = ron::from_str::<i64>(text) {
            return Ok(Value::Number(number.into()));
        }
        ron::from_str::<f64>(text)
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| format!("`{text}` is not a number, text, list or variant"))
    }
}

enum Body {
    Fields(Map<String, Value>),
    Items(Vec<Value>),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn values_take_serdes_form() {
        for (text, tree) in [
            ("1_000", json!(1000)),
            ("-3", json!(-3)),
            ("1e-4", json!(1e-4)),
            ("true", json!(true)),
            ("None", json!(null)),
            ("Some(2)", json!(2)),
            ("Char", json!("Char")),
            (r#""a \"b\"""#, json!("a \"b\"")),
            ("[1, 2,]", json!([1, 2])),
            ("(a: 1, b: [x])", json!({"a": 1, "b": ["x"]})),
            ("(1, 2)", json!([1, 2])),
            ("Rotary(theta: 1e4)", json!({"Rotary": {"theta": 1e4}})),
            ("File(\"x\")", json!({"File": "x"})),
            ("Pair(1, 2)", json!({"Pair": [1, 2]})),
            ("Cargo()", json!({"Cargo": {}})),
            ("{\"k\": A(b: C)}", json!({"k": {"A": {"b": "C"}}})),
        ] {
            assert_eq!(parse_ron(text).unwrap(), tree, "{text}");
        }
    }

    #[test]
    fn what_is_not_ron_is_refused() {
        for text in [
            "", "[1, 2", "(a: )", "(a 1)", "\"open", "1 2", "$X", "+", "A(1",
        ] {
            assert!(parse_ron(text).is_err(), "{text}");
        }
        assert!(parse_ron(&"[".repeat(100_000)).is_err());
    }
}
