//! Which settings fit together, and what to say of those that do not.

use crate::config::{PositionKind, RopeScaling, TransformerConfig};
use thiserror::Error;

/// A setting that cannot be built, and one that could.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` is {value}, but {rule}; {cure}")]
pub struct ConfigError {
    /// The field of [`TransformerConfig`].
    pub field: &'static str,
    /// The value that was found.
    pub value: String,
    /// What it breaks.
    pub rule: String,
    /// A value that would do.
    pub cure: String,
}

impl TransformerConfig {
    /// Checks that a model can be built from these settings.
    ///
    /// # Errors
    ///
    /// The first setting that does not fit, with a value that would.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let sizes = [
            (
                "vocab_size",
                self.vocab_size,
                "set it to the tokenizer's vocabulary size",
            ),
            ("d_model", self.d_model, "128 would do"),
            ("n_layers", self.n_layers, "4 would do"),
            ("n_heads", self.n_heads, "4 would do"),
            (
                "n_kv_heads",
                self.kv_heads(),
                "leave it out to use `n_heads`",
            ),
            ("d_ff", self.ff_size(), "leave it out to use 4 · `d_model`"),
            ("max_seq_len", self.max_seq_len, "64 would do"),
        ];
        for (field, size, cure) in sizes {
            if size == 0 {
                return Err(error(field, size, "it must be at least 1", cure));
            }
        }
        self.validate_heads()?;
        self.validate_position()?;
        let epsilon = self.norm.epsilon();
        if !(epsilon.is_finite() && epsilon > 0.0) {
            let rule = "it must be above zero and finite";
            return Err(error("norm.epsilon", epsilon, rule, "1e-5 would do"));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            let rule = "a probability of dropping must lie in [0, 1)";
            return Err(error(
                "dropout",
                self.dropout,
                rule,
                "0.1 would do, 0 turns it off",
            ));
        }
        Ok(())
    }

    fn validate_heads(&self) -> Result<(), ConfigError> {
        let (d_model, heads, kv_heads) = (self.d_model, self.n_heads, self.kv_heads());
        match self.head_dim {
            None if !d_model.is_multiple_of(heads) => {
                return Err(error(
                    "n_heads",
                    heads,
                    format!("it must divide `d_model` = {d_model} unless `head_dim` is given"),
                    format!("{} would do", divisor_near(d_model, heads)),
                ));
            }
            Some(0) => {
                let cure = "leave it out to use `d_model` / `n_heads`";
                return Err(error("head_dim", 0, "it must be at least 1", cure));
            }
            _ => {}
        }
        if !heads.is_multiple_of(kv_heads) {
            return Err(error(
                "n_kv_heads",
                kv_heads,
                format!("each key head must serve equally many of the {heads} query heads"),
                format!("{} would do", divisor_near(heads, kv_heads)),
            ));
        }
        Ok(())
    }

    fn validate_position(&self) -> Result<(), ConfigError> {
        match self.position {
            PositionKind::Learned => Ok(()),
            PositionKind::Sinusoidal if !self.d_model.is_multiple_of(2) => Err(error(
                "d_model",
                self.d_model,
                "sinusoidal positions pair a sine with a cosine, so it must be even",
                format!("{} would do", self.d_model + 1),
            )),
            PositionKind::Sinusoidal => Ok(()),
            PositionKind::Rotary { theta, scaling } => {
                let head = self.head_size();
                if !head.is_multiple_of(2) {
                    let rule = "rotary positions turn pairs of channels, so it must be even";
                    return Err(error(
                        "head_dim",
                        head,
                        rule,
                        format!("{} would do", head + 1),
                    ));
                }
                if !(theta.is_finite() && theta > 1.0) {
                    let rule = "wavelengths must grow from channel to channel";
                    return Err(error("position.theta", theta, rule, "10000 would do"));
                }
                scaling.validate()
            }
        }
    }
}

impl RopeScaling {
    fn validate(&self) -> Result<(), ConfigError> {
        let Self::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_max_seq_len,
        } = *self
        else {
            return Ok(());
        };
        if !(factor.is_finite() && factor >= 1.0) {
            let rule = "wavelengths may only be stretched";
            return Err(error(
                "position.scaling.factor",
                factor,
                rule,
                "32 would do",
            ));
        }
        if !(low_freq_factor.is_finite() && low_freq_factor > 0.0) {
            let field = "position.scaling.low_freq_factor";
            return Err(error(
                field,
                low_freq_factor,
                "it must be above zero",
                "1 would do",
            ));
        }
        if !(high_freq_factor.is_finite() && high_freq_factor > low_freq_factor) {
            return Err(error(
                "position.scaling.high_freq_factor",
                high_freq_factor,
                format!("it must be above `low_freq_factor` = {low_freq_factor}"),
                format!("{} would do", 4.0 * low_freq_factor),
            ));
        }
        if original_max_seq_len == 0 {
            let field = "position.scaling.original_max_seq_len";
            return Err(error(field, 0, "it must be at least 1", "8192 would do"));
        }
        Ok(())
    }
}

fn error(
    field: &'static str,
    value: impl ToString,
    rule: impl Into<String>,
    cure: impl Into<String>,
) -> ConfigError {
    ConfigError {
        field,
        value: value.to_string(),
        rule: rule.into(),
        cure: cure.into(),
    }
}

/// The divisor of `n` that lies nearest to `wanted`; 1 always divides.
fn divisor_near(n: usize, wanted: usize) -> usize {
    (1..=n)
        .filter(|d| n.is_multiple_of(*d))
        .min_by_key(|d| d.abs_diff(wanted))
        .unwrap_or(1)
}
