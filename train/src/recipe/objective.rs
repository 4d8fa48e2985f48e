//! What a model is trained to do.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use slovo_data::{Masking, Tokenizer};
use slovo_model::{Seq2SeqConfig, TransformerConfig};

/// What a model is trained to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Objective {
    /// Predict the next token: a decoder.
    #[default]
    Causal,
    /// Predict hidden tokens: an encoder (Devlin et al. 2019).
    Masked(Masking),
    /// Say a source text anew: an encoder–decoder, on pairs of texts (Vaswani et al. 2017).
    Translation(Translation),
}

/// How an encoder–decoder is trained, and where its decoder differs from its encoder, whose shape is
/// the recipe's `model`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Translation {
    /// The share of each target that is spread evenly over the vocabulary while training (label
    /// smoothing); evaluations do without.
    pub smoothing: f64,
    /// Blocks of the decoder; as many as the encoder has where not given.
    pub decoder_layers: Option<usize>,
    /// Query heads of the decoder; as many as the encoder has where not given.
    pub decoder_heads: Option<usize>,
    /// Inner width of the decoder's feed-forward layers; that of the encoder where not given.
    pub decoder_d_ff: Option<usize>,
}

impl Default for Translation {
    fn default() -> Self {
        Self {
            smoothing: 0.1,
            decoder_layers: None,
            decoder_heads: None,
            decoder_d_ff: None,
        }
    }
}

impl Translation {
    /// The shape of the model, whose targets begin with token `start` and end with token `end`.
    pub fn shape(&self, encoder: TransformerConfig, [start, end]: [u32; 2]) -> Seq2SeqConfig {
        Seq2SeqConfig {
            decoder_layers: self.decoder_layers,
            decoder_heads: self.decoder_heads,
            decoder_d_ff: self.decoder_d_ff,
            start,
            end,
            ..Seq2SeqConfig::new(encoder)
        }
    }

    /// The tokens that a target begins and ends with: filler, and the end of text.
    ///
    /// # Errors
    ///
    /// A tokenizer that lacks one of them.
    pub fn ends(tokenizer: &Tokenizer) -> Result<[u32; 2]> {
        match (tokenizer.pad(), tokenizer.end_of_text()) {
            (Some(start), Some(end)) if start != end => Ok([start, end]),
            _ => Err(Error::Value {
                field: "data.tokenizer",
                found: tokenizer.kind().to_string(),
                expected: "one that has a filler and an end of text would do, such as \
                           Bpe(vocab_size: 8000, specials: Pairs)"
                    .into(),
            }),
        }
    }
}

impl Objective {
    /// Checks what can be checked before the text is read.
    pub(super) fn validate(&self, model: &TransformerConfig) -> Result<()> {
        let wrong = |field, found: String, expected: &str| {
            Err(Error::Value {
                field,
                found,
                expected: expected.into(),
            })
        };
        match self {
            Self::Causal if !model.causal => wrong(
                "model.causal",
                "false".into(),
                "true would do; `objective: Masked(())` trains an encoder",
            ),
            Self::Masked(_) if model.causal => wrong(
                "model.causal",
                "true".into(),
                "false would do: an encoder's tokens see all of their text",
            ),
            Self::Masked(_) if !model.tied => wrong(
                "model.tied",
                "false".into(),
                "true would do: a masked language model's head is tied",
            ),
            Self::Masked(masking) => Ok(masking.validate().map_err(slovo_data::Error::from)?),
            Self::Translation(how) if !(0.0..1.0).contains(&how.smoothing) => wrong(
                "objective.smoothing",
                how.smoothing.to_string(),
                "at least 0 and below 1 would do, such as 0.1",
            ),
            Self::Translation(how) => {
                let shape = Seq2SeqConfig {
                    transformer: TransformerConfig {
                        vocab_size: model.vocab_size.max(2),
                        ..model.clone()
                    },
                    ..how.shape(model.clone(), [0, 1])
                };
                Ok(shape.validate()?)
            }
            Self::Causal => Ok(()),
        }
    }
}
