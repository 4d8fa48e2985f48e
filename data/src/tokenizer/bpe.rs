//! Byte-level byte-pair encoding, trained here.
//!
//! Sennrich, Haddow and Birch 2016 ("Neural Machine Translation of Rare Words with Subword
//! Units"), over bytes and with the word pattern of GPT-2 (Radford et al. 2019). The merging is the
//! `tokenizers` crate's; what is chosen here is the text, and that nothing depends on chance.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::tokenizer::Trainer;
use tokenizers::{AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::pieces::{PIECE_BYTES, pieces};
use super::{END_OF_TEXT, Kind, Tokenizer, TokenizerError};

/// A vocabulary is trained on no more text than this, in bytes. Merges settle long before; and the
/// trainer counts pairs in 32 bits, which this keeps far from their end.
pub const SAMPLE_BYTES: usize = 64 << 20;

/// Longer words are left out of training: they are tables and encoded files rather than words, and
/// the trainer's time is quadratic in them. Encoding them is not.
const LONGEST_WORD: usize = 256;

/// Text to train on: everything up to a cap, beyond it a sample of whole documents.
///
/// A document's place in the sample depends on its text alone (a hash), so the sample is the same
/// in whatever order, and however many at a time, the documents come.
pub struct BpeSample {
    cap: usize,
    held: usize,
    seen: u64,
    documents: BTreeSet<(Reverse<[u8; 32]>, String)>,
}

impl BpeSample {
    /// An empty sample of at most `cap` bytes (or one document, where that is longer).
    pub fn new(cap: usize) -> Self {
        Self {
            cap,
            held: 0,
            seen: 0,
            documents: BTreeSet::new(),
        }
    }

    /// Offers a document.
    pub fn push(&mut self, text: &str) {
        self.seen += text.len() as u64;
        let rank = Reverse(Sha256::digest(text.as_bytes()).into());
        // The set begins with the largest hash. What is not below it would be the first to go.
        let is_full = self.held >= self.cap;
        if is_full
            && self
                .documents
                .first()
                .is_some_and(|(last, _)| rank <= *last)
        {
            return;
        }
        if self.documents.insert((rank, text.to_owned())) {
            self.held += text.len();
        }
        while self.held > self.cap && self.documents.len() > 1 {
            if let Some((_, dropped)) = self.documents.pop_first() {
                self.held -= dropped.len();
            }
        }
    }

    /// Bytes in the sample; a text that came twice counts once.
    pub fn bytes(&self) -> usize {
        self.held
    }

    /// Bytes offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

/// Trains a vocabulary of `vocab_size` tokens (fewer, if the text has no more pairs that occur
/// `min_frequency` times): `<|endoftext|>` is number 0, then the 256 bytes, then merges in the
/// order in which they were learnt. The same sample gives the same file, byte for byte, on any
/// number of threads.
///
/// # Errors
/// An empty sample; a vocabulary too small for the bytes.
pub fn train_bpe(
    sample: &BpeSample,
    vocab_size: usize,
    min_frequency: u64,
) -> Result<Tokenizer, TokenizerError> {
    let least = 257;
    if vocab_size < least {
        return Err(TokenizerError::VocabularyTooSmall {
            found: vocab_size,
            least,
        });
    }
    if sample.held == 0 {
        return Err(TokenizerError::NoText);
    }
    let failed = |error: tokenizers::Error| TokenizerError::Train(error.to_string());
    let byte_level = ByteLevel::new(false, true, true);
    let mut trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(vocab_size)
        .min_frequency(min_frequency)
        .special_tokens(vec![AddedToken::from(END_OF_TEXT, true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let texts = sample
        .documents
        .iter()
        .flat_map(|(_, text)| pieces(&Kind::ByteLevelBpe, text, PIECE_BYTES))
        .map(|(_, piece)| piece);
    trainer
        .feed(texts, |text| {
            let mut words = PreTokenizedString::from(text);
            byte_level.pre_tokenize(&mut words)?;
            Ok(words
                .get_splits(OffsetReferential::Original, OffsetType::None)
                .into_iter()
                .filter(|(word, ..)| word.chars().count() <= LONGEST_WORD)
                .map(|(word, ..)| word.to_owned())
                .collect())
        })
        .map_err(failed)?;
    let mut model = BPE::default();
    let specials = trainer.train(&mut model).map_err(failed)?;
    let mut trained = tokenizers::Tokenizer::new(model);
    trained.with_pre_tokenizer(Some(byte_level));
    trained.with_decoder(Some(byte_level));
    trained.add_special_tokens(specials).map_err(failed)?;
    let json = trained.to_string(true).map_err(failed)?;
    Tokenizer::from_json("the trained tokenizer", json)
}
