//! Byte-level byte-pair encoding, trained here.
//!
//! Sennrich, Haddow and Birch 2016 ("Neural Machine Translation of Rare Words with Subword
//! Units"), over bytes and with the word pattern of GPT-2 (Radford et al. 2019). The merging is the
//! `tokenizers` crate's; what is chosen here is the text, and that nothing depends on chance.
//!
//! Training holds the sample and a table of its different words, not the text that it was drawn
//! from: [`BpeSample::memory`] says how much that is.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::tokenizer::Trainer;

use super::byte_level;
use super::fast_bpe::WordPattern;
use super::pieces::{PIECE_BYTES, pieces};
use super::{Kind, Specials, Tokenizer, TokenizerError};
use crate::report::grouped;

/// A vocabulary is trained on this much text, in bytes, where nothing else is asked for: merges
/// settle long before.
pub const SAMPLE_BYTES: usize = 64 << 20;

/// The largest sample: the trainer counts pairs in 31 bits, and none occurs as often as there are
/// bytes.
pub const LARGEST_SAMPLE: usize = (1 << 31) - 1;

/// Memory that training takes at the most for each byte of the sample, the sample included, beside
/// [`TRAINING_BYTES`]. Measured with a vocabulary of 8,192, as the peak of the whole process: 49 MiB
/// for 8 MB of English, 147 MiB for 22 MB of English, Russian and French, 195 MiB for 61 MB of
/// English and code, 296 MiB for 67 MB of it in which every sixteenth word occurs once. The share
/// falls as the sample grows, because most of its words came before.
const TRAINING_BYTES_A_BYTE: u64 = 6;

/// Memory that training takes for any sample.
const TRAINING_BYTES: u64 = 32 << 20;

/// Longer words are left out of training: they are tables and encoded files rather than words, and
/// the trainer's time is quadratic in them. Encoding them is not. In bytes.
const LONGEST_WORD: usize = 256;

/// Text to train on: everything up to a cap, beyond it a sample spread over all of it.
///
/// Texts are cut, at ends of lines, into pieces of about 128 KiB, and the pieces with the lowest
/// SHA-256 stay: of the different pieces in the order of their hashes, as many from the first on as
/// fit the cap. The first that does not fit is left out with all behind it, even where one of these
/// would fit. The sample is so the same in whatever order, and however many at a time, the pieces
/// come, and one file of ten gigabytes is sampled from end to end like ten million small ones.
pub struct BpeSample {
    cap: usize,
    held: usize,
    seen: u64,
    pieces: BTreeSet<(Reverse<[u8; 32]>, Box<str>)>,
    /// The smallest hash that was dropped: everything offered below it is held, nothing else is.
    bound: Option<[u8; 32]>,
}

impl BpeSample {
    /// An empty sample of at most `cap` bytes (or one piece, where that is longer), and never more
    /// than [`LARGEST_SAMPLE`].
    pub fn new(cap: usize) -> Self {
        Self {
            cap: cap.min(LARGEST_SAMPLE),
            held: 0,
            seen: 0,
            pieces: BTreeSet::new(),
            bound: None,
        }
    }

    /// Offers a text.
    pub fn push(&mut self, text: &str) {
        self.seen += text.len() as u64;
        for (_, piece) in pieces(&Kind::ByteLevelBpe, text, PIECE_BYTES) {
            self.offer(piece);
        }
    }

    fn offer(&mut self, piece: &str) {
        let hash: [u8; 32] = Sha256::digest(piece.as_bytes()).into();
        if self.bound.is_some_and(|bound| hash >= bound) {
            return;
        }
        if self.pieces.insert((Reverse(hash), piece.into())) {
            self.held += piece.len();
        }
        // The set begins with the largest hash. What is dropped did not fit behind the smaller
        // ones, and more of these only leave less room: it is dropped for good.
        while self.held > self.cap && self.pieces.len() > 1 {
            if let Some((Reverse(hash), dropped)) = self.pieces.pop_first() {
                self.held -= dropped.len();
                self.bound = Some(hash);
            }
        }
    }

    /// Memory that holding the sample and training on it takes at the most, in bytes: 32 MiB and
    /// six bytes for each byte of the sample, as measured on real text.
    pub fn memory(&self) -> u64 {
        TRAINING_BYTES + self.held as u64 * TRAINING_BYTES_A_BYTE
    }

