//! What a run needs, before it runs.

use crate::Result;
use crate::optimizer::OptimizerRecipe;
use crate::recipe::Recipe;
use slovo_data::report::grouped;
use slovo_model::{FeedForwardKind, TransformerConfig};

/// Size and cost of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Trainable numbers.
    pub parameters: u64,
    /// Target tokens of the whole run.
    pub tokens: u64,
    /// How often the training text is seen.
    pub epochs: f64,
    /// Floating-point operations of the whole run.
    pub flops: f64,
    /// Bytes of weights, gradients and optimizer state, float32.
    pub state_bytes: u64,
    /// Bytes kept between forward and backward of one micro-batch, float32; a rough count.
    pub activation_bytes: u64,
}

impl Plan {
    /// The plan of a resolved recipe on `training_tokens` tokens of text.
    ///
    /// # Errors
    ///
    /// A recipe that was not resolved and names an unknown preset.
    pub fn of(recipe: &Recipe, training_tokens: u64) -> Result<Self> {
        let model = recipe.model()?;
        let context = recipe.context()?;
        let parameters = model.parameter_count() as u64;
        let tokens = recipe.tokens_per_step()? * recipe.steps;
        let moments = match recipe.optimizer {
            OptimizerRecipe::AdamW(_) => 2 * parameters,
            OptimizerRecipe::Muon(_) => 2 * parameters - block_matrices(&model),
        };
        Ok(Self {
            parameters,
            tokens,
            epochs: tokens as f64 / training_tokens.max(1) as f64,
            flops: flops_per_token(&model, context) * tokens as f64,
            state_bytes: 4 * (2 * parameters + moments),
            activation_bytes: activations(&model, recipe.batch.sequences, context) * 4,
        })
    }
}

/// Floating-point operations of one token's forward and backward pass: six for each parameter that
/// multiplies (Kaplan et al. 2020), and twelve for each layer, feature and position attended to,
/// as published for PaLM (Chowdhery et al. 2022, appendix B), which counts the masked half too.
pub fn flops_per_token(model: &TransformerConfig, context: usize) -> f64 {
    // Embeddings are looked up, not multiplied; a tied head multiplies with the same numbers.
    let embeddings = if model.tied {
        0
    } else {
        model.vocab_size * model.d_model
    };
    let multiplied = model.parameter_count().saturating_sub(embeddings) as f64;
    let width = (model.n_heads * model.head_size()) as f64;
    6.0 * multiplied + 12.0 * model.n_layers as f64 * width * context as f64
}

/// Numbers in the matrices inside the blocks, of which Muon keeps one moment.
fn block_matrices(model: &TransformerConfig) -> u64 {
    let heads = 2 * (model.n_heads + model.kv_heads()) * model.head_size();
    let feed_forward = match model.feed_forward {
        FeedForwardKind::Plain(_) => 2 * model.ff_size(),
        FeedForwardKind::Gated(_) => 3 * model.ff_size(),
    };
    (model.n_layers * model.d_model * (heads + feed_forward)) as u64
}

/// Numbers kept for the backward pass: a block keeps about its inputs, norms, queries, keys, values,
/// scores before and after softmax, and the feed-forward's inside twice; the head its logits twice.
fn activations(model: &TransformerConfig, rows: usize, context: usize) -> u64 {
    let tokens = (rows * context) as u64;
    let attention = 2 * model.n_heads as u64 * context as u64;
    let block = 10 * model.d_model as u64 + attention + 3 * model.ff_size() as u64;
    tokens * (model.n_layers as u64 * block + 2 * model.vocab_size as u64)
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gib = |bytes: u64| bytes as f64 / (1u64 << 30) as f64;
        writeln!(f, "parameters   {}", grouped(self.parameters))?;
        writeln!(f, "tokens       {}", grouped(self.tokens))?;
        writeln!(f, "epochs       {:.2}", self.epochs)?;
        writeln!(f, "FLOPs        {:.3e}", self.flops)?;
        writeln!(
            f,
            "memory       {:.2} GiB weights, gradients and moments + about {:.2} GiB activations",
            gib(self.state_bytes),
            gib(self.activation_bytes)
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_matrices_are_counted() {
        // GPT-2: twelve layers of 12·768².
        let model = TransformerConfig::preset("gpt2-124m").unwrap();
        assert_eq!(block_matrices(&model), 12 * 12 * 768 * 768);
    }

    #[test]
    fn gpt2_needs_what_is_published() {
        // Six times 124M and 12·12·768·1024.
        let model = TransformerConfig::preset("gpt2-124m").unwrap();
        let flops = flops_per_token(&model, 1024);
        assert!((flops / 1e6 - (6.0 * 124.4 + 113.2)).abs() < 1.0, "{flops}");
    }
}
