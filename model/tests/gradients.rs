//! Gradients equal finite differences, in every shape.
//!
//! The device computes in f64 here, so that a difference of two losses has enough digits. That is
//! set for the whole process, which is why these tests have their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shapes;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Device, DeviceConfig, FloatDType, Int, Tensor, TensorData};
use slovo_model::{
    CausalLm, MaskedLm, Padding, Pair, Pass, PositionKind, Seq2Seq, TransformerConfig,
};
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

fn slopes(model: &impl Module, loss: &Tensor<1>) -> Vec<Slope> {
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

/// A model that is not on a training device, and the loss of it there or here.
type Loss<'a, M> = &'a dyn Fn(&M, &Device) -> Tensor<1>;

/// Every parameter gets a gradient (but for those whose path `flat` knows), and it is the loss's.
fn check<M: Module>(name: &str, model: M, loss: Loss<'_, M>, flat: impl Fn(&str) -> bool) {
    let plain = device();
    let device = plain.clone().autodiff();
    let model = model.map(&mut Shake { seed: 0 });
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
        if flat(&path) {
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
        let training = device().autodiff();
        let model = CausalLm::new(&config, 1, &training).unwrap();
        check(name, model, &loss, |path| is_flat(path, &config));
    }
}

/// The softmax does not see a constant that is added to all scores of a query, unless positions
/// turn it or a norm comes between.
fn is_flat(path: &str, config: &TransformerConfig) -> bool {
    let rotary = matches!(config.position, PositionKind::Rotary { .. });
    let turned = rotary && !path.contains("cross_attention");
    path.ends_with("attention.key.bias") && !turned && !config.query_key_norm
}

/// A smoothed loss of pairs whose sources are of different lengths.
fn loss_of_pairs(model: &Seq2Seq, device: &Device) -> Tensor<1> {
    let pair = Pair {
        sources: Tensor::from_ints([[3, 1, 4, 10, 1], [5, 9, 10, 0, 0]], device),
        inputs: Tensor::from_ints([[0, 6, 5, 3], [0, 7, 0, 0]], device),
        targets: Tensor::from_ints([[6, 5, 3, 10], [7, 10, -100, -100]], device),
        mask: Some(Tensor::from_bool(
            [[true, true, true, true], [true, true, false, false]],
            device,
        )),
    };
    let padding = Padding::right(&[5, 3]);
    let mut pass = Pass {
        padding: Some(&padding),
        ..Pass::training(11)
    };
    model.loss(pair, 0.1, &mut pass)
}

#[test]
fn gradients_of_two_stacks_match_finite_differences() {
    for (name, config) in shapes::pairs() {
        let training = device().autodiff();
        let model = Seq2Seq::new(&config, 1, &training).unwrap();
        let flat = |path: &str| is_flat(path, &config.transformer);
        check(name, model, &loss_of_pairs, flat);
    }
}

/// Three hidden tokens of two texts, one of them filled up, in two segments.
fn loss_of_hidden(model: &MaskedLm, device: &Device) -> Tensor<1> {
    let tokens = Tensor::<2, Int>::from_ints([[2, 9, 5, 9, 3], [2, 9, 3, 0, 0]], device);
    let places = Tensor::<1, Int>::from_ints([1, 3, 6], device);
    let targets = Tensor::<1, Int>::from_ints([7, 8, 10], device);
    let padding = Padding::right(&[5, 3]);
    let segments = Tensor::<2, Int>::from_ints([[0, 0, 0, 1, 1], [0, 1, 1, 0, 0]], device);
    let mut pass = Pass {
        padding: Some(&padding),
        segments: Some(segments),
        ..Pass::training(11)
    };
    model.loss(tokens, places, targets, &mut pass).sum
}

#[test]
fn gradients_of_an_encoder_match_finite_differences() {
    let config = shapes::bert();
    let training = device().autodiff();
    let model = MaskedLm::new(&config, 1, &training).unwrap();
    check("bert", model, &loss_of_hidden, |path| {
        is_flat(path, &config)
    });
}
