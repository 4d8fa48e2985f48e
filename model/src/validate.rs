//! Which settings fit together, and what to say of those that do not.

use crate::config::{PositionKind, RopeScaling, TransformerConfig};
use thiserror::Error;

/// Bounds that no model comes near. Numbers of parameters and of bytes fit 64 bits below them, and
/// a configuration that somebody made up is refused before it costs anything.
const WIDEST: usize = 1 << 22;
const DEEPEST: usize = 1 << 16;
const LARGEST_VOCABULARY: usize = 1 << 28;
const LONGEST: usize = 1 << 28;
/// Numbers in a table of positions: 1 GB in single precision.
const LARGEST_TABLE: usize = 1 << 28;

/// A setting that cannot be built, and one that could.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` is {value}, but {rule}; {cure}")]
pub struct ConfigError {
    /// The field of the configuration.
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
                LARGEST_VOCABULARY,
                "set it to the tokenizer's vocabulary size",
            ),
            ("d_model", self.d_model, WIDEST, "128 would do"),
            ("n_layers", self.n_layers, DEEPEST, "4 would do"),
            ("n_heads", self.n_heads, WIDEST, "4 would do"),
            (
                "n_kv_heads",
                self.kv_heads(),
                WIDEST,
                "leave it out to use `n_heads`",
            ),
            (
                "d_ff",
                self.ff_size(),
                WIDEST,
                "leave it out to use 4 · `d_model`",
            ),
            ("max_seq_len", self.max_seq_len, LONGEST, "64 would do"),
        ];
        for (field, size, limit, cure) in sizes {
            if size == 0 {
                return Err(error(field, size, "it must be at least 1", cure));
            }
            if size > limit {
                return Err(error(field, size, too_large(limit), cure));
            }
        }
        if self.segments > DEEPEST {
            let cure = "2 would do, 0 turns them off";
            return Err(error("segments", self.segments, too_large(DEEPEST), cure));
        }
        if let Some(window) = self.window.filter(|window| *window > LONGEST) {
            let cure = "leave it out to see all tokens before";
            return Err(error("window", window, too_large(LONGEST), cure));
        }
        if self.window == Some(0) {
            let cure = "leave it out to see all tokens before";
            return Err(error("window", 0, "a token sees at least itself", cure));
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
            Some(width) if width > WIDEST / heads => {
                let rule = format!("{heads} heads of that width are wider than {WIDEST}");
                let cure = "leave it out to use `d_model` / `n_heads`";
                return Err(error("head_dim", width, rule, cure));
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

    /// Tables of positions are made whole when a model is built.
    fn validate_table(&self) -> Result<(), ConfigError> {
        let width = match self.position {
            PositionKind::Learned => return Ok(()),
            PositionKind::Sinusoidal | PositionKind::SinusoidalHalves => self.d_model,
            PositionKind::Rotary { .. } => self.head_size(),
        };
        let most = LARGEST_TABLE / width.max(1);
        if self.max_seq_len <= most {
            return Ok(());
        }
        let rule = format!(
            "the table of positions would have {width} numbers for each, and has {LARGEST_TABLE} \
             at most"
        );
        let cure = format!("{most} would do");
        Err(error("max_seq_len", self.max_seq_len, rule, cure))
    }

    fn validate_position(&self) -> Result<(), ConfigError> {
        self.validate_table()?;
        match self.position {
            PositionKind::Learned => Ok(()),
            PositionKind::Sinusoidal | PositionKind::SinusoidalHalves
                if !self.d_model.is_multiple_of(2) =>
            {
                Err(error(
                    "d_model",
                    self.d_model,
                    "sinusoidal positions pair a sine with a cosine, so it must be even",
                    format!("{} would do", self.d_model + 1),
                ))
            }
            PositionKind::Sinusoidal | PositionKind::SinusoidalHalves => Ok(()),
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
        if let Self::Linear { factor } | Self::Llama3 { factor, .. } = *self
            && !(factor.is_finite() && factor >= 1.0)
        {
            let (field, rule) = (
                "position.scaling.factor",
                "wavelengths may only be stretched",
            );
            return Err(error(field, factor, rule, "32 would do"));
        }
        let Self::Llama3 {
            low_freq_factor,
            high_freq_factor,
            original_max_seq_len,
            ..
        } = *self
        else {
            return Ok(());
        };
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

pub(crate) fn error(
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

fn too_large(limit: usize) -> String {
    format!("no model comes near {limit}, above which nothing is built")
}

/// The divisor of `n` that lies nearest to `wanted`; 1 always divides.
fn divisor_near(n: usize, wanted: usize) -> usize {
    let small = (1..=n.isqrt()).filter(|d| n.is_multiple_of(*d));
    small
        .flat_map(|d| [d, n / d])
        .min_by_key(|d| (d.abs_diff(wanted), *d))
        .unwrap_or(1)
}
