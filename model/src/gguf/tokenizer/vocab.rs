//! The tokens, and which of them are not made by the model.

use super::super::error::{Fault, GgufError, quote};
use super::super::settings::Settings;
use super::super::value::{Array, Value as Metadata};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Published tokens have at most some hundred bytes.
const LONGEST: usize = 1 << 12;
/// Tokens, and merges. Published vocabularies have some hundred thousand.
pub(super) const MOST: usize = 1 << 20;

/// What a token is for: ggml's `llama_token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

/// Tokens by id, and the other way round.
pub(super) struct Vocab<'a> {
    texts: Vec<&'a str>,
    uses: Vec<Use>,
    ids: HashMap<&'a str, u32>,
}

impl<'a> Vocab<'a> {
    /// Reads `tokens` and `token_type`.
    pub fn read(settings: &Settings<'a>) -> Result<Self, GgufError> {
        let tokens = list(settings, "tokens")?;
        let tokens = tokens.ok_or_else(|| settings.missing("tokens", "the list of tokens"))?;
        if tokens.is_empty() {
            return Err(settings.missing("tokens", "a list of at least one token"));
        }
        at_most(settings, "tokens", tokens.len(), MOST)?;
        let (mut texts, mut ids) = (Vec::new(), HashMap::new());
        for (id, token) in tokens.iter().enumerate() {
            let text = text_at(settings, "tokens", id, token)?;
            if text.is_empty() || text.len() > LONGEST {
                let found = format!("{} bytes long", text.len());
                let expected = format!("1 to {LONGEST} bytes long");
                return Err(wrong(settings, "tokens", id, found, &expected));
            }
            // There are at most 2^20.
            if ids.insert(text, id as u32).is_some() {
                return Err(settings.file.error(Fault::Duplicate {
                    what: "tokens",
                    name: quote(text),
                }));
            }
            texts.push(text);
        }
        let uses = match list(settings, "token_type")? {
            None => vec![Use::Normal; texts.len()],
            Some(types) => {
                same_length(settings, "token_type", types, texts.len())?;
                let uses = types.iter().enumerate().map(|(id, number)| {
                    let found = number.to_u64().and_then(Use::of);
                    found.ok_or_else(|| {
                        let expected = "a type from 1 to 6";
                        wrong(settings, "token_type", id, number.to_string(), expected)
                    })
                });
                uses.collect::<Result<_, _>>()?
            }
        };
        Ok(Self { texts, uses, ids })
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// The text of a token; ids come from [`Settings::token`], which checks them.
    pub fn text(&self, id: u32) -> &'a str {
        let text = self.texts.get(id as usize);
        text.copied().unwrap_or_default()
    }

    pub fn id(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// All tokens with their uses, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Use)> {
        self.texts.iter().copied().zip(self.uses.iter().copied())
    }

    /// The `vocab` of a model: all tokens, so that each keeps its id.
    pub fn to_json(&self) -> Value {
        let tokens = self.texts.iter().enumerate();
        let tokens = tokens.map(|(id, text)| ((*text).to_owned(), Value::from(id)));
        Value::Object(tokens.collect())
    }

    /// The tokens that are found in a text before the model sees it.
    pub fn added(&self) -> Vec<Value> {
        let tokens = self.iter().enumerate().filter_map(|(id, (text, kind))| {
            let special = match kind {
                Use::Control | Use::Unknown => true,
                Use::UserDefined => false,
                Use::Normal | Use::Unused | Use::Byte => return None,
            };
            Some(json!({
                "id": id,
                "content": text,
                "single_word": false,
                "lstrip": false,
                "rstrip": false,
                "normalized": false,
                "special": special,
            }))
        });
        tokens.collect()
    }
}

impl Use {
    fn of(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => return None,
        })
    }
}

/// The list of that name.
pub(super) fn list<'a>(
    settings: &Settings<'a>,
    name: &str,
) -> Result<Option<Array<'a>>, GgufError> {
    match settings.get(name) {
        None => Ok(None),
        Some(Metadata::Array(array)) => Ok(Some(array)),
        Some(other) => Err(settings.invalid(name, other, "a list")),
    }
}

/// Checks the length of a list of which something is made.
pub(super) fn at_most(
    settings: &Settings<'_>,
    name: &str,
    found: usize,
    limit: usize,
) -> Result<(), GgufError> {
    match found <= limit {
        true => Ok(()),
        false => Err(settings.file.error(Fault::TooLarge {
            place: format!("the length of metadata `{}`", settings.key(name)),
            found: found as u64,
            limit: limit as u64,
        })),
    }
}

/// Checks that a list has one element for each token.
pub(super) fn same_length(
    settings: &Settings<'_>,
    name: &str,
    list: Array<'_>,
    tokens: usize,
) -> Result<(), GgufError> {
    match list.len() == tokens {
        true => Ok(()),
        false => {
            let expected = format!("as long as the list of tokens, {tokens}");
            Err(settings.invalid(name, Metadata::Array(list), &expected))
        }
    }
}

/// The text at a place of a list.
pub(super) fn text_at<'a>(
    settings: &Settings<'_>,
    name: &str,
    number: usize,
    value: Metadata<'a>,
) -> Result<&'a str, GgufError> {
    let expected = "text in UTF-8";
    let text = value.to_str();
    text.ok_or_else(|| wrong(settings, name, number, value.to_string(), expected))
}

/// An error about a place of a list.
pub(super) fn wrong(
    settings: &Settings<'_>,
    name: &str,
    number: usize,
    found: String,
    expected: &str,
) -> GgufError {
    settings.file.error(Fault::Invalid {
        place: format!("element {number} of metadata `{}`", settings.key(name)),
        found,
        expected: expected.into(),
    })
}
