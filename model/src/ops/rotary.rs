//! Rotary positions: turning pairs of channels by an angle (Su et al. 2021,
//! <https://arxiv.org/abs/2104.09864>).

use burn::tensor::Tensor;

/// Turns `x`, `[batch, seq, heads, head_dim]`, by the angles whose cosines and sines are given,
/// each `[1 or batch, seq, 1, head_dim / 2]`. Channel `i` is paired with channel
/// `i + head_dim / 2`, as in Llama's published weights.
pub fn rotate(x: Tensor<4>, cos: &Tensor<4>, sin: &Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "fused")]
    if super::fused(&x) {
        let [batch, seq, heads, head_dim] = x.dims();
        let rows = x.reshape([batch, seq, heads * head_dim]);
        let turned = fused::rotate_packed(rows, [heads, head_dim], cos, sin);
        return turned.reshape([batch, seq, heads, head_dim]);
    }
    let half = x.dims()[3] / 2;
    let left = x.clone().narrow(3, 0, half);
    let right = x.narrow(3, half, half);
    let turned_left = left.clone() * cos.clone() - right.clone() * sin.clone();
    let turned_right = right * cos.clone() + left * sin.clone();
    Tensor::cat(vec![turned_left, turned_right], 3)
}

#[cfg(feature = "fused")]
pub(super) use fused::rotate_packed;

#[cfg(feature = "fused")]
mod fused {
    use crate::ops::kernels::rotary::{self, Angles, Heads};
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dims, floats, floats_mut, plain,
    };
    use burn::backend::flex::FlexTensor;
    use burn::tensor::Tensor;

    /// As [`rotate`](super::rotate), for the first `heads` heads of `head_dim` channels that lie
    /// side by side in `x`, `[batch, seq, width]`.
    pub(in crate::ops) fn rotate_packed(
        x: Tensor<3>,
        [heads, head_dim]: [usize; 2],
        cos: &Tensor<4>,
        sin: &Tensor<4>,
    ) -> Tensor<3> {
        let operation = Rotate {
            heads,
            head_dim,
            cos: contiguous(plain(cos.clone())),
            sin: contiguous(plain(sin.clone())),
        };
        apply(operation, vec![Operand::of(x)]).tensor()
    }

    /// Input: the packed heads, which are turned in place where nobody else holds them.
    #[derive(Clone, Debug)]
    struct Rotate {
        heads: usize,
        head_dim: usize,
        cos: FlexTensor,
        sin: FlexTensor,
    }

    impl Rotate {
        fn turn(&self, x: FlexTensor, kernel: fn(&mut [f32], Heads, Angles<'_>)) -> FlexTensor {
            let mut x = contiguous(x);
            let [_, _, width] = dims(&x);
            let heads = Heads {
                stride: width,
                offset: 0,
                heads: self.heads,
                head_dim: self.head_dim,
            };
            // A row for each token of one sequence or of all: they begin again at every sequence.
            let angles = Angles {
                cos: floats(&self.cos),
                sin: floats(&self.sin),
            };
            kernel(floats_mut(&mut x), heads, angles);
            x
        }
    }

    impl CpuOperation for Rotate {
        type Saved = ();

        fn forward(&self, inputs: Vec<FlexTensor>, keep: bool) -> (FlexTensor, Option<()>) {
            let turned = inputs
                .into_iter()
                .map(|x| self.turn(x, rotary::rotate))
                .next();
            match turned {
                Some(turned) => (turned, keep.then_some(())),
                None => unreachable!("one input was given"),
            }
        }

        fn backward(self, (): (), grad: FlexTensor, inputs: &mut InputGrads<'_>) {
            inputs.give(0, self.turn(grad, rotary::rotate_back));
        }
    }
}
