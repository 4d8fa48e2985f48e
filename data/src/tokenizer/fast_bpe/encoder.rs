//! The encoder: added tokens, words, and the tokens of each word.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::{NormalizedString, Normalizer};
use unicode_normalization::is_nfc;

use super::added::{self, Added, Part};
use super::cache::{Cache, Key, SHORT_WORD};
use super::file::{Model, composes};
use super::long_word::LongSpace;
use super::merges::{Merges, SHORT};
use super::{NotServed, WordPattern};

/// What the name of a special token in a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialTokens {
    /// Text like any other; the `tokenizers` crate's `encode_special_tokens`.
    AreText,
    /// The token; what the `tokenizers` crate does where nothing is said.
    AreTokens,
}

/// Encodes as the `tokenizers` crate does with the same `tokenizer.json`; shared between threads.
pub struct FastBpe {
    pattern: WordPattern,
    prefix_space: bool,
    /// The normalizer is NFC.
    composes: bool,
    added: Added,
    /// Looked for in what the normalizer made of the text.
    added_normalized: Added,
    /// Words that are tokens whatever merging gives.
    whole: HashMap<Box<[u8]>, u32>,
    longest_whole: usize,
    merges: Merges,
    /// One for each thread that has encoded, while it is not encoding.
    spaces: Mutex<Vec<Space>>,
}

/// What encoding needs beside the tables.
#[derive(Default)]
struct Space {
    cache: Cache,
    long: LongSpace,
}

impl FastBpe {
    /// Reads a parsed `tokenizer.json`.
    ///
    /// # Errors
    /// Why it is not served: a part that is not known to mean what this encoder does. The
    /// `tokenizers` crate may encode with it nevertheless.
    pub fn new(file: &Value) -> Result<Self, NotServed> {
        for part in ["truncation", "padding"] {
            if !file[part].is_null() {
                return Err(NotServed::new(format!("it sets {part}")));
            }
        }
        let composes = composes(&file["normalizer"])?;
        let (pattern, prefix_space) = WordPattern::read(&file["pre_tokenizer"])?;
        let model = Model::read(&file["model"])?;
        let (added, added_normalized) = added::read(&file["added_tokens"], &model.ids, |text| {
            if composes {
                composed(text).into_owned()
            } else {
                text.to_owned()
            }
        })?;
        let whole = if model.ignore_merges {
            model.by_bytes()
        } else {
            HashMap::new()
        };
        Ok(Self {
            pattern,
            prefix_space,
            composes,
            added,
            added_normalized,
            longest_whole: whole.keys().map(|word| word.len()).max().unwrap_or(0),
            whole,
            merges: Merges::new(model),
            spaces: Mutex::default(),
        })
    }

    /// Appends the token ids of a text, without those that a template puts around it.
    pub fn encode(&self, text: &str, special: SpecialTokens, ids: &mut Vec<u32>) {
        let mut space = self.spaces().pop().unwrap_or_default();
        self.added.split(text, special, |part| match part {
            Part::Token(id) => ids.push(id),
            Part::Text(text) => {
                let text = if self.composes {
                    composed(text)
                } else {
                    Cow::Borrowed(text)
                };
                self.added_normalized
                    .split(&text, special, |part| match part {
                        Part::Token(id) => ids.push(id),
                        Part::Text(text) => self.encode_words(text, &mut space, ids),
                    });
            }
        });
        self.spaces().push(space);
    }

    /// The length of a first part of the text that can be encoded by itself, and the rest by itself,
    /// with the ids of the whole where special tokens are text: the longest up to `target` bytes,
    /// else the shortest beyond, else the whole.
    pub fn cut(&self, text: &str, target: usize) -> usize {
        let whole = text.len();
        let finds = |added: &Added| !added.none_found(SpecialTokens::AreText);
        if self.prefix_space || finds(&self.added) || finds(&self.added_normalized) {
            return whole;
        }
        let may_cut = |&at: &usize| self.pattern.may_cut(text.as_bytes(), at);
        let beyond = target.saturating_add(1).min(whole);
        (1..beyond)
            .rev()
            .find(may_cut)
            .or_else(|| (beyond..whole).find(may_cut))
            .unwrap_or(whole)
    }

    fn spaces(&self) -> MutexGuard<'_, Vec<Space>> {
        // A thread that panicked left no half of a space: it had taken one out.
        self.spaces
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn encode_words(&self, text: &str, space: &mut Space, ids: &mut Vec<u32>) {
        let mut text = Cow::Borrowed(text);
        if self.prefix_space && !text.is_empty() && !text.starts_with(' ') {
            text.to_mut().insert(0, ' ');
        }
        let text = text.as_bytes();
        self.pattern.for_each(text, |start, end| {
            let length = end - start;
            if length <= SHORT_WORD {
                let key = Key::new(text, start, length);
                if !space.cache.find_short(key, ids) {
                    self.new_word(&text[start..end], Some(key), space, ids);
                }
            } else {
                self.new_word(&text[start..end], None, space, ids);
            }
        });
    }

    /// The tokens of a word that is not kept as a short one.
    #[inline(never)]
    fn new_word(&self, word: &[u8], key: Option<Key>, space: &mut Space, ids: &mut Vec<u32>) {
        let Space { cache, long } = space;
        let place = Cache::place(word);
        if place.is_some_and(|place| cache.find_at(place, word, ids)) {
            return;
        }
        let first = ids.len();
        let whole = if word.len() <= self.longest_whole {
            self.whole.get(word)
        } else {
            None
        };
        match whole {
            Some(&id) => ids.push(id),
            None if word.len() <= SHORT => self.merges.merge(word, &mut long.queue, ids),
            None => self.merges.merge_long(word, long, ids),
        }
        let tokens = &ids[first..];
        if key.is_some_and(|key| cache.keep_short(key, tokens)) {
            return;
        }
        if let Some(place) = place {
            cache.keep_at(place, word, tokens);
        }
    }
}

/// A text in normalisation form C, in the version of Unicode that the `tokenizers` crate has.
///
/// What is composed in a later version is composed in an earlier one, and most text is.
fn composed(text: &str) -> Cow<'_, str> {
    /// Every character below U+0300 is composed and stands by itself; these bytes begin none above.
    const BELOW_MARKS: u8 = 0xCC;
    if text.bytes().all(|byte| byte < BELOW_MARKS) || is_nfc(text) {
        return Cow::Borrowed(text);
    }
    let mut normalized = NormalizedString::from(text);
    match NFC.normalize(&mut normalized) {
        Ok(()) => Cow::Owned(normalized.get().to_owned()),
        // It does not fail.
        Err(_) => Cow::Borrowed(text),
    }
}
