//! AdamW (Loshchilov & Hutter 2019, <https://arxiv.org/abs/1711.05101>) in PyTorch's form, in one
//! pass over gradient, moments and parameter.

use super::{Factor, Scaled};
use burn::optim::{AdamWConfig, AdamWState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// Constants of an update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Keeps the division away from zero.
    pub epsilon: f64,
    /// Pull towards zero, times the learning rate.
    pub weight_decay: f64,
}

/// AdamW of gradients multiplied with a [`Factor`].
///
/// On the CPU it is one pass, in place: no tensor is made and none copied. Elsewhere Burn's AdamW
/// does the work. Both have the same state, so a run may go on with the other.
#[derive(Clone)]
pub struct OnePassAdamW {
    #[cfg(feature = "fused")]
    constants: Constants,
    stock: Scaled<burn::optim::AdamW>,
}

impl OnePassAdamW {
    /// With these constants.
    pub fn new(constants: Constants, factor: Factor) -> Self {
        let stock = AdamWConfig::new()
            .with_beta_1(constants.beta1 as f32)
            .with_beta_2(constants.beta2 as f32)
            .with_epsilon(constants.epsilon as f32)
            .with_weight_decay(constants.weight_decay as f32)
            .build();
        Self {
            #[cfg(feature = "fused")]
            constants,
            stock: Scaled {
                optimizer: stock,
                factor,
            },
        }
    }
}

impl Optimizer for OnePassAdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        #[cfg(feature = "fused")]
        if slovo_model::ops::fused(&tensor) {
            let factor = self.stock.factor.get();
            return fused::step(&self.constants, lr, factor, tensor, grad, state);
        }
        self.stock.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        <burn::optim::AdamW as Optimizer>::to_device(state, device)
    }
}

#[cfg(feature = "fused")]
mod fused {
    use super::Constants;
    use crate::ops::flex::{CHUNK, floats, floats_mut, row_major};
    use burn::backend::Flex;
    use burn::optim::{AdamWState, AdaptiveMomentumState, LearningRate};
    use burn::tensor::Tensor;
    use rayon::prelude::*;

    pub(super) fn step<const D: usize>(
        constants: &Constants,
        lr: LearningRate,
        factor: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let (time, m, v) = match state.map(|state| state.momentum) {
            Some(state) => (
                state.time + 1,
                row_major(state.moment_1),
                row_major(state.moment_2),
            ),
            None => {
                let zeros = || row_major(Tensor::<D>::zeros(grad.shape(), &grad.device()));
                (1, zeros(), zeros())
            }
        };
        let (mut p, mut m, mut v) = (row_major(tensor), m, v);
        Numbers::of(constants, lr, time, factor as f32).update(
            floats_mut(&mut p),
            floats_mut(&mut m),
            floats_mut(&mut v),
            floats(&row_major(grad)),
        );
        let [p, m, v] = [p, m, v].map(Tensor::from_primitive::<Flex>);
        let state = AdaptiveMomentumState::new(time, m, v);
        (p, Some(AdamWState::new(state)))
    }

    /// The numbers of one step, computed in double precision as PyTorch does.
    #[derive(Clone, Copy)]
    struct Numbers {
        factor: f32,
        keep: f32,
        beta1: f32,
        one_minus_beta1: f32,
        beta2: f32,
        one_minus_beta2: f32,
        step_size: f32,
        inverse_root: f32,
        epsilon: f32,
    }

    impl Numbers {
        fn of(constants: &Constants, lr: f64, step: usize, factor: f32) -> Self {
            let &Constants {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } = constants;
            let step = step as f64;
            Self {
                factor,
                keep: (1.0 - lr * weight_decay) as f32,
                beta1: beta1 as f32,
                one_minus_beta1: (1.0 - beta1) as f32,
                beta2: beta2 as f32,
                one_minus_beta2: (1.0 - beta2) as f32,
                step_size: (lr / (1.0 - beta1.powf(step))) as f32,
                inverse_root: (1.0 / (1.0 - beta2.powf(step)).sqrt()) as f32,
                epsilon: epsilon as f32,
            }
        }

