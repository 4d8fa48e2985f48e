//! Texts to the token ids that a model reads of them.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use slovo_data::Tokenizer;

/// What is left of a text that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// Its beginning.
    #[default]
    Start,
    /// Its end.
    End,
    /// Half of its beginning and half of its end (Sun et al. 2019,
    /// <https://arxiv.org/abs/1905.05583>, section 5.3.1).
    Ends,
}

/// How texts become token ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// Tokens that are read of a text at most, special ones included.
    pub max_tokens: usize,
    /// What is left of a longer one.
    #[serde(default)]
    pub keep: Keep,
}

/// Token ids of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// At least one.
    pub ids: Vec<u32>,
    /// How many tokens were left out.
    pub cut: usize,
}

impl Encoding {
    /// The token ids of texts, in their order. `place` says to a person where a text stands.
    ///
    /// # Errors
    ///
    /// A character that a tokenizer without an unknown token has none for, or a `max_tokens` without
    /// room for any text.
    pub fn encode<T: AsRef<str> + Sync>(
        &self,
        tokenizer: &Tokenizer,
        texts: &[T],
        place: impl Fn(usize) -> String,
    ) -> Result<Vec<Encoded>> {
        let whole = tokenizer.encode_all_with_specials(texts, None);
        let mut found = Vec::with_capacity(texts.len());
        let specials = match tokenizer.encode_with_specials("", None) {
            Ok(nothing) => nothing.ids,
            Err(error) => return Err(slovo_data::Error::from(error).into()),
        };
        for (i, input) in whole.into_iter().enumerate() {
            let input = input.map_err(|error| Error::Text {
                place: place(i),
                source: Box::new(slovo_data::Error::from(error).into()),
            })?;
            found.push(self.cut(input.ids, &specials, tokenizer));
        }
        Ok(found)
    }

    /// Leaves out what is too much; special tokens stay where they are.
    fn cut(&self, mut ids: Vec<u32>, specials: &[u32], tokenizer: &Tokenizer) -> Encoded {
        if ids.is_empty() {
            // A text of nothing still has a place to be read at.
            ids.push(tokenizer.end_of_text().or(tokenizer.pad()).unwrap_or(0));
        }
        let kept = self.kept(&ids, specials);
        Encoded {
            cut: ids.len() - kept.len(),
            ids: kept.into_iter().map(|place| ids[place]).collect(),
        }
    }

    /// Which of the tokens of a text, with those that stand around it, are read.
    pub(crate) fn kept(&self, ids: &[u32], specials: &[u32]) -> Vec<usize> {
        let all = ids.len();
        if all <= self.max_tokens {
            return (0..all).collect();
        }
        let (before, after) = around(ids, specials);
        let room = self.max_tokens.saturating_sub(before + after).max(1);
        let (first, last) = match self.keep {
            Keep::Start => (room, 0),
            Keep::End => (0, room),
            Keep::Ends => (room.div_ceil(2), room / 2),
        };
        let body = before..all - after;
        let first = (body.start + first).min(body.end);
        let last = body.end.saturating_sub(last).max(first);
        let kept = (0..first).chain(last..all);
        match self.keep {
            Keep::Start => (0..first).chain(body.end..all).collect(),
            Keep::End | Keep::Ends => kept.collect(),
        }
    }
}

/// How many special tokens stand before a text, and how many behind it.
pub(crate) fn around(ids: &[u32], specials: &[u32]) -> (usize, usize) {
    let before = specials.iter().zip(ids).take_while(|(a, b)| a == b);
    let before = before.count().min(specials.len().div_ceil(2));
    (before, specials.len() - before)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn kept(max_tokens: usize, keep: Keep) -> (Vec<u32>, usize) {
        let tokenizer = Tokenizer::bytes().unwrap();
        let encoding = Encoding { max_tokens, keep };
        let found = encoding.encode(&tokenizer, &["abcdef"], |_| String::new());
        let found = found.unwrap().remove(0);
        (found.ids, found.cut)
    }

    #[test]
    fn a_long_text_loses_what_the_recipe_says() {
        let bytes = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
        let whole = kept(6, Keep::Start).0;
        // The byte vocabulary may number its tokens as it likes.
        let of = |text: &str| {
            let place = |byte: &u32| bytes("abcdef").iter().position(|b| b == byte).unwrap();
            bytes(text)
                .iter()
                .map(|byte| whole[place(byte)])
                .collect::<Vec<_>>()
        };
        assert_eq!(kept(4, Keep::Start), (of("abcd"), 2));
        assert_eq!(kept(4, Keep::End), (of("cdef"), 2));
        assert_eq!(kept(5, Keep::Ends), (of("abcef"), 1));
    }

    #[test]
    fn special_tokens_stay_around_what_is_cut() {
        let encoding = Encoding {
            max_tokens: 5,
            keep: Keep::End,
        };
        let tokenizer = Tokenizer::bytes().unwrap();
        let found = encoding.cut(vec![101, 1, 2, 3, 4, 5, 102], &[101, 102], &tokenizer);
        assert_eq!((found.ids, found.cut), (vec![101, 3, 4, 5, 102], 2));
    }

    #[test]
    fn nothing_is_still_a_text() {
        let tokenizer = Tokenizer::bytes().unwrap();
        let encoding = Encoding {
            max_tokens: 4,
            keep: Keep::Start,
        };
        let found = encoding
            .encode(&tokenizer, &[""], |_| String::new())
            .unwrap();
        assert_eq!(found[0].ids.len(), 1);
    }
}
