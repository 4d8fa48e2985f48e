//! The settings of a model, from the metadata.
//!
//! Only what changes the computation is read; what we could not honour is an error, and so is a
//! setting of the architecture that is not known here. Names and defaults are llama.cpp's
//! (`gguf-py/gguf/constants.py`, `src/llama-model.cpp`).

use super::error::{Fault, GgufError, quote};
use super::file::Gguf;
use super::refuse::refuse_others;
use super::rope;
use super::settings::Settings;
use super::value::Value;
use crate::config::{
    Activation, AttentionBias, FeedForwardKind, NormKind, PositionKind, RopeScaling,
    TransformerConfig,
};

/// A family of models with one way to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Llama, Mistral, SmolLM: no biases; rows of queries and keys are interleaved in the file.
    Llama,
    /// Qwen 2 and 2.5: biases in query, key and value.
    Qwen2,
    /// Qwen 3: queries and keys are normalised.
    Qwen3,
}

/// The settings of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The family.
    pub architecture: Architecture,
    /// Rows of the token embedding; the tokenizer may have fewer tokens.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub embedding_length: usize,
    /// Number of blocks.
    pub block_count: usize,
    /// Inner width of the feed-forward layer.
    pub feed_forward_length: usize,
    /// Number of query heads.
    pub head_count: usize,
    /// Number of key and value heads.
    pub head_count_kv: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// How many channels of a head are rotated: all, since nothing else is read.
    pub rope_dimensions: usize,
    /// Base of the rotary wavelengths.
    pub rope_theta: f64,
    /// How they are stretched.
    pub rope_scaling: RopeScaling,
    /// Longest sequence, in tokens.
    pub context_length: usize,
    /// Added to the mean square in each RMSNorm.
    pub rms_epsilon: f64,
    /// Whether the head is the token embedding: there is no tensor `output.weight`.
    pub tied: bool,
    /// How many tokens a query sees, where it is not all.
    pub sliding_window: Option<usize>,
    /// Whether queries and keys are normalised, head by head.
    pub qk_norm: bool,
    /// Whether query, key and value have biases.
    pub qkv_bias: bool,
    /// Whether the attention's output has a bias.
    pub output_bias: bool,
    /// Whether the feed-forward layers have biases.
    pub feed_forward_bias: bool,
    /// The token before a text.
    pub bos_id: Option<u32>,
    /// The token after a text.
    pub eos_id: Option<u32>,
    /// All tokens that end an answer: of a text, of a turn, of a message.
    pub end_ids: Vec<u32>,
}

impl Architecture {
    fn of(name: &str) -> Option<(Self, &'static str)> {
        match name {
            "llama" => Some((Self::Llama, "llama.")),
            "qwen2" => Some((Self::Qwen2, "qwen2.")),
            "qwen3" => Some((Self::Qwen3, "qwen3.")),
            _ => None,
        }
    }
}

impl Config {
    /// Reads the settings of the model in `file`.
    ///
    /// # Errors
    ///
    /// When one is missing or makes no sense, or asks for something that is not built here.
    pub fn read(file: &Gguf<'_>) -> Result<Self, GgufError> {
        let (architecture, prefix) = whole_model(file)?;
        let settings = Settings { file, prefix };
        refuse_others(&settings)?;
        let rows = file.tensor("token_embd.weight").map(|t| t.shape()[0]);
        let vocab_size = match (settings.size("vocab_size")?, rows) {
            (Some(size), Some(rows)) if size != rows => {
                let expected = format!("{rows}, the rows of tensor `token_embd.weight`");
                return Err(settings.invalid(
                    "vocab_size",
                    Value::Unsigned(size as u64),
                    &expected,
                ));
            }
            (_, Some(rows)) => rows,
            (_, None) => {
                return Err(file.error(Fault::MissingTensor {
                    tensor: "token_embd.weight".into(),
                    expected: vec![0, settings.required("embedding_length")?],
                }));
            }
        };
        let embedding_length = settings.required("embedding_length")?;
        let (head_count, head_count_kv) = heads(&settings)?;
        let head_dim = head_dim(&settings, embedding_length, head_count)?;
        let rope_theta = settings.number("rope.freq_base")?.unwrap_or(10_000.0);
        if rope_theta <= 0.0 {
            let found = Value::Float(rope_theta);
            return Err(settings.invalid("rope.freq_base", found, "a positive number"));
        }
        const EPSILON: &str = "attention.layer_norm_rms_epsilon";
        let rms_epsilon = settings.number(EPSILON)?;
        let rms_epsilon = rms_epsilon.ok_or_else(|| settings.missing(EPSILON, "a small number"))?;
        let tokens = Settings {
            file,
            prefix: "tokenizer.ggml.",
        };
        let id = |name: &str| tokens.token(name, vocab_size);
        let eos_id = id("eos_token_id")?;
        let ends = [eos_id, id("eot_token_id")?, id("eom_token_id")?];
        let mut end_ids: Vec<u32> = ends.into_iter().flatten().collect();
        end_ids.sort_unstable();
        end_ids.dedup();
        let has = |name: &str| file.tensor(name).is_some();
        Ok(Self {
            architecture,
            vocab_size,
            embedding_length,
            block_count: blocks(&settings)?,
            feed_forward_length: settings.required("feed_forward_length")?,
            head_count,
            head_count_kv,
            head_dim,
            rope_dimensions: head_dim,
            rope_theta,
            rope_scaling: rope::read(&settings, rope_theta, head_dim)?,
            context_length: settings.required("context_length")?,
            rms_epsilon,
            tied: !has("output.weight"),
            sliding_window: settings
                .size("attention.sliding_window")?
                .filter(|n| *n > 0),
            qk_norm: architecture == Architecture::Qwen3,
            qkv_bias: has("blk.0.attn_q.bias"),
            output_bias: has("blk.0.attn_output.bias"),
            feed_forward_bias: has("blk.0.ffn_up.bias"),
            bos_id: id("bos_token_id")?,
            eos_id,
            end_ids,
        })
    }
}