    /// What training will see, and what it will take, in a sentence.
    pub fn describe(&self) -> String {
        format!(
            "the vocabulary is trained on a sample of {} of {} bytes, which takes up to {} MiB of \
             memory",
            grouped(self.held as u64),
            grouped(self.seen),
            self.memory() >> 20
        )
    }

    /// Bytes in the sample; a piece that came twice counts once.
    pub fn bytes(&self) -> usize {
        self.held
    }

    /// Bytes offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The pieces held, in an order that depends on them alone.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|(_, piece)| &**piece)
    }
}

/// Trains a vocabulary of `vocab_size` tokens (fewer, if the text has no more pairs that occur
/// `min_frequency` times): the special tokens are first, then the 256 bytes, then merges in the
/// order in which they were learnt. The same sample gives the same file, byte for byte, on any
/// number of threads.
///
/// # Errors
/// An empty sample; a vocabulary too small for the bytes.
pub fn train_bpe(
    sample: &BpeSample,
    vocab_size: usize,
    min_frequency: u64,
    specials: Specials,
) -> Result<Tokenizer, TokenizerError> {
    let least = specials.least_vocabulary();
    if vocab_size < least {
        return Err(TokenizerError::VocabularyTooSmall {
            found: vocab_size,
            least,
            holds: format!("256 bytes and {}", specials.names().join(", ")),
        });
    }
    if sample.held == 0 {
        return Err(TokenizerError::NoText);
    }
    let failed = |error: tokenizers::Error| TokenizerError::Train(error.to_string());
    let byte_level = ByteLevel::new(false, true, true);
    let words = WordPattern::gpt2().map_err(|error| TokenizerError::Train(error.to_string()))?;
    let alphabet = byte_level::alphabet();
    let mut trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(vocab_size)
        .min_frequency(min_frequency)
        .special_tokens(specials.tokens())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    trainer
        .feed(sample.texts(), |text| {
            Ok(words
                .words(text)
                .filter(|word| word.len() <= LONGEST_WORD)
                .map(|word| word.bytes().map(|byte| alphabet[byte as usize]).collect())
                .collect())
        })
        .map_err(failed)?;
    let mut model = BPE::default();
    let tokens = trainer.train(&mut model).map_err(failed)?;
    let mut trained = tokenizers::Tokenizer::new(model);
    trained.with_pre_tokenizer(Some(byte_level));
    trained.with_decoder(Some(byte_level));
    trained.with_post_processor(specials.template()?);
    trained.add_special_tokens(tokens).map_err(failed)?;
    let json = trained.to_string(true).map_err(failed)?;
    Tokenizer::from_json("the trained tokenizer", json)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts held, the smallest hash first.
    fn held(sample: &BpeSample) -> Vec<&str> {
        let texts = sample.pieces.iter().rev();
        texts.map(|(_, text)| &**text).collect()
    }

    /// Every order of `0..count`.
    fn orders(count: usize) -> Vec<Vec<usize>> {
        let mut orders = vec![Vec::new()];
        for next in 0..count {
            orders = orders
                .iter()
                .flat_map(|order: &Vec<usize>| {
                    (0..=next).map(|at| {
                        let mut longer = order.clone();
                        longer.insert(at, next);
                        longer
                    })
                })
                .collect();
        }
        orders
    }

    #[test]
    fn the_sample_is_the_same_in_every_order() {
        let lengths = [60, 50, 30, 1, 45, 90];
        let mut texts: Vec<String> = ('a'..)
            .zip(lengths)
            .map(|(letter, length)| letter.to_string().repeat(length))
            .collect();
        texts.sort_by_key(|text| Sha256::digest(text.as_bytes()));
        let total: usize = lengths.iter().sum();
        let orders = orders(texts.len());
        assert_eq!(orders.len(), 720);
        for cap in (1..=total + 1).step_by(5) {
            let mut room = cap;
            let mut fit = 0;
            while fit < texts.len() && texts[fit].len() <= room {
                room -= texts[fit].len();
                fit += 1;
            }
            let want = &texts[..fit.max(1)];
            for order in &orders {
                let mut sample = BpeSample::new(cap);
                // Each once more, so that what was dropped comes again.
                for &index in order.iter().chain(order) {
                    sample.push(&texts[index]);
                }
                assert_eq!(held(&sample), want, "cap {cap}, order {order:?}");
                let bytes: usize = want.iter().map(String::len).sum();
                assert_eq!(sample.bytes(), bytes);
            }
        }
    }
}
