//! The shape of an encoder–decoder: that of its encoder, and where its decoder differs.

use crate::config::{NormKind, Placement, PositionKind, TransformerConfig};
use crate::validate::{ConfigError, error};
use serde::{Deserialize, Serialize};

/// The shape of an encoder–decoder.
///
/// Both sides share the token embedding, and with it vocabulary, width and positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seq2SeqConfig {
    /// Both sides, but for the numbers below. `causal` says nothing: the encoder is not, the decoder
    /// is. `tied` ties the output head to the embedding that both sides share.
    pub transformer: TransformerConfig,
    /// Blocks of the decoder (`None`: as many as the encoder has).
    #[serde(default)]
    pub decoder_layers: Option<usize>,
    /// Query heads of the decoder (`None`: as many as the encoder has).
    #[serde(default)]
    pub decoder_heads: Option<usize>,
    /// Inner width of the decoder's feed-forward layers (`None`: that of the encoder).
    #[serde(default)]
    pub decoder_d_ff: Option<usize>,
    /// Whether logits have a bias, one number a token (Marian).
    #[serde(default)]
    pub output_bias: bool,
    /// The token that every target begins with.
    #[serde(default)]
    pub start: u32,
    /// The token that every source and every target ends with.
    #[serde(default = "one")]
    pub end: u32,
}

fn one() -> u32 {
    1
}

impl Seq2SeqConfig {
    /// Both sides alike, a target begins with token 0 and ends with token 1.
    pub fn new(transformer: TransformerConfig) -> Self {
        Self {
            transformer,
            decoder_layers: None,
            decoder_heads: None,
            decoder_d_ff: None,
            output_bias: false,
            start: 0,
            end: one(),
        }
    }

    /// The base model of Vaswani et al. 2017, table 3, for a vocabulary of this size; positions for
    /// 512 tokens, laid out as in the authors' program.
    pub fn vaswani_base(vocab_size: usize) -> Self {
        Self::new(TransformerConfig {
            vocab_size,
            d_model: 512,
            n_layers: 6,
            n_heads: 8,
            d_ff: Some(2048),
            max_seq_len: 512,
            norm: NormKind::LayerNorm { epsilon: 1e-5 },
            placement: Placement::Post,
            position: PositionKind::SinusoidalHalves,
            feed_forward: crate::FeedForwardKind::Plain(crate::Activation::Relu),
            embedding_scale: true,
            dropout: 0.1,
            ..TransformerConfig::default()
        })
    }

    /// The encoder by itself.
    pub fn encoder(&self) -> TransformerConfig {
        TransformerConfig {
            causal: false,
            ..self.transformer.clone()
        }
    }

    /// The decoder by itself, without its cross-attention.
    pub fn decoder(&self) -> TransformerConfig {
        let encoder = &self.transformer;
        TransformerConfig {
            causal: true,
            n_layers: self.decoder_layers.unwrap_or(encoder.n_layers),
            n_heads: self.decoder_heads.unwrap_or(encoder.n_heads),
            // Grouped heads are given for the encoder's number of heads.
            n_kv_heads: match self.decoder_heads {
                Some(heads) if heads != encoder.n_heads => None,
                _ => encoder.n_kv_heads,
            },
            d_ff: self.decoder_d_ff.or(encoder.d_ff),
            ..encoder.clone()
        }
    }

    /// Checks that a model can be built from these settings.
    ///
    /// # Errors
    ///
    /// The first setting that does not fit, with a value that would.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let (encoder, decoder) = (self.encoder(), self.decoder());
        encoder.validate()?;
        decoder.validate()?;
        if encoder.segments > 0 {
            let rule = "an encoder–decoder has no segments";
            let cure = "leave it out";
            return Err(error("segments", encoder.segments, rule, cure));
        }
        if encoder.position == PositionKind::Learned {
            let rule = "both sides of an encoder–decoder would share learned positions";
            let cure = "Sinusoidal, SinusoidalHalves or Rotary(theta: 10000.0) would do";
            return Err(error("position", "Learned", rule, cure));
        }
        for (field, token) in [("start", self.start), ("end", self.end)] {
            if token as usize >= encoder.vocab_size {
                let rule = format!("it is not below `vocab_size` = {}", encoder.vocab_size);
                return Err(error(
                    field,
                    token,
                    rule,
                    "0 for start and 1 for end would do",
                ));
            }
        }
        if self.start == self.end {
            let rule = "a target would end where it begins";
            return Err(error("end", self.end, rule, "another token would do"));
        }
        Ok(())
    }

    /// Number of trainable values, computed without building the model.
    pub fn parameter_count(&self) -> usize {
        let (encoder, decoder) = (self.encoder(), self.decoder());
        let cross = decoder.n_layers * decoder.attention_branch_parameters();
        let bias = match self.output_bias {
            true => encoder.vocab_size,
            false => 0,
        };
        // The embedding and the head are there once.
        let shared = TransformerConfig {
            n_layers: 0,
            ..decoder.clone()
        };
        let last_norm = shared.last_norm_parameters();
        encoder.parameter_count() + decoder.parameter_count() + cross + bias
            - (shared.parameter_count() - last_norm)
    }
}
