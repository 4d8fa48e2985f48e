//! `config.json` of encoder–decoders: Marian, both ways.

use super::config_json::{Family, SLOVO, activation};
use super::error::WeightsError;
use super::refuse::Refuse;
use crate::config::{FeedForwardKind, NormKind, Placement, PositionKind, TransformerConfig};
use crate::seq2seq::Seq2SeqConfig;
use serde::Deserialize;
use serde_json::{Value, json};

/// Marian's, which its configuration does not name.
const EPSILON: f64 = 1e-5;
/// What is added to the logits. It is no parameter: training leaves it at zero, and then it is none.
pub(super) const BIAS: &str = "final_logits_bias";

/// What `transformers.MarianConfig` says.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct Marian {
    vocab_size: usize,
    decoder_vocab_size: Option<usize>,
    d_model: usize,
    encoder_layers: usize,
    decoder_layers: usize,
    encoder_attention_heads: usize,
    decoder_attention_heads: usize,
    encoder_ffn_dim: usize,
    decoder_ffn_dim: usize,
    activation_function: Option<String>,
    max_position_embeddings: usize,
    dropout: Option<f64>,
    scale_embedding: Option<bool>,
    tie_word_embeddings: Option<bool>,
    decoder_start_token_id: Option<u32>,
    pad_token_id: Option<u32>,
    eos_token_id: Option<u32>,
}

impl Marian {
    pub(super) fn read(self, refuse: &Refuse<'_>) -> Result<Seq2SeqConfig, WeightsError> {
        let vocabulary = self.decoder_vocab_size.unwrap_or(self.vocab_size);
        let field = "decoder_vocab_size";
        let same = vocabulary == self.vocab_size;
        refuse.unless(same, field, &vocabulary.to_string(), "`vocab_size`")?;
        let token = |token: Option<u32>, field| {
            token.ok_or_else(|| refuse.error(field, "missing", "a token id"))
        };
        let start = self.decoder_start_token_id.or(self.pad_token_id);
        let name = self.activation_function.as_deref().unwrap_or("gelu");
        let kind = refuse.activation("activation_function", name)?;
        let heads = self.encoder_attention_heads;
        let differs = |decoder: usize, encoder: usize| Some(decoder).filter(|n| *n != encoder);
        Ok(Seq2SeqConfig {
            transformer: TransformerConfig {
                vocab_size: self.vocab_size,
                d_model: self.d_model,
                n_layers: self.encoder_layers,
                n_heads: heads,
                d_ff: differs(self.encoder_ffn_dim, 4 * self.d_model),
                max_seq_len: self.max_position_embeddings,
                norm: NormKind::LayerNorm { epsilon: EPSILON },
                placement: Placement::Post,
                position: PositionKind::SinusoidalHalves,
                feed_forward: FeedForwardKind::Plain(kind),
                embedding_scale: self.scale_embedding.unwrap_or(false),
                tied: self.tie_word_embeddings.unwrap_or(true),
                dropout: self.dropout.unwrap_or(0.0),
                ..TransformerConfig::default()
            },
            decoder_layers: differs(self.decoder_layers, self.encoder_layers),
            decoder_heads: differs(self.decoder_attention_heads, heads),
            decoder_d_ff: differs(self.decoder_ffn_dim, self.encoder_ffn_dim),
            output_bias: true,
            start: token(start, "decoder_start_token_id")?,
            end: token(self.eos_token_id, "eos_token_id")?,
        })
    }
}

/// Whether Marian can express `config`.
fn is_marian(config: &Seq2SeqConfig) -> bool {
    let side = &config.transformer;
    let heads = [side.n_heads, config.decoder().n_heads];
    side.placement == Placement::Post
        && side.position == PositionKind::SinusoidalHalves
        && side.norm == NormKind::LayerNorm { epsilon: EPSILON }
        && matches!(side.feed_forward, FeedForwardKind::Plain(_))
        && side.bias
        && side.attention_bias.is_none()
        && !side.query_key_norm
        && side.window.is_none()
        && !side.embedding_norm
        && side.head_dim.is_none()
        && side.n_kv_heads.is_none_or(|n| heads == [n, n])
        && side.d_model.is_multiple_of(heads[1])
}

/// The family that can express an encoder–decoder, and the contents of `config.json`.
pub(super) fn describe(config: &Seq2SeqConfig) -> (Family, Value) {
    if !is_marian(config) {
        let json = json!({
            "architectures": [SLOVO[3].1],
            "model_type": "slovo",
            "seq2seq": config,
        });
        return (Family::Slovo, json);
    }
    let (encoder, decoder) = (config.encoder(), config.decoder());
    let json = json!({
        "architectures": ["MarianMTModel"],
        "model_type": "marian",
        "is_encoder_decoder": true,
        "vocab_size": encoder.vocab_size,
        "decoder_vocab_size": encoder.vocab_size,
        "d_model": encoder.d_model,
        "encoder_layers": encoder.n_layers,
        "decoder_layers": decoder.n_layers,
        "encoder_attention_heads": encoder.n_heads,
        "decoder_attention_heads": decoder.n_heads,
        "encoder_ffn_dim": encoder.ff_size(),
        "decoder_ffn_dim": decoder.ff_size(),
        "activation_function": activation(&encoder),
        "max_position_embeddings": encoder.max_seq_len,
        "dropout": encoder.dropout,
        "attention_dropout": encoder.dropout,
        "activation_dropout": 0.0,
        "scale_embedding": encoder.embedding_scale,
        "share_encoder_decoder_embeddings": true,
        "tie_word_embeddings": encoder.tied,
        "decoder_start_token_id": config.start,
        "pad_token_id": config.start,
        "bos_token_id": null,
        "eos_token_id": config.end,
        "forced_eos_token_id": Value::Null,
        "init_std": 0.02,
        "dtype": "float32",
    });
    (Family::Marian, json)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Activation;

    #[test]
    fn the_base_model_of_the_paper_goes_there_and_back() {
        let config = Seq2SeqConfig::vaswani_base(37_000);
        let (family, json) = describe(&config);
        assert_eq!(family, Family::Marian);
        let read: Marian = serde_json::from_value(json).unwrap();
        let read = read.read(&Refuse("config.json".as_ref())).unwrap();
        // The file says nothing of a bias; that all of it is zero, its weights say.
        let config = Seq2SeqConfig {
            output_bias: true,
            transformer: TransformerConfig {
                d_ff: None,
                ..config.transformer
            },
            ..config
        };
        assert_eq!(read, config);
        let relu = FeedForwardKind::Plain(Activation::Relu);
        assert_eq!(read.transformer.feed_forward, relu);
    }
}
