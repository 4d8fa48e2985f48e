//! Whether a model is worth keeping.

use super::evaluation::read;
use crate::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Whether every parameter is a finite number: what is not goes through any sum.
///
/// # Errors
///
/// When the device fails.
pub fn is_finite<M: Module>(module: &M) -> Result<bool> {
    let mut sums = Sums::default();
    module.visit(&mut sums);
    if sums.0.is_empty() {
        return Ok(true);
    }
    // The sum of each parameter by itself, so that large ones cannot cancel out or overflow.
    let sums = read(Tensor::cat(sums.0, 0))?;
    Ok(sums.iter().all(|sum| sum.is_finite()))
}

#[derive(Default)]
struct Sums(Vec<Tensor<1>>);

impl ModuleVisitor for Sums {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().inner().sum());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    #[test]
    fn one_number_that_is_none_is_found() {
        let mut linear = LinearConfig::new(3, 3).init(&Device::default().autodiff());
        assert!(is_finite(&linear).unwrap());
        linear.bias = linear.bias.map(|bias| {
            bias.map(|bias| {
                let spoilt = Tensor::from_data([0.0, f32::NAN, 0.0], &bias.device());
                bias + spoilt
            })
        });
        assert!(!is_finite(&linear).unwrap());
    }
}
