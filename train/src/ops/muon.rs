//! Muon (Jordan 2024, <https://kellerjordan.github.io/posts/muon/>): momentum, whose singular values
//! are then brought close to 1.
//!
//! Updates are scaled by 0.2·√max(rows, columns), so that learning rate and decay are AdamW's (Liu
//! et al. 2025, "Muon is scalable for LLM training", <https://arxiv.org/abs/2502.16982>).

use super::Factor;
use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

/// Each iteration maps a singular value σ to aσ + bσ³ + cσ⁵; the coefficients are Jordan's.
const COEFFICIENTS: [f32; 3] = [3.4445, -4.775, 2.0315];

/// After so many iterations all but the smallest singular values lie between 0.7 and 1.2.
const ITERATIONS: usize = 5;

/// Keeps the division by the norm away from zero.
const EPSILON: f32 = 1e-7;

/// Muon with Nesterov momentum, of gradients multiplied with a [`Factor`].
///
/// On the CPU, matrices are multiplied and added to in place; elsewhere it is composed of tensor
/// operations. Both have the same state, so a run may go on with the other.
#[derive(Clone, Debug)]
pub struct Muon {
    /// Decay of the sum of gradients.
    pub momentum: f64,
    /// Pull towards zero, times the learning rate.
    pub weight_decay: f64,
    /// What gradients are multiplied with.
    pub factor: Factor,
}

/// What Muon keeps of a parameter.
#[derive(Clone, Debug)]
pub struct MuonState<const D: usize> {
    velocity: Tensor<D>,
}

/// As `burn-optim` names it in its own Muon.
const VELOCITY: &str = "momentum.velocity";

impl<const D: usize> RecordState for MuonState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, VELOCITY, self.velocity.to_data());
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let data = src.take_tensor(prefix, VELOCITY)?;
        let velocity = Tensor::from_data(data, device);
        Some(Self { velocity })
    }
}

impl Muon {
    /// Factor of the decayed parameter, and of what is taken off it.
    fn rates<const D: usize>(&self, lr: LearningRate, shape: [usize; D]) -> (f64, f64) {
        let longest = shape.into_iter().max().unwrap_or(0) as f64;
        (1.0 - lr * self.weight_decay, lr * 0.2 * longest.sqrt())
    }
}

impl Optimizer for Muon {
    type State<const D: usize> = MuonState<D>;

    /// # Panics
    ///
    /// If `tensor` is not a matrix.
    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        assert!(D == 2, "Muon updates matrices, not tensors of rank {D}");
        #[cfg(feature = "fused")]
        if slovo_model::ops::fused(&tensor) {
            return fused::step(self, lr, tensor, grad, state);
        }
        let (keep, rate) = self.rates(lr, tensor.dims());
        let grad = grad * self.factor.get();
        let velocity = match state {
            Some(state) => state.velocity * self.momentum + grad.clone(),
            None => grad.clone(),
        };
        let update = orthogonal(velocity.clone() * self.momentum + grad);
        let tensor = tensor * keep - update * rate;
        (tensor, Some(MuonState { velocity }))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        let velocity = state.velocity.to_device(device);
        MuonState { velocity }
    }
}

/// `x` with singular values close to 1.
fn orthogonal<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let [a, b, c] = COEFFICIENTS;
    let tall = x.dims()[0] > x.dims()[1];
    let norm = x.clone().square().sum().sqrt().clamp_min(EPSILON);
    let mut x = if tall { x.transpose() } else { x } / norm.unsqueeze();
    for _ in 0..ITERATIONS {
        let gram = x.clone().matmul(x.clone().transpose());
        let square = gram.clone().matmul(gram.clone());
        x = x.clone() * a + (gram * b + square * c).matmul(x);
    }
    if tall { x.transpose() } else { x }
}

#[cfg(feature = "fused")]
mod fused {
    use super::{COEFFICIENTS, EPSILON, ITERATIONS, Muon, MuonState};
    use crate::ops::flex::{floats, floats_mut, row_major};
    use burn::backend::Flex;
    use burn::optim::LearningRate;
    use burn::tensor::Tensor;
    use slovo_model::ops::gemm::{Matrix, Product};

    pub(super) fn step<const D: usize>(
        muon: &Muon,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<MuonState<D>>,
    ) -> (Tensor<D>, Option<MuonState<D>>) {
        let shape = tensor.dims();
        let (keep, rate) = muon.rates(lr, shape);
        let (factor, momentum) = (muon.factor.get() as f32, muon.momentum as f32);
        let mut velocity = row_major(match state {
            Some(state) => state.velocity,
            None => Tensor::zeros(shape, &grad.device()),
        });
        let mut tensor = row_major(tensor);
        let grad = row_major(grad);
        let update = momentum_of(floats_mut(&mut velocity), floats(&grad), momentum, factor);
        let update = orthogonal(&update, shape[0], shape[1]);
        let (keep, rate) = (keep as f32, rate as f32);
        vectorized(
            #[inline(always)]
            || {
                for (p, u) in floats_mut(&mut tensor).iter_mut().zip(&update) {
                    *p = *p * keep - rate * u;
                }
            },
        );
        let [tensor, velocity] = [tensor, velocity].map(Tensor::from_primitive::<Flex>);
        (tensor, Some(MuonState { velocity }))
    }

