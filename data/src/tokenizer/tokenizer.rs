//! The tokenizer: a `tokenizer.json` with the project's promises around it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::kind::{Traits, traits};
use super::pieces::{PIECE_BYTES, pieces};
use super::{Kind, Place, TextStream, TokenizerError, byte_level};
use crate::files;

/// Names under which published tokenizers keep the token that ends a text, best first.
const ENDS: [&str; 4] = [super::END_OF_TEXT, "<|end_of_text|>", "</s>", "<eos>"];

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
pub struct Tokenizer(Arc<Inner>);

struct Inner {
    general: tokenizers::Tokenizer,
    /// The file as it was read, which is also how it is saved: nothing of it gets lost.
    json: String,
    fingerprint: [u8; 32],
    traits: Traits,
    vocab_size: usize,
    end_of_text: Option<u32>,
    unknown: Option<u32>,
    /// Ids of characters by code point, for [`Kind::Char`].
    characters: Vec<Option<u32>>,
    /// Ids of bytes, for [`Kind::Byte`].
    bytes: Vec<u32>,
    decoding: Decoding,
}

/// How tokens become text.
pub(super) enum Decoding {
    /// Each token is some bytes.
    Table(Table),
    /// The decoder of the `tokenizers` crate.
    General,
}

/// The bytes of every token, one after another.
pub(super) struct Table {
    bytes: Vec<u8>,
    /// Where the bytes of each id lie; `None` for a gap in the numbering.
    spans: Vec<Option<(usize, usize)>>,
}

impl Table {
    pub(super) fn get(&self, id: u32) -> Option<&[u8]> {
        let (start, end) = (*self.spans.get(id as usize)?)?;
        self.bytes.get(start..end)
    }
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
        let traits = traits(&value);
        // A published file may cut or pad texts to a model's length, or leave out merges at random
        // while training: all of that would silently change what a document is.
        for part in ["truncation", "padding"] {
            value[part] = Value::Null;
        }
        if value["model"].is_object() {
            value["model"]["dropout"] = Value::Null;
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
        let decoding = if traits.kind == Kind::Char || traits.byte_level_decoder {
            let mut table = Table {
                bytes: Vec::new(),
                spans: vec![None; vocab_size],
            };
            for id in 0..vocab_size as u32 {
                if let Some(token) = general.id_to_token(id) {
                    let start = table.bytes.len();
                    match traits.kind {
                        Kind::Char => table.bytes.extend_from_slice(token.as_bytes()),
                        _ => table.bytes.extend(byte_level::token_bytes(&token)),
                    }
                    table.spans[id as usize] = Some((start, table.bytes.len()));
                }
            }
            Decoding::Table(table)
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
            characters,
            bytes,
            decoding,
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

    /// The token ids of a text. No special token is added, and none is recognised in the text.
    ///
    /// # Errors
    /// A character without a token, with its place.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut ids = Vec::new();
        for part in self.encode_parts(std::slice::from_ref(&text)) {
            ids.extend(part?);
        }
        Ok(ids)
    }

    /// The token ids of many texts, on all threads of the pool; the result depends on the texts
    /// alone. The order is that of the texts.
    pub fn encode_parts<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
    ) -> Vec<Result<Vec<u32>, TokenizerError>> {
        let work: Vec<(usize, usize, &str)> = texts
            .iter()
            .enumerate()
            .flat_map(|(index, text)| {
                pieces(self.kind(), text.as_ref(), PIECE_BYTES)
                    .into_iter()
                    .map(move |(start, piece)| (index, start, piece))
            })
            .collect();
        let encode = |&(index, start, piece): &(usize, usize, &str)| {
            self.encode_piece(piece).map_err(|fault| match fault {
                Fault::Hole(at) => {
                    TokenizerError::Unencodable(Place::of(texts[index].as_ref(), start + at))
                }
                Fault::Failed(message) => TokenizerError::Encode(message),
            })
        };
        // A prompt should not wake a thread pool.
        let encoded: Vec<_> = if work.len() > 1 {
            work.par_iter().map(encode).collect()
        } else {
            work.iter().map(encode).collect()
        };
        let mut results: Vec<Result<Vec<u32>, TokenizerError>> =
            texts.iter().map(|_| Ok(Vec::new())).collect();
        for ((index, ..), piece) in work.into_iter().zip(encoded) {
            match (&mut results[index], piece) {
                (Ok(ids), Ok(piece)) => ids.extend(piece),
                (result @ Ok(_), Err(error)) => *result = Err(error),
                (Err(_), _) => {}
            }
        }
        results
    }

