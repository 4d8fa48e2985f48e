//! What is kept of the forward pass until the backward pass has used it.
//!
//! Fused operations ([`slovo_model::ops`]) keep their inputs and what cannot be
//! computed again more cheaply. In compositions, Burn's autodiff keeps a tensor when the gradient of
//! an operation on it needs its values: both factors of a product, the input of an exponential, and
//! so on; a sum keeps nothing. The lists below go through the model's operations in their order. A
//! file that changes there changes a list here.
//!
//! This is without gradient checkpointing. Burn's own (`Device::autodiff` with a strategy) would
//! recompute operations that it calls memory-bound, such as norms and activations, and not whole
//! blocks as in Chen et al. 2016; nothing here uses it.

use serde::Serialize;
use slovo_args::Backend;
use slovo_model::{Activation, FeedForwardKind, NormKind, Placement, TransformerConfig};

/// The model's operations, as they are computed ([`slovo_model::ops`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operations {
    /// As kernels of their own, on the CPU.
    Fused,
    /// As compositions of tensor operations, on any backend.
    Composed,
}

impl Operations {
    /// What this program takes on a backend.
    pub fn of(backend: Backend) -> Self {
        match backend {
            Backend::Flex if cfg!(feature = "fused") => Self::Fused,
            _ => Self::Composed,
        }
    }
}

/// A tensor that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// What it holds.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl Kept {
    /// How many numbers it holds.
    pub fn elements(&self) -> u64 {
        self.shape.iter().map(|&n| n as u64).product()
    }
}

/// What one block keeps of `rows` sequences of `seq` tokens.
pub fn block(
    model: &TransformerConfig,
    operations: Operations,
    rows: usize,
    seq: usize,
) -> Vec<Kept> {
    let sites = Sites {
        model,
        operations,
        rows,
        seq,
    };
    let mut kept = sites.norm();
    kept.extend(sites.attention());
    kept.extend(sites.norm());
    kept.extend(sites.feed_forward());
    kept
}

/// What stands around the blocks: embedding, last norm, loss.
pub fn around(
    model: &TransformerConfig,
    operations: Operations,
    rows: usize,
    seq: usize,
) -> Vec<Kept> {
    let sites = Sites {
        model,
        operations,
        rows,
        seq,
    };
    let mut kept = Vec::new();
    if model.dropout > 0.0 {
        kept.push(sites.wide("embedding: dropout mask", model.d_model));
    }
    match (model.placement, operations) {
        (Placement::Pre, Operations::Composed) => kept.extend(sites.norm()),
        // The loss has its gradient already and needs no output of the norm.
        (Placement::Pre, Operations::Fused) => kept.push(sites.wide("norm: input", model.d_model)),
        // The first block's projections read it; a pre-norm block reads its norm's output.
        (Placement::Post, _) => kept.push(sites.wide("embedding", model.d_model)),
    }
    kept.push(match operations {
        Operations::Composed => sites.wide("logits less their maximum", model.vocab_size),
        Operations::Fused => sites.wide("loss: gradient of the hidden states", model.d_model),
    });
    kept
}

/// How many numbers a list holds.
pub fn elements(kept: &[Kept]) -> u64 {
    kept.iter().map(Kept::elements).sum()
}

struct Sites<'a> {
    model: &'a TransformerConfig,
    operations: Operations,
    rows: usize,
    seq: usize,
}

