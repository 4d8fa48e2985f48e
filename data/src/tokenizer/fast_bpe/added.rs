//! Tokens that were added to a vocabulary: they are found in the text before it is cut into words.
//!
//! Of those that begin at the leftmost place the longest is meant, and the search goes on behind
//! it. A special token that is to be read as text still ends the search there, so that no other is
//! found within it: that is how the `tokenizers` crate has it.

use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use super::{NotServed, SpecialTokens};

/// Added tokens that are looked for in the same form of a text.
#[derive(Default)]
pub(super) struct Added {
    tokens: Vec<AddedToken>,
    finder: Option<AhoCorasick>,
}

struct AddedToken {
    content: String,
    id: u32,
    special: bool,
    /// Takes the white space before it.
    strips_before: bool,
    /// Takes the white space behind it.
    strips_behind: bool,
}

/// A part of a text.
pub(super) enum Part<'t> {
    Token(u32),
    Text(&'t str),
}

/// The added tokens of a file: those found in the text as it stands, and those found in what the
/// normalizer made of it.
///
/// `normalize` gives the form in which the second kind is looked for.
pub(super) fn read(
    list: &Value,
    vocabulary: &HashMap<&str, u32>,
    normalize: impl Fn(&str) -> String,
) -> Result<(Added, Added), NotServed> {
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    let list = match list {
        Value::Null => &[],
        Value::Array(list) => list.as_slice(),
        _ => return Err(NotServed::new("its added tokens are no list")),
    };
    let mut seen = HashSet::new();
    let mut next = vocabulary.len();
    for token in list {
        let unclear = |why: &str| NotServed::new(format!("the added token {token} {why}"));
        let flag = |name: &str| token[name].as_bool().ok_or_else(|| unclear("lacks a flag"));
        let content = token["content"].as_str().unwrap_or_default();
        // The crate takes no notice of a token without text.
        if content.is_empty() {
            continue;
        }
        if flag("single_word")? {
            return Err(unclear("is found between words only"));
        }
        // The crate takes the id of a token that the model has, and otherwise counts on.
        let id = vocabulary.get(content).copied().unwrap_or_else(|| {
            next += 1;
            next as u32 - 1
        });
        if token["id"].as_u64() != Some(u64::from(id)) || !seen.insert(id) {
            return Err(unclear("has another id than it would be given"));
        }
        let normalized = flag("normalized")?;
        let added = AddedToken {
            content: if normalized {
                normalize(content)
            } else {
                content.to_owned()
            },
            id,
            special: flag("special")?,
            strips_before: flag("lstrip")?,
            strips_behind: flag("rstrip")?,
        };
        if normalized {
            behind.push(added);
        } else {
            before.push(added);
        }
    }
    Ok((Added::new(before)?, Added::new(behind)?))
}

impl Added {
    fn new(tokens: Vec<AddedToken>) -> Result<Self, NotServed> {
        if tokens.is_empty() {
            return Ok(Self::default());
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(tokens.iter().map(|token| token.content.as_bytes()))
            .map_err(|error| NotServed::new(format!("its added tokens: {error}")))?;
        Ok(Self {
            tokens,
            finder: Some(finder),
        })
    }

    /// Whether none of these tokens is ever found in a text.
    pub(super) fn none_found(&self, special: SpecialTokens) -> bool {
        special == SpecialTokens::AreText && self.tokens.iter().all(|token| token.special)
    }

    /// Calls for each part of a text in order: tokens, and what is between them.
    pub(super) fn split<'t>(
        &self,
        text: &'t str,
        special: SpecialTokens,
        mut part: impl FnMut(Part<'t>),
    ) {
        let Some(finder) = self.finder.as_ref().filter(|_| !self.none_found(special)) else {
            part(Part::Text(text));
            return;
        };
        let between = |start, end| text.get(start..end).unwrap_or_default();
        let mut done = 0;
        for found in finder.find_iter(text) {
            let Some(token) = self.tokens.get(found.pattern().as_usize()) else {
                continue;
            };
            if token.special && special == SpecialTokens::AreText {
                continue;
            }
            let (mut start, mut end) = (found.start(), found.end());
            if token.strips_before {
                start = between(0, start).trim_end().len().max(done);
            }
            if token.strips_behind {
                let rest = between(end, text.len());
                end += rest.len() - rest.trim_start().len();
            }
            if done < start {
                part(Part::Text(between(done, start)));
            }
            part(Part::Token(token.id));
            done = end;
        }
        if done < text.len() {
            part(Part::Text(between(done, text.len())));
        }
    }
}
