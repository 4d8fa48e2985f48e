//! Tokens with their places, and holes where a character has none: for looking, not for training.

use super::kind::WordStart;
use super::pieces::{PIECE_BYTES, pieces, pieces_by};
use super::{Kind, Tokenizer, TokenizerError};

/// A token and the bytes of the text that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSpan {
    /// Its id; `None` for text without a token.
    pub id: Option<u32>,
    /// First byte; may lie within a character.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

impl Tokenizer {
    /// The pieces that a text may be cut into without a change of its tokens.
    pub(crate) fn pieces<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        match &self.0.fast {
            Some(fast) => pieces_by(|text, target| fast.cut(text, target), text, PIECE_BYTES),
            None => pieces(self.kind(), text, PIECE_BYTES),
        }
    }

    /// The tokens of a text with their places. White space that a tokenizer drops is in none.
    ///
    /// # Errors
    /// A failure of the `tokenizers` crate.
    pub fn spans(&self, text: &str) -> Result<Vec<TokenSpan>, TokenizerError> {
        let inner = &*self.0;
        match self.kind() {
            Kind::Char => Ok(text
                .char_indices()
                .map(|(start, character)| TokenSpan {
                    id: inner.characters.get(character as usize).copied().flatten(),
                    start,
                    end: start + character.len_utf8(),
                })
                .collect()),
            Kind::Byte | Kind::ByteLevelBpe => {
                let mut bytes = Vec::new();
                let mut at = 0;
                self.encode(text)?
                    .into_iter()
                    .map(|id| {
                        bytes.clear();
                        // The bytes of the tokens are the bytes of the text.
                        self.decode_bytes(&[id], &mut bytes)?;
                        let start = at;
                        at += bytes.len();
                        Ok(TokenSpan {
                            id: Some(id),
                            start,
                            end: at,
                        })
                    })
                    .collect()
            }
            Kind::WordPiece | Kind::Other(_) => self.general_spans(text),
        }
    }

    /// The characters of a text without a token for which that text has none, with their places. A
    /// WordPiece word is unknown as a whole: it is those by themselves unknown, or all of them.
    pub(crate) fn culprits(&self, text: &str) -> Vec<(usize, char)> {
        let mut culprits: Vec<(usize, char)> = text.char_indices().collect();
        if *self.kind() == Kind::WordPiece {
            let unknown = |(_, character): &(usize, char)| {
                let alone = self.encode(character.encode_utf8(&mut [0; 4]));
                alone.is_ok_and(|ids| self.count_unknown(&ids) > 0)
            };
            if culprits.iter().any(unknown) {
                culprits.retain(unknown);
            }
        }
        culprits
    }

    /// A token's text as bytes, without what says that it continues a word.
    pub(crate) fn without_prefix<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        match &self.0.traits.words {
            WordStart::Continued(prefix) => bytes.strip_prefix(prefix.as_bytes()).unwrap_or(bytes),
            _ => bytes,
        }
    }

    fn general_spans(&self, text: &str) -> Result<Vec<TokenSpan>, TokenizerError> {
        let encoding = self
            .0
            .general
            .encode(text, false)
            .map_err(|error| TokenizerError::Encode(error.to_string()))?;
        let mut spans = Vec::new();
        let mut covered = 0;
        let tokens = encoding.get_ids().iter().zip(encoding.get_offsets());
        for (&id, &(start, end)) in tokens {
            self.hole(text, covered, start, &mut spans);
            covered = covered.max(end);
            let known = self.0.unknown != Some(id);
            spans.push(TokenSpan {
                id: known.then_some(id),
                start,
                end,
            });
        }
        self.hole(text, covered, text.len(), &mut spans);
        Ok(spans)
    }

    /// What left no token between two places, if anything visible did.
    fn hole(&self, text: &str, from: usize, to: usize, spans: &mut Vec<TokenSpan>) {
        let gap = text.get(from..to).unwrap_or_default();
        let seen = gap.trim();
        if self.0.traits.may_drop && !seen.is_empty() {
            let start = from + (gap.len() - gap.trim_start().len());
            spans.push(TokenSpan {
                id: None,
                start,
                end: start + seen.len(),
            });
        }
    }
}
