//! The tokenizer: a `tokenizer.json` with the project's promises around it.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::decode::Decoding;
use super::fast_bpe::FastBpe;
use super::kind::{Traits, traits};
use super::remembered::Remembered;
use super::roles::Roles;
use super::template::Template;
use super::{Kind, TokenizerError, byte_level, merges};
use crate::files;

/// Names under which published tokenizers keep the token that ends a text, best first.
const ENDS: [&str; 5] = [
    super::END_OF_TEXT,
    "<|end_of_text|>",
    "</s>",
    "<eos>",
    "[SEP]",
];

/// Tables are as long as the largest id, which a damaged file could make anything. Published
/// vocabularies end below 300,000.
const LARGEST: usize = 1 << 24;

/// A tokenizer; cheap to clone, and shared between threads.
///
/// ```
/// use slovo_data::tokenizer::Tokenizer;
///
/// let tokenizer = Tokenizer::bytes()?;
/// assert_eq!(tokenizer.encode("é!")?, [0xC3, 0xA9, 0x21]);
/// assert_eq!(tokenizer.decode(&[0xC3, 0xA9, 0x21])?, "é!");
/// # Ok::<(), slovo_data::tokenizer::TokenizerError>(())
/// ```
#[derive(Clone)]
pub struct Tokenizer(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub general: tokenizers::Tokenizer,
    /// The file as it was read, which is also how it is saved: nothing of it gets lost.
    json: String,
    fingerprint: [u8; 32],
    pub traits: Traits,
    pub vocab_size: usize,
    end_of_text: Option<u32>,
    pub unknown: Option<u32>,
    pub roles: Roles,
    /// Ids of characters by code point, for [`Kind::Char`].
    pub characters: Vec<Option<u32>>,
    /// Ids of bytes, for [`Kind::Byte`].
    pub bytes: Vec<u32>,
    /// For byte-level byte-pair encoding that it knows exactly; else the `tokenizers` crate encodes.
    pub fast: Option<FastBpe>,
    /// For [`Kind::WordPiece`].
    pub remembered: Remembered,
    pub decoding: Decoding,
    /// Special tokens around a text, or why they are not known.
    pub template: Result<Template, String>,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("kind", self.kind())
            .field("vocab_size", &self.vocab_size())
            .field("fingerprint", &self.fingerprint())
            .finish()
    }
}

impl Tokenizer {
    /// Reads a `tokenizer.json`, or the one in a folder.
    ///
    /// # Errors
    /// A file that cannot be read or is not a tokenizer.
    pub fn from_file(path: &Path) -> Result<Self, TokenizerError> {
        let path = if path.is_dir() {
            path.join("tokenizer.json")
        } else {
            path.to_owned()
        };
        let json = std::fs::read_to_string(&path).map_err(|error| TokenizerError::Read {
            path: path.clone(),
            error,
        })?;
        Self::from_json(&path.display().to_string(), json)
    }

    /// A tokenizer from the text of a `tokenizer.json`; `place` names it in errors.
    ///
    /// # Errors
    /// A text that is not a tokenizer.
    pub fn from_json(place: &str, json: String) -> Result<Self, TokenizerError> {
        let value = serde_json::from_str(&json).map_err(|error| TokenizerError::Parse {
            place: place.to_owned(),
            message: error.to_string(),
        })?;
        Self::build(place, json, value)
    }

    pub(super) fn from_value(place: &str, value: Value) -> Result<Self, TokenizerError> {
        let json = serde_json::to_string_pretty(&value).map_err(|error| TokenizerError::Parse {
            place: place.to_owned(),
            message: error.to_string(),
        })?;
        Self::build(place, json, value)
    }

