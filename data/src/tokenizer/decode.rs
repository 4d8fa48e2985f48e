//! Token ids to text.

use super::{Kind, TextStream, Tokenizer, TokenizerError, byte_level};

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

impl Decoding {
    /// The table of a character tokenizer, or of one whose decoder is byte-level.
    pub(super) fn table(general: &tokenizers::Tokenizer, kind: &Kind, vocab_size: usize) -> Self {
        let mut table = Table {
            bytes: Vec::new(),
            spans: vec![None; vocab_size],
        };
        for (span, id) in table.spans.iter_mut().zip(0..) {
            if let Some(token) = general.id_to_token(id) {
                let start = table.bytes.len();
                match kind {
                    Kind::Char => table.bytes.extend_from_slice(token.as_bytes()),
                    _ => table.bytes.extend(byte_level::token_bytes(&token)),
                }
                *span = Some((start, table.bytes.len()));
            }
        }
        Self::Table(table)
    }
}

impl Table {
    pub(super) fn get(&self, id: u32) -> Option<&[u8]> {
        let (start, end) = (*self.spans.get(id as usize)?)?;
        self.bytes.get(start..end)
    }
}

impl Tokenizer {
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
}
