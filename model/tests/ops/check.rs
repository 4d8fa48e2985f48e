//! What all of these tests share: random inputs, the two paths, finite differences.

use burn::module::{Param, ParamId};
use burn::nn::Linear;
use burn::tensor::{DType, Device, DeviceConfig, FloatDType, Tensor, TensorData};
use slovo_model::ops;
use std::sync::OnceLock;

/// A device on which whatever is not told otherwise is float64.
pub fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let make = || {
        let mut device = Device::default();
        let wide = DeviceConfig::default().float_dtype(FloatDType::F64);
        device.configure(wide).unwrap();
        device
    };
    DEVICE.get_or_init(make).clone()
}

/// SplitMix64, so that a test is the same everywhere.
pub struct Random(pub u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// One of `from..=to`.
    pub fn within(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to + 1 - from)
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Numbers in ±`range` that float32 holds exactly.
    pub fn numbers(&mut self, n: usize, range: f64) -> Vec<f64> {
        let mut unit = || (self.bits() >> 40) as f64 / f64::from(1 << 23) - 1.0;
        (0..n).map(|_| f64::from((unit() * range) as f32)).collect()
    }
}

/// A differentiable input.
pub struct Input {
    pub name: &'static str,
    pub values: Vec<f64>,
}

impl Input {
    pub fn new(name: &'static str, random: &mut Random, shape: &[usize], range: f64) -> Self {
        let values = random.numbers(shape.iter().product(), range);
        Self { name, values }
    }
}

/// An operation on flat inputs, and how far the paths may be apart.
pub struct Case<'a> {
    /// What was drawn, for the message.
    pub name: String,
    pub inputs: Vec<Input>,
    /// Reshapes the inputs, applies the operation, flattens the output.
    pub operation: &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>,
    /// Distance of the float32 path, relative to the largest number of the same tensor.
    pub tolerance: f64,
}

/// An output and the gradients of all inputs, given random gradients of the output.
struct Results {
    output: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

impl Case<'_> {
    /// Compares output and gradients of both paths, and those with differences.
    pub fn check(&self) {
        let wide = self.run(DType::F64);
        self.compare(&wide);
        for (i, gradient) in wide.gradients.iter().enumerate() {
            let place = |k: usize| (k * 7919 + i) % gradient.len();
            for at in (0..gradient.len().min(6)).map(place) {
                let slope = self.slope(i, at);
                let error = (slope - gradient[at]).abs();
                assert!(
                    error <= 2e-6 * (1.0 + slope.abs()),
                    "{}: gradient {at} of {}: {} by autodiff, {slope} by differences",
                    self.name,
                    self.inputs[i].name,
                    gradient[at]
                );
            }
        }
    }

    /// Compares both paths only: for functions too steep or too long for differences.
    pub fn check_paths(&self) {
        self.compare(&self.run(DType::F64));
    }

    fn compare(&self, wide: &Results) {
        let narrow = self.run(DType::F32);
        self.near("output", &narrow.output, &wide.output);
        let gradients = narrow.gradients.iter().zip(&wide.gradients);
        for ((narrow, wide), input) in gradients.zip(&self.inputs) {
            self.near(input.name, narrow, wide);
        }
    }

    fn near(&self, what: &str, found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{}, {what}", self.name);
        let largest = expected.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
        for (i, (x, y)) in found.iter().zip(expected).enumerate() {
            let error = (x - y).abs() / largest;
            assert!(
                error <= self.tolerance,
                "{}, {what}: {x} at {i} instead of {y}; {error:.2e} of the largest",
                self.name
            );
        }
    }

    fn run(&self, dtype: DType) -> Results {
        let device = device().autodiff();
        let leaf = |input: &Input| tensor(&input.values, &device, dtype).require_grad();
        let inputs: Vec<_> = self.inputs.iter().map(leaf).collect();
        assert_eq!(ops::fused(&inputs[0]), dtype == DType::F32);
        let output = (self.operation)(&inputs);
        let weights = self.weights(output.dims()[0]);
        let loss = (output.clone() * tensor(&weights, &device, dtype)).sum();
        let gradients = loss.backward();
        let gradient = |(input, given): (&Tensor<1>, &Input)| match input.grad(&gradients) {
            Some(gradient) => gradient.try_into_vec_as().unwrap(),
            None => vec![0.0; given.values.len()],
        };
        Results {
            output: output.inner().try_into_vec_as().unwrap(),
            gradients: inputs.iter().zip(&self.inputs).map(gradient).collect(),
        }
    }

    /// The gradient of the output: that of a loss in which no two numbers count alike.
    fn weights(&self, n: usize) -> Vec<f64> {
        Random(n as u64 + 17).numbers(n, 1.0)
    }

    fn slope(&self, input: usize, at: usize) -> f64 {
        let step = 1e-5;
        let loss = |step: f64| {
            let nudged = |(i, input_i): (usize, &Input)| {
                let mut values = input_i.values.clone();
                if i == input {
                    values[at] += step;
                }
                tensor(&values, &device(), DType::F64)
            };
            let inputs: Vec<_> = self.inputs.iter().enumerate().map(nudged).collect();
            let output: Vec<f64> = (self.operation)(&inputs).try_into_vec_as().unwrap();
            let weights = self.weights(output.len());
            output.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>()
        };
        (loss(step) - loss(-step)) / (2.0 * step)
    }
}

pub fn tensor(values: &[f64], device: &Device, dtype: DType) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (device, dtype))
}

/// A layer whose parameters are part of the graph already.
pub fn linear(weight: &Tensor<1>, bias: Option<&Tensor<1>>, shape: [usize; 2]) -> Linear {
    Linear {
        weight: Param::initialized(ParamId::new(), weight.clone().reshape(shape)),
        bias: bias.map(|bias| Param::initialized(ParamId::new(), bias.clone())),
    }
}

/// One dimension, which is what a [`Case`] compares.
pub fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let n = x.shape().num_elements();
    x.reshape([n])
}
