//! What texts begin, end and are filled up with, for programs that generate.
//!
//! The weights do not say it; `config.json` of `transformers` does, by id. It is taken from the
//! source's own, or from the tokens that its tokenizer names.

use super::files::CONFIG;
use super::source::Source;
use super::tokenizer::TokenizerOf;
use crate::{Error, Result, files};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// In `config.json`, and as the tokenizer calls them.
const ROLES: [(&str, &str); 3] = [
    ("bos_token_id", "bos_token"),
    ("eos_token_id", "eos_token"),
    ("pad_token_id", "pad_token"),
];
/// Only in `config.json`: what a translation begins and must end with.
const OTHERS: [&str; 2] = ["decoder_start_token_id", "forced_eos_token_id"];
/// What `generate` of `transformers` reads first.
const GENERATION: &str = "generation_config.json";

/// Adds them to the `config.json` in `folder`, of a model of `vocabulary` tokens, and where the source
/// has none, a `generation_config.json`.
pub(super) fn write(
    source: &Source,
    tokenizer: Option<&TokenizerOf>,
    vocabulary: usize,
    folder: &Path,
) -> Result<()> {
    let theirs = match source.is_file() {
        true => Map::new(),
        false => read(&source.path.join(CONFIG))?,
    };
    // Some configurations keep the ids of a larger model; no text ends with a token that is none.
    let own = |name: &str| {
        theirs
            .get(name)
            .filter(|id| is_token(id, vocabulary))
            .cloned()
    };
    let mut ids = Map::new();
    for (name, role) in ROLES {
        let id = own(name).or_else(|| tokenizer?.special(role).map(Value::from));
        ids.extend(id.map(|id| (name.to_owned(), id)));
    }
    for name in OTHERS {
        ids.extend(own(name).map(|id| (name.to_owned(), id)));
    }
    let path = folder.join(CONFIG);
    let mut config = read(&path)?;
    config.extend(ids.clone());
    let text = format!("{:#}\n", Value::Object(config));
    files::write_synced(&path, text.as_bytes())?;
    let path = folder.join(GENERATION);
    if !ids.contains_key("eos_token_id") || path.exists() {
        return Ok(());
    }
    // A chat ends a turn in other ways than a text.
    if let Some(ends) = tokenizer.map(|of| &of.ends).filter(|ends| ends.len() > 1) {
        ids.insert("eos_token_id".into(), Value::from(ends.clone()));
    }
    let text = format!("{:#}\n", Value::Object(ids));
    files::write_synced(&path, text.as_bytes())
}

/// Whether this is a token, or a list of tokens.
fn is_token(id: &Value, vocabulary: usize) -> bool {
    match id {
        Value::Array(ids) => !ids.is_empty() && ids.iter().all(|id| is_token(id, vocabulary)),
        id => id.as_u64().is_some_and(|id| id < vocabulary as u64),
    }
}

fn read(path: &Path) -> Result<Map<String, Value>> {
    let text = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&text).map_err(|error| Error::Folder {
        path: path.into(),
        what: format!("is no JSON object: {error}"),
    })
}
