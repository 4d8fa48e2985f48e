//! Jinja as `transformers` runs it: blocks trimmed, methods of Python's texts and lists, `tojson`
//! without HTML's escapes, `raise_exception`, `strftime_now`.

use crate::conversation::Message;
use crate::{Error, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{Environment, ErrorKind, Value, context};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Instructions that a template may run: one that loops for ever is stopped.
const FUEL: u64 = 10_000_000;
/// What the environment calls it.
const NAME: &str = "chat";

/// A template, compiled.
#[derive(Clone)]
pub(super) struct Jinja {
    environment: Arc<Environment<'static>>,
    name: String,
    source: String,
    /// `bos_token` and the like.
    tokens: BTreeMap<String, String>,
}

impl Jinja {
    pub fn new(name: &str, source: &str, tokens: BTreeMap<String, String>) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| wrong(name, &error))?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_filter("tojson", to_json);
        environment.add_function("raise_exception", raise);
        environment.add_function("strftime_now", now);
        // Marks what the assistant says, and renders as its contents.
        let plain = without_generation(source);
        environment
            .add_template_owned(NAME, plain)
            .map_err(|error| wrong(name, &error))?;
        Ok(Self {
            environment: Arc::new(environment),
            name: name.into(),
            source: source.into(),
            tokens,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn tokens(&self) -> &BTreeMap<String, String> {
        &self.tokens
    }

    /// The text of a conversation, `asks` for an answer.
    pub fn render(&self, messages: &[Message], asks: bool) -> Result<String> {
        let template = self.environment.get_template(NAME);
        let template = template.map_err(|error| wrong(&self.name, &error))?;
        let empty = String::new();
        let token = |role: &str| self.tokens.get(role).unwrap_or(&empty);
        let said = |message: &Message| {
            context! {
                role => message.role.to_string(),
                content => message.content.as_str(),
            }
        };
        let messages: Vec<Value> = messages.iter().map(said).collect();
        let rendered = template.render(context! {
            messages => messages,
            add_generation_prompt => asks,
            bos_token => token("bos_token"),
            eos_token => token("eos_token"),
            pad_token => token("pad_token"),
            unk_token => token("unk_token"),
        });
        rendered.map_err(|error| wrong(&self.name, &error))
    }
}

fn wrong(name: &str, error: &minijinja::Error) -> Error {
    let place = error
        .line()
        .map_or(String::new(), |line| format!("line {line}: "));
    let detail = error.detail().unwrap_or_default();
    Error::Template {
        name: name.into(),
        what: format!("{place}{} {detail}", error.kind())
            .trim_end()
            .into(),
    }
}

/// The template without `{% generation %}` and its end.
fn without_generation(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(end) = rest[start..].find("%}") else {
            break;
        };
        let tag = &rest[start + 2..start + end];
        let word = tag.trim_matches(['-', '+', ' ', '\t', '\n', '\r']);
        let until = start + end + 2;
        match word == "generation" || word == "endgeneration" {
            // An empty comment trims as the tag did.
            true => {
                let left = if tag.starts_with('-') { "{#-" } else { "{#" };
                let right = if tag.ends_with('-') { "-#}" } else { "#}" };
                text.push_str(&rest[..start]);
                text.push_str(&format!("{left} {right}"));
            }
            false => text.push_str(&rest[..until]),
        }
        rest = &rest[until..];
    }
    text + rest
}

fn raise(message: String) -> std::result::Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

/// As `json.dumps(value, ensure_ascii=False, indent=…)` writes it.
fn to_json(value: Value, options: Kwargs) -> std::result::Result<Value, minijinja::Error> {
    let indent: Option<usize> = options.get("indent")?;
    let failed = |error: serde_json::Error| {
        minijinja::Error::new(ErrorKind::BadSerialization, error.to_string())
    };
    let mut bytes = Vec::new();
    match indent {
        Some(indent) => {
            let spaces = " ".repeat(indent.min(16));
            let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
            value.serialize(&mut writer).map_err(failed)?;
        }
        None => {
            let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
            value.serialize(&mut writer).map_err(failed)?;
        }
    }
    Ok(Value::from_safe_string(
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

/// Python's separators.
struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        match first {
            true => Ok(()),
            false => writer.write_all(b", "),
        }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.begin_array_value(writer, first)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Today's date in UTC, as `strftime` has it: `%d`, `%m`, `%Y`, `%b`, `%B`, `%y`.
fn now(format: String) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400) as i64;
    date(&format, days)
}

/// The date so many days after 1 January 1970 (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn date(format: &str, days: i64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let name = MONTHS[(month - 1) as usize];
    format
        .replace("%d", &format!("{day:02}"))
        .replace("%m", &format!("{month:02}"))
        .replace("%Y", &year.to_string())
        .replace("%y", &format!("{:02}", year % 100))
        .replace("%b", &name[..3])
        .replace("%B", name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Namespaces, loop controls, Python's methods, slices, `tojson`, marks of generation.
    #[test]
    fn all_that_templates_use_renders_as_in_transformers() {
        let golden = include_str!("../../tests/tuning/data/rendered.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let messages: Vec<Message> = serde_json::from_value(golden["messages"].clone()).unwrap();
        let end = "<|endoftext|>".to_owned();
        let tokens = ["bos_token", "eos_token"].map(|name| (name.to_owned(), end.clone()));
        let jinja = Jinja::new("test", golden["jinja"].as_str().unwrap(), tokens.into()).unwrap();
        let expected = &golden["rendered"]["nasty"];
        assert_eq!(jinja.render(&messages, true).unwrap(), expected["asks"]);
        assert_eq!(jinja.render(&messages, false).unwrap(), expected["whole"]);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date("%d %b %Y", 0), "01 Jan 1970");
        assert_eq!(date("%Y-%m-%d", 11_016), "2000-02-29");
        assert_eq!(date("%d %B %y", 20_787), "30 November 26");
    }

    #[test]
    fn generation_marks_go_and_nothing_else() {
        let source = "a{%- generation -%} b {% endgeneration %}c{% if x %}d{% endif %}{% broken";
        let expected = "a{#- -#} b {# #}c{% if x %}d{% endif %}{% broken";
        assert_eq!(without_generation(source), expected);
    }
}
