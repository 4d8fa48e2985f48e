//! Settings that we would have to ignore: each is an error that names it.

use super::error::GgufError;
use super::settings::Settings;
use super::value::Value;

/// Settings that [`Config::read`](super::Config::read) looks at, or that do not change what is computed.
const KNOWN: [&str; 19] = [
    "vocab_size",
    "context_length",
    "embedding_length",
    "block_count",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "attention.layer_norm_rms_epsilon",
    "attention.sliding_window",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.original_context_length",
    "rope.scaling.finetuned",
    // Says that rows are interleaved, which they always are.
    "tensor_data_layout",
];

/// Settings that must have these values.
const NEUTRAL: [(&str, &[f64]); 18] = [
    ("expert_count", &[0.0]),
    ("expert_used_count", &[0.0]),
    ("expert_shared_count", &[0.0]),
    ("use_parallel_residual", &[0.0]),
    ("logit_scale", &[0.0, 1.0]),
    ("residual_scale", &[0.0, 1.0]),
    ("embedding_scale", &[0.0, 1.0]),
    ("attn_logit_softcapping", &[0.0]),
    ("final_logit_softcapping", &[0.0]),
    ("pooling_type", &[0.0]),
    ("nextn_predict_layers", &[0.0]),
    ("attention.causal", &[1.0]),
    ("attention.clamp_kqv", &[0.0]),
    ("attention.max_alibi_bias", &[0.0]),
    ("attention.scale", &[0.0]),
    ("attention.output_scale", &[0.0, 1.0]),
    ("rope.scaling.attn_factor", &[1.0]),
    ("rope.scaling.yarn_log_multiplier", &[0.0]),
];

/// Complains of what we would have to ignore.
pub(super) fn refuse_others(settings: &Settings<'_>) -> Result<(), GgufError> {
    for name in settings.names().filter(|name| !KNOWN.contains(name)) {
        let Some(value) = settings.get(name) else {
            continue;
        };
        let neutral = NEUTRAL.iter().find(|(known, _)| *known == name);
        let Some((_, allowed)) = neutral else {
            return Err(settings.refuse(name, &value.to_string(), "files without it"));
        };
        let number = match value {
            Value::Bool(flag) => Some(f64::from(u8::from(flag))),
            other => other.to_f64(),
        };
        if !number.is_some_and(|number| allowed.contains(&number)) {
            let shown: Vec<String> = allowed
                .iter()
                .map(|value| match settings.get(name) {
                    Some(Value::Bool(_)) => (*value != 0.0).to_string(),
                    _ => value.to_string(),
                })
                .collect();
            return Err(settings.refuse(name, &value.to_string(), &shown.join(" and ")));
        }
    }
    Ok(())
}
