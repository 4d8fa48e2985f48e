//! Settings of a `config.json` that change what is computed and that no model of ours has: each must
//! be off.
//!
//! Some belong to the families that are read, most to look-alikes: files that call themselves Llama
//! and were made for a program that multiplies logits or turns only a part of each head. A setting
//! that is not known here is of no concern: files grow new ones all the time.

use super::config_json::Family;
use super::error::WeightsError;
use super::quote::{json, quote};
use super::refuse::Refuse;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The value of a setting that changes nothing; null never does.
#[derive(Clone, Copy)]
enum Neutral {
    /// False, zero or empty.
    Off,
    On,
    One,
    Text(&'static str),
}

use Neutral::{Off, On, One, Text};

/// For all families.
const COMMON: [(&str, Neutral); 16] = [
    ("quantization_config", Off),
    ("quantization", Off),
    ("compression_config", Off),
    ("is_encoder_decoder", Off),
    ("add_cross_attention", Off),
    ("pruned_heads", Off),
    ("per_layer_config", Off),
    ("num_experts", Off),
    ("num_local_experts", Off),
    ("n_routed_experts", Off),
    ("alibi", Off),
    ("use_alibi", Off),
    ("use_parallel_residual", Off),
    ("parallel_attn", Off),
    ("logit_scale", One),
    ("partial_rotary_factor", One),
];

const GPT2: [(&str, Neutral); 3] = [
    ("scale_attn_weights", On),
    ("scale_attn_by_inverse_layer_idx", Off),
    ("position_embedding_type", Text("absolute")),
];

const BERT: [(&str, Neutral); 3] = [
    ("is_decoder", Off),
    ("position_embedding_type", Text("absolute")),
    ("attention_window", Off),
];

/// Of the look-alikes that one program for translation writes.
const MARIAN: [(&str, Neutral); 10] = [
    ("quantization_config", Off),
    ("normalize_before", Off),
    ("normalize_embedding", Off),
    ("add_final_layer_norm", Off),
    ("add_bias_logits", Off),
    ("pruned_heads", Off),
    ("static_position_embeddings", On),
    ("share_encoder_decoder_embeddings", On),
    ("is_encoder_decoder", On),
    ("position_embedding_type", Text("absolute")),
];

const LLAMA: [(&str, Neutral); 38] = [
    ("embedding_multiplier", One),
    ("residual_multiplier", One),
    ("attention_multiplier", Off),
    ("logits_scaling", One),
    ("logits_scale", One),
    ("lm_head_multiplier", One),
    ("key_multiplier", One),
    ("mlp_multipliers", Off),
    ("attention_in_multiplier", One),
    ("attention_out_multiplier", One),
    ("scale_emb", One),
    ("scale_depth", Off),
    ("dim_model_base", Off),
    ("scale_embedding", Off),
    ("residual_scale", One),
    ("embedding_scale", One),
    ("attn_logit_softcapping", Off),
    ("final_logit_softcapping", Off),
    ("logits_soft_cap", Off),
    ("query_pre_attn_scalar", Off),
    ("hidden_activation", Off),
    ("clip_qkv", Off),
    ("swiglu_limit", Off),
    ("no_rope_layers", Off),
    ("no_rope_layer_interval", Off),
    ("rotary_pct", One),
    ("rotary_dim", Off),
    ("rope_interleave", Off),
    ("rope_interleaved", Off),
    ("rope_local_base_freq", Off),
    ("attention_chunk_size", Off),
    ("attn_temperature_tuning", Off),
    ("attention_window", Off),
    ("attn_output_gate", Off),
    ("num_nextn_predict_layers", Off),
    ("apply_residual_connection_post_layernorm", Off),
    ("rms_norm_add_unit_offset", Off),
    ("position_embedding_type", Text("rope")),
];

/// Norms of queries and keys, which Qwen 3 has by its name.
const QK_NORM: [(&str, Neutral); 3] = [
    ("qk_norm", Off),
    ("use_qk_norm", Off),
    ("qk_layernorm", Off),
];

/// Complains of a switch that is on in the `config.json` with that text.
pub(super) fn check(family: Family, text: &str, refuse: &Refuse<'_>) -> Result<(), WeightsError> {
    use super::config_json::Relative;
    let of_family: &[&[_]] = match family {
        Family::Slovo => return Ok(()),
        Family::Gpt2 => &[&COMMON, &GPT2],
        Family::Bert | Family::DistilBert => &[&COMMON, &BERT],
        Family::Marian => &[&MARIAN],
        Family::Llama(Relative::Qwen3) => &[&COMMON, &LLAMA],
        Family::Llama(_) => &[&COMMON, &LLAMA, &QK_NORM],
    };
    let mut found = None;
    let switches = Switches {
        tables: of_family,
        found: &mut found,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    switches
        .deserialize(&mut reader)
        .map_err(|error| WeightsError::Json {
            path: refuse.0.to_path_buf(),
            reason: json(&error),
        })?;
    match found {
        Some((field, neutral, value)) => Err(refuse.error(field, &value, neutral.shown())),
        None => Ok(()),
    }
}

impl Neutral {
    fn allows(self, value: &Scalar) -> bool {
        match (self, value) {
            (_, Scalar::Null) => true,
            (Off, Scalar::Bool(value)) => !value,
            (Off, Scalar::Number(value)) => *value == 0.0,
            (Off, Scalar::Several(count)) => *count == 0,
            (On, Scalar::Bool(value)) => *value,
            (One, Scalar::Number(value)) => *value == 1.0,
            (Text(neutral), Scalar::Text(value)) => neutral == value,
            _ => false,
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Off => "null, false or 0",
            On => "true",
            One => "1",
            Text("absolute") => "\"absolute\"",
            Text(_) => "\"rope\"",
        }
    }
}

/// The first switch of some tables that is on.
struct Switches<'a> {
    tables: &'a [&'a [(&'static str, Neutral)]],
    found: &'a mut Option<(&'static str, Neutral, String)>,
}

impl<'de> DeserializeSeed<'de> for Switches<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Switches<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let mut tables = self.tables.iter().copied().flatten();
            let Some((field, neutral)) = tables.find(|(known, _)| *known == name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: Scalar = map.next_value()?;
            if !neutral.allows(&value) && self.found.is_none() {
                *self.found = Some((field, *neutral, value.to_string()));
            }
        }
        Ok(())
    }
}

/// A value, of which lists and objects only count.
enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Several(usize),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(&quote(value)),
            Self::Several(1) => f.write_str("given with one entry"),
            Self::Several(count) => write!(f, "given with {count} entries"),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Scalar::Several(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        let mut count = 0;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Scalar::Several(count))
    }
}
