//! What of a `tokenizer.json` encoding depends on, read from its parsed form.
//!
//! Whatever is not known to mean what this module does is refused: the `tokenizers` crate reads the
//! same file, and it decides what the ids are.

use std::collections::HashMap;

use serde_json::Value;

use super::super::byte_level::{alphabet, byte_of};
use super::pairs::BITS;

/// Why a `tokenizer.json` is not served, in words that complete "it is encoded by `tokenizers`:".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotServed(String);

impl NotServed {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Ids and ranks are below this: tables are as long as the largest, and three of them fit 64 bits.
/// Published vocabularies end below 300,000.
const LIMIT: usize = 1 << BITS;

/// The model: tokens, and which pairs of them are merged.
pub(super) struct Model<'f> {
    /// Ids by token, as the file writes it.
    pub ids: HashMap<&'f str, u32>,
    /// Ids of the 256 bytes.
    pub bytes: [u32; 256],
    /// Pairs and what they make, the first merged first.
    pub merges: Vec<Merge>,
    /// Bytes that a token stands for, by id.
    pub lengths: Vec<u32>,
    /// A word that is a token becomes that token, whatever merging would give.
    pub ignore_merges: bool,
}

/// A pair of tokens, and the one they make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    pub left: u32,
    pub right: u32,
    pub made: u32,
}

impl<'f> Model<'f> {
    pub(super) fn read(model: &'f Value) -> Result<Self, NotServed> {
        let refused = |reason: String| Err(NotServed::new(reason));
        // Files from before 2020 do not say it.
        if !matches!(model["type"].as_str(), None | Some("BPE")) {
            return refused(format!("its model is {}", model["type"]));
        }
        for part in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if !(model[part].is_null() || model[part] == "") {
                return refused(format!("its {part} is {}", model[part]));
            }
        }
        if !(model["dropout"].is_null() || model["dropout"].as_f64() == Some(0.0)) {
            return refused("it leaves out merges at random".to_owned());
        }
        let Some(vocabulary) = model["vocab"].as_object() else {
            return refused("it has no vocabulary".to_owned());
        };
        let mut ids = HashMap::with_capacity(vocabulary.len());
        let mut lengths = Vec::new();
        for (token, id) in vocabulary {
            let id = id.as_u64().and_then(|id| usize::try_from(id).ok());
            let Some(id) = id.filter(|&id| id < LIMIT) else {
                return refused(format!("the id of {token:?} is out of range"));
            };
            lengths.resize(lengths.len().max(id + 1), 0);
            // Two tokens with one id would be taken for each other.
            if lengths[id] != 0 {
                return refused(format!("{token:?} is not the only token with its id"));
            }
            // Each character of a token stands for a byte. An empty one is no part of a word.
            lengths[id] = token.chars().count().max(1) as u32;
            ids.insert(token.as_str(), id as u32);
        }
        let mut bytes = [0; 256];
        for (byte, symbol) in alphabet().into_iter().enumerate() {
            match ids.get(symbol.encode_utf8(&mut [0; 4]) as &str) {
                Some(&id) => bytes[byte] = id,
                None => return refused(format!("the byte {byte:#04x} has no token")),
            }
        }
        let merges = merges(&model["merges"], &ids)?;
        Ok(Self {
            ids,
            bytes,
            merges,
            lengths,
            ignore_merges: model["ignore_merges"] == true,
        })
    }

    /// Ids by the bytes of a token, for those whose characters all stand for bytes.
    pub(super) fn by_bytes(&self) -> HashMap<Box<[u8]>, u32> {
        let bytes = |token: &str| token.chars().map(byte_of).collect::<Option<Box<[u8]>>>();
        self.ids
            .iter()
            .filter_map(|(token, &id)| Some((bytes(token)?, id)))
            .collect()
    }
}

fn merges(list: &Value, ids: &HashMap<&str, u32>) -> Result<Vec<Merge>, NotServed> {
    let Some(list) = list.as_array() else {
        return Err(NotServed::new("it has no merges"));
    };
    if list.len() >= LIMIT {
        return Err(NotServed::new(format!("it has {} merges", list.len())));
    }
    let mut merges = Vec::with_capacity(list.len());
    let mut whole = String::new();
    for (number, merge) in list.iter().enumerate() {
        let unclear = || NotServed::new(format!("its merge {number} is {merge}"));
        // Both ways to write a pair.
        let (left, right) = match merge {
            Value::String(line) if line.starts_with("#version") => continue,
            Value::String(line) => line.split_once(' ').ok_or_else(unclear)?,
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(left), Value::String(right)] => (left.as_str(), right.as_str()),
                _ => return Err(unclear()),
            },
            _ => return Err(unclear()),
        };
        whole.clear();
        whole.push_str(left);
        whole.push_str(right);
        let id = |token: &str| ids.get(token).copied().ok_or_else(unclear);
        merges.push(Merge {
            left: id(left)?,
            right: id(right)?,
            made: id(&whole)?,
        });
    }
    Ok(merges)
}

/// Whether a `normalizer` composes characters (NFC) or is none.
pub(super) fn composes(normalizer: &Value) -> Result<bool, NotServed> {
    let single = std::slice::from_ref(normalizer);
    let parts = match normalizer["normalizers"].as_array() {
        Some(parts) if normalizer["type"] == "Sequence" => parts,
        _ if normalizer.is_null() => return Ok(false),
        _ => single,
    };
    match parts.iter().find(|part| part["type"] != "NFC") {
        Some(part) => Err(NotServed::new(format!(
            "its normalizer is {}",
            part["type"]
        ))),
        None => Ok(!parts.is_empty()),
    }
}
