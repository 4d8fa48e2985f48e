//! How a `config.json` says that rotary wavelengths are stretched.
//!
//! Version 4 of `transformers` writes `rope_theta` and beside it `rope_scaling`, version 5 both in
//! `rope_parameters`; what says which rule applies is `rope_type`, and was `type` before.

use super::error::WeightsError;
use super::quote::quote;
use super::refuse::Refuse;
use crate::config::{PositionKind, RopeScaling};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The base where none is given, in all families that are read.
const THETA: f64 = 10_000.0;
const KNOWN: &str = "\"default\", \"linear\" and \"llama3\"";

/// All that is said of it.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct Rope {
    rope_theta: Option<f64>,
    rope_scaling: Option<Rule>,
    rope_parameters: Option<Rule>,
    /// Some programs write it here; there it goes before the one in the rule.
    original_max_position_embeddings: Option<usize>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a rule for rotary positions")]
struct Rule {
    rope_type: Option<String>,
    #[serde(rename = "type")]
    old_type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<usize>,
    partial_rotary_factor: Option<f64>,
    /// Rules for each kind of layer.
    full_attention: Option<Ignored>,
    sliding_attention: Option<Ignored>,
    mrope_section: Option<Ignored>,
}

/// Something that only matters if it is there.
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Rope {
    /// The positions of a model for `context` tokens.
    pub(super) fn read(
        self,
        context: usize,
        refuse: &Refuse<'_>,
    ) -> Result<PositionKind, WeightsError> {
        let outside = self.original_max_position_embeddings;
        let scaling = |rule: &Option<Rule>| match rule {
            Some(rule) => rule.scaling(outside, context, refuse).map(Some),
            None => Ok(None),
        };
        let old = scaling(&self.rope_scaling)?;
        let new = scaling(&self.rope_parameters)?;
        if let (Some(old), Some(new)) = (old, new) {
            let supported = "what `rope_parameters` says too";
            refuse.unless(old == new, "rope_scaling", "another rule", supported)?;
        }
        // What is said in the older way, nobody reads the newer one beside.
        let older = self.rope_scaling.filter(|rule| !rule.is_empty());
        let theta = older.or(self.rope_parameters);
        let theta = theta.and_then(|rule| rule.rope_theta).or(self.rope_theta);
        Ok(PositionKind::Rotary {
            theta: theta.unwrap_or(THETA),
            scaling: new.or(old).unwrap_or(RopeScaling::None),
        })
    }
}

impl Rule {
    fn is_empty(&self) -> bool {
        let named = self.rope_type.is_some() || self.old_type.is_some();
        !named && self.rope_theta.is_none() && self.factor.is_none()
    }

    /// The rule in our terms, for a model of `context` tokens.
    fn scaling(
        &self,
        outside: Option<usize>,
        context: usize,
        refuse: &Refuse<'_>,
    ) -> Result<RopeScaling, WeightsError> {
        let nested = self.full_attention.is_some() || self.sliding_attention.is_some();
        let supported = "one rule for all layers";
        refuse.unless(
            !nested,
            "rope_parameters",
            "a rule for each kind",
            supported,
        )?;
        let sections = self.mrope_section.is_none();
        refuse.unless(sections, "mrope_section", "given", "files without it")?;
        let part = self.partial_rotary_factor.unwrap_or(1.0);
        let field = "partial_rotary_factor";
        refuse.unless(part == 1.0, field, &part.to_string(), "1")?;
        let kinds = [&self.rope_type, &self.old_type];
        let [kind, old] = kinds.map(|kind| kind.as_deref());
        if let (Some(kind), Some(old)) = (kind, old) {
            let supported = "what `rope_type` says too";
            refuse.unless(kind == old, "rope_scaling.type", &quote(old), supported)?;
        }
        let given = |value: Option<f64>, field| {
            value.ok_or_else(|| refuse.error(field, "missing", "a number"))
        };
        let kind = kind.or(old);
        // A factor for which no rule is given must not be forgotten.
        let forgotten = kind.is_none() && self.factor.is_some();
        let field = "rope_scaling.rope_type";
        refuse.unless(!forgotten, field, "missing", KNOWN)?;
        match kind.unwrap_or("default") {
            "default" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear {
                factor: given(self.factor, "rope_scaling.factor")?,
            }),
            "llama3" => Ok(RopeScaling::Llama3 {
                factor: given(self.factor, "rope_scaling.factor")?,
                low_freq_factor: given(self.low_freq_factor, "rope_scaling.low_freq_factor")?,
                high_freq_factor: given(self.high_freq_factor, "rope_scaling.high_freq_factor")?,
                original_max_seq_len: outside
                    .or(self.original_max_position_embeddings)
                    .unwrap_or(context),
            }),
            other => Err(refuse.error(field, &quote(other), KNOWN)),
        }
    }
}
