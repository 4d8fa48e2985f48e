//! Floating-point operations of training, and how large a model they are best spent on.
//!
//! - 6·N a token (Kaplan et al. 2020, <https://arxiv.org/abs/2001.08361>): each parameter multiplies
//!   and adds once forward and twice backward. What GPT-3's published 3.14e23 was counted with
//!   (Brown et al. 2020, appendix D, <https://arxiv.org/abs/2005.14165>).
//! - 12·L·d·T more for the scores of attention (Chowdhery et al. 2022, appendix B,
//!   <https://arxiv.org/abs/2204.02311>), by which utilisation is usually reported.
//! - C = 6·N·D is best spent on about 20 tokens a parameter (Hoffmann et al. 2022, table 3,
//!   <https://arxiv.org/abs/2203.15556>).

use serde::Serialize;
use slovo_model::TransformerConfig;

/// Tokens a parameter at which a given amount of computing gives the lowest loss, rounded as the
/// field does; Hoffmann et al.'s first approach says 20.0 at 400 million parameters and 21.1 at 175
/// billion.
pub const OPTIMAL_TOKENS_PER_PARAMETER: f64 = 20.0;

/// Floating-point operations of the forward and backward pass, counted in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Flops {
    /// 6·N, with every parameter.
    pub six_n: f64,
    /// 6 for each parameter that multiplies, and attention's 12·L·d·T. Times are computed from this.
    pub with_attention: f64,
}

impl Flops {
    /// For one token of sequences of `context` tokens.
    pub fn per_token(model: &TransformerConfig, context: usize) -> Self {
        let parameters = model.parameter_count();
        // Embeddings are looked up, not multiplied; a tied head multiplies with the same numbers.
        let looked_up = match model.tied {
            true => 0,
            false => model.vocab_size * model.d_model,
        };
        let multiplied = parameters.saturating_sub(looked_up) as f64;
        let width = (model.n_heads * model.head_size()) as f64;
        let attention = 12.0 * model.n_layers as f64 * width * context as f64;
        Self {
            six_n: 6.0 * parameters as f64,
            with_attention: 6.0 * multiplied + attention,
        }
    }

    /// For `tokens` tokens.
    pub fn times(self, tokens: u64) -> Self {
        Self {
            six_n: self.six_n * tokens as f64,
            with_attention: self.with_attention * tokens as f64,
        }
    }
}

/// What Hoffmann et al. would have trained instead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimal {
    /// Tokens for a model of this size.
    pub tokens_for_parameters: u64,
    /// Parameters that the run's computing, 6·N·D, is best spent on.
    pub parameters_for_compute: u64,
    /// The tokens of that model.
    pub tokens_for_compute: u64,
}

impl Optimal {
    /// For a model of `parameters` that is trained on `tokens`.
    ///
    /// 6·N·D = C and D = 20·N give N = √(C / 120).
    pub fn of(parameters: u64, tokens: u64) -> Self {
        let compute = 6.0 * parameters as f64 * tokens as f64;
        let best = (compute / (6.0 * OPTIMAL_TOKENS_PER_PARAMETER)).sqrt();
        Self {
            tokens_for_parameters: (OPTIMAL_TOKENS_PER_PARAMETER * parameters as f64) as u64,
            parameters_for_compute: best.round() as u64,
            tokens_for_compute: (OPTIMAL_TOKENS_PER_PARAMETER * best).round() as u64,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn attention_is_counted_as_published() {
        // Six times 124M and 12·12·768·1024.
        let model = TransformerConfig::preset("gpt2-124m").unwrap();
        let flops = Flops::per_token(&model, 1024);
        let (six_n, attention) = (6.0 * 124_439_808.0, 113_246_208.0);
        assert_eq!(flops.six_n, six_n);
        assert_eq!(flops.with_attention, six_n + attention);
    }

    #[test]
    fn an_embedding_that_is_only_looked_up_multiplies_nothing() {
        let tied = TransformerConfig::preset("smollm2-135m").unwrap();
        let untied = TransformerConfig {
            tied: false,
            ..tied.clone()
        };
        let [tied, untied] = [tied, untied].map(|model| Flops::per_token(&model, 2048));
        assert_eq!(tied.with_attention, untied.with_attention);
        assert!(untied.six_n > tied.six_n);
    }

    #[test]
    fn chinchilla_is_near_the_optimum_of_its_own_computing() {
        // Hoffmann et al. 2022, section 3.4 and table 3: 67 billion parameters want 1.5 trillion
        // tokens, 175 billion 3.7 trillion, and Chinchilla had 70 billion and 1.4 trillion.
        let published = [(67_000_000_000, 1.5e12), (175_000_000_000, 3.7e12)];
        for (parameters, tokens) in published {
            let ours = Optimal::of(parameters, 1).tokens_for_parameters as f64;
            assert!(
                (0.85..1.15).contains(&(ours / tokens)),
                "{parameters}: {ours}"
            );
        }
        let chinchilla = Optimal::of(70_000_000_000, 1_400_000_000_000);
        assert_eq!(chinchilla.parameters_for_compute, 70_000_000_000);
        assert_eq!(chinchilla.tokens_for_compute, 1_400_000_000_000);
    }
}
