//! Parameters arrive in our layout, whatever the architecture.

use crate::common::model;
use slovo_model::gguf::{Config, Gguf, names};

#[test]
fn parameters_arrive_in_our_layout() {
    let bytes = model("llama", 4).bytes();
    let file = Gguf::from_bytes("m.gguf", &bytes).unwrap();
    let config = Config::read(&file).unwrap();
    let parameters = names::parameters(&config);
    let read = |path: &str| {
        let parameter = parameters.iter().find(|p| p.path == path).unwrap();
        names::read(&file, parameter).unwrap()
    };
    // [8 rows, 8 columns] of the two key heads, value = row · 8 + column. Row 2j + a of a head in
    // the file is our row 2a + j; transposed, the first line has the first column of our rows.
    let key = read("stack.blocks.1.attention.key.weight");
    assert_eq!(key[..8], [0., 16., 8., 24., 32., 48., 40., 56.]);
    assert_eq!(key[8..16], [1., 17., 9., 25., 33., 49., 41., 57.]);
    // Values are not rotated.
    let value = read("stack.blocks.1.attention.value.weight");
    assert_eq!(value[..8], [0., 8., 16., 24., 32., 40., 48., 56.]);
    assert_eq!(read("embedding.tokens.weight")[..3], [0., 1., 2.]);
    assert_eq!(read("stack.norm.gamma"), [0., 1., 2., 3., 4., 5., 6., 7.]);
    assert_eq!(parameters.len(), file.tensors().count());

    // Qwen's rows are in our order, and its biases are there.
    let bytes = model("qwen2", 4).bytes();
    let file = Gguf::from_bytes("m.gguf", &bytes).unwrap();
    let config = Config::read(&file).unwrap();
    names::check(&file, &config).unwrap();
    let parameters = names::parameters(&config);
    assert!(config.qkv_bias && !config.output_bias && !config.feed_forward_bias);
    let find = |path: &str| parameters.iter().find(|p| p.path == path).unwrap();
    let key = names::read(&file, find("stack.blocks.0.attention.key.weight")).unwrap();
    assert_eq!(key[..8], [0., 8., 16., 24., 32., 40., 48., 56.]);
    let bias = names::read(&file, find("stack.blocks.0.attention.key.bias")).unwrap();
    assert_eq!(bias, [0., 1., 2., 3., 4., 5., 6., 7.]);

    let bytes = model("qwen3", 4).bytes();
    let file = Gguf::from_bytes("m.gguf", &bytes).unwrap();
    let config = Config::read(&file).unwrap();
    names::check(&file, &config).unwrap();
    assert!(config.qk_norm);
    let parameters = names::parameters(&config);
    let norm = parameters
        .iter()
        .find(|p| p.path == "stack.blocks.0.attention.query_norm.gamma");
    assert_eq!(norm.unwrap().shape, [4]);
}

#[test]
fn biases_of_llama_heads_are_put_back_too() {
    let mut writer = model("llama", 4);
    for block in 0..2 {
        for (name, size) in [("q", 16), ("k", 8), ("v", 8)] {
            let values: Vec<f32> = (0..size).map(|n| n as f32).collect();
            writer = writer.tensor(&format!("blk.{block}.attn_{name}.bias"), &[size], &values);
        }
    }
    let bytes = writer.bytes();
    let file = Gguf::from_bytes("m.gguf", &bytes).unwrap();
    let config = Config::read(&file).unwrap();
    names::check(&file, &config).unwrap();
    let parameters = names::parameters(&config);
    let find = |path: &str| parameters.iter().find(|p| p.path == path).unwrap();
    let bias = |name: &str| {
        names::read(
            &file,
            find(&format!("stack.blocks.0.attention.{name}.bias")),
        )
    };
    assert_eq!(bias("key").unwrap(), [0., 2., 1., 3., 4., 6., 5., 7.]);
    assert_eq!(bias("value").unwrap(), [0., 1., 2., 3., 4., 5., 6., 7.]);
}
