//! The loss of a language model: from hidden states to the sum of the cross-entropy, the last
//! linear layer included.
//!
//! The logits are the largest tensor of a model with a large vocabulary: 50,257 numbers a token. The
//! fused path makes them for a few rows at a time, turns them into their own gradient in place, and
//! from that into the gradients of hidden states and matrix, all while the forward pass runs: the
//! backward pass has nothing left to do but to hand them out (the idea is that of Liger Kernel, Hsu
//! et al. 2024, <https://arxiv.org/abs/2410.10989>).

use crate::loss::cross_entropy_sum;
use burn::tensor::{Bool, Int, Tensor};

/// The matrix from hidden states to logits.
pub enum Columns {
    /// The token embedding's, `[vocab_size, d_model]`.
    Tied(Tensor<2>),
    /// The head's own, `[d_model, vocab_size]`.
    Untied(Tensor<2>),
}

/// The sum of −log softmax(`hidden`·`head`)\[`target`\] over the valid targets, in nats.
///
/// - `hidden`: `[n, d_model]`
/// - `targets`: `[n]`; `mask`: `[n]`, true where a target counts, `None` counts all
/// - `smoothing`: the share of each target that is spread evenly over the vocabulary
///
/// Returns a tensor of one value; see [`cross_entropy_sum`].
pub fn linear_cross_entropy(
    hidden: Tensor<2>,
    head: Columns,
    targets: Tensor<1, Int>,
    mask: Option<Tensor<1, Bool>>,
    smoothing: f64,
) -> Tensor<1> {
    #[cfg(feature = "fused")]
    if super::fused(&hidden) {
        return fused::linear_cross_entropy(hidden, head, targets, mask, smoothing);
    }
    let matrix = match head {
        Columns::Tied(tokens) => tokens.transpose(),
        Columns::Untied(matrix) => matrix,
    };
    cross_entropy_sum(hidden.matmul(matrix), targets, mask, smoothing)
}

#[cfg(feature = "fused")]
mod fused {
    use super::Columns;
    use crate::ops::kernels::cross_entropy::{IGNORED, cross_entropy, cross_entropy_to_gradient};
    use crate::ops::kernels::gemm::{Matrix, Product};
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dense, dims, floats, ids,
    };
    use burn::backend::Flex;
    use burn::backend::flex::FlexTensor;
    use burn::backend::ops::FloatTensorOps;
    use burn::tensor::{Bool, Int, Tensor};

    /// Bytes of logits that are held at once.
    const LOGITS: usize = 32 << 20;

    pub(super) fn linear_cross_entropy(
        hidden: Tensor<2>,
        head: Columns,
        targets: Tensor<1, Int>,
        mask: Option<Tensor<1, Bool>>,
        smoothing: f64,
    ) -> Tensor<1> {
        let (tied, matrix) = match head {
            Columns::Tied(tokens) => (true, tokens),
            Columns::Untied(matrix) => (false, matrix),
        };
        let mut targets = ids(targets);
        if let Some(mask) = mask {
            let counts = mask.into_data();
            for (target, counts) in targets.iter_mut().zip(counts.iter::<bool>()) {
                if !counts {
                    *target = IGNORED;
                }
            }
        }
        let operation = LinearCrossEntropy {
            tied,
            targets,
            smoothing: smoothing as f32,
        };
        apply(operation, vec![Operand::of(hidden), Operand::of(matrix)]).tensor()
    }

    /// Inputs: hidden states, matrix.
    #[derive(Clone, Debug)]
    struct LinearCrossEntropy {
        tied: bool,
        targets: Vec<u32>,
        smoothing: f32,
    }

    impl CpuOperation for LinearCrossEntropy {
        /// The gradients of both inputs, as if the loss were the last of all.
        type Saved = [FlexTensor; 2];

        fn forward(
            &self,
            inputs: Vec<FlexTensor>,
            keep: bool,
        ) -> (FlexTensor, Option<Self::Saved>) {
            let inputs: Vec<_> = inputs.into_iter().map(contiguous).collect();
            let [n, d_model] = dims(&inputs[0]);
            let shape: [usize; 2] = dims(&inputs[1]);
            let stored = Matrix::new(floats(&inputs[1]), shape[0], shape[1]);
            let matrix = match self.tied {
                true => stored.transposed(),
                false => stored,
            };
            let vocab = matrix.cols();
            let rows = (LOGITS / (4 * vocab)).clamp(1, n.max(1));
            // Parts of equal length.
            let rows = n.div_ceil(n.div_ceil(rows).max(1)).max(1);
            let mut loss = 0.0;
            let mut d_hidden = Vec::with_capacity(if keep { n * d_model } else { 0 });
            let mut d_matrix = Vec::new();
            let parts = floats(&inputs[0]).chunks(rows * d_model);
            for (hidden, targets) in parts.zip(self.targets.chunks(rows)) {
                let hidden = Matrix::new(hidden, targets.len(), d_model);
                let mut logits = Product::new(hidden, &[matrix]).compute();
                if !keep {
                    loss += cross_entropy(&logits, vocab, targets, self.smoothing).sum;
                    continue;
                }
                let smoothing = self.smoothing;
                loss += cross_entropy_to_gradient(&mut logits, vocab, targets, smoothing, 1.0).sum;
                let d_logits = Matrix::new(&logits, targets.len(), vocab);
                d_hidden.extend(Product::new(d_logits, &[matrix.transposed()]).compute());
                let (left, right) = match self.tied {
                    true => (d_logits.transposed(), hidden),
                    false => (hidden.transposed(), d_logits),
                };
                Product::new(left, &[right]).add_to(&mut d_matrix);
            }
            if d_matrix.is_empty() {
                d_matrix.resize(if keep { shape[0] * shape[1] } else { 0 }, 0.0);
            }
            let saved = keep.then(|| [dense(d_hidden, [n, d_model]), dense(d_matrix, shape)]);
            (dense(vec![loss as f32], [1]), saved)
        }

        fn backward(self, saved: Self::Saved, grad: FlexTensor, inputs: &mut InputGrads<'_>) {
            let factor = floats(&contiguous(grad))[0];
            for (i, grad) in saved.into_iter().enumerate() {
                let grad = match factor == 1.0 {
                    true => grad,
                    false => Flex::float_mul_scalar(grad, factor.into()),
                };
                inputs.give(i, grad);
            }
        }
    }
}
