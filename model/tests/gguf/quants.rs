//! Each type of tensor against what the `gguf` package makes of the same bytes.

use slovo_model::gguf::{Gguf, TensorKind};

#[test]
fn values_are_those_of_the_reference_bit_by_bit() {
    let file = Gguf::from_bytes("quants.gguf", include_bytes!("data/quants.gguf")).unwrap();
    let mut kinds = Vec::new();
    for tensor in file.tensors() {
        let Some(expected) = file.tensor(&format!("{}.expected", tensor.name())) else {
            continue;
        };
        assert_eq!(tensor.name(), tensor.kind().name());
        assert_eq!(tensor.shape(), expected.shape());
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let (found, expected) = (tensor.values().unwrap(), expected.values().unwrap());
        assert_eq!(found.len(), tensor.shape().iter().product::<usize>());
        assert_eq!(bits(found), bits(expected), "{}", tensor.name());
        kinds.push(tensor.kind());
    }
    use TensorKind::*;
    assert_eq!(kinds, [BF16, F16, F32, Q4_0, Q4_1, Q4_K, Q6_K, Q8_0]);
}