    fn encode_piece(&self, text: &str) -> Result<Vec<u32>, Fault> {
        let inner = &*self.0;
        match &inner.traits.kind {
            Kind::Char => text
                .char_indices()
                .map(|(at, character)| {
                    let id = inner.characters.get(character as usize).copied().flatten();
                    id.ok_or(Fault::Hole(at))
                })
                .collect(),
            Kind::Byte => Ok(text
                .bytes()
                .map(|byte| inner.bytes[byte as usize])
                .collect()),
            Kind::ByteLevelBpe => inner
                .general
                .encode_fast(text, false)
                .map(|encoding| encoding.get_ids().to_vec())
                .map_err(|error| Fault::Failed(error.to_string())),
            Kind::Other(_) => self.encode_general(text),
        }
    }

    /// The slow way, with offsets, which shows what a foreign tokenizer does not know.
    fn encode_general(&self, text: &str) -> Result<Vec<u32>, Fault> {
        let inner = &*self.0;
        let encoding = inner
            .general
            .encode(text, false)
            .map_err(|error| Fault::Failed(error.to_string()))?;
        if let Some(unknown) = inner.unknown {
            let position = encoding.get_ids().iter().position(|&id| id == unknown);
            if let Some(position) = position {
                return Err(Fault::Hole(encoding.get_offsets()[position].0));
            }
        }
        if inner.traits.may_drop {
            let mut covered = 0;
            let ends = encoding.get_offsets().iter().copied();
            for (start, end) in ends.chain([(text.len(), text.len())]) {
                let gap = text.get(covered..start).unwrap_or_default();
                if let Some(at) = gap.find(|character: char| !character.is_whitespace()) {
                    return Err(Fault::Hole(self.first_dropped(text, covered + at)));
                }
                covered = covered.max(end);
            }
        }
        Ok(encoding.get_ids().to_vec())
    }

    /// The first character that leaves no token, when something up to `gap` left none. The model's
    /// offsets count only what it kept, so the gap shows at the end of the word.
    fn first_dropped(&self, text: &str, gap: usize) -> usize {
        let is_dropped = |character: char| {
            let alone = self.0.general.encode(character.to_string(), false);
            !character.is_whitespace() && alone.is_ok_and(|encoding| encoding.is_empty())
        };
        let mut kept = BTreeSet::new();
        text.char_indices()
            .take_while(|&(at, _)| at <= gap)
            .find(|&(_, character)| kept.insert(character) && is_dropped(character))
            .map_or(gap, |(at, _)| at)
    }

    /// The text of token ids. Special tokens show as what they are called; bytes that are not
    /// UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// An id that is not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        match &self.0.decoding {
            Decoding::Table(_) => {
                let mut bytes = Vec::new();
                self.decode_bytes(ids, &mut bytes)?;
                Ok(String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
            }
            Decoding::General => {
                for &id in ids {
                    self.check(id)?;
                }
                self.0
                    .general
                    .decode(ids, false)
                    .map_err(|error| TokenizerError::Decode(error.to_string()))
            }
        }
    }

    /// Appends the bytes of token ids; over several calls a character may be split between them.
    ///
    /// # Errors
    /// An id that is not in the vocabulary.
    pub fn decode_bytes(&self, ids: &[u32], bytes: &mut Vec<u8>) -> Result<(), TokenizerError> {
        match &self.0.decoding {
            Decoding::Table(table) => {
                for &id in ids {
                    bytes.extend_from_slice(table.get(id).ok_or(self.unknown_id(id))?);
                }
            }
            Decoding::General => bytes.extend_from_slice(self.decode(ids)?.as_bytes()),
        }
        Ok(())
    }

    fn check(&self, id: u32) -> Result<(), TokenizerError> {
        if self.knows(id) {
            Ok(())
        } else {
            Err(self.unknown_id(id))
        }
    }

    fn unknown_id(&self, id: u32) -> TokenizerError {
        TokenizerError::UnknownId {
            id,
            vocab_size: self.vocab_size(),
        }
    }

    pub(super) fn knows(&self, id: u32) -> bool {
        match &self.0.decoding {
            Decoding::Table(table) => table.get(id).is_some(),
            Decoding::General => self.0.general.id_to_token(id).is_some(),
        }
    }

    pub(super) fn decoding(&self) -> &Decoding {
        &self.0.decoding
    }

    /// A decoder for tokens that arrive one at a time.
    pub fn stream(&self) -> TextStream {
        TextStream::new(self.clone())
    }

    /// One more than the largest id: the rows that an embedding needs.
    pub fn vocab_size(&self) -> usize {
        self.0.vocab_size
    }

    /// The special token that ends a document: `<|endoftext|>`, or what a published tokenizer has
    /// in its place; `None` for characters.
    pub fn end_of_text(&self) -> Option<u32> {
        self.0.end_of_text
    }

    /// What the tokenizer is made of.
    pub fn kind(&self) -> &Kind {
        &self.0.traits.kind
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

/// Why a piece cannot be encoded.
enum Fault {
    /// No token for what begins at this byte.
    Hole(usize),
    Failed(String),
}
