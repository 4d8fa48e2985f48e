//! Linear layers: one or several that read the same input, and what is added to their output.

use burn::nn::Linear;
use burn::tensor::Tensor;

/// `x`, `[batch, seq, d_in]`, through every one of `layers`, their outputs side by side,
/// `[batch, seq, sum of d_out]`; `stream`, of the output's shape, is added if given.
///
/// Either all layers have a bias or none.
pub fn linear(x: Tensor<3>, layers: &[&Linear], stream: Option<Tensor<3>>) -> Tensor<3> {
    #[cfg(feature = "fused")]
    if super::fused(&x) {
        return fused::linear(x, layers, stream);
    }
    let outputs = layers.iter().map(|layer| layer.forward(x.clone()));
    let output = Tensor::cat(outputs.collect(), 2);
    match stream {
        Some(stream) => stream + output,
        None => output,
    }
}

/// Logits of `hidden`, `[batch, seq, d_model]`, by the token embedding's matrix `tokens`,
/// `[vocab_size, d_model]`: `[batch, seq, vocab_size]`.
pub fn tied_logits(hidden: Tensor<3>, tokens: Tensor<2>) -> Tensor<3> {
    let [batch, seq, d_model] = hidden.dims();
    #[cfg(feature = "fused")]
    if super::fused(&hidden) {
        return fused::tied(hidden, tokens);
    }
    // Not `linear`, which would first copy the whole matrix into its transposed order.
    hidden
        .reshape([batch * seq, d_model])
        .matmul(tokens.transpose())
        .reshape([batch as i64, seq as i64, -1])
}

#[cfg(feature = "fused")]
mod fused {
    use crate::ops::kernels::gemm::{Matrix, Product};
    use crate::ops::kernels::rows::{add_to_rows, sum_rows};
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dense, dims, floats,
    };
    use burn::backend::flex::FlexTensor;
    use burn::nn::Linear;
    use burn::tensor::Tensor;

    pub(super) fn linear(x: Tensor<3>, layers: &[&Linear], stream: Option<Tensor<3>>) -> Tensor<3> {
        let operation = SideBySide {
            layers: layers.len(),
            biased: layers.iter().all(|layer| layer.bias.is_some()),
            tied: false,
        };
        let mut inputs = vec![Operand::of(x)];
        inputs.extend(layers.iter().map(|layer| Operand::of(layer.weight.val())));
        if operation.biased {
            let biases = layers.iter().filter_map(|layer| layer.bias.as_ref());
            inputs.extend(biases.map(|bias| Operand::of(bias.val())));
        }
        inputs.extend(stream.map(Operand::of));
        apply(operation, inputs).tensor()
    }

    pub(super) fn tied(hidden: Tensor<3>, tokens: Tensor<2>) -> Tensor<3> {
        let operation = SideBySide {
            layers: 1,
            biased: false,
            tied: true,
        };
        apply(operation, vec![Operand::of(hidden), Operand::of(tokens)]).tensor()
    }

    /// Inputs: x, the weights, their biases if any, what is added if anything.
    #[derive(Clone, Debug)]
    struct SideBySide {
        layers: usize,
        biased: bool,
        /// The weight is `[d_out, d_in]`, not `[d_in, d_out]`.
        tied: bool,
    }

    impl SideBySide {
        fn matrix<'a>(&self, weight: &'a FlexTensor) -> Matrix<'a> {
            let [rows, cols] = dims(weight);
            let stored = Matrix::new(floats(weight), rows, cols);
            match self.tied {
                true => stored.transposed(),
                false => stored,
            }
        }
    }

    impl CpuOperation for SideBySide {
        /// x and the weights.
        type Saved = Vec<FlexTensor>;

        fn forward(
            &self,
            inputs: Vec<FlexTensor>,
            keep: bool,
        ) -> (FlexTensor, Option<Self::Saved>) {
            let mut inputs: Vec<_> = inputs.into_iter().map(contiguous).collect();
            let rest = inputs.split_off(1 + self.layers);
            let (biases, stream) = rest.split_at(if self.biased { self.layers } else { 0 });
            let [batch, seq, d_in] = dims(&inputs[0]);
            let weights: Vec<_> = inputs[1..].iter().map(|w| self.matrix(w)).collect();
            let width = weights.iter().map(Matrix::cols).sum();
            let bias: Vec<f32> = biases.iter().flat_map(floats).copied().collect();
            let stream = stream.first().map(floats);
            let finish = |first, rows: &mut [f32]| add_to_rows(first, rows, width, &bias, stream);
            let x = Matrix::new(floats(&inputs[0]), batch * seq, d_in);
            let mut product = Product::new(x, &weights);
            if self.biased || stream.is_some() {
                product.finish = Some(&finish);
            }
            let output = dense(product.compute(), [batch, seq, width]);
            (output, keep.then_some(inputs))
        }

        fn backward(self, saved: Vec<FlexTensor>, grad: FlexTensor, inputs: &mut InputGrads<'_>) {
            let grad = contiguous(grad);
            let [batch, seq, width] = dims(&grad);
            let [_, _, d_in] = dims(&saved[0]);
            let rows = batch * seq;
            let x = Matrix::new(floats(&saved[0]), rows, d_in);
            let sums = self.biased.then(|| sum_rows(floats(&grad), width));
            let mut d_x = Vec::new();
            let mut first = 0;
            for (i, weight) in saved[1..].iter().enumerate() {
                let weight = self.matrix(weight);
                let d_out = Matrix::strided(&floats(&grad)[first..], rows, weight.cols(), width);
                if inputs.wanted(0) {
                    Product::new(d_out, &[weight.transposed()]).add_to(&mut d_x);
                }
                if inputs.wanted(1 + i) {
                    let (left, right) = match self.tied {
                        true => (d_out.transposed(), x),
                        false => (x.transposed(), d_out),
                    };
                    let shape = [left.rows(), right.cols()];
                    inputs.give(1 + i, dense(Product::new(left, &[right]).compute(), shape));
                }
                if let Some(sums) = &sums {
                    let sums = sums[first..][..weight.cols()].to_vec();
                    inputs.give(1 + self.layers + i, dense(sums, [weight.cols()]));
                }
                first += weight.cols();
            }
            if inputs.wanted(0) {
                inputs.give(0, dense(d_x, [batch, seq, d_in]));
            }
            let stream = 1 + self.layers * if self.biased { 2 } else { 1 };
            if stream < inputs.len() {
                inputs.give(stream, grad);
            }
        }
    }
}
