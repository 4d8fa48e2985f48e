//! The settings in a `config.json` that someone else may have written.
//!
//! Only those that change what a model computes are read; one that we cannot honour is an error,
//! not a guess. Fields that `transformers` always writes are asked for, so that a misspelt one is
//! found; what it leaves out has its default there.

use super::config_json::Family;
use super::error::WeightsError;
use crate::config::{
    Activation, FeedForwardKind, NormKind, PositionKind, RopeScaling, TransformerConfig,
};
use serde::Deserialize;
use std::path::Path;

/// Reads the text of the `config.json` at `path`.
pub(super) fn from_json(
    path: &Path,
    text: &str,
) -> Result<(Family, TransformerConfig), WeightsError> {
    let json = |reason| WeightsError::Json {
        path: path.to_path_buf(),
        reason,
    };
    let kind: Kind = serde_json::from_str(text).map_err(json)?;
    let (family, config) = match kind.model_type.as_str() {
        "gpt2" => (
            Family::Gpt2,
            serde_json::from_str::<Gpt2>(text)
                .map_err(json)?
                .read(path)?,
        ),
        "llama" => (
            Family::Llama,
            serde_json::from_str::<Llama>(text)
                .map_err(json)?
                .read(path)?,
        ),
        "slovo" => (
            Family::Slovo,
            serde_json::from_str::<Slovo>(text)
                .map_err(json)?
                .transformer,
        ),
        _ => {
            let found = kind.model_type;
            return Err(WeightsError::UnknownModel {
                path: path.to_path_buf(),
                found,
            });
        }
    };
    match config.validate() {
        Ok(()) => Ok((family, config)),
        Err(source) => Err(WeightsError::Config {
            path: path.to_path_buf(),
            source,
        }),
    }
}

#[derive(Deserialize)]
struct Kind {
    model_type: String,
}

#[derive(Deserialize)]
struct Slovo {
    transformer: TransformerConfig,
}

/// What `transformers.GPT2Config` says. Its three dropout rates are one here, the residual one.
#[derive(Deserialize)]
struct Gpt2 {
    vocab_size: usize,
    n_positions: usize,
    n_embd: usize,
    n_layer: usize,
    n_head: usize,
    n_inner: Option<usize>,
    activation_function: String,
    layer_norm_epsilon: f64,
    #[serde(default)]
    resid_pdrop: f64,
    #[serde(default = "yes")]
    tie_word_embeddings: bool,
    #[serde(default = "yes")]
    scale_attn_weights: bool,
    #[serde(default)]
    scale_attn_by_inverse_layer_idx: bool,
    #[serde(default)]
    add_cross_attention: bool,
}

impl Gpt2 {
    fn read(self, path: &Path) -> Result<TransformerConfig, WeightsError> {
        let refuse = Refuse(path);
        refuse.unless(
            self.scale_attn_weights,
            "scale_attn_weights",
            "false",
            "true",
        )?;
        let by_layer = self.scale_attn_by_inverse_layer_idx;
        refuse.unless(
            !by_layer,
            "scale_attn_by_inverse_layer_idx",
            "true",
            "false",
        )?;
        refuse.unless(
            !self.add_cross_attention,
            "add_cross_attention",
            "true",
            "false",
        )?;
        let activation = refuse.activation("activation_function", &self.activation_function)?;
        Ok(TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: self.n_embd,
            n_layers: self.n_layer,
            n_heads: self.n_head,
            d_ff: self.n_inner,
            max_seq_len: self.n_positions,
            norm: NormKind::LayerNorm {
                epsilon: self.layer_norm_epsilon,
            },
            feed_forward: FeedForwardKind::Plain(activation),
            tied: self.tie_word_embeddings,
            dropout: self.resid_pdrop,
            ..TransformerConfig::default()
        })
    }
}

/// What `transformers.LlamaConfig` says.
#[derive(Deserialize)]
struct Llama {
    vocab_size: usize,
    max_position_embeddings: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    intermediate_size: usize,
    hidden_act: String,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    /// Since transformers 5: base and scaling in one place.
    rope_parameters: Option<Rope>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    attention_dropout: f64,
    #[serde(default)]
    tie_word_embeddings: bool,
}

