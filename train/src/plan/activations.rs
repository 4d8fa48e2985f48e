//! What autodiff keeps of the forward pass until the backward pass has used it.
//!
//! Burn's autodiff keeps a tensor when the gradient of an operation on it needs its values: both
//! factors of a product, the input of an exponential, and so on; a sum keeps nothing. The lists
//! below go through the model's operations in their order (`slovo_model`'s `norm.rs`,
//! `attention.rs`, `feed_forward.rs`, `loss.rs`). A file that changes there changes a list here.
//!
//! This is without gradient checkpointing. Burn's own (`Device::autodiff` with a strategy) would
//! recompute operations that it calls memory-bound, such as norms and activations, and not whole
//! blocks as in Chen et al. 2016; nothing here uses it.

use serde::Serialize;
use slovo_model::{Activation, FeedForwardKind, NormKind, Placement, TransformerConfig};

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
pub fn block(model: &TransformerConfig, rows: usize, seq: usize) -> Vec<Kept> {
    let sites = Sites { model, rows, seq };
    let mut kept = sites.norm();
    kept.extend(sites.attention());
    kept.extend(sites.norm());
    kept.extend(sites.feed_forward());
    kept
}

/// What stands around the blocks: embedding, last norm, logits.
pub fn around(model: &TransformerConfig, rows: usize, seq: usize) -> Vec<Kept> {
    let sites = Sites { model, rows, seq };
    let mut kept = Vec::new();
    if model.dropout > 0.0 {
        kept.push(sites.wide("embedding: dropout mask", model.d_model));
    }
    match model.placement {
        Placement::Pre => kept.extend(sites.norm()),
        // The first block's projections read it; a pre-norm block reads its norm's output.
        Placement::Post => kept.push(sites.wide("embedding", model.d_model)),
    }
    kept.push(sites.logits());
    kept
}

/// The logits less their maximum, which the gradient of the loss is computed from.
pub fn logits(model: &TransformerConfig, rows: usize, seq: usize) -> Kept {
    Sites { model, rows, seq }.logits()
}

/// How many numbers a list holds.
pub fn elements(kept: &[Kept]) -> u64 {
    kept.iter().map(Kept::elements).sum()
}

struct Sites<'a> {
    model: &'a TransformerConfig,
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

    fn logits(&self) -> Kept {
        self.wide("logits less their maximum", self.model.vocab_size)
    }

    fn norm(&self) -> Vec<Kept> {
        let first = match self.model.norm {
            NormKind::LayerNorm { .. } => "norm: input less its mean",
            NormKind::RmsNorm { .. } => "norm: input",
        };
        [first, "norm: before the gain", "norm: output"]
            .map(|name| self.wide(name, self.model.d_model))
            .into()
    }

    fn attention(&self) -> Vec<Kept> {
        let model = self.model;
        let (heads, kv_heads) = (model.n_heads, model.kv_heads());
        let head = model.head_size();
        let mut kept = vec![
            self.wide("attention: queries", heads * head),
            self.wide("attention: keys", kv_heads * head),
            self.wide("attention: values", kv_heads * head),
            self.scores("attention: scores less their maximum"),
            self.scores("attention: exponentials"),
            self.scores("attention: weights"),
            self.wide("attention: heads, side by side", heads * head),
        ];
        if model.dropout > 0.0 {
            kept.push(self.scores("attention: dropout mask of the weights"));
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
    fn gpt2_keeps_thirty_widths_and_three_scores_a_block() {
        // Per token: two norms of 3·d, queries, keys, values and heads, 5·4·d inside the
        // feed-forward layer; and three matrices of scores.
        let model = TransformerConfig {
            dropout: 0.0,
            ..TransformerConfig::preset("gpt2-124m").unwrap()
        };
        let per_token = 30 * 768 + 3 * 12 * 256;
        assert_eq!(elements(&block(&model, 2, 256)), 2 * 256 * per_token);
        let around = elements(&around(&model, 2, 256));
        assert_eq!(around, 2 * 256 * (3 * 768 + 50257));
    }

    #[test]
    fn dropout_keeps_its_masks() {
        let with = TransformerConfig::preset("gpt2-124m").unwrap();
        let without = TransformerConfig {
            dropout: 0.0,
            ..with.clone()
        };
        let more = elements(&block(&with, 1, 64)) - elements(&block(&without, 1, 64));
        assert_eq!(more, 64 * (2 * 768 + 12 * 64));
    }

    #[test]
    fn shared_keys_are_kept_once() {
        let model = TransformerConfig::preset("llama-3.2-1b").unwrap();
        let kept = block(&model, 1, 128);
        let find = |name| kept.iter().find(|kept| kept.name == name).unwrap();
        assert_eq!(find("attention: keys").shape, [1, 128, 8 * 64]);
        assert_eq!(find("attention: weights").shape, [1, 32, 128, 128]);
    }
}
