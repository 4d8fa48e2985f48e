//! The tokens that pairs need beside those of text: what a target begins with and fills a row with,
//! and what ends a sentence.

use super::{Tokenizer, TokenizerError};

/// Fills rows, and begins every target, as in Marian and T5.
pub const PAD: &str = "<pad>";
/// Ends every source and every target.
pub const END_OF_SENTENCE: &str = "</s>";

/// The special tokens of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairSpecials {
    /// `<pad>`: fills rows, and is what a decoder reads first.
    pub pad: u32,
    /// `</s>`: ends a sentence.
    pub end: u32,
}

impl Tokenizer {
    /// The special tokens of pairs; `place` names the tokenizer in errors.
    ///
    /// # Errors
    /// A tokenizer that lacks one.
    pub fn pair_specials(&self, place: &str) -> Result<PairSpecials, TokenizerError> {
        let specials = self.specials();
        let find = |name: &'static str| {
            let found = specials.iter().find(|(_, special)| special == name);
            found
                .map(|(id, _)| *id)
                .ok_or_else(|| TokenizerError::NoSpecial {
                    place: place.to_owned(),
                    name,
                })
        };
        Ok(PairSpecials {
            pad: find(PAD)?,
            end: find(END_OF_SENTENCE)?,
        })
    }
}
