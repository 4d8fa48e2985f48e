//! Which tensor holds which parameter.
//!
//! The file keeps the matrix of a linear layer as `[out, in]`, ours are `[in, out]`. Files of the
//! `llama` architecture also have the rows of each query and key head in another order: the
//! rotation there turns neighbouring channels, ours channels half a head apart (as Hugging Face's),
//! so its rows are ours dealt out in turn: row `2j + a` of a head is our row `a · head_dim/2 + j`.

use super::config::{Architecture, Config};
use super::error::{Fault, GgufError, plain};
use super::file::Gguf;
use super::rope;
use crate::weights::gather::Gather;

/// A parameter of the model, and the tensor that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its path in our model.
    pub path: String,
    /// The name of the tensor.
    pub tensor: String,
    /// The shape of the tensor, slowest axis first: `[out, in]` for a linear layer.
    pub shape: Vec<usize>,
    /// How it lies there.
    pub layout: Layout,
}

/// How a parameter lies in a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Rows and columns are exchanged.
    pub transposed: bool,
    /// The rows of each of so many heads are interleaved for rotation.
    pub interleaved: Option<usize>,
}

const PLAIN: Layout = Layout {
    transposed: false,
    interleaved: None,
};

/// All parameters of a model, in the order of computation.
pub fn parameters(config: &Config) -> Vec<Parameter> {
    let width = config.embedding_length;
    let mut all = vec![Parameter {
        path: "embedding.tokens.weight".into(),
        tensor: "token_embd.weight".into(),
        shape: vec![config.vocab_size, width],
        layout: PLAIN,
    }];
    for block in 0..config.block_count {
        let start = all.len();
        block_parameters(config, &mut all);
        for parameter in &mut all[start..] {
            parameter.path = format!("stack.blocks.{block}.{}", parameter.path);
            parameter.tensor = format!("blk.{block}.{}", parameter.tensor);
        }
    }
    all.push(Parameter {
        path: "stack.norm.gamma".into(),
        tensor: "output_norm.weight".into(),
        shape: vec![width],
        layout: PLAIN,
    });
    if !config.tied {
        all.push(Parameter {
            path: "head.output.weight".into(),
            tensor: "output.weight".into(),
            shape: vec![config.vocab_size, width],
            layout: Layout {
                transposed: true,
                ..PLAIN
            },
        });
    }
    all
}

/// The parameters of a block, named from the block on.
fn block_parameters(config: &Config, all: &mut Vec<Parameter>) {
    let width = config.embedding_length;
    let inner = config.feed_forward_length;
    let queries = config.head_count.saturating_mul(config.head_dim);
    let keys = config.head_count_kv.saturating_mul(config.head_dim);
    let dealt = |heads| (config.architecture == Architecture::Llama).then_some(heads);
    let norm = |all: &mut Vec<Parameter>, path: &str, tensor: &str, width: usize| {
        all.push(Parameter {
            path: format!("{path}.gamma"),
            tensor: format!("{tensor}.weight"),
            shape: vec![width],
            layout: PLAIN,
        });
    };
    let linear = |all: &mut Vec<Parameter>, names: [&str; 2], shape: [usize; 2], bias, heads| {
        all.push(Parameter {
            path: format!("{}.weight", names[0]),
            tensor: format!("{}.weight", names[1]),
            shape: shape.to_vec(),
            layout: Layout {
                transposed: true,
                interleaved: heads,
            },
        });
        if bias {
            all.push(Parameter {
                path: format!("{}.bias", names[0]),
                tensor: format!("{}.bias", names[1]),
                shape: vec![shape[0]],
                layout: Layout {
                    transposed: false,
                    interleaved: heads,
                },
            });
        }
    };
    let (qkv, out, mlp) = (
        config.qkv_bias,
        config.output_bias,
        config.feed_forward_bias,
    );
    let (q, k) = (dealt(config.head_count), dealt(config.head_count_kv));
    norm(all, "attention_norm", "attn_norm", width);
    linear(all, ["attention.query", "attn_q"], [queries, width], qkv, q);
    linear(all, ["attention.key", "attn_k"], [keys, width], qkv, k);
    linear(all, ["attention.value", "attn_v"], [keys, width], qkv, None);
    if config.qk_norm {
        norm(all, "attention.query_norm", "attn_q_norm", config.head_dim);
        norm(all, "attention.key_norm", "attn_k_norm", config.head_dim);
    }
    let names = ["attention.output", "attn_output"];
    linear(all, names, [width, queries], out, None);
    norm(all, "feed_forward_norm", "ffn_norm", width);
    for (names, shape) in [
        (["feed_forward.gate", "ffn_gate"], [inner, width]),
        (["feed_forward.up", "ffn_up"], [inner, width]),
        (["feed_forward.down", "ffn_down"], [width, inner]),
    ] {
        linear(all, names, shape, mlp, None);
    }
}

/// Checks that the file has all tensors of the model in their shapes, in types that are read, and no
/// others.
///
/// # Errors
///
/// When it does not.
pub fn check(file: &Gguf<'_>, config: &Config) -> Result<(), GgufError> {
    let parameters = parameters(config);
    for parameter in &parameters {
        find(file, parameter)?.check_format()?;
    }
    let mut known: Vec<&str> = parameters.iter().map(|p| p.tensor.as_str()).collect();
    known.sort_unstable();
    for tensor in file.tensors() {
        // The first is part of the settings, the second is a table that old files carry along.
        let name = tensor.name();
        let other = name == rope::FREQUENCIES || name.ends_with(".attn_rot_embd.weight");
        if !other && known.binary_search(&name).is_err() {
            let tensor = plain(name);
            return Err(file.error(Fault::ExtraTensor { tensor }));
        }
    }
    Ok(())
}

/// The values of a parameter in our layout: matrices `[in, out]`, heads in halves.
///
/// # Errors
///
/// When the tensor is missing, of another shape, or stored in a way that is not read.
pub fn read(file: &Gguf<'_>, parameter: &Parameter) -> Result<Vec<f32>, GgufError> {
    let found = find(file, parameter)?;
    let shape = &parameter.shape;
    let columns = shape[1..].iter().product();
    let layout = parameter.layout;
    found.gathered(&Gather {
        turned: layout.transposed,
        interleaved: layout.interleaved.map(|heads| shape[0] / heads.max(1)),
        ..Gather::plain(shape[0], columns)
    })
}

fn find<'f>(
    file: &'f Gguf<'_>,
    parameter: &Parameter,
) -> Result<super::file::Tensor<'f>, GgufError> {
    let tensor = || parameter.tensor.clone();
    let expected = || parameter.shape.clone();
    let found = file.tensor(&parameter.tensor).ok_or_else(|| {
        file.error(Fault::MissingTensor {
            tensor: tensor(),
            expected: expected(),
        })
    })?;
    match found.shape() == parameter.shape {
        true => Ok(found),
        false => Err(file.error(Fault::Shape {
            tensor: tensor(),
            found: found.shape(),
            expected: expected(),
        })),
    }
}
