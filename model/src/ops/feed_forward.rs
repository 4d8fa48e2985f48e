//! The layer that works on each token alone, as one operation: `act(x·up)·down`, or gated,
//! `(act(x·gate) ∘ x·up)·down`.

use crate::config::Activation;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu, sigmoid, silu};

/// The matrices of the layer.
pub struct Widened<'a> {
    /// `[d_model, d_ff]`; only in the gated kind.
    pub gate: Option<&'a Linear>,
    /// `[d_model, d_ff]`
    pub up: &'a Linear,
    /// `[d_ff, d_model]`
    pub down: &'a Linear,
    /// What bends the values between.
    pub activation: Activation,
}

/// The layer's output for `x`, `[batch, seq, d_model]`, of the same shape; `stream` is added if
/// given. Either all matrices have a bias or none.
pub fn feed_forward(x: Tensor<3>, layers: Widened<'_>, stream: Option<Tensor<3>>) -> Tensor<3> {
    #[cfg(feature = "fused")]
    if super::fused(&x) {
        return fused::feed_forward(x, layers, stream);
    }
    let activate = |x| activate(layers.activation, x);
    let inner = match layers.gate {
        Some(gate) => activate(gate.forward(x.clone())) * layers.up.forward(x),
        None => activate(layers.up.forward(x)),
    };
    let output = layers.down.forward(inner);
    match stream {
        Some(stream) => stream + output,
        None => output,
    }
}

/// The activation of each number of `x`.
pub(crate) fn activate(activation: Activation, x: Tensor<3>) -> Tensor<3> {
    match activation {
        Activation::GeluTanh => gelu_tanh(x),
        Activation::GeluErf => gelu(x),
        Activation::Silu => silu(x),
        Activation::Relu => relu(x),
    }
}

/// GELU's tanh approximation (Hendrycks and Gimpel 2016), `x · (1 + tanh(u)) / 2` with
/// `u = √(2/π) · (x + 0.044715 · x³)`.
///
/// It equals `x · sigmoid(2u)`, which needs neither `tanh` nor a power, both slow on the CPU.
fn gelu_tanh(x: Tensor<3>) -> Tensor<3> {
    let twice = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let slope = (x.clone() * x.clone()) * (0.044715 * twice) + twice;
    x.clone() * sigmoid(slope * x)
}