    fn build(place: &str, json: String, mut value: Value) -> Result<Self, TokenizerError> {
        let parse = |message: String| TokenizerError::Parse {
            place: place.to_owned(),
            message,
        };
        if !value.is_object() {
            return Err(parse(
                "it is JSON, but not an object with a model".to_owned(),
            ));
        }
        if let Some(fault) = merges::fault(&value["model"]) {
            return Err(parse(fault));
        }
        let traits = traits(&value);
        // A published file may cut or pad texts to a model's length, or leave out merges at random
        // while training: all of that would silently change what a document is.
        for part in ["truncation", "padding"] {
            value[part] = Value::Null;
        }
        if value["model"].is_object() {
            value["model"]["dropout"] = Value::Null;
        }
        let template = Template::read(&value["post_processor"]);
        if template.is_err() {
            // It would panic, even where no special token is asked for.
            value["post_processor"] = Value::Null;
        }
        let mut general: tokenizers::Tokenizer = value
            .to_string()
            .parse()
            .map_err(|error: tokenizers::Error| parse(error.to_string()))?;
        // What looks like a special token in a document is text.
        general.set_encode_special_tokens(true);

        let vocabulary = general.get_vocab(true);
        let vocab_size = vocabulary.values().max().map_or(0, |&id| id as usize + 1);
        if vocab_size == 0 {
            return Err(parse("its vocabulary is empty".to_owned()));
        }
        if vocab_size > LARGEST {
            return Err(parse(format!(
                "its largest id is {}, beyond {LARGEST} tokens",
                vocab_size - 1
            )));
        }
        let special = |name: &str| {
            let id = general.token_to_id(name)?;
            let added = general.get_added_tokens_decoder();
            added
                .get(&id)
                .is_some_and(|token| token.special)
                .then_some(id)
        };
        let end_of_text = ENDS.iter().find_map(|name| special(name));
        let unknown = traits.unknown_id.or_else(|| {
            traits
                .unknown
                .as_ref()
                .and_then(|name| general.token_to_id(name))
        });

        let roles = Roles::of(&value, &special);
        let mut characters = Vec::new();
        let mut bytes = Vec::new();
        match traits.kind {
            Kind::Char => {
                for (token, &id) in &vocabulary {
                    for character in token.chars() {
                        let code = character as usize;
                        characters.resize(characters.len().max(code + 1), None);
                        characters[code] = Some(id);
                    }
                }
            }
            Kind::Byte => {
                bytes = byte_level::alphabet()
                    .iter()
                    .map(|symbol| vocabulary.get(&symbol.to_string()).copied())
                    .collect::<Option<Vec<u32>>>()
                    .ok_or_else(|| parse("a byte has no token".to_owned()))?;
            }
            _ => {}
        }
        let fast = match traits.kind {
            Kind::ByteLevelBpe | Kind::Other(_) => FastBpe::new(&value).ok(),
            Kind::Char | Kind::Byte | Kind::WordPiece => None,
        };
        let decoding = if traits.kind == Kind::Char || traits.byte_level_decoder {
            Decoding::table(&general, &traits.kind, vocab_size)
        } else {
            Decoding::General
        };
        Ok(Self(Arc::new(Inner {
            fingerprint: Sha256::digest(json.as_bytes()).into(),
            general,
            json,
            traits,
            vocab_size,
            end_of_text,
            unknown,
            roles,
            characters,
            bytes,
            fast,
            remembered: Remembered::default(),
            decoding,
            template: template.and_then(|template| template.within(vocab_size)),
        })))
    }

    /// Writes the `tokenizer.json`: beside, synced, renamed.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TokenizerError> {
        files::write(path, self.0.json.as_bytes()).map_err(|error| TokenizerError::Write {
            path: path.to_owned(),
            error,
        })
    }

    /// One more than the largest id: the rows that an embedding needs.
    pub fn vocab_size(&self) -> usize {
        self.0.vocab_size
    }

    /// The special token that ends a document: `<|endoftext|>`, or what another tokenizer has in its
    /// place (`</s>`, `[SEP]`); `None` for characters.
    pub fn end_of_text(&self) -> Option<u32> {
        self.0.end_of_text
    }

    /// What the tokenizer is made of.
    pub fn kind(&self) -> &Kind {
        &self.0.traits.kind
    }

    /// What encoding takes from a text so that decoding does not give it back, in words; `None` for
    /// characters, bytes and byte-level pairs, which give back everything, and for
    /// [`Kind::Other`], of which that is not known.
    pub fn loses(&self) -> Option<&str> {
        self.0.traits.loses.as_deref()
    }

    /// Ids and names of the special tokens, by id.
    pub fn specials(&self) -> Vec<(u32, String)> {
        let mut specials: Vec<(u32, String)> = self
            .0
            .general
            .get_added_tokens_decoder()
            .into_iter()
            .filter(|(_, token)| token.special)
            .map(|(id, token)| (id, token.content))
            .collect();
        specials.sort_unstable();
        specials
    }

    /// SHA-256 of the `tokenizer.json`, in hexadecimal: what `sha256sum` prints for it.
    pub fn fingerprint(&self) -> String {
        files::hex(&self.0.fingerprint)
    }

    /// The same as bytes.
    pub fn fingerprint_bytes(&self) -> [u8; 32] {
        self.0.fingerprint
    }
}
