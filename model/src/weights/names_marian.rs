//! Where the parameters of an encoder–decoder stand in files of Marian.

use super::names::{Layout, suffix};

pub(super) fn marian(path: &str) -> Option<(String, Layout)> {
    use Layout::{Plain, Row, Transposed};
    let found = match path {
        "embedding.tokens.weight" => Some(("model.shared.weight", Plain)),
        "head.output.weight" => Some(("lm_head.weight", Transposed)),
        "bias" => Some(("final_logits_bias", Row)),
        _ => None,
    };
    if let Some((name, layout)) = found {
        return Some((name.into(), layout));
    }
    let (side, rest) = path.split_once(".blocks.")?;
    let (layer, rest) = rest.split_once('.')?;
    let (module, kind) = rest.rsplit_once('.')?;
    let name = match module {
        "attention_norm" => "self_attn_layer_norm",
        "cross_attention_norm" => "encoder_attn_layer_norm",
        "feed_forward_norm" => "final_layer_norm",
        "feed_forward.up" => "fc1",
        "feed_forward.down" => "fc2",
        other => &attention(other)?,
    };
    let layout = if kind == "weight" { Transposed } else { Plain };
    let kind = suffix(kind);
    Some((format!("model.{side}.layers.{layer}.{name}.{kind}"), layout))
}

/// `cross_attention.query` → `encoder_attn.q_proj`
fn attention(module: &str) -> Option<String> {
    let (attention, projection) = module.split_once('.')?;
    let attention = match attention {
        "attention" => "self_attn",
        "cross_attention" => "encoder_attn",
        _ => return None,
    };
    let projection = match projection {
        "query" => "q_proj",
        "key" => "k_proj",
        "value" => "v_proj",
        "output" => "out_proj",
        _ => return None,
    };
    Some(format!("{attention}.{projection}"))
}
