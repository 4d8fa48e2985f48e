//! Vectors of many texts: sentence vectors (Reimers and Gurevych 2019,
//! <https://arxiv.org/abs/1908.10084>).
//!
//! Texts of like length are computed together, so that little of a batch is filler.

use crate::encoder::Encoder;
use crate::padding::Padding;
use crate::pass::Pass;
use crate::pooling::Pooling;
use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, TensorReadError};
use thiserror::Error;

/// How texts become vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedOptions {
    /// How the vectors of a text's tokens become one.
    pub pooling: Pooling,
    /// Whether each vector is made one long, so that a scalar product of two is their cosine.
    pub normalise: bool,
    /// Tokens of a batch at most, filler among them; a text that is longer is a batch by itself.
    pub batch_tokens: usize,
}

impl Default for EmbedOptions {
    /// The mean, one long, in batches that the CPU is fastest with.
    fn default() -> Self {
        Self {
            pooling: Pooling::Mean,
            normalise: true,
            batch_tokens: 1024,
        }
    }
}

/// Why texts have no vectors. Texts are counted from 0.
#[derive(Debug, Error)]
pub enum EmbedError {
    /// There is nothing to read.
    #[error("text {text} (counted from 0) has no tokens; give at least one")]
    EmptyText {
        /// Which one.
        text: usize,
    },
    /// A token that the model does not know.
    #[error(
        "token {token} at position {position} of text {text} (counted from 0) is not below the \
         model's vocabulary size {vocab_size}; encode it with the model's own tokenizer"
    )]
    UnknownToken {
        /// In which text.
        text: usize,
        /// The token.
        token: u32,
        /// Its place in the text, from 0.
        position: usize,
        /// The model's vocabulary size.
        vocab_size: usize,
    },
    /// More tokens than the model has positions.
    #[error(
        "text {text} (counted from 0) has {tokens} tokens, but the model reads at most \
         {max_seq_len} (max_seq_len); cut it to that length or split it"
    )]
    TooLong {
        /// Which one.
        text: usize,
        /// Its tokens.
        tokens: usize,
        /// Positions of the model.
        max_seq_len: usize,
    },
    /// A vector with a value that is not a number.
    #[error(
        "the vector of text {text} (counted from 0) is not finite; the weights are damaged or the \
         training diverged"
    )]
    NotFinite {
        /// Which one.
        text: usize,
    },
    /// The device failed.
    #[error("the device failed to compute vectors: {0}")]
    Device(#[from] TensorReadError),
}

impl Encoder {
    /// A vector of `d_model` values for each of `texts`, which are token ids with whatever special
    /// tokens the model is used to; in their order.
    ///
    /// A vector does not depend on the other texts, but for rounding where these have other lengths
    /// (the tests allow 5e-5 of its largest value in float32).
    ///
    /// # Errors
    ///
    /// When a text is empty, longer than `max_seq_len` or holds a token that the model does not
    /// know, or when the model's output is not finite.
    pub fn embed<T: AsRef<[u32]>>(
        &self,
        texts: &[T],
        options: &EmbedOptions,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        for (number, text) in texts.iter().enumerate() {
            self.check(number, text.as_ref())?;
        }
        // On a training device every step would be recorded for a backward pass.
        let model = self.valid();
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|text| texts[*text].as_ref().len());
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in batches(
            &order,
            |text| texts[text].as_ref().len(),
            options.batch_tokens,
        ) {
            let rows: Vec<&[u32]> = batch.iter().map(|text| texts[*text].as_ref()).collect();
            let pooled = model.pool(&rows, options.pooling);
            let values = pooled.try_into_vec_as::<f32>()?;
            let values = values.chunks_exact(self.config().d_model);
            for (text, vector) in batch.iter().zip(values) {
                vectors[*text] = finished(vector, options.normalise)
                    .ok_or(EmbedError::NotFinite { text: *text })?;
            }
        }
        Ok(vectors)
    }

    fn check(&self, text: usize, tokens: &[u32]) -> Result<(), EmbedError> {
        let config = self.config();
        if tokens.is_empty() {
            return Err(EmbedError::EmptyText { text });
        }
        if tokens.len() > config.max_seq_len {
            return Err(EmbedError::TooLong {
                text,
                tokens: tokens.len(),
                max_seq_len: config.max_seq_len,
            });
        }
        let vocab_size = config.vocab_size;
        let unknown = |token: &u32| *token as usize >= vocab_size;
        match tokens.iter().position(unknown) {
            None => Ok(()),
            Some(position) => Err(EmbedError::UnknownToken {
                text,
                token: tokens[position],
                position,
                vocab_size,
            }),
        }
    }

    /// One batch: `[batch, d_model]`.
    fn pool(&self, rows: &[&[u32]], pooling: Pooling) -> Tensor<2> {
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let seq = lengths.iter().copied().max().unwrap_or(0);
        let padding = Padding::right(&lengths);
        let mut ids = Vec::with_capacity(rows.len() * seq);
        for row in rows {
            ids.extend(row.iter().map(|id| i64::from(*id)));
            // Filler may be any token of the vocabulary.
            ids.resize(ids.len() + seq - row.len(), 0);
        }
        let device = self.embedding.tokens.weight.device();
        let ids = TensorData::new(ids, [rows.len(), seq]);
        let mut pass = Pass {
            padding: Some(&padding).filter(|padding| !padding.is_empty()),
            ..Pass::default()
        };
        self.pooled(
            Tensor::<2, Int>::from_data(ids, &device),
            &mut pass,
            pooling,
        )
    }
}