#[derive(Deserialize)]
struct Rope {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<usize>,
}

impl Llama {
    fn read(self, path: &Path) -> Result<TransformerConfig, WeightsError> {
        let refuse = Refuse(path);
        let equal = self.attention_bias == self.mlp_bias;
        let found = if self.attention_bias { "true" } else { "false" };
        refuse.unless(equal, "attention_bias", found, "the value of `mlp_bias`")?;
        let activation = refuse.activation("hidden_act", &self.hidden_act)?;
        let (heads, kv_heads) = (self.num_attention_heads, self.num_key_value_heads);
        let implied = self.hidden_size.checked_div(heads);
        let rope = self.rope_parameters.or(self.rope_scaling);
        let theta = rope
            .as_ref()
            .and_then(|rope| rope.rope_theta)
            .or(self.rope_theta);
        let scaling = match rope {
            Some(rope) => rope.scaling(&refuse)?,
            None => RopeScaling::None,
        };
        Ok(TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: self.hidden_size,
            n_layers: self.num_hidden_layers,
            n_heads: heads,
            n_kv_heads: kv_heads.filter(|n| *n != heads),
            head_dim: self.head_dim.filter(|width| Some(*width) != implied),
            d_ff: Some(self.intermediate_size).filter(|width| *width != 4 * self.hidden_size),
            max_seq_len: self.max_position_embeddings,
            norm: NormKind::RmsNorm {
                epsilon: self.rms_norm_eps,
            },
            // Llama's own default, for the files that leave it out.
            position: PositionKind::Rotary {
                theta: theta.unwrap_or(10_000.0),
                scaling,
            },
            feed_forward: FeedForwardKind::Gated(activation),
            bias: self.attention_bias,
            tied: self.tie_word_embeddings,
            dropout: self.attention_dropout,
            ..TransformerConfig::default()
        })
    }
}

impl Rope {
    fn scaling(self, refuse: &Refuse<'_>) -> Result<RopeScaling, WeightsError> {
        let kind = self.rope_type.as_deref().unwrap_or("default");
        match kind {
            "default" => Ok(RopeScaling::None),
            "llama3" => {
                let given = |value: Option<f64>, field| {
                    value.ok_or_else(|| refuse.error(field, "missing", "a number"))
                };
                let original = self.original_max_position_embeddings.ok_or_else(|| {
                    let field = "rope_scaling.original_max_position_embeddings";
                    refuse.error(field, "missing", "a number of tokens")
                })?;
                Ok(RopeScaling::Llama3 {
                    factor: given(self.factor, "rope_scaling.factor")?,
                    low_freq_factor: given(self.low_freq_factor, "rope_scaling.low_freq_factor")?,
                    high_freq_factor: given(
                        self.high_freq_factor,
                        "rope_scaling.high_freq_factor",
                    )?,
                    original_max_seq_len: original,
                })
            }
            other => {
                let field = "rope_scaling.rope_type";
                Err(refuse.error(field, &format!("{other:?}"), "\"default\" and \"llama3\""))
            }
        }
    }
}

/// Makes errors about the `config.json` at a path.
struct Refuse<'a>(&'a Path);

impl Refuse<'_> {
    fn error(&self, field: &'static str, found: &str, supported: &'static str) -> WeightsError {
        let path = self.0.to_path_buf();
        WeightsError::Unsupported {
            path,
            field,
            found: found.into(),
            supported,
        }
    }

    fn unless(
        &self,
        fits: bool,
        field: &'static str,
        found: &str,
        supported: &'static str,
    ) -> Result<(), WeightsError> {
        if fits {
            Ok(())
        } else {
            Err(self.error(field, found, supported))
        }
    }

    fn activation(&self, field: &'static str, name: &str) -> Result<Activation, WeightsError> {
        match name {
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
            "gelu" => Ok(Activation::GeluErf),
            "silu" | "swish" => Ok(Activation::Silu),
            "relu" => Ok(Activation::Relu),
            _ => {
                let known = "\"gelu_new\", \"gelu\", \"silu\" and \"relu\"";
                Err(self.error(field, &format!("{name:?}"), known))
            }
        }
    }
}

fn yes() -> bool {
    true
}