#[cfg(feature = "fused")]
mod fused {
    use super::Widened;
    use crate::config;
    use crate::ops::kernels::activation::Activation;
    use crate::ops::kernels::gemm::{Matrix, Product};
    use crate::ops::kernels::rows::{add_to_rows, sum_rows};
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dense, dims, floats,
    };
    use burn::backend::flex::FlexTensor;
    use burn::tensor::Tensor;

    pub(super) fn feed_forward(
        x: Tensor<3>,
        layers: Widened<'_>,
        stream: Option<Tensor<3>>,
    ) -> Tensor<3> {
        let linears: Vec<_> = (layers.gate.into_iter())
            .chain([layers.up, layers.down])
            .collect();
        let operation = FeedForward {
            gated: layers.gate.is_some(),
            biased: linears.iter().all(|linear| linear.bias.is_some()),
            activation: match layers.activation {
                config::Activation::GeluTanh => Activation::GeluTanh,
                config::Activation::GeluErf => Activation::GeluErf,
                config::Activation::Silu => Activation::Silu,
                config::Activation::Relu => Activation::Relu,
            },
        };
        let mut inputs = vec![Operand::of(x)];
        inputs.extend(
            linears
                .iter()
                .map(|linear| Operand::of(linear.weight.val())),
        );
        if operation.biased {
            let biases = linears.iter().filter_map(|linear| linear.bias.as_ref());
            inputs.extend(biases.map(|bias| Operand::of(bias.val())));
        }
        inputs.extend(stream.map(Operand::of));
        apply(operation, inputs).tensor()
    }

    /// Inputs: x, the weights (gate, if gated; up; down), their biases if any, what is added if
    /// anything.
    #[derive(Clone, Debug)]
    struct FeedForward {
        gated: bool,
        biased: bool,
        activation: Activation,
    }

    /// What the backward pass reads. The activated values are not kept: they are computed again
    /// while the product that needs them reads what is.
    #[derive(Clone, Debug)]
    struct Saved {
        /// x and the weights.
        inputs: Vec<FlexTensor>,
        /// `[batch · seq, d_ff]` before the activation; gated, `[batch · seq, 2 · d_ff]`: gate, up.
        wide: Vec<f32>,
    }

    impl FeedForward {
        /// Matrices before the last.
        fn widening(&self) -> usize {
            1 + usize::from(self.gated)
        }

        fn layers(&self) -> usize {
            1 + self.widening()
        }

        /// `act(gate) ∘ up`, `[rows, d_ff]`.
        fn gate(&self, wide: &[f32], d_ff: usize) -> Vec<f32> {
            let mut inner = vec![0.0; wide.len() / 2];
            self.activation.gated_rows(wide, d_ff, &mut inner);
            inner
        }
    }

    fn matrix(weight: &FlexTensor) -> Matrix<'_> {
        let [rows, cols] = dims(weight);
        Matrix::new(floats(weight), rows, cols)
    }

    impl CpuOperation for FeedForward {
        type Saved = Saved;

        fn forward(&self, inputs: Vec<FlexTensor>, keep: bool) -> (FlexTensor, Option<Saved>) {
            let mut inputs: Vec<_> = inputs.into_iter().map(contiguous).collect();
            let rest = inputs.split_off(1 + self.layers());
            let (biases, stream) = rest.split_at(if self.biased { self.layers() } else { 0 });
            let (outer, down_bias) = biases.split_at(biases.len().min(self.widening()));
            let stream = stream.first().map(floats);
            let [batch, seq, d_model] = dims(&inputs[0]);
            let rows = batch * seq;

            let x = Matrix::new(floats(&inputs[0]), rows, d_model);
            let weights: Vec<_> = inputs[1..].iter().map(matrix).collect();
            let (down, widening) = match weights.split_last() {
                Some((down, widening)) => (*down, widening),
                None => unreachable!("the layer has at least two matrices"),
            };
            let d_ff = down.rows();
            let bias: Vec<f32> = outer.iter().flat_map(floats).copied().collect();
            let width = d_ff * self.widening();
            let finish = |first, rows: &mut [f32]| add_to_rows(first, rows, width, &bias, None);
            let mut product = Product::new(x, widening);
            if self.biased {
                product.finish = Some(&finish);
            }
            let wide = product.compute();

            let inner = self.gated.then(|| self.gate(&wide, d_ff));
            let inner_rows = inner.as_deref().unwrap_or(&wide);
            let bias = down_bias.first().map_or(&[][..], floats);
            let finish = |first, rows: &mut [f32]| add_to_rows(first, rows, d_model, bias, stream);
            let prepare = |panel: &mut [f32]| self.activation.forward_in_place(panel);
            let inner_rows = Matrix::new(inner_rows, rows, d_ff);
            let down = [down];
            let mut product = Product::new(inner_rows, &down);
            if !self.gated {
                product.prepare = Some(&prepare);
            }
            if self.biased || stream.is_some() {
                product.finish = Some(&finish);
            }
            let output = dense(product.compute(), [batch, seq, d_model]);
            (output, keep.then_some(Saved { inputs, wide }))
        }

        fn backward(self, saved: Saved, grad: FlexTensor, inputs: &mut InputGrads<'_>) {
            let Saved {
                inputs: kept,
                mut wide,
            } = saved;
            let grad = contiguous(grad);
            let [batch, seq, d_model] = dims(&grad);
            let rows = batch * seq;
            let x = Matrix::new(floats(&kept[0]), rows, d_model);
            let weights: Vec<_> = kept[1..].iter().map(matrix).collect();
            let (down, widening) = match weights.split_last() {
                Some((down, widening)) => (*down, widening),
                None => unreachable!("the layer has at least two matrices"),
            };
            let d_ff = down.rows();
            let d_out = Matrix::new(floats(&grad), rows, d_model);
            let last = self.layers();

            if inputs.wanted(last) {
                let inner = self.gated.then(|| self.gate(&wide, d_ff));
                let prepare = |panel: &mut [f32]| self.activation.forward_in_place(panel);
                let inner = inner.as_deref().unwrap_or(&wide);
                let inner = Matrix::new(inner, rows, d_ff).transposed();
                let right = [d_out];
                let mut product = Product::new(inner, &right);
                if !self.gated {
                    product.prepare = Some(&prepare);
                }
                inputs.give(last, dense(product.compute(), [d_ff, d_model]));
            }

            // Turns what was before the activation into its gradient.
            let back = [down.transposed()];
            let mut product = Product::new(d_out, &back);
            if self.gated {
                let d_inner = product.compute();
                self.activation
                    .gated_rows_backward(&mut wide, d_ff, &d_inner);
            } else {
                let finish = |first: usize, d: &mut [f32]| {
                    let before = &wide[first * d_ff..][..d.len()];
                    self.activation.backward(before, d);
                };
                product.finish = Some(&finish);
                wide = product.compute();
            }

            let width = d_ff * self.widening();
            let sums = self.biased.then(|| sum_rows(&wide, width));
            let mut d_x = Vec::new();
            for (i, weight) in widening.iter().enumerate() {
                let d_wide = Matrix::strided(&wide[i * d_ff..], rows, d_ff, width);
                if inputs.wanted(1 + i) {
                    let d_weight = Product::new(x.transposed(), &[d_wide]).compute();
                    inputs.give(1 + i, dense(d_weight, [d_model, d_ff]));
                }
                if inputs.wanted(0) {
                    Product::new(d_wide, &[weight.transposed()]).add_to(&mut d_x);
                }
                if let Some(sums) = &sums {
                    let sums = sums[i * d_ff..][..d_ff].to_vec();
                    inputs.give(1 + last + i, dense(sums, [d_ff]));
                }
            }
            if inputs.wanted(0) {
                inputs.give(0, dense(d_x, [batch, seq, d_model]));
            }
            if self.biased {
                let sums = sum_rows(floats(&grad), d_model);
                inputs.give(2 * last, dense(sums, [d_model]));
            }
            let stream = 1 + last * if self.biased { 2 } else { 1 };
            if stream < inputs.len() {
                inputs.give(stream, grad);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn gelu_tanh_is_the_published_formula() {
        let points: Vec<f32> = (-60..=60).map(|i| i as f32 / 10.0).collect();
        let x = Tensor::<1>::from_floats(points.as_slice(), &Device::default());
        let ours = gelu_tanh(x.reshape([1, 1, points.len()]))
            .try_into_vec_as::<f32>()
            .unwrap();
        for (x, y) in points.into_iter().map(f64::from).zip(ours) {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            let expected = 0.5 * x * (1.0 + u.tanh());
            assert!((f64::from(y) - expected).abs() < 1e-6, "gelu({x}) = {y}");
        }
    }
}
