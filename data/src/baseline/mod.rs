//! What a language model has to beat: the held-out text in bits per byte, without a network.
//!
//! Two yardsticks that anyone can repeat. A 5-gram model with modified Kneser–Ney smoothing sees
//! the same training tokens and predicts the same held-out tokens; it was the state of the art
//! before neural models. `xz -9` sees only the held-out text, and learns it as it goes.
//!
//! Both are of what the tokens keep. A tokenizer that [leaves something out](crate::Tokenizer::loses)
//! makes both look better than any that does not: bits per byte compare between lossless ones.
//! What a translation has to beat stands in [`PairBaselines`].

mod ngram;
mod pairs;
mod xz;

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use ngram::{NGRAM_TOKENS, NgramModel};
pub use pairs::{HELD_OUT_PAIRS, LOOKUP_PAIRS, PairBaselines};
pub use xz::{XzCounter, xz_bytes};

use crate::prepare::{Prepared, write_first};
use crate::shard::Shards;
use crate::{Error, files};

/// Order of the n-gram model.
pub const ORDER: usize = 5;

/// No more held-out text than this is measured, in bytes, up to the end of a document: it tells the
/// third digit, and a gigabyte of it would take `xz -9` many minutes.
pub const HELD_OUT_BYTES: u64 = 16 << 20;

/// Both yardsticks for one held-out text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// Fingerprint of the data that they were measured on.
    pub fingerprint: String,
    /// UTF-8 bytes of the held-out text that was measured: all of it, or its first documents up to
    /// [`HELD_OUT_BYTES`].
    pub bytes: u64,
    /// Order of the n-gram model.
    pub order: usize,
    /// Tokens that it learnt from: all of the training text, up to [`NGRAM_TOKENS`].
    pub ngram_tokens: u64,
    /// Its cross-entropy on the held-out tokens, in bits per byte of text.
    pub ngram_bits_per_byte: f64,
    /// Bytes of the text after `xz -9`.
    pub xz_bytes: u64,
    /// The same in bits per byte of text.
    pub xz_bits_per_byte: f64,
}

impl Prepared {
    /// Measures both yardsticks, or reads what was measured before: they are kept in the folder as
    /// `baselines.json`.
    ///
    /// # Errors
    /// Tokens that cannot be decoded.
    pub fn baselines(&self) -> Result<Baselines, Error> {
        keep(
            &self.dir,
            |kept: &Baselines| kept.fingerprint == self.fingerprint && kept.order == ORDER,
            || self.measure(),
        )
    }

    fn measure(&self) -> Result<Baselines, Error> {
        let (bytes, _) = first(&self.validation, HELD_OUT_BYTES)?;
        let mut xz = XzCounter::new(bytes).map_err(Error::io("compress", &self.dir))?;
        write_first(&self.validation, &self.tokenizer, HELD_OUT_BYTES, &mut xz)?;
        let xz_bytes = xz.finish().map_err(Error::io("compress", &self.dir))?;
        Ok(Baselines {
            fingerprint: self.fingerprint.clone(),
            bytes,
            order: ORDER,
            ngram_tokens: self.train.len().min(NGRAM_TOKENS),
            ngram_bits_per_byte: ngram_bits_per_byte(&self.train, &self.validation, ORDER)?,
            xz_bytes,
            xz_bits_per_byte: xz_bytes as f64 * 8.0 / bytes as f64,
        })
    }
}

/// What `baselines.json` of a folder keeps, where it `fits`; else what `measure` gives, kept there.
fn keep<B: Serialize + DeserializeOwned>(
    dir: &Path,
    fits: impl FnOnce(&B) -> bool,
    measure: impl FnOnce() -> Result<B, Error>,
) -> Result<B, Error> {
    let path = dir.join("baselines.json");
    let kept = std::fs::read(&path)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .filter(fits);
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let measured = measure()?;
    if let Ok(json) = serde_json::to_vec_pretty(&measured) {
        // A folder that cannot be written only means measuring again.
        let _ = files::write(&path, &json);
    }
    Ok(measured)
}

/// Bytes and tokens of the first documents, which end with the one that reaches `at_least` bytes.
fn first(shards: &Shards, at_least: u64) -> Result<(u64, u64), Error> {
    let (mut bytes, mut tokens) = (0, 0);
    for document in shards.documents() {
        if bytes >= at_least {
            break;
        }
        let document = document?;
        bytes += document.bytes;
        tokens += document.tokens;
    }
    Ok((bytes, tokens))
}

/// Cross-entropy of an n-gram model of `train` (its first [`NGRAM_TOKENS`]) on `validation` (its
/// first [`HELD_OUT_BYTES`]), in bits per byte of the held-out text. Boundary tokens are predicted too and count, their bytes (none) do not: the same rule as
/// for a network.
///
/// # Errors
/// An order that is not from 1 to 5, or a vocabulary too large for it (above 33 million).
pub fn ngram_bits_per_byte(
    train: &Shards,
    validation: &Shards,
    order: usize,
) -> Result<f64, Error> {
    let read = |shards: &Shards, tokens: u64| {
        let mut out = vec![0; tokens as usize];
        shards.read(0, &mut out).map(|()| out)
    };
    let model = NgramModel::train(
        &read(train, train.len().min(NGRAM_TOKENS))?,
        train.vocab_size().max(1) as u32,
        order,
    )
    .ok_or(Error::Order {
        order,
        vocab_size: train.vocab_size(),
    })?;
    let (bytes, tokens) = first(validation, HELD_OUT_BYTES)?;
    let bits = model.bits(&read(validation, tokens)?);
    Ok(bits / bytes as f64)
}
