//! Numbers into and out of tensors and models.

#![allow(dead_code)] // no test binary uses all of it

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;

/// `[batch, seq]` ids that look random and stay below `vocab_size`.
pub fn ids(batch: usize, seq: usize, vocab_size: usize, device: &Device) -> Tensor<2, Int> {
    let mut state = 12345u64;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as i64 % vocab_size as i64
    };
    let ids: Vec<i64> = (0..batch * seq).map(|_| next()).collect();
    Tensor::from_data(TensorData::new(ids, [batch, seq]), device)
}

/// The numbers of a tensor, row by row.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

/// Largest distance between two tensors, relative to the largest value of the second.
pub fn distance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (floats(a), floats(b));
    let scale = b.iter().fold(0f32, |max, b| max.max(b.abs()));
    a.iter()
        .zip(&b)
        .fold(0f32, |max, (a, b)| max.max((a - b).abs()))
        / scale
}

/// All parameters by path, as bits.
pub fn parameters(model: &impl Module) -> BTreeMap<String, Vec<u32>> {
    struct Visitor {
        path: Vec<String>,
        found: BTreeMap<String, Vec<u32>>,
    }
    impl ModuleVisitor for Visitor {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let bits = floats(param.val()).into_iter().map(f32::to_bits).collect();
            let before = self.found.insert(self.path.join("."), bits);
            assert!(
                before.is_none(),
                "two parameters share the path {}",
                self.path.join(".")
            );
        }
    }
    let mut visitor = Visitor {
        path: Vec::new(),
        found: BTreeMap::new(),
    };
    model.visit(&mut visitor);
    visitor.found
}

/// Adds noise to every parameter of a model.
pub fn shake<M: Module>(model: &mut M) {
    struct Mapper(usize);
    impl ModuleMapper for Mapper {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|value| {
                let shape = value.shape();
                let noise = (0..shape.num_elements()).map(|i| {
                    self.0 += 1;
                    0.4 * (((i + self.0) * 7919) as f64 * 12.9898).sin() as f32
                });
                let data = TensorData::new(noise.collect::<Vec<_>>(), shape);
                let noise = Tensor::<D>::from_data(data, &value.device());
                value + noise
            })
        }
    }
    *model = model.clone().map(&mut Mapper(0));
}