impl Sites<'_> {
    /// `[rows, seq, width]`
    fn wide(&self, name: &'static str, width: usize) -> Kept {
        Kept {
            name,
            shape: vec![self.rows, self.seq, width],
        }
    }

    /// `[rows, n_heads, seq, seq]`
    fn scores(&self, name: &'static str) -> Kept {
        Kept {
            name,
            shape: vec![self.rows, self.model.n_heads, self.seq, self.seq],
        }
    }

    fn norm(&self) -> Vec<Kept> {
        let names: &[&str] = match (self.operations, self.model.norm) {
            (Operations::Fused, _) => &["norm: input", "norm: output"],
            (Operations::Composed, NormKind::LayerNorm { .. }) => &[
                "norm: input less its mean",
                "norm: before the gain",
                "norm: output",
            ],
            (Operations::Composed, NormKind::RmsNorm { .. }) => {
                &["norm: input", "norm: before the gain", "norm: output"]
            }
        };
        let wide = |name: &&'static str| self.wide(name, self.model.d_model);
        names.iter().map(wide).collect()
    }

    fn attention(&self) -> Vec<Kept> {
        let model = self.model;
        let (heads, kv_heads) = (model.n_heads, model.kv_heads());
        let head = model.head_size();
        let mut kept = vec![
            self.wide("attention: queries", heads * head),
            self.wide("attention: keys", kv_heads * head),
            self.wide("attention: values", kv_heads * head),
        ];
        match self.operations {
            Operations::Composed => kept.extend([
                self.scores("attention: scores less their maximum"),
                self.scores("attention: exponentials"),
                self.scores("attention: weights"),
            ]),
            Operations::Fused => kept.push(self.wide("attention: logarithms of the sums", heads)),
        }
        kept.push(self.wide("attention: heads, side by side", heads * head));
        if model.dropout > 0.0 {
            let mut mask = self.scores("attention: dropout mask of the weights");
            if self.operations == Operations::Fused {
                // A byte instead of a number.
                mask.shape = vec![self.rows, heads, self.seq, self.seq.div_ceil(4)];
            }
            kept.push(mask);
            kept.push(self.wide("attention: dropout mask", model.d_model));
        }
        kept
    }

    fn feed_forward(&self) -> Vec<Kept> {
        let model = self.model;
        let (activation, gated) = match model.feed_forward {
            FeedForwardKind::Plain(activation) => (activation, false),
            FeedForwardKind::Gated(activation) => (activation, true),
        };
        let mut names = vec!["feed-forward: before the activation"];
        match self.operations {
            Operations::Composed => {
                match activation {
                    // x · sigmoid((x² · a + b) · x)
                    Activation::GeluTanh => names.extend([
                        "feed-forward: slope",
                        "feed-forward: before the sigmoid",
                        "feed-forward: sigmoid",
                    ]),
                    Activation::Silu => names.push("feed-forward: sigmoid"),
                    Activation::GeluErf | Activation::Relu => {}
                }
                names.push("feed-forward: activated");
                if gated {
                    names.extend(["feed-forward: gated half", "feed-forward: product"]);
                }
            }
            Operations::Fused if gated => names.push("feed-forward: gated half"),
            Operations::Fused => {}
        }
        let mut kept: Vec<_> = names
            .into_iter()
            .map(|name| self.wide(name, model.ff_size()))
            .collect();
        if model.dropout > 0.0 {
            kept.push(self.wide("feed-forward: dropout mask", model.d_model));
        }
        kept
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn gpt2_keeps_thirty_widths_and_three_scores_a_block_or_twelve_widths() {
        // Per token: two norms of 3·d, queries, keys, values and heads, 5·4·d inside the
        // feed-forward layer; and three matrices of scores.
        let model = TransformerConfig {
            dropout: 0.0,
            ..TransformerConfig::preset("gpt2-124m").unwrap()
        };
        let per_token = 30 * 768 + 3 * 12 * 256;
        let kept = |operations| elements(&block(&model, operations, 2, 256));
        assert_eq!(kept(Operations::Composed), 2 * 256 * per_token);
        let outside = |operations| elements(&around(&model, operations, 2, 256));
        assert_eq!(outside(Operations::Composed), 2 * 256 * (3 * 768 + 50257));
        // Fused: two norms of 2·d, queries, keys, values and heads, 4·d, and a number a head.
        assert_eq!(kept(Operations::Fused), 2 * 256 * (12 * 768 + 12));
        assert_eq!(outside(Operations::Fused), 2 * 256 * 2 * 768);
    }

    #[test]
    fn dropout_keeps_its_masks() {
        let with = TransformerConfig::preset("gpt2-124m").unwrap();
        let without = TransformerConfig {
            dropout: 0.0,
            ..with.clone()
        };
        let more = |operations| {
            let kept = |model| elements(&block(model, operations, 1, 64));
            kept(&with) - kept(&without)
        };
        assert_eq!(more(Operations::Composed), 64 * (2 * 768 + 12 * 64));
        assert_eq!(more(Operations::Fused), 64 * (2 * 768 + 12 * 64 / 4));
    }

    #[test]
    fn shared_keys_are_kept_once() {
        let model = TransformerConfig::preset("llama-3.2-1b").unwrap();
        let kept = block(&model, Operations::Composed, 1, 128);
        let find = |name| kept.iter().find(|kept| kept.name == name).unwrap();
        assert_eq!(find("attention: keys").shape, [1, 128, 8 * 64]);
        assert_eq!(find("attention: weights").shape, [1, 32, 128, 128]);
    }
}
