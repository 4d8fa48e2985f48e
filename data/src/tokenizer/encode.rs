//! Text to token ids.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::fast_bpe::SpecialTokens;
use super::pieces::is_space;
use super::{Kind, Place, Tokenizer, TokenizerError};
use crate::Error;
use crate::document::Document;

/// Why a piece cannot be encoded.
enum Fault {
    /// No token for what begins at this byte.
    Hole(usize),
    Failed(String),
}

impl Tokenizer {
    /// The token ids of a text. No special token is added, and none is recognised in the text.
    ///
    /// [`Kind::WordPiece`] writes [`Tokenizer::unknown`] for a word that it has no pieces for, as
    /// BERT does; [`Tokenizer::count_unknown`] says how many there are.
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

    /// [`encode`](Self::encode) with the document's path in the error.
    ///
    /// # Errors
    /// Text that the vocabulary has no tokens for, with document and place.
    pub fn encode_document(&self, document: &Document) -> Result<Vec<u32>, Error> {
        self.encode(&document.text)
            .map_err(|error| Error::Document {
                document: document.path.clone(),
                error,
            })
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
                self.pieces(text.as_ref())
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
            Kind::WordPiece => self
                .encode_words(text)
                .map_err(|error| Fault::Failed(error.to_string())),
            Kind::ByteLevelBpe | Kind::Other(_) => match &inner.fast {
                Some(fast) => {
                    let mut ids = Vec::new();
                    fast.encode(text, SpecialTokens::AreText, &mut ids);
                    Ok(ids)
                }
                None => self.encode_general(text),
            },
        }
    }

    /// Word by word: what stands between white space is encoded as if it were alone.
    fn encode_words(&self, text: &str) -> Result<Vec<u32>, tokenizers::Error> {
        let inner = &*self.0;
        let words = text.split(|c| u8::try_from(c).is_ok_and(is_space));
        let words = words.filter(|word| !word.is_empty());
        inner.remembered.encode(words, |word, ids| {
            ids.extend_from_slice(inner.general.encode_fast(word, false)?.get_ids());
            Ok(())
        })
    }

    /// How many of these tokens stand for what the vocabulary cannot write.
    pub fn count_unknown(&self, ids: &[u32]) -> usize {
        ids.iter().filter(|&&id| Some(id) == self.0.unknown).count()
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
}