/// Cuts `order`, texts by rising length, into batches of at most `batch_tokens`.
fn batches(order: &[usize], length: impl Fn(usize) -> usize, batch_tokens: usize) -> Vec<&[usize]> {
    let mut batches = Vec::new();
    let mut start = 0;
    for (place, text) in order.iter().enumerate() {
        // The last of a batch is the longest.
        if place > start && (place + 1 - start) * length(*text) > batch_tokens {
            batches.push(&order[start..place]);
            start = place;
        }
    }
    if start < order.len() {
        batches.push(&order[start..]);
    }
    batches
}

/// The vector as it is asked for; `None` where it is not finite.
fn finished(vector: &[f32], normalise: bool) -> Option<Vec<f32>> {
    if !vector.iter().all(|value| value.is_finite()) {
        return None;
    }
    if !normalise {
        return Some(vector.to_vec());
    }
    let squares = vector.iter().map(|value| f64::from(*value).powi(2));
    // A vector of zeros has no direction, and stays.
    let length = squares.sum::<f64>().sqrt().max(1e-12);
    let of_length_one = |value: &f32| (f64::from(*value) / length) as f32;
    Some(vector.iter().map(of_length_one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_like_lengths_and_no_more_than_asked() {
        let lengths = [3usize, 3, 4, 4, 9, 10, 50, 51];
        let order: Vec<usize> = (0..lengths.len()).collect();
        let found = batches(&order, |text| lengths[text], 20);
        let expected: [&[usize]; 5] = [&[0, 1, 2, 3], &[4, 5], &[6], &[7], &[]];
        assert_eq!(found, expected[..4]);
        assert!(batches(&[], |_| 1, 20).is_empty());
    }

    #[test]
    fn a_vector_becomes_one_long_unless_it_is_zero() {
        assert_eq!(finished(&[3.0, -4.0], true), Some(vec![0.6, -0.8]));
        assert_eq!(finished(&[3.0, -4.0], false), Some(vec![3.0, -4.0]));
        assert_eq!(finished(&[0.0, 0.0], true), Some(vec![0.0, 0.0]));
        // Squares of these are beyond single precision.
        let long = finished(&[3e30, 4e30], true).unwrap_or_default();
        assert!(
            (long[0] - 0.6).abs() < 1e-6 && (long[1] - 0.8).abs() < 1e-6,
            "{long:?}"
        );
        assert_eq!(finished(&[1.0, f32::NAN], true), None);
        assert_eq!(finished(&[f32::INFINITY, 0.0], false), None);
    }
}
