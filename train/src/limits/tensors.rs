//! The tensors of a run that can be too large: the matrices of the model (their gradients and
//! moments have the same shapes; a vector is smaller than the matrix beside it) and the largest
//! activations.

use slovo_model::{FeedForwardKind, PositionKind, TransformerConfig};

/// Bytes of a number: everything is float32 or int32.
const WIDTH: u64 = 4;

/// A tensor, before there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSize {
    /// Parameter path (`*` stands for each block) or what it holds.
    pub name: &'static str,
    /// Its axes.
    pub shape: Vec<usize>,
    /// What a person can make smaller.
    pub(super) cure: Cure,
}

/// What makes a tensor smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Fewer sequences at once, or shorter ones.
    Batch,
    /// Another model: these fields.
    Model(&'static str),
}

impl TensorSize {
    /// Bytes of all its numbers.
    pub fn bytes(&self) -> u64 {
        WIDTH * self.shape.iter().map(|&axis| axis as u64).product::<u64>()
    }
}

impl std::fmt::Display for TensorSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}: {}", self.name, self.shape, size(self.bytes()))
    }
}

/// Every matrix and table of a model.
pub fn matrices(model: &TransformerConfig) -> Vec<TensorSize> {
    let (d, ff, head) = (model.d_model, model.ff_size(), model.head_size());
    let (heads, kv_heads) = (model.n_heads * head, model.kv_heads() * head);
    let of = |name, shape: [usize; 2], fields| TensorSize {
        name,
        shape: shape.to_vec(),
        cure: Cure::Model(fields),
    };
    let vocabulary = "a smaller vocabulary or model.d_model";
    let width = "a smaller model.d_model or model.n_heads";
    let inner = "a smaller model.d_ff or model.d_model";
    let length = "a smaller model.max_seq_len";
    let mut all = vec![
        of("embedding.tokens.weight", [model.vocab_size, d], vocabulary),
        of("stack.blocks.*.attention.query.weight", [d, heads], width),
        of("stack.blocks.*.attention.key.weight", [d, kv_heads], width),
        of(
            "stack.blocks.*.attention.value.weight",
            [d, kv_heads],
            width,
        ),
        of("stack.blocks.*.attention.output.weight", [heads, d], width),
        of("stack.blocks.*.feed_forward.up.weight", [d, ff], inner),
        of("stack.blocks.*.feed_forward.down.weight", [ff, d], inner),
    ];
    if let FeedForwardKind::Gated(_) = model.feed_forward {
        all.push(of(
            "stack.blocks.*.feed_forward.gate.weight",
            [d, ff],
            inner,
        ));
    }
    if !model.tied {
        all.push(of("head.output.weight", [d, model.vocab_size], vocabulary));
    }
    let positions = model.max_seq_len;
    all.push(match model.position {
        PositionKind::Learned => of("embedding.positions.weight", [positions, d], length),
        PositionKind::Sinusoidal | PositionKind::SinusoidalHalves => {
            of("sinusoidal positions", [positions, d], length)
        }
        PositionKind::Rotary { .. } => of("rotary positions", [positions, head / 2], length),
    });
    all
}

/// The largest activations of a forward pass, and with it of the backward pass.
pub fn activations(model: &TransformerConfig, rows: usize, context: usize) -> Vec<TensorSize> {
    let heads = model.n_heads;
    let of = |name, shape: &[usize]| TensorSize {
        name,
        shape: shape.to_vec(),
        cure: Cure::Batch,
    };
    vec![
        of("logits", &[rows, context, model.vocab_size]),
        of("attention scores", &[rows, heads, context, context]),
        of(
            "feed-forward activations",
            &[rows, context, model.ff_size()],
        ),
        of("queries", &[rows, context, heads * model.head_size()]),
        of("residual stream", &[rows, context, model.d_model]),
    ]
}

/// Bytes for a person.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(value.fract() != 0.0);
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "flex")]
    fn no_matrix_of_a_model_is_forgotten() {
        use burn::module::{Module, ModuleVisitor, Param};
        use burn::tensor::{Device, Tensor};
        use slovo_model::{Activation, CausalLm};
        use std::collections::BTreeSet;

        #[derive(Default)]
        struct Matrices(Vec<String>, BTreeSet<(String, Vec<usize>)>);
        impl ModuleVisitor for Matrices {
            fn enter_module(&mut self, name: &str, _: &str) {
                let is_block = name.parse::<usize>().is_ok();
                self.0.push(if is_block { "*" } else { name }.into());
            }
            fn exit_module(&mut self, _: &str, _: &str) {
                self.0.pop();
            }
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if D == 2 {
                    self.1.insert((self.0.join("."), param.shape().to_vec()));
                }
            }
        }

        let gpt2 = TransformerConfig {
            vocab_size: 11,
            d_model: 8,
            n_layers: 2,
            n_heads: 4,
            n_kv_heads: Some(2),
            head_dim: Some(6),
            d_ff: Some(20),
            max_seq_len: 12,
            ..TransformerConfig::preset("gpt2-124m").unwrap()
        };
        let gated = TransformerConfig {
            feed_forward: FeedForwardKind::Gated(Activation::Silu),
            position: PositionKind::Sinusoidal,
            tied: false,
            ..gpt2.clone()
        };
        for config in [gpt2, gated] {
            let mut found = Matrices::default();
            CausalLm::new(&config, 1, &Device::flex())
                .unwrap()
                .visit(&mut found);
            let told: BTreeSet<_> = matrices(&config)
                .into_iter()
                .filter(|matrix| !matrix.name.ends_with(" positions"))
                .map(|matrix| (matrix.name.to_string(), matrix.shape))
                .collect();
            assert_eq!(told, found.1);
        }
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(128 << 20), "128 MiB");
        assert_eq!(size(823_410_688), "785.3 MiB");
        assert_eq!(size(1000), "1000 B");
        assert_eq!(size((4 << 30) - 4), "4.0 GiB");
    }
}
