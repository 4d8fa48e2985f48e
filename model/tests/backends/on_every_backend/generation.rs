//! At temperature 0 every backend continues a text alike.

use crate::{devices, shapes, tensors};
use burn::tensor::Device;
use slovo_model::{CausalLm, GenerateOptions, Sampling, TransformerConfig};
use std::ops::ControlFlow;

fn continuation(config: &TransformerConfig, device: &Device) -> Vec<u32> {
    let mut model = CausalLm::new(config, 9, device).unwrap();
    // Fresh weights are so small that two tokens may be equally likely but for rounding.
    tensors::shake(&mut model);
    let go_on = |_| ControlFlow::Continue(());
    let greedy = GenerateOptions {
        sampling: Sampling::greedy(),
        ..GenerateOptions::new(40)
    };
    model.generate(&[3, 1, 4], &greedy, go_on).unwrap()
}

#[test]
fn greedy_tokens_are_the_cpus() {
    let config = |shape: TransformerConfig| TransformerConfig {
        vocab_size: 60,
        max_seq_len: 48,
        ..shape
    };
    for config in [config(shapes::gpt2()), config(shapes::llama())] {
        let expected = continuation(&config, &devices::reference());
        assert_eq!(expected.len(), 40);
        for (name, device) in devices::others() {
            assert_eq!(continuation(&config, &device), expected, "{name}");
        }
    }
}
