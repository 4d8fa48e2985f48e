//! LayerNorm and RMSNorm of the last axis.

use crate::config::NormKind;
use burn::tensor::Tensor;
use burn::tensor::module::layer_norm;

/// `x`, `[batch, seq, d_model]`, normalised and multiplied by `gamma`, plus `beta`; each
/// `[d_model]`.
pub fn norm(x: Tensor<3>, gamma: Tensor<1>, beta: Option<Tensor<1>>, kind: NormKind) -> Tensor<3> {
    #[cfg(feature = "fused")]
    if super::fused(&x) {
        return fused::norm(x, gamma, beta, kind);
    }
    match kind {
        NormKind::LayerNorm { epsilon } => layer_norm(x, gamma, beta, epsilon),
        NormKind::RmsNorm { epsilon } => {
            let mean_square = (x.clone() * x.clone()).mean_dim(2);
            x / (mean_square + epsilon).sqrt() * gamma.unsqueeze()
        }
    }
}

#[cfg(feature = "fused")]
mod fused {
    use crate::config::NormKind;
    use crate::ops::kernels::norm::{Centre, Moments, Norm};
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dense, dims, floats,
    };
    use burn::backend::flex::FlexTensor;
    use burn::tensor::Tensor;

    pub(super) fn norm(
        x: Tensor<3>,
        gamma: Tensor<1>,
        beta: Option<Tensor<1>>,
        kind: NormKind,
    ) -> Tensor<3> {
        let mut inputs = vec![Operand::of(x), Operand::of(gamma)];
        inputs.extend(beta.map(Operand::of));
        apply(Normalise(kind), inputs).tensor()
    }

    /// Inputs: x, gamma, beta if there is one.
    #[derive(Clone, Debug)]
    struct Normalise(NormKind);

    impl Normalise {
        fn kernel<'a>(&self, inputs: &'a [FlexTensor]) -> Norm<'a> {
            let (centre, epsilon) = match self.0 {
                NormKind::LayerNorm { epsilon } => (Centre::Mean, epsilon),
                NormKind::RmsNorm { epsilon } => (Centre::Zero, epsilon),
            };
            Norm {
                centre,
                gamma: floats(&inputs[1]),
                beta: inputs.get(2).map(floats),
                epsilon: epsilon as f32,
            }
        }
    }

    impl CpuOperation for Normalise {
        type Saved = (Vec<FlexTensor>, Vec<Moments>);

        fn forward(
            &self,
            inputs: Vec<FlexTensor>,
            keep: bool,
        ) -> (FlexTensor, Option<Self::Saved>) {
            let inputs: Vec<_> = inputs.into_iter().map(contiguous).collect();
            let shape: [usize; 3] = dims(&inputs[0]);
            let x = floats(&inputs[0]);
            let mut output = vec![0.0; x.len()];
            let mut moments = vec![Moments::default(); shape[0] * shape[1]];
            self.kernel(&inputs).forward(x, &mut output, &mut moments);
            (dense(output, shape), keep.then_some((inputs, moments)))
        }

        fn backward(
            self,
            (kept, moments): Self::Saved,
            grad: FlexTensor,
            inputs: &mut InputGrads<'_>,
        ) {
            let grad = contiguous(grad);
            let shape: [usize; 3] = dims(&grad);
            let width = shape[2];
            let mut d_x = vec![0.0; floats(&grad).len()];
            let mut d_gamma = vec![0.0; width];
            let mut d_beta = (kept.len() == 3).then(|| vec![0.0; width]);
            self.kernel(&kept).backward(
                floats(&kept[0]),
                &moments,
                floats(&grad),
                &mut d_x,
                false,
                &mut d_gamma,
                d_beta.as_deref_mut(),
            );
            inputs.give(0, dense(d_x, shape));
            inputs.give(1, dense(d_gamma, [width]));
            if let Some(d_beta) = d_beta {
                inputs.give(2, dense(d_beta, [width]));
            }
        }
    }
}