    /// Adds the gradient to the velocity and looks one step ahead.
    fn momentum_of(velocity: &mut [f32], grad: &[f32], momentum: f32, factor: f32) -> Vec<f32> {
        vectorized(
            #[inline(always)]
            || {
                let ahead = velocity.iter_mut().zip(grad).map(|(v, g)| {
                    let g = g * factor;
                    *v = *v * momentum + g;
                    *v * momentum + g
                });
                ahead.collect()
            },
        )
    }

    /// `x`, `[rows, cols]`, with singular values close to 1.
    ///
    /// Every iterate is Qₖ·x with a polynomial Qₖ of the Gram matrix G₀ of x, and its own Gram matrix
    /// is Gₖ = QₖG₀Qₖ, so only matrices of the shorter side's size are multiplied until the end. All
    /// of them are symmetric and commute.
    fn orthogonal(x: &[f32], rows: usize, cols: usize) -> Vec<f32> {
        let x = Matrix::new(x, rows, cols);
        let n = rows.min(cols);
        let (wide, tall) = match rows <= cols {
            true => (x, x.transposed()),
            false => (x.transposed(), x),
        };
        let mut gram = multiply(wide, tall, 1.0);
        // The trace of x·xᵀ is the square of x's norm.
        let squares: f32 = gram.iter().step_by(n + 1).sum();
        let scale = 1.0 / squares.sqrt().max(EPSILON);
        gram.iter_mut().for_each(|g| *g *= scale * scale);
        let by = |a: &[f32], b: &[f32], scale| {
            multiply(Matrix::new(a, n, n), Matrix::new(b, n, n), scale)
        };
        let mut product = Vec::new();
        for iteration in 0..ITERATIONS {
            let mut step = by(&gram, &gram, COEFFICIENTS[2]);
            for (step, g) in step.iter_mut().zip(&gram) {
                *step += COEFFICIENTS[1] * g;
            }
            let diagonal = step.iter_mut().step_by(n + 1);
            diagonal.for_each(|step| *step += COEFFICIENTS[0]);
            if iteration + 1 < ITERATIONS {
                let half = by(&step, &gram, 1.0);
                gram = by(&half, &step, 1.0);
            }
            product = match iteration {
                0 => step,
                _ => by(&step, &product, 1.0),
            };
        }
        let product = Matrix::new(&product, n, n);
        match rows <= cols {
            true => multiply(product, x, scale),
            false => multiply(x, product, scale),
        }
    }

    fn multiply(a: Matrix<'_>, b: Matrix<'_>, scale: f32) -> Vec<f32> {
        let b = [b];
        let mut product = Product::new(a, &b);
        product.scale = scale;
        product.compute()
    }

    fn vectorized<R>(f: impl FnOnce() -> R) -> R {
        pulp::Arch::new().dispatch(f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn muon() -> Muon {
        Muon {
            momentum: 0.95,
            weight_decay: 0.1,
            factor: Factor::default(),
        }
    }

    /// The fused step and the composed one, three times in a row.
    #[cfg(feature = "fused")]
    #[test]
    fn both_ways_give_the_same() {
        let device = Device::flex();
        for shape in [[24, 24], [16, 64], [80, 16], [1, 7]] {
            let muon = muon();
            let start = Tensor::<2>::random(shape, Distribution::Normal(0.0, 0.02), &device);
            let (mut fused, mut composed) = (start.clone(), start);
            let (mut of_fused, mut velocity) = (None, Tensor::<2>::zeros(shape, &device));
            for i in 0..3 {
                muon.factor.set(0.5 + f64::from(i));
                let grad = Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device);
                (fused, of_fused) = muon.step(0.01, fused, grad.clone(), of_fused);
                let grad = grad * muon.factor.get();
                velocity = velocity * 0.95 + grad.clone();
                let (keep, rate) = muon.rates(0.01, shape);
                composed = composed * keep - orthogonal(velocity.clone() * 0.95 + grad) * rate;
            }
            let apart = (fused - composed).abs().max().into_scalar::<f32>();
            assert!(apart < 1e-5, "{shape:?}: {apart}");
        }
    }

    #[test]
    fn singular_values_come_close_to_one() {
        let device = Device::default();
        let x = Tensor::<2>::random([8, 32], Distribution::Normal(0.0, 3.0), &device);
        let x = orthogonal(x);
        let gram = x.clone().matmul(x.transpose());
        let trace: f32 = gram.to_data().iter::<f32>().step_by(9).sum();
        assert!((8.0 * 0.4..8.0 * 1.5).contains(&trace), "{trace}");
    }

    #[test]
    fn a_matrix_of_zeros_stays() {
        let device = Device::default();
        let zeros = || Tensor::<2>::zeros([3, 5], &device);
        let (after, _) = muon().step(0.01, zeros(), zeros(), None);
        assert_eq!(after.abs().max().into_scalar::<f32>(), 0.0);
    }
}
