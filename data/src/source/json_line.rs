//! A line of JSON as far as it is asked for: what it holds beside that is read over, and costs no memory.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::report::markup::one_line;

/// Names that a message has room for, and characters of one.
const NAMES: usize = 20;
const NAME_CHARS: usize = 40;

/// The fields of an object that were asked for.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// By their place among the names.
    found: Vec<(&'a str, Option<Value<'a>>)>,
    /// What the first fields are called.
    names: Vec<String>,
    /// Whether there are others.
    more: bool,
}

/// What a field holds.
#[derive(Debug)]
enum Value<'a> {
    Text(String),
    Object(Fields<'a>),
    Other(&'static str),
}

impl<'a> Fields<'a> {
    /// The fields of these names in a line that holds an object, and those in objects that they hold.
    ///
    /// # Errors
    /// What is there instead of an object.
    pub(super) fn of(line: &str, names: &[&'a str]) -> Result<Self, String> {
        let mut json = serde_json::Deserializer::from_str(line);
        let value = Seed(names).deserialize(&mut json);
        let value = value.and_then(|value| json.end().map(|()| value));
        match value {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(other) => Err(format!("a {} where an object should be", other.kind())),
            Err(error) => {
                let said = error.to_string();
                // serde_json counts lines within this one line.
                let said = said.split(" at line ").next().unwrap_or_default();
                Err(format!("column {}: not JSON: {said}", error.column()))
            }
        }
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        let mut slots = self.found.iter_mut();
        slots.find(|(it, _)| *it == name).map(|(_, slot)| slot)
    }

    /// Takes a text that must be there.
    pub(super) fn text(&mut self, name: &str) -> Result<String, String> {
        match self.slot(name).and_then(Option::take) {
            Some(Value::Text(text)) => Ok(text),
            Some(other) => Err(format!("field `{name}` is a {}, not a text", other.kind())),
            None => {
                let more = match self.more {
                    true => " and more",
                    false => "",
                };
                Err(format!(
                    "no field `{name}`; there are: {}{more}",
                    self.names.join(", ")
                ))
            }
        }
    }

    /// Takes a text that may be there.
    pub(super) fn any_text(&mut self, name: &str) -> Option<String> {
        match self.slot(name)?.take()? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes an object that may be there.
    pub(super) fn any_object(&mut self, name: &str) -> Option<Self> {
        match self.slot(name)?.take()? {
            Value::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

impl Value<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Object(_) => "object",
            Self::Other(kind) => kind,
        }
    }
}

/// Reads a value of which the fields of these names are kept.
struct Seed<'n, 'a>(&'n [&'a str]);

impl<'de, 'a> DeserializeSeed<'de> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'a> Visitor<'de> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'a>, E> {
        Ok(Value::Other("null"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'a>, E> {
        Ok(Value::Other("boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'a>, E> {
        Ok(Value::Other("number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value<'a>, E> {
        Ok(Value::Other("number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'a>, E> {
        Ok(Value::Other("number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'a>, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'a>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'a>, A::Error> {
        let mut fields = Fields {
            found: self.0.iter().map(|&name| (name, None)).collect(),
            names: Vec::new(),
            more: false,
        };
        while let Some(Name(name)) = map.next_key()? {
            if fields.names.len() < NAMES {
                let name: String = name.chars().take(NAME_CHARS).collect();
                fields.names.push(one_line(&name));
            } else {
                fields.more = true;
            }
            match fields.slot(&name) {
                // Of fields of one name the last counts, as everywhere.
                Some(slot) => *slot = Some(map.next_value_seed(Seed(self.0))?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(fields))
    }
}

/// A name, borrowed from the line where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_was_asked_for_is_kept() {
        let line = r#"{"id": [1, {"text": "no"}], "te\u0078t": "yes", "metadata": {"url": "u", "x": {}}, "n": null}"#;
        let mut fields = Fields::of(line, &["text", "metadata", "url", "n", "absent"]).unwrap();
        assert_eq!(fields.text("text").unwrap(), "yes");
        let mut metadata = fields.any_object("metadata").unwrap();
        assert_eq!(metadata.any_text("url").unwrap(), "u");
        assert!(fields.any_text("url").is_none() && fields.any_text("other").is_none());
        assert_eq!(
            fields.text("n").unwrap_err(),
            "field `n` is a null, not a text"
        );
        let fault = fields.text("absent").unwrap_err();
        assert_eq!(fault, "no field `absent`; there are: id, text, metadata, n");
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let mut fields = Fields::of(r#"{"a": "one", "a": "two"}"#, &["a"]).unwrap();
        assert_eq!(fields.text("a").unwrap(), "two");
    }

    #[test]
    fn what_is_no_object_is_told_of() {
        for (line, says) in [
            ("[[[1], {}]]", "a list where an object should be"),
            ("\"a\"", "a text where"),
            ("-5", "a number where"),
            ("1e5", "a number where"),
            ("true", "a boolean where"),
            ("null", "a null where"),
            ("{} {}", "column 4: not JSON: trailing characters"),
            ("{\"a\"", "not JSON: EOF"),
            ("{\"a\": tru}", "not JSON"),
        ] {
            let fault = Fields::of(line, &["a"]).unwrap_err();
            assert!(fault.contains(says), "{line}: {fault}");
        }
        let many: String = (0..99).map(|i| format!("\"{i}\": 0,")).collect();
        let line = format!("{{{many}\"{}\": 0}}", "long".repeat(1000));
        let fault = Fields::of(&line, &["a"]).unwrap().text("a").unwrap_err();
        assert!(fault.ends_with("18, 19 and more"), "{fault}");
    }
}
