//! `config.json` of Llama and its relatives Mistral, Qwen 2 and Qwen 3, both ways.

use super::config_json::{Relative, activation};
use super::config_layers::Layers;
use super::config_rope::Rope;
use super::error::WeightsError;
use super::refuse::Refuse;
use crate::config::{
    AttentionBias, FeedForwardKind, NormKind, PositionKind, RopeScaling, TransformerConfig,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// What `transformers.LlamaConfig` says, and those of Mistral, Qwen 2 and Qwen 3.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct Llama {
    vocab_size: usize,
    max_position_embeddings: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    #[serde(default, deserialize_with = "given")]
    num_key_value_heads: Option<Option<usize>>,
    head_dim: Option<usize>,
    intermediate_size: usize,
    hidden_act: Option<String>,
    rms_norm_eps: Option<f64>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    pretraining_tp: Option<usize>,
    attention_dropout: Option<f64>,
    tie_word_embeddings: Option<bool>,
}

/// Says of a field that is there what it holds, be it nothing.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl Llama {
    pub(super) fn read(
        self,
        relative: Relative,
        (rope, layers): (Rope, Layers),
        refuse: &Refuse<'_>,
    ) -> Result<TransformerConfig, WeightsError> {
        let tensor_parallel = self.pretraining_tp.unwrap_or(1);
        let found = tensor_parallel.to_string();
        refuse.unless(tensor_parallel <= 1, "pretraining_tp", &found, "1")?;
        let (attention_bias, bias) = self.biases(relative, refuse)?;
        let activation = self.hidden_act.as_deref().unwrap_or("silu");
        let activation = refuse.activation("hidden_act", activation)?;
        let heads = self.num_attention_heads;
        // What is left out has another default than what is null.
        let kv_heads = self.num_key_value_heads.unwrap_or(match relative {
            Relative::Llama => None,
            Relative::Mistral => Some(8),
            Relative::Qwen2 | Relative::Qwen3 => Some(32),
        });
        let head_dim = self.head_dim.or(match relative {
            Relative::Qwen3 => Some(128),
            _ => None,
        });
        let implied = self.hidden_size.checked_div(heads);
        let default_width = self.hidden_size.checked_mul(4);
        Ok(TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: self.hidden_size,
            n_layers: self.num_hidden_layers,
            n_heads: heads,
            n_kv_heads: kv_heads.filter(|n| *n != heads),
            head_dim: head_dim.filter(|width| Some(*width) != implied),
            d_ff: Some(self.intermediate_size).filter(|width| Some(*width) != default_width),
            max_seq_len: self.max_position_embeddings,
            norm: NormKind::RmsNorm {
                epsilon: self.rms_norm_eps.unwrap_or(1e-6),
            },
            position: rope.read(self.max_position_embeddings, refuse)?,
            feed_forward: FeedForwardKind::Gated(activation),
            bias,
            attention_bias,
            query_key_norm: relative == Relative::Qwen3,
            window: layers.window(relative, self.num_hidden_layers, refuse)?,
            tied: self.tie_word_embeddings.unwrap_or(false),
            dropout: self.attention_dropout.unwrap_or(0.0),
            ..TransformerConfig::default()
        })
    }

    /// Which layers of attention have biases, and whether the feed-forward layers have.
    fn biases(
        &self,
        relative: Relative,
        refuse: &Refuse<'_>,
    ) -> Result<(Option<AttentionBias>, bool), WeightsError> {
        let (field, of_mlp) = ("mlp_bias", self.mlp_bias.unwrap_or(false));
        let allowed = relative == Relative::Llama || !of_mlp;
        refuse.unless(allowed, field, "true", "false")?;
        let field = "attention_bias";
        let of_attention = match (relative, self.attention_bias) {
            (Relative::Mistral, Some(true)) => return Err(refuse.error(field, "true", "false")),
            (Relative::Qwen2, Some(false)) => return Err(refuse.error(field, "false", "true")),
            (Relative::Qwen2, _) => AttentionBias::QueryKeyValue,
            (_, Some(true)) => AttentionBias::All,
            (_, None | Some(false)) => AttentionBias::None,
        };
        let follows = match of_mlp {
            true => AttentionBias::All,
            false => AttentionBias::None,
        };
        Ok((Some(of_attention).filter(|kind| *kind != follows), of_mlp))
    }
}

/// The contents of `config.json`, as `transformers` reads them from version 4 on.
pub(super) fn to_json(config: &TransformerConfig, relative: Relative) -> Value {
    let (theta, scaling) = match config.position {
        PositionKind::Rotary { theta, scaling } => (json!(theta), scaling),
        _ => (Value::Null, RopeScaling::None),
    };
    let scaling = match scaling {
        RopeScaling::None => Value::Null,
        RopeScaling::Linear { factor } => json!({ "rope_type": "linear", "factor": factor }),
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_max_seq_len,
        } => {
            json!({
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": low_freq_factor,
                "high_freq_factor": high_freq_factor,
                "original_max_position_embeddings": original_max_seq_len,
            })
        }
    };
    let [model_type, architecture] = relative.names();
    let mut json = json!({
        "architectures": [architecture],
        "model_type": model_type,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.max_seq_len,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.kv_heads(),
        "head_dim": config.head_size(),
        "intermediate_size": config.ff_size(),
        "hidden_act": activation(config),
        "rms_norm_eps": config.norm.epsilon(),
        "rope_theta": theta,
        "rope_scaling": scaling,
        "attention_dropout": config.dropout,
        "initializer_range": 0.02,
        "tie_word_embeddings": config.tied,
        "bos_token_id": null,
        "eos_token_id": null,
        "dtype": "float32",
    });
    let biased = config.attention_biases() == AttentionBias::All;
    // The window of Qwen begins at the layer of this number.
    let window = || {
        let used = config.window.is_some();
        let from = if used { 0 } else { config.n_layers };
        json!({
            "sliding_window": config.window,
            "use_sliding_window": used,
            "max_window_layers": from,
        })
    };
    let switches = match relative {
        Relative::Llama => json!({ "attention_bias": biased, "mlp_bias": config.bias }),
        Relative::Mistral => json!({ "sliding_window": config.window }),
        Relative::Qwen2 => window(),
        Relative::Qwen3 => {
            let mut switches = window();
            switches["attention_bias"] = json!(biased);
            switches
        }
    };
    if let (Value::Object(all), Value::Object(switches)) = (&mut json, switches) {
        all.extend(switches);
    }
    json
}