        /// Updates parameters `p` and moments `m` and `v` with gradients `g`, all of one length.
        fn update(self, p: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32]) {
            let moments = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
            let chunks = p
                .par_chunks_mut(CHUNK)
                .zip(moments)
                .zip(g.par_chunks(CHUNK));
            chunks.for_each(|((p, (m, v)), g)| {
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
                            let g = g * self.factor;
                            *m = *m * self.beta1 + g * self.one_minus_beta1;
                            *v = *v * self.beta2 + g * g * self.one_minus_beta2;
                            let root = v.sqrt() * self.inverse_root + self.epsilon;
                            *p = *p * self.keep - self.step_size * *m / root;
                        }
                    },
                );
            });
        }
    }
}

#[cfg(all(test, feature = "fused"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ops::flex::{floats, row_major};
    use crate::optimizer::{AdamW, OptimizerRecipe};
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::optim::GradientsParams;
    use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
    use burn::tensor::{Int, TensorData};
    use slovo_model::{CausalLm, Pass, TransformerConfig};

    const CONSTANTS: Constants = Constants {
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
    };

    fn numbers(n: usize, seed: usize) -> Tensor<1> {
        let number = |i: usize| ((i * 7919 + seed * 104_729 + 1) as f32 * 12.9898).sin();
        let data = TensorData::new((0..n).map(number).collect::<Vec<_>>(), [n]);
        Tensor::from_data(data, &Device::flex())
    }

    fn values(tensor: &Tensor<1>) -> Vec<f32> {
        tensor.clone().try_into_vec_as().unwrap()
    }

    /// Fused and Burn's, in turns as `fused` says.
    fn run(n: usize, fused: impl Fn(usize) -> bool) -> Vec<f32> {
        let factor = Factor::default();
        factor.set(0.37);
        let optimizer = OnePassAdamW::new(CONSTANTS, factor);
        let (mut x, mut state) = (numbers(n, 0), None);
        for step in 0..6 {
            let grad = numbers(n, 1 + step) * 3.0;
            let next = match fused(step) {
                true => optimizer.step(1e-2, x, grad, state),
                false => optimizer.stock.step(1e-2, x, grad, state),
            };
            (x, state) = next;
        }
        values(&x)
    }

    #[test]
    fn one_pass_gives_what_burns_adamw_gives() {
        for n in [1, 15, 1000, crate::ops::flex::CHUNK + 7] {
            let burns = run(n, |_| false);
            for ours in [run(n, |_| true), run(n, |step| step % 2 == 0)] {
                for (ours, burns) in ours.iter().zip(&burns) {
                    assert!((ours - burns).abs() < 2e-6, "{n}: {ours} {burns}");
                }
            }
        }
    }

    /// Where a module's numbers lie.
    fn places<M: Module>(module: &M) -> Vec<usize> {
        struct Places(Vec<usize>);
        impl ModuleVisitor for Places {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let numbers = row_major(param.val().inner());
                self.0.push(floats(&numbers).as_ptr() as usize);
            }
        }
        let mut places = Places(Vec::new());
        module.visit(&mut places);
        places.0
    }

    /// A copy would be twice the traffic; somebody who holds a parameter would cause one.
    #[test]
    fn parameters_are_changed_where_they_are() {
        let device = Device::flex().autodiff();
        let config = TransformerConfig {
            vocab_size: 11,
            d_model: 8,
            n_layers: 1,
            n_heads: 2,
            max_seq_len: 4,
            ..TransformerConfig::default()
        };
        let mut model = CausalLm::new(&config, 1, &device).unwrap();
        let recipe = OptimizerRecipe::AdamW(AdamW::default());
        let mut optimizer = recipe.init(&model);
        let before = places(&model);
        for _ in 0..3 {
            let tokens = Tensor::<2, Int>::from_ints([[1, 2, 3]], &device);
            let loss = model.loss(tokens.clone(), tokens, None, &mut Pass::default());
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            let rate = ModuleLrScheduler::new(1e-2).step();
            model = optimizer.step(rate, model, grads, 1.0);
        }
        assert_eq!(places(&model), before);
    }
}
