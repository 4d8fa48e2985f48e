//! Every parameter gets the gradient that it gets on flex, whose gradients are proven against
//! finite differences (`tests/gradients.rs`, in f64, which a GPU does not have).

use crate::tensors::{floats, ids, shake};
use crate::{devices, shapes};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Gradients, Tensor, TensorData};
use slovo_model::{CausalLm, Pass, TransformerConfig};
use std::collections::BTreeMap;

/// What one training pass gives.
struct Slopes {
    loss: f32,
    by_path: BTreeMap<String, Vec<f32>>,
}

fn slopes(config: &TransformerConfig, device: &Device) -> Slopes {
    let [batch, seq] = [3, 12];
    struct Visitor<'a> {
        gradients: &'a Gradients,
        path: Vec<String>,
        found: BTreeMap<String, Vec<f32>>,
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
            let gradient = param.val().grad(self.gradients);
            let gradient = gradient.unwrap_or_else(|| panic!("{path} gets no gradient"));
            self.found.insert(path, floats(gradient));
        }
    }
    let mut model = CausalLm::new(config, 1, device).unwrap();
    shake(&mut model);
    let model = model.train();
    let device = &device.clone().autodiff();
    let tokens = ids(batch, seq + 1, config.vocab_size, device);
    // Every seventh target does not count.
    let mask: Vec<bool> = (0..batch * seq).map(|i| i % 7 != 3).collect();
    let mask = Tensor::<2, Bool>::from_data(TensorData::new(mask, [batch, seq]), device);
    let inputs = tokens.clone().narrow(1, 0, seq);
    let targets = tokens.narrow(1, 1, seq);
    let loss = model.loss(inputs, targets, Some(mask), &mut Pass::training(11));
    let gradients = &loss.backward();
    let mut visitor = Visitor {
        gradients,
        path: Vec::new(),
        found: BTreeMap::new(),
    };
    model.visit(&mut visitor);
    Slopes {
        loss: floats(loss)[0],
        by_path: visitor.found,
    }
}

fn check(backend: &str, name: &str, ours: &Slopes, expected: &Slopes) {
    const TOLERANCE: f32 = 1e-3;
    let error = (ours.loss - expected.loss).abs() / expected.loss;
    assert!(
        error < TOLERANCE,
        "{backend}, {name}: the loss is {}, not {}",
        ours.loss,
        expected.loss
    );
    assert!(ours.by_path.keys().eq(expected.by_path.keys()));
    for (path, slope) in &ours.by_path {
        let expected = &expected.by_path[path];
        let largest = expected.iter().fold(0f32, |max, x| max.max(x.abs()));
        // A gradient that is zero but for rounding (the key's bias, see `tests/gradients.rs`) has no
        // scale of its own.
        let scale = largest.max(0.05);
        for (i, (x, y)) in slope.iter().zip(expected).enumerate() {
            assert!(
                (x - y).abs() / scale < TOLERANCE,
                "{backend}, {name}: gradient {i} of {path} is {x}, not {y}"
            );
        }
    }
}

#[test]
fn every_parameter_gets_its_gradient() {
    // Every axis is here. A software adapter takes half a minute for the kernels of a shape.
    const ON_A_GPU: [&str; 4] = ["gpt2 with dropout", "gpt2 gated", "vaswani", "llama"];
    for (name, config) in shapes::all() {
        let expected = slopes(&config, &devices::reference());
        for (backend, device) in devices::others() {
            if backend == "ndarray" || ON_A_GPU.contains(&name) {
                check(backend, name, &slopes(&config, &device), &expected);
            }
        }
    }
}
