//! A loss and its gradients do not depend on how many threads compute them.
#![cfg(feature = "fused")]
#![allow(clippy::unwrap_used)]

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use slovo_model::{CausalLm, Pass, TransformerConfig};

/// The bits of all gradients.
struct Bits<'a> {
    gradients: &'a Gradients,
    bits: Vec<u32>,
}

impl ModuleVisitor for Bits<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).unwrap();
        let values: Vec<f32> = gradient.try_into_vec_as().unwrap();
        self.bits.extend(values.iter().map(|x| x.to_bits()));
    }
}

/// A step large enough for every operation to share its work.
fn step(preset: &str) -> Vec<u32> {
    let device = Device::flex().autodiff();
    let config = TransformerConfig {
        vocab_size: 1000,
        d_model: 128,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: None,
        head_dim: None,
        d_ff: Some(384),
        max_seq_len: 160,
        dropout: 0.1,
        ..TransformerConfig::preset(preset).unwrap()
    };
    let model = CausalLm::new(&config, 1, &device).unwrap();
    let tokens: Vec<i64> = (0..320).map(|i| i * 7919 % 1000).collect();
    let tokens = |device: &Device| {
        Tensor::<2, Int>::from_data(TensorData::new(tokens.clone(), [2, 160]), device)
    };
    let loss = model.loss(
        tokens(&device),
        tokens(&device),
        None,
        &mut Pass::training(3),
    );
    let mut bits = Bits {
        gradients: &loss.backward(),
        bits: Vec::new(),
    };
    model.visit(&mut bits);
    let loss: Vec<f32> = loss.inner().try_into_vec_as().unwrap();
    bits.bits.push(loss[0].to_bits());
    bits.bits
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for preset in ["gpt2-124m", "llama-3.2-1b"] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| step(preset))
        };
        let one = with(1);
        assert!(one.len() > 100_000);
        for threads in [2, 3, 7] {
            assert!(one == with(threads), "{preset}: {threads} threads");
        }
    }
}
