//! Where each parameter stands in a weights file.
//!
//! Hugging Face's GPT-2 keeps query, key and value side by side in one matrix and stores matrices
//! as `[in, out]`; its Llama stores them as `[out, in]`. Ours are `[in, out]`.

use super::config_json::Family;

/// How a parameter lies in a tensor of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// As it is.
    Plain,
    /// Rows and columns exchanged.
    Transposed,
    /// The given third of the last axis.
    Third(usize),
}

impl Layout {
    /// Shape of the file's tensor that holds a parameter of `shape`.
    pub(super) fn file_shape(self, shape: &[usize]) -> Vec<usize> {
        let mut shape = shape.to_vec();
        match self {
            Self::Plain => {}
            Self::Transposed => shape.reverse(),
            Self::Third(_) => {
                if let Some(last) = shape.last_mut() {
                    *last *= 3;
                }
            }
        }
        shape
    }
}

/// Name and layout in the file of the parameter at `path`.
pub(super) fn locate(family: Family, path: &str) -> (String, Layout) {
    let found = match family {
        Family::Slovo => None,
        Family::Gpt2 => gpt2(path),
        Family::Llama => llama(path),
    };
    // What a family has no name for keeps ours; the reader then reports it missing by that name.
    found.unwrap_or_else(|| (path.to_owned(), Layout::Plain))
}

fn gpt2(path: &str) -> Option<(String, Layout)> {
    use Layout::{Plain, Third, Transposed};
    let Some((layer, rest)) = block(path) else {
        return Some(match path {
            "embedding.tokens.weight" => ("transformer.wte.weight".into(), Plain),
            "embedding.positions.weight" => ("transformer.wpe.weight".into(), Plain),
            "stack.norm.gamma" => ("transformer.ln_f.weight".into(), Plain),
            "stack.norm.beta" => ("transformer.ln_f.bias".into(), Plain),
            "head.output.weight" => ("lm_head.weight".into(), Transposed),
            _ => return None,
        });
    };
    let (module, kind) = rest.rsplit_once('.')?;
    let (name, layout) = match module {
        "attention_norm" => ("ln_1", Plain),
        "feed_forward_norm" => ("ln_2", Plain),
        "attention.query" => ("attn.c_attn", Third(0)),
        "attention.key" => ("attn.c_attn", Third(1)),
        "attention.value" => ("attn.c_attn", Third(2)),
        "attention.output" => ("attn.c_proj", Plain),
        "feed_forward.up" => ("mlp.c_fc", Plain),
        "feed_forward.down" => ("mlp.c_proj", Plain),
        _ => return None,
    };
    Some((
        format!("transformer.h.{layer}.{name}.{}", suffix(kind)),
        layout,
    ))
}

fn llama(path: &str) -> Option<(String, Layout)> {
    use Layout::{Plain, Transposed};
    let Some((layer, rest)) = block(path) else {
        return Some(match path {
            "embedding.tokens.weight" => ("model.embed_tokens.weight".into(), Plain),
            "stack.norm.gamma" => ("model.norm.weight".into(), Plain),
            "head.output.weight" => ("lm_head.weight".into(), Transposed),
            _ => return None,
        });
    };
    let (module, kind) = rest.rsplit_once('.')?;
    let name = match module {
        "attention_norm" => "input_layernorm",
        "feed_forward_norm" => "post_attention_layernorm",
        "attention.query" => "self_attn.q_proj",
        "attention.key" => "self_attn.k_proj",
        "attention.value" => "self_attn.v_proj",
        "attention.output" => "self_attn.o_proj",
        "feed_forward.gate" => "mlp.gate_proj",
        "feed_forward.up" => "mlp.up_proj",
        "feed_forward.down" => "mlp.down_proj",
        _ => return None,
    };
    let layout = if kind == "weight" { Transposed } else { Plain };
    Some((
        format!("model.layers.{layer}.{name}.{}", suffix(kind)),
        layout,
    ))
}

/// Splits `stack.blocks.3.attention.query.weight` into `3` and `attention.query.weight`.
fn block(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("stack.blocks.")?.split_once('.')
}

fn suffix(kind: &str) -> &str {
    match kind {
        "gamma" => "weight",
        "beta" => "bias",
        other => other,
    }
}

/// Whether published files of this family hold the tensor although it is no parameter: causal
/// masks and rotary frequencies, which older programs saved with the weights.
pub(super) fn is_buffer(family: Family, tensor: &str) -> bool {
    let endings: &[&str] = match family {
        Family::Gpt2 => &[".attn.bias", ".attn.masked_bias"],
        Family::Llama => &[".rotary_emb.inv_freq"],
        Family::Slovo => &[],
    };
    endings.iter().any(|ending| tensor.ends_with(ending))
}