impl Config {
    /// The shape of the model.
    pub fn transformer(&self) -> TransformerConfig {
        let bias = self.feed_forward_bias;
        let attention_bias = match (self.qkv_bias, self.output_bias) {
            (true, true) => AttentionBias::All,
            (true, false) => AttentionBias::QueryKeyValue,
            (false, _) => AttentionBias::None,
        };
        let follows = match bias {
            true => AttentionBias::All,
            false => AttentionBias::None,
        };
        let (width, heads) = (self.embedding_length, self.head_count);
        TransformerConfig {
            vocab_size: self.vocab_size,
            d_model: width,
            n_layers: self.block_count,
            n_heads: heads,
            n_kv_heads: Some(self.head_count_kv).filter(|n| *n != heads),
            head_dim: Some(self.head_dim).filter(|n| Some(*n) != width.checked_div(heads)),
            d_ff: Some(self.feed_forward_length).filter(|n| *n != 4 * width),
            max_seq_len: self.context_length,
            norm: NormKind::RmsNorm {
                epsilon: self.rms_epsilon,
            },
            position: PositionKind::Rotary {
                theta: self.rope_theta,
                scaling: self.rope_scaling,
            },
            feed_forward: FeedForwardKind::Gated(Activation::Silu),
            bias,
            attention_bias: Some(attention_bias).filter(|kind| *kind != follows),
            query_key_norm: self.qk_norm,
            window: self.sliding_window,
            tied: self.tied,
            ..TransformerConfig::default()
        }
    }
}

/// Checks that the file holds a whole model of a known architecture.
fn whole_model(file: &Gguf<'_>) -> Result<(Architecture, &'static str), GgufError> {
    const ARCHITECTURE: &str = "architecture";
    let general = Settings {
        file,
        prefix: "general.",
    };
    if let Some(kind) = general.text("type")?.filter(|kind| *kind != "model") {
        return Err(general.refuse("type", &quote(kind), "\"model\""));
    }
    let split = Settings {
        file,
        prefix: "split.",
    };
    if let Some(count) = split.size("count")?.filter(|count| *count > 1) {
        let supported = "a model in one file (join the parts with `llama-gguf-split --merge`)";
        return Err(split.refuse("count", &count.to_string(), supported));
    }
    if let Some(version) = general.size("quantization_version")?.filter(|v| *v != 2) {
        return Err(general.refuse("quantization_version", &version.to_string(), "2"));
    }
    let expected = "\"llama\", \"qwen2\" or \"qwen3\"";
    let name = general.text(ARCHITECTURE)?;
    let name = name.ok_or_else(|| general.missing(ARCHITECTURE, expected))?;
    let known = "\"llama\", \"qwen2\" and \"qwen3\"";
    Architecture::of(name).ok_or_else(|| general.refuse(ARCHITECTURE, &quote(name), known))
}

fn blocks(settings: &Settings<'_>) -> Result<usize, GgufError> {
    let count = settings.required("block_count")?;
    // A block has at least nine, so what is made for each parameter is bounded by the file.
    let most = settings.file.tensors().count() / 9;
    match count <= most {
        true => Ok(count),
        false => {
            let expected = format!("at most {most}, a ninth of the number of tensors");
            Err(settings.invalid("block_count", Value::Unsigned(count as u64), &expected))
        }
    }
}

fn heads(settings: &Settings<'_>) -> Result<(usize, usize), GgufError> {
    const KV: &str = "attention.head_count_kv";
    let heads = settings.required("attention.head_count")?;
    let kv = settings.size(KV)?.unwrap_or(heads);
    match kv > 0 && heads.is_multiple_of(kv) {
        true => Ok((heads, kv)),
        false => {
            let expected = format!("a divisor of the number of query heads, {heads}");
            Err(settings.invalid(KV, Value::Unsigned(kv as u64), &expected))
        }
    }
}

fn head_dim(settings: &Settings<'_>, width: usize, heads: usize) -> Result<usize, GgufError> {
    const KEY: &str = "attention.key_length";
    let dim = settings.size(KEY)?.unwrap_or(width / heads);
    if dim == 0 || !dim.is_multiple_of(2) {
        return Err(settings.invalid(KEY, Value::Unsigned(dim as u64), "an even number"));
    }
    for (name, default) in [
        ("attention.value_length", width / heads),
        ("rope.dimension_count", dim),
    ] {
        let found = settings.size(name)?.unwrap_or(default);
        if found != dim {
            let supported = format!("the width of a head, {dim},");
            return Err(settings.refuse(name, &found.to_string(), &supported));
        }
    }
    Ok(dim)
}
