//! A text in which special tokens stand by name, as chat templates write them.

use super::{Tokenizer, TokenizerError};
use std::ops::Range;

impl Tokenizer {
    /// The token ids of a text in which the names of special tokens stand for them, but for those in
    /// the ranges `plain`, which somebody wrote who may not end a message: there they are text. White
    /// space that a token takes with it is taken.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_with_tokens(
        &self,
        text: &str,
        plain: &[Range<usize>],
    ) -> Result<Vec<u32>, TokenizerError> {
        let added = self.0.general.get_added_tokens_decoder();
        let mut tokens: Vec<_> = added
            .iter()
            .filter(|(_, token)| token.special && !token.content.is_empty())
            .collect();
        // Of two that begin alike the longer one is meant.
        tokens.sort_by_key(|(id, token)| (std::cmp::Reverse(token.content.len()), **id));
        let mut ids = Vec::new();
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            if let Some(range) = plain.iter().find(|range| range.contains(&at)) {
                at = range.end.min(text.len());
                continue;
            }
            let here = &text[at..];
            let found = tokens
                .iter()
                .find(|(_, token)| here.starts_with(token.content.as_str()));
            let Some((id, token)) = found else {
                at += here.chars().next().map_or(1, char::len_utf8);
                continue;
            };
            let before = match token.lstrip {
                true => text[start..at].trim_end(),
                false => &text[start..at],
            };
            ids.extend(self.encode(before)?);
            ids.push(**id);
            at += token.content.len();
            if token.rstrip {
                at = text.len() - text[at..].trim_start().len();
            }
            start = at;
        }
        ids.extend(self.encode(&text[start..])?);
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_tokens_where_the_template_wrote_them() -> Result<(), TokenizerError> {
        let tokenizer = Tokenizer::bytes()?;
        let end = tokenizer.end_of_text().unwrap_or_default();
        let text = "a<|endoftext|>b<|endoftext|>";
        let all = tokenizer.encode_with_tokens(text, &[])?;
        let of = |text: &str| tokenizer.encode(text);
        assert_eq!(all, [of("a")?, vec![end], of("b")?, vec![end]].concat());
        let some = tokenizer.encode_with_tokens(text, std::slice::from_ref(&(0..14)))?;
        assert_eq!(some.len(), 1 + 13 + 1 + 1);
        assert_eq!(some.iter().filter(|id| **id == end).count(), 1);
        assert!(tokenizer.encode_with_tokens("", &[])?.is_empty());
        Ok(())
    }
}
