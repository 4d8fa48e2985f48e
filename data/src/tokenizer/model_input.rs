//! A text as a model with special tokens reads it: `[CLS] … [SEP]` for BERT.
//!
//! Which tokens stand around it, the file says. What it says of cutting and padding is never done:
//! how long a text may be is the model's matter, and filling up that of whoever makes a batch.

use super::template::Template;
use super::{Kind, Tokenizer, TokenizerError};
use rayon::prelude::*;

/// What a model reads of a text, or of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInput {
    /// Token ids, special ones among them.
    pub ids: Vec<u32>,
    /// The segment of each: 0, and with BERT 1 for the second text.
    pub segments: Vec<u32>,
    /// How many tokens of the text were left out because it was too long.
    pub cut: usize,
    /// How many of the ids stand for something that the vocabulary does not know.
    pub unknown: usize,
}

impl Tokenizer {
    /// The ids of a text with the special tokens that the file's `post_processor` puts around it.
    ///
    /// Of what would become more than `max` tokens, special ones included, the end of the text is
    /// left out; these stay. Other than [`encode`](Self::encode), what the vocabulary does not know
    /// is its unknown token (`[UNK]`), if it has one: an encoder was trained to read it. What looks
    /// like a special token in the text is text.
    ///
    /// # Errors
    /// A `max` without room for any text, a `post_processor` that is not known, or a character
    /// without a token where there is no unknown token.
    pub fn encode_with_specials(
        &self,
        text: &str,
        max: Option<usize>,
    ) -> Result<ModelInput, TokenizerError> {
        let template = self.template()?;
        let body = self.body(text)?;
        let room = room(template, 1, max)?;
        let kept = body.len().min(room);
        Ok(self.input(template, &[&body[..kept]], body.len() - kept))
    }

    /// The same for two texts; of a pair that is too long, the longer text is cut first.
    ///
    /// # Errors
    /// As [`encode_with_specials`](Self::encode_with_specials).
    pub fn encode_pair_with_specials(
        &self,
        first: &str,
        second: &str,
        max: Option<usize>,
    ) -> Result<ModelInput, TokenizerError> {
        let template = self.template()?;
        let (first, second) = (self.body(first)?, self.body(second)?);
        let all = first.len() + second.len();
        let (a, b) = shares(first.len(), second.len(), room(template, 2, max)?);
        Ok(self.input(template, &[&first[..a], &second[..b]], all - a - b))
    }

    /// [`encode_with_specials`](Self::encode_with_specials) for many texts, on all threads of the
    /// pool, in the order of the texts.
    pub fn encode_all_with_specials<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        max: Option<usize>,
    ) -> Vec<Result<ModelInput, TokenizerError>> {
        let encode = |text: &T| self.encode_with_specials(text.as_ref(), max);
        match texts {
            // One text should not wake a thread pool.
            [text] => vec![encode(text)],
            texts => texts.par_iter().map(encode).collect(),
        }
    }

    fn template(&self) -> Result<&Template, TokenizerError> {
        let template = self.0.template.as_ref();
        template.map_err(|message| TokenizerError::Template(message.clone()))
    }

    /// The ids of the text alone.
    fn body(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        match (self.kind(), self.0.unknown) {
            (Kind::Other(_), Some(_)) => {
                let encoding = self.0.general.encode_fast(text, false);
                let encoding = encoding.map_err(|e| TokenizerError::Encode(e.to_string()))?;
                Ok(encoding.get_ids().to_vec())
            }
            _ => self.encode(text),
        }
    }

    fn input(&self, template: &Template, texts: &[&[u32]], cut: usize) -> ModelInput {
        let ids = texts.iter().copied().flatten();
        let unknown = ids.filter(|id| Some(**id) == self.0.unknown).count();
        let (ids, segments) = template.around(texts);
        ModelInput {
            ids,
            segments,
            cut,
            unknown,
        }
    }
}

/// Tokens that so many texts have room for.
fn room(template: &Template, texts: usize, max: Option<usize>) -> Result<usize, TokenizerError> {
    let Some(max) = max else {
        return Ok(usize::MAX);
    };
    let specials = template.added(texts);
    match max.checked_sub(specials) {
        Some(room) if room >= texts => Ok(room),
        _ => Err(TokenizerError::NoRoom {
            max,
            least: specials + texts,
            specials,
        }),
    }
}

/// How many tokens are left of texts with so many, together at most `room`: the longer one gives
/// first, and then both.
fn shares(first: usize, second: usize, room: usize) -> (usize, usize) {
    if first.saturating_add(second) <= room {
        return (first, second);
    }
    let shorter = first.min(second).min(room / 2);
    match first > second {
        true => (room - shorter, shorter),
        false => (shorter, room - shorter),
    }
}
