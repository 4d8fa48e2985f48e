//! What a masked language model is asked: which tokens are hidden, and behind what.
//!
//! Devlin et al. 2019, section 3.1 (<https://aclanthology.org/N19-1423>): 15 % of the tokens of a
//! row are to be predicted; of these, 80 % become the mask token, 10 % any token, and 10 % stay, so
//! that the model cannot know which tokens it will be asked for. Drawn anew at every step, as
//! RoBERTa does (Liu et al. 2019), from (seed, step, row) alone: resuming is seeking.

mod error;

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

pub use error::MaskError;

use crate::order::{below, stream};

/// Separates the streams of masked rows from those of the orders.
const MASKED_ROW: u64 = 5;

/// Words of a stream between two rows, as a power of two: more than any row draws.
const WORDS: u32 = 32;

/// How tokens are hidden, as a recipe says it; what it does not say is as in BERT.
///
/// ```
/// use slovo_data::mask::Masking;
/// use slovo_data::recipe::from_ron_str;
///
/// let masking: Masking = from_ron_str("(whole_words: true)")?;
/// assert_eq!((masking.share, masking.masked, masking.random), (0.15, 0.8, 0.1));
/// # Ok::<(), slovo_data::recipe::RecipeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Masking {
    /// The share of ordinary tokens to be predicted; above 0, at most 1.
    pub share: f64,
    /// Of these, the share that becomes the mask token.
    pub masked: f64,
    /// Of these, the share that becomes any ordinary token; what is left stays as it is.
    pub random: f64,
    /// Words are hidden whole: every token of a word, or none.
    pub whole_words: bool,
}

impl Default for Masking {
    fn default() -> Self {
        Self {
            share: 0.15,
            masked: 0.8,
            random: 0.1,
            whole_words: false,
        }
    }
}

impl Masking {
    /// Refuses shares that cannot be.
    ///
    /// # Errors
    /// [`MaskError::Share`], with the field and what would do.
    pub fn validate(&self) -> Result<(), MaskError> {
        let check = |field, found: f64, good, right| match good {
            true => Ok(()),
            false => Err(MaskError::Share {
                field,
                found,
                right,
            }),
        };
        // Each is written so that a NaN is refused too.
        let some = self.share > 0.0 && self.share <= 1.0;
        let right = "above 0 and at most 1 will do, such as 0.15";
        check("share", self.share, some, right)?;
        for (field, share) in [("masked", self.masked), ("random", self.random)] {
            let within = (0.0..=1.0).contains(&share);
            check(field, share, within, "from 0 to 1 will do")?;
        }
        let whole = self.masked + self.random;
        // 0.9 + 0.1 and the like may come out just above 1.
        let right = "at most 1 will do, for what is left stays as it is";
        check("masked + random", whole, whole <= 1.0 + 1e-9, right)
    }
}

/// A row as the model sees it; its targets are the row as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedRow {
    /// What the model sees.
    pub inputs: Vec<u32>,
    /// Which tokens it is to predict.
    pub chosen: Vec<bool>,
}

/// Hides tokens of one vocabulary.
#[derive(Clone, Debug)]
pub struct Masker {
    config: Masking,
    mask: u32,
    /// In order, each once, the mask token among them.
    special: Vec<u32>,
    /// Tokens that are not special, at least one.
    ordinary: u64,
    seed: u64,
}

impl Masker {
    /// `mask` is the mask token, `special` are the others that are never hidden nor put in.
    ///
    /// # Errors
    /// Shares out of bounds; a special token that the vocabulary does not have; no ordinary one.
    pub fn new(
        config: Masking,
        vocab_size: u32,
        mask: u32,
        special: &[u32],
        seed: u64,
    ) -> Result<Self, MaskError> {
        config.validate()?;
        let mut special = [special, &[mask]].concat();
        special.sort_unstable();
        special.dedup();
        if let Some(&id) = special.iter().find(|&&id| id >= vocab_size) {
            return Err(MaskError::Special { id, vocab_size });
        }
        let ordinary = u64::from(vocab_size) - special.len() as u64;
        if ordinary == 0 {
            return Err(MaskError::NoOrdinary(vocab_size));
        }
        Ok(Self {
            config,
            mask,
            special,
            ordinary,
            seed,
        })
    }

    /// Hides tokens of row `row` of step `step`. `continues` says of each token whether it goes on
    /// with the word of the token before it; only [`Masking::whole_words`] looks at it.
    ///
    /// As many tokens are chosen as the share of the ordinary ones comes to, rounded, and at least
    /// one where there is one. Whole words are taken in random order, those that would be too much
    /// left out, as BERT does; the first is taken whatever its length.
    ///
    /// # Errors
    /// Other numbers of tokens and of marks; no marks though whole words are asked for.
    pub fn row(
        &self,
        step: u64,
        row: u64,
        tokens: &[u32],
        continues: Option<&[bool]>,
    ) -> Result<MaskedRow, MaskError> {
        let continues = match (self.config.whole_words, continues) {
            (true, None) => return Err(MaskError::NoMarks),
            (true, Some(marks)) if marks.len() != tokens.len() => {
                return Err(MaskError::Marks {
                    tokens: tokens.len(),
                    marks: marks.len(),
                });
            }
            (whole_words, marks) => marks.filter(|_| whole_words),
        };
        let mut random = stream(self.seed, MASKED_ROW, step);
        random.set_word_pos(u128::from(row) << WORDS);
        let mut masked = MaskedRow {
            inputs: tokens.to_vec(),
            chosen: vec![false; tokens.len()],
        };
        let mut words = self.words(tokens, continues);
        let ordinary: usize = words.iter().map(ExactSizeIterator::len).sum();
        let wanted = (ordinary as f64 * self.config.share).round().max(1.0) as usize;
        let mut chosen = 0;
        // Fisher and Yates, only as far as it is needed.
        for at in 0..words.len() {
            if chosen >= wanted {
                break;
            }
            let other = at + below(&mut random, (words.len() - at) as u64) as usize;
            words.swap(at, other);
            if chosen > 0 && chosen + words[at].len() > wanted {
                continue;
            }
            chosen += words[at].len();
            for place in words[at].clone() {
                masked.chosen[place] = true;
                masked.inputs[place] = self.hidden(tokens[place], &mut random);
            }
        }
        Ok(masked)
    }

    /// The mask token.
    pub fn mask(&self) -> u32 {
        self.mask
    }

    /// What the model sees instead of a token that was chosen.
    fn hidden(&self, token: u32, random: &mut ChaCha8Rng) -> u32 {
        let draw = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        if draw < self.config.masked {
            self.mask
        } else if draw < self.config.masked + self.config.random {
            // The special tokens below it, each, move it up by one.
            let drawn = below(random, self.ordinary) as u32;
            let pass = |id: u32, special: &u32| id + u32::from(*special <= id);
            self.special.iter().fold(drawn, pass)
        } else {
            token
        }
    }

    /// The places of each word, or of each token; those of special ones are no word's.
    fn words(&self, tokens: &[u32], continues: Option<&[bool]>) -> Vec<Range<usize>> {
        let mut words: Vec<Range<usize>> = Vec::new();
        for (place, token) in tokens.iter().enumerate() {
            if self.special.binary_search(token).is_ok() {
                continue;
            }
            let goes_on = continues.is_some_and(|marks| marks[place]);
            match words.last_mut() {
                Some(word) if goes_on && word.end == place => word.end += 1,
                _ => words.push(place..place + 1),
            }
        }
        words
    }
}

#[cfg(test)]
mod tests;
