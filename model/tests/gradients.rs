//! Gradients equal finite differences, in every shape.
//!
//! The device computes in f64 here, so that a difference of two losses has enough digits. That is
//! set for the whole process, which is why these tests have their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shapes;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Device, DeviceConfig, FloatDType, Int, Tensor, TensorData};
use slovo_model::{CausalLm, Pass, TransformerConfig};
use std::sync::OnceLock;

fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let make = || {
        let mut device = Device::default();
        device
            .configure(DeviceConfig::default().float_dtype(FloatDType::F64))
            .unwrap();
        device
    };
    DEVICE.get_or_init(make).clone()
}

/// Numbers that look random, in [-1, 1].
fn noise(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| ((i * 7919 + seed * 104_729 + 1) as f64 * 12.9898).sin())
        .collect()
}

/// Adds noise to every parameter, so that none is zero or one and gradients are of order one.
struct Shake {
    seed: usize,
}

impl ModuleMapper for Shake {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.seed += 1;
        param.map(|value| {
            let (shape, device) = (value.shape(), value.device());
            let data = TensorData::new(noise(shape.num_elements(), self.seed), shape);
            let noise = Tensor::<D>::from_data(data, &device);
            (value + noise * 0.4).detach().require_grad()
        })
    }
}

/// Adds `step` to one value of one parameter.
struct Nudge {
    id: ParamId,
    index: usize,
    step: f64,
}

impl ModuleMapper for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if param.id != self.id {
            return param;
        }
        param.map(|value| {
            let shape = value.shape();
            let mut values = value.try_to_vec_as::<f64>().unwrap();
            values[self.index] += self.step;
            Tensor::from_data(TensorData::new(values, shape), &value.device())
        })
    }
}

/// A parameter's path, id and gradient.
struct Slope {
    path: String,
    id: ParamId,
    gradient: Vec<f64>,
}

fn slopes(model: &CausalLm, loss: &Tensor<1>) -> Vec<Slope> {
    struct Visitor<'a> {
        gradients: &'a burn::tensor::Gradients,
        path: Vec<String>,
        found: Vec<Slope>,
    }
    impl ModuleVisitor for Visitor<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let path = self.path.join(".");
            let gradient = param.val().grad(self.gradients).expect(&path);
            let gradient = gradient.try_to_vec_as::<f64>().unwrap();
            self.found.push(Slope {
                path,
                id: param.id,
                gradient,
            });
        }
    }
    let gradients = &loss.backward();
    let mut visitor = Visitor {
        gradients,
        path: Vec::new(),
        found: Vec::new(),
    };
    model.visit(&mut visitor);
    visitor.found
}

/// A loss with two targets masked out, one of them an impossible id.
fn loss(model: &CausalLm, device: &Device) -> Tensor<1> {
    let tokens = Tensor::<2, Int>::from_ints([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]], device);
    let targets = Tensor::<2, Int>::from_ints([[1, 4, 1, 5, 9, -100], [6, 5, 3, 5, 8, 10]], device);
    let mask = Tensor::<2, Bool>::from_bool(
        [
            [true, true, true, true, true, false],
            [true, true, false, true, true, true],
        ],
        device,
    );
    model.loss(tokens, targets, Some(mask), &mut Pass::training(11))
}

fn check(name: &str, config: &TransformerConfig) {
    let plain = device();
    let device = plain.clone().autodiff();
    let model = CausalLm::new(config, 1, &device)
        .unwrap()
        .map(&mut Shake { seed: 0 });
    let loss_here = loss(&model, &device);
    let slopes = slopes(&model, &loss_here);
    let frozen = model.valid();
    let at = |id, index, step| {
        let nudged = frozen.clone().map(&mut Nudge { id, index, step });
        loss(&nudged, &plain).try_to_vec_as::<f64>().unwrap()[0]
    };
    // Small enough not to step over the kink of a ReLU.
    const STEP: f64 = 1e-6;
    for Slope { path, id, gradient } in slopes {
        let steepest = (0..gradient.len())
            .max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs()))
            .unwrap();
        // The softmax does not see a constant that is added to all scores of a query, unless
        // positions turn it.
        let rotary = matches!(config.position, slovo_model::PositionKind::Rotary { .. });
        if path.ends_with("attention.key.bias") && !rotary {
            assert!(gradient[steepest].abs() < 1e-12, "{name}: {path}");
        } else {
            assert!(
                gradient[steepest].abs() > 1e-4,
                "{name}: {path} gets no gradient"
            );
        }
        for index in [steepest, 0, gradient.len() / 2, gradient.len() - 1] {
            // Two steps extrapolated to none (Richardson), as the losses are strongly curved.
            let central = |step| (at(id, index, step) - at(id, index, -step)) / (2.0 * step);
            let difference = (4.0 * central(STEP) - central(2.0 * STEP)) / 3.0;
            let error = (difference - gradient[index]).abs();
            assert!(
                error < 1e-6 * (1.0 + gradient[index].abs()),
                "{name}: {path}[{index}] is {}, the loss says {difference}",
                gradient[index]
            );
        }
    }
}

#[test]
fn gradients_match_finite_differences_in_every_shape() {
    for (name, config) in shapes::all() {
        check(name, &config);
    }
}
