//! The two tokenizers that need no training.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::byte_level::alphabet;
use super::{END_OF_TEXT, Tokenizer, TokenizerError};

/// One character of any sort, newlines included, in the words of both Oniguruma (Python's
/// `tokenizers`) and Rust's regex crates, which differ about `(?s).`.
pub(super) const ANY_CHARACTER: &str = r"[\s\S]";

/// A special token as a `tokenizer.json` lists it.
fn special_entry(name: &str, id: usize) -> Value {
    json!({
        "id": id,
        "content": name,
        "single_word": false,
        "lstrip": false,
        "rstrip": false,
        "normalized": false,
        "special": true,
    })
}

fn file(added: Vec<Value>, pre_tokenizer: Value, decoder: Value, model: Value) -> Value {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": null,
        "decoder": decoder,
        "model": model,
    })
}

impl Tokenizer {
    /// A token for each of `characters`, numbered by code point. It has no special token.
    ///
    /// # Errors
    /// No characters at all.
    pub fn characters(characters: &BTreeSet<char>) -> Result<Self, TokenizerError> {
        if characters.is_empty() {
            return Err(TokenizerError::NoText);
        }
        let vocabulary: Map<String, Value> = characters
            .iter()
            .enumerate()
            .map(|(id, character)| (character.to_string(), json!(id)))
            .collect();
        Self::from_value(
            "the character tokenizer",
            file(
                Vec::new(),
                json!({
                    "type": "Split",
                    "pattern": { "Regex": ANY_CHARACTER },
                    "behavior": "Isolated",
                    "invert": false,
                }),
                json!({ "type": "Fuse" }),
                // The format wants a name here; as no token has this name, a character outside the
                // vocabulary is an error everywhere.
                json!({ "type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>" }),
            ),
        )
    }

    /// A token for each byte, whose id is the byte, and `<|endoftext|>` as number 256.
    ///
    /// # Errors
    /// None that can be met; the type is that of the other constructors.
    pub fn bytes() -> Result<Self, TokenizerError> {
        let mut vocabulary: Map<String, Value> = alphabet()
            .iter()
            .enumerate()
            .map(|(byte, symbol)| (symbol.to_string(), json!(byte)))
            .collect();
        vocabulary.insert(END_OF_TEXT.to_owned(), json!(256));
        let byte_level = json!({
            "type": "ByteLevel",
            "add_prefix_space": false,
            "trim_offsets": true,
            "use_regex": false,
        });
        Self::from_value(
            "the byte tokenizer",
            file(
                vec![special_entry(END_OF_TEXT, 256)],
                byte_level.clone(),
                byte_level,
                json!({
                    "type": "BPE",
                    "dropout": null,
                    "unk_token": null,
                    "continuing_subword_prefix": null,
                    "end_of_word_suffix": null,
                    "fuse_unk": false,
                    "byte_fallback": false,
                    "ignore_merges": false,
                    "vocab": vocabulary,
                    "merges": [],
                }),
            ),
        )
    }
}
