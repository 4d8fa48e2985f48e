//! Where each parameter stands in a weights file.
//!
//! Hugging Face's GPT-2 keeps query, key and value side by side in one matrix and stores matrices
//! as `[in, out]`; its Llama stores them as `[out, in]`. Ours are `[in, out]`.

use super::config_json::Family;
use super::gather::Gather;
use super::names_bert::{bert, distilbert};
use super::names_marian::marian;

/// How a parameter lies in a tensor of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// As it is.
    Plain,
    /// Rows and columns exchanged.
    Transposed,
    /// The given third of the last axis.
    Third(usize),
    /// With an axis of length 1 before.
    Row,
}

impl Layout {
    /// Shape of the file's tensor that holds a parameter of `shape`.
    pub(super) fn file_shape(self, shape: &[usize]) -> Vec<usize> {
        let mut shape = shape.to_vec();
        match self {
            Self::Plain => {}
            Self::Transposed => shape.reverse(),
            Self::Row => shape.insert(0, 1),
            Self::Third(_) => {
                if let Some(last) = shape.last_mut() {
                    *last *= 3;
                }
            }
        }
        shape
    }

    /// How a parameter is gathered from a tensor of that shape.
    pub(super) fn gather(self, file_shape: &[usize]) -> Gather {
        let values = file_shape.iter().product();
        let columns = file_shape.last().copied().unwrap_or(1);
        let matrix = Gather::plain(values / columns.max(1), columns);
        match self {
            Self::Plain | Self::Row => Gather::plain(values, 1),
            Self::Transposed => Gather {
                turned: true,
                ..matrix
            },
            Self::Third(part) => {
                let width = columns / 3;
                Gather {
                    part: part * width..(part + 1) * width,
                    ..matrix
                }
            }
        }
    }
}

/// Name and layout in the file of the parameter at `path`.
pub(super) fn locate(family: Family, path: &str) -> (String, Layout) {
    let found = match family {
        Family::Slovo => None,
        Family::Gpt2 => gpt2(path),
        Family::Llama(_) => llama(path),
        Family::Bert => bert(path),
        Family::DistilBert => distilbert(path),
        Family::Marian => marian(path),
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
            "score.weight" => ("score.weight".into(), Transposed),
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
            "score.weight" => ("score.weight".into(), Transposed),
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
        "attention.query_norm" => "self_attn.q_norm",
        "attention.key_norm" => "self_attn.k_norm",
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
pub(super) fn block(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("stack.blocks.")?.split_once('.')
}

pub(super) fn suffix(kind: &str) -> &str {
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
        Family::Llama(_) => &[".rotary_emb.inv_freq"],
        Family::Bert | Family::DistilBert | Family::Marian | Family::Slovo => &[],
    };
    endings.iter().any(|ending| tensor.ends_with(ending))
}
