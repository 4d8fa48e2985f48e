//! The axes along which the families of transformers differ, as one plain value.
//!
//! GPT-2, Llama and the model of Vaswani et al. 2017 are the same stack of blocks with different
//! settings; [`TransformerConfig`] holds those settings and says how many parameters they make.

use serde::{Deserialize, Serialize};

/// The shape of a transformer.
///
/// A field that is left out takes GPT-2's value. Sizes given as `None` follow from the others, so
/// that a recipe names only what is unusual.
///
/// ```
/// use slovo_model::TransformerConfig;
///
/// let config = TransformerConfig {
///     vocab_size: 65, d_model: 32, n_layers: 2, n_heads: 4, max_seq_len: 16,
///     ..TransformerConfig::default()
/// };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Number of different tokens. `0` means "not known yet" (a recipe leaves it to the
    /// tokenizer) and does not validate.
    #[serde(default)]
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Number of blocks.
    pub n_layers: usize,
    /// Number of query heads.
    pub n_heads: usize,
    /// Number of key and value heads (`None`: as many as query heads). Fewer make grouped-query
    /// attention (Ainslie et al. 2023), one makes multi-query attention (Shazeer 2019).
    #[serde(default)]
    pub n_kv_heads: Option<usize>,
    /// Width of one head (`None`: `d_model / n_heads`).
    #[serde(default)]
    pub head_dim: Option<usize>,
    /// Inner width of the feed-forward layer (`None`: `4 · d_model`).
    #[serde(default)]
    pub d_ff: Option<usize>,
    /// Longest sequence, in tokens.
    pub max_seq_len: usize,
    /// Kind of normalisation.
    #[serde(default)]
    pub norm: NormKind,
    /// Normalisation before or after each residual branch.
    #[serde(default)]
    pub placement: Placement,
    /// How a token knows where it stands.
    #[serde(default)]
    pub position: PositionKind,
    /// Kind of feed-forward layer.
    #[serde(default)]
    pub feed_forward: FeedForwardKind,
    /// Whether the linear layers of the blocks and the LayerNorms have a bias.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Which linear layers of attention have a bias (`None`: all or none, as `bias` says).
    #[serde(default)]
    pub attention_bias: Option<AttentionBias>,
    /// Whether queries and keys are normalised, each head by itself, before they are compared
    /// (Dehghani et al. 2023, <https://arxiv.org/abs/2302.05442>; Qwen3).
    #[serde(default)]
    pub query_key_norm: bool,
    /// A token sees only so many tokens, itself included (`None`: all before it). Sliding-window
    /// attention (Beltagy et al. 2020, <https://arxiv.org/abs/2004.05150>; Mistral).
    #[serde(default)]
    pub window: Option<usize>,
    /// Whether a token sees only those before it and itself (a decoder), or all of its text (an
    /// encoder).
    #[serde(default = "yes")]
    pub causal: bool,
    /// How many kinds of segments a text may consist of, such as question and answer; each has a
    /// learned vector that is added to the embedding (Devlin et al. 2019,
    /// <https://arxiv.org/abs/1810.04805>). `0`: none.
    #[serde(default)]
    pub segments: usize,
    /// Whether embeddings are normalised before the first block (BERT).
    #[serde(default)]
    pub embedding_norm: bool,
    /// Whether the output head uses the token embedding's matrix.
    #[serde(default = "yes")]
    pub tied: bool,
    /// Whether token embeddings are multiplied by √`d_model` (Vaswani et al. 2017).
    #[serde(default)]
    pub embedding_scale: bool,
    /// Probability with which an activation is dropped in training, in `[0, 1)`.
    #[serde(default)]
    pub dropout: f64,
}

/// Kind of normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum NormKind {
    /// Mean and variance (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>).
    LayerNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// Root mean square only (Zhang and Sennrich 2019, <https://arxiv.org/abs/1910.07467>).
    RmsNorm {
        /// Added to the mean square.
        epsilon: f64,
    },
}

/// Where the normalisation stands in a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    /// `x + branch(norm(x))`, and one more norm at the end of the stack (GPT-2, Llama).
    #[default]
    Pre,
    /// `norm(x + branch(x))` (Vaswani et al. 2017, BERT).
    Post,
}

/// How a token knows where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum PositionKind {
    /// A learned vector for each position, added to the embedding (GPT-2).
    #[default]
    Learned,
    /// Fixed sines and cosines, added to the embedding, a sine and its cosine side by side
    /// (Vaswani et al. 2017, section 3.5).
    Sinusoidal,
    /// The same numbers, all sines in the first half of the channels and all cosines in the second,
    /// as the authors' own program and Marian (Junczys-Dowmunt et al. 2018) lay them out.
    SinusoidalHalves,
    /// Queries and keys are rotated by their position (Su et al. 2021,
    /// <https://arxiv.org/abs/2104.09864>).
    Rotary {
        /// Base of the wavelengths; 10000 in the paper.
        theta: f64,
        /// How the wavelengths were stretched for contexts longer than in training.
        #[serde(default)]
        scaling: RopeScaling,
    },
}

/// Which linear layers of attention have a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttentionBias {
    /// None of them.
    None,
    /// Those for queries, keys and values (Qwen2).
    QueryKeyValue,
    /// The one for the output too.
    All,
}

/// How rotary wavelengths are stretched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum RopeScaling {
    /// Not at all.
    #[default]
    None,
    /// All of them grow by `factor` (Chen et al. 2023, <https://arxiv.org/abs/2306.15595>).
    Linear {
        /// By how much.
        factor: f64,
    },
    /// Llama 3's rule: wavelengths longer than `original_max_seq_len / low_freq_factor` grow by
    /// `factor`, those shorter than `original_max_seq_len / high_freq_factor` stay, and those in
    /// between are interpolated.
    Llama3 {
        /// By how much the longest wavelengths grow.
        factor: f64,
        /// Bound of the longest wavelengths.
        low_freq_factor: f64,
        /// Bound of the shortest wavelengths.
        high_freq_factor: f64,
        /// Context length before stretching, in tokens.
        original_max_seq_len: usize,
    },
}

/// Kind of feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeedForwardKind {
    /// `down(activation(up(x)))`.
    Plain(Activation),
    /// `down(activation(gate(x)) · up(x))` (Shazeer 2020, <https://arxiv.org/abs/2002.05202>).
    Gated(Activation),
}

/// The nonlinearity of a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// GELU in its tanh approximation (GPT-2).
    GeluTanh,
    /// GELU with the error function (BERT).
    GeluErf,
    /// `x · sigmoid(x)` (Llama).
    Silu,
    /// `max(x, 0)` (Vaswani et al. 2017).
    Relu,
}

impl Default for NormKind {
    fn default() -> Self {
        Self::LayerNorm { epsilon: 1e-5 }
    }
}

impl Default for FeedForwardKind {
    fn default() -> Self {
        Self::Plain(Activation::GeluTanh)
    }
}

impl NormKind {
    /// The number added before the square root.
    pub fn epsilon(&self) -> f64 {
        match *self {
            Self::LayerNorm { epsilon } | Self::RmsNorm { epsilon } => epsilon,
        }
    }
}

fn yes() -> bool {
    true
}

impl Default for TransformerConfig {
    /// GPT-2's choices with every size at zero; meant for `..TransformerConfig::default()`.
    fn default() -> Self {
        Self {
            vocab_size: 0,
            d_model: 0,
            n_layers: 0,
            n_heads: 0,
            n_kv_heads: None,
            head_dim: None,
            d_ff: None,
            max_seq_len: 0,
            norm: NormKind::default(),
            placement: Placement::default(),
            position: PositionKind::default(),
            feed_forward: FeedForwardKind::default(),
            bias: true,
            attention_bias: None,
            query_key_norm: false,
            window: None,
            causal: true,
            segments: 0,
            embedding_norm: false,
            tied: true,
            embedding_scale: false,
            dropout: 0.0,
        }
    }
}

impl TransformerConfig {
    /// Number of key and value heads.
    pub fn kv_heads(&self) -> usize {
        self.n_kv_heads.unwrap_or(self.n_heads)
    }

    /// Width of one head.
    ///
    /// Zero where [`validate`](Self::validate) would complain of `n_heads`.
    pub fn head_size(&self) -> usize {
        let shared = self.d_model.checked_div(self.n_heads).unwrap_or(0);
        self.head_dim.unwrap_or(shared)
    }

    /// Inner width of the feed-forward layer.
    pub fn ff_size(&self) -> usize {
        self.d_ff.unwrap_or(self.d_model.saturating_mul(4))
    }

    /// Which linear layers of attention have a bias.
    pub fn attention_biases(&self) -> AttentionBias {
        self.attention_bias.unwrap_or(match self.bias {
            true => AttentionBias::All,
            false => AttentionBias::None,
        })
    }

    /// Number of trainable values, computed without building the model.
    pub fn parameter_count(&self) -> usize {
        let d = self.d_model;
        let linear = |from, to| layer(from, to, self.bias);
        let feed_forward = match self.feed_forward {
            FeedForwardKind::Plain(_) => linear(d, self.ff_size()),
            FeedForwardKind::Gated(_) => 2 * linear(d, self.ff_size()),
        } + linear(self.ff_size(), d);
        let block = self.attention_branch_parameters() + feed_forward + self.norm_parameters();
        let positions = match self.position {
            PositionKind::Learned => self.max_seq_len,
            _ => 0,
        };
        let embedding_norm = match self.embedding_norm {
            true => self.norm_parameters(),
            false => 0,
        };
        let embeddings = (self.vocab_size + positions + self.segments) * d + embedding_norm;
        let head = if self.tied { 0 } else { self.vocab_size * d };
        embeddings + self.n_layers * block + self.last_norm_parameters() + head
    }

    /// Those of one attention with its norm.
    pub(crate) fn attention_branch_parameters(&self) -> usize {
        let (d, head) = (self.d_model, self.head_size());
        let biases = self.attention_biases();
        let (biased, output_biased) = (biases != AttentionBias::None, biases == AttentionBias::All);
        layer(d, self.n_heads * head, biased)
            + 2 * layer(d, self.kv_heads() * head, biased)
            + layer(self.n_heads * head, d, output_biased)
            + if self.query_key_norm { 2 * head } else { 0 }
            + self.norm_parameters()
    }

    /// Those of the norm behind the last block.
    pub(crate) fn last_norm_parameters(&self) -> usize {
        match self.placement {
            Placement::Pre => self.norm_parameters(),
            Placement::Post => 0,
        }
    }

    fn norm_parameters(&self) -> usize {
        match self.norm {
            NormKind::LayerNorm { .. } if self.bias => 2 * self.d_model,
            _ => self.d_model,
        }
    }
}

/// The values of a linear layer.
fn layer(from: usize, to: usize, bias: bool) -> usize {
    from * to + if bias { to } else { 0 }
}
