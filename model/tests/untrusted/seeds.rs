//! Makes the seeds of the fuzz targets.

use crate::common::{full, int, model, text};
use crate::folders::{Contents, file_of};
use crate::shapes;
use burn::tensor::Device;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use slovo_model::{CausalLm, MaskedLm, TransformerConfig, save_model};
use std::fs;

/// Names and contents of a target's seeds; those that are to be refused begin with `wrong-`.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "safetensors" => safetensors(),
        "index" => index(),
        "config" => config(),
        _ => gguf(),
    }
}

fn named(name: &str, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.into(), bytes.into())
}

fn safetensors() -> Vec<(String, Vec<u8>)> {
    let counting = |n: usize| (0..n).map(|at| at as u8).collect::<Vec<_>>();
    let tensor = |dtype: Dtype, shape: &[usize]| {
        let bits = shape.iter().product::<usize>() * dtype.bitsize();
        (dtype, shape.to_vec(), counting(bits / 8))
    };
    let contents = |list: &[(&str, Dtype, &[usize])]| -> Contents {
        let entry = |(name, dtype, shape): &(&str, Dtype, &[usize])| {
            ((*name).to_owned(), tensor(*dtype, shape))
        };
        list.iter().map(entry).collect()
    };
    let plain = file_of(&contents(&[
        ("model.embed_tokens.weight", Dtype::F32, &[3, 4]),
        ("model.norm.weight", Dtype::F32, &[4]),
    ]));
    let mixed = file_of(&contents(&[
        ("half", Dtype::F16, &[2, 3]),
        ("brain", Dtype::BF16, &[5]),
        ("scalar", Dtype::F32, &[]),
        ("nothing", Dtype::F32, &[0, 7]),
    ]));
    let other = file_of(&contents(&[
        ("ids", Dtype::I64, &[2]),
        ("mask", Dtype::BOOL, &[3]),
    ]));
    let mut long = plain.clone();
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let by_hand = |header: &str, values: usize| {
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], header.as_bytes(), &vec![1; values]].concat()
    };
    let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
    let product = r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#;
    let about = r#"{"__metadata__":{"format":"pt","nested":"{\"a\":[1]}"},"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}"#;
    vec![
        named("plain-floats", &*plain),
        named("plain-formats", mixed),
        named("plain-metadata", by_hand(about, 4)),
        named("plain-nothing", by_hand("{}", 0)),
        named("wrong-formats", other),
        named("wrong-length", long),
        named("wrong-overlap", by_hand(overlap, 12)),
        named("wrong-product", by_hand(product, 4)),
        named("wrong-cut", &plain[..plain.len() - 2]),
        named(
            "wrong-pointer",
            "version https://git-lfs.github.com/spec/v1\nsize 5\n",
        ),
    ]
}

fn index() -> Vec<(String, Vec<u8>)> {
    let shard = |number| format!("model-0000{number}-of-00002.safetensors");
    let good = json!({
        "metadata": {"total_size": 123},
        "weight_map": {"a.weight": shard(1), "b.weight": shard(2), "b.bias": shard(2)},
    });
    let outside = json!({"weight_map": {"a": "../model.safetensors"}});
    let twice = r#"{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}"#;
    vec![
        named("plain-two-shards", format!("{good:#}")),
        named("wrong-outside", outside.to_string()),
        named("wrong-twice", twice),
        named("wrong-empty", r#"{"weight_map":{}}"#),
    ]
}

/// What we write for each family, and settings of others.
fn config() -> Vec<(String, Vec<u8>)> {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let written = || fs::read(folder.path().join("config.json")).unwrap();
    let decoder = |config: &TransformerConfig| {
        let model = CausalLm::new(config, 1, &device).unwrap();
        save_model(folder.path(), &model).unwrap();
        written()
    };
    let encoder = |config: &TransformerConfig| {
        let model = MaskedLm::new(config, 1, &device).unwrap();
        save_model(folder.path(), &model).unwrap();
        written()
    };
    let all = shapes::all();
    let shape = |name: &str| &all.iter().find(|(known, _)| *known == name).unwrap().1;
    let llama: Value = serde_json::from_slice(&decoder(&shapes::llama())).unwrap();
    let with = |field: &str, value: Value| {
        let mut json = llama.clone();
        json[field] = value;
        json.to_string()
    };
    let newest = with(
        "rope_parameters",
        json!({
            "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8,
        }),
    );
    vec![
        named("plain-gpt2", decoder(&shapes::gpt2())),
        named("plain-llama", llama.to_string()),
        named("plain-llama-5", newest),
        named("plain-mistral", decoder(shape("mistral"))),
        named("plain-qwen2", decoder(shape("qwen2"))),
        named("plain-qwen3", decoder(shape("qwen3"))),
        named("plain-bert", encoder(&shapes::bert())),
        named("plain-distilbert", encoder(&shapes::distilbert())),
        named("plain-slovo", decoder(shape("vaswani"))),
        named(
            "wrong-yarn",
            with("rope_scaling", json!({"rope_type": "yarn", "factor": 4.0})),
        ),
        named(
            "wrong-layers",
            with("num_hidden_layers", json!(1_000_000_000_000_000_000u64)),
        ),
        named(
            "wrong-class",
            with("architectures", json!(["LlamaForTokenClassification"])),
        ),
        named("wrong-deep", format!("{{\"a\":{}", "[".repeat(300))),
    ]
}

fn gguf() -> Vec<(String, Vec<u8>)> {
    let tokens = [
        "<unk>", "<s>", "</s>", "▁a", "b", "▁", "a", "<0x0A>", "c", "d",
    ];
    let sentencepiece = model("llama", 2)
        .key("tokenizer.ggml.model", text("llama"))
        .key("tokenizer.ggml.tokens", crate::common::texts(&tokens))
        .key(
            "tokenizer.ggml.scores",
            crate::common::floats(&[0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0, 0.0, -5.0, -6.0]),
        )
        .key(
            "tokenizer.ggml.token_type",
            crate::common::ints(&[2, 3, 3, 1, 1, 1, 1, 6, 1, 1]),
        )
        .key("tokenizer.ggml.bos_token_id", int(1))
        .key("tokenizer.ggml.eos_token_id", int(2))
        .key("tokenizer.ggml.unknown_token_id", int(0));
    let whole = full().bytes();
    vec![
        named("plain-bpe", &*whole),
        named("plain-sentencepiece", sentencepiece.bytes()),
        named("plain-qwen3", tokens_of(model("qwen3", 6)).bytes()),
        named("plain-qwen2", tokens_of(model("qwen2", 2)).bytes()),
        named("wrong-without-tokenizer", model("llama", 2).bytes()),
        named("wrong-cut", &whole[..whole.len() - 9]),
        named("wrong-counts", full().with_counts(3, u64::MAX, u64::MAX)),
        named(
            "wrong-blocks",
            full().set("llama.block_count", int(u32::MAX)).bytes(),
        ),
        named("wrong-version", full().with_counts(1, 20, 18)),
    ]
}

/// The tokenizer of [`full`] in another model.
fn tokens_of(writer: crate::common::Writer) -> crate::common::Writer {
    let tokens = ["<s>", "a", "b", "ab", "c", "d", "e", "f", "g", "h"];
    writer
        .key("tokenizer.ggml.model", text("gpt2"))
        .key("tokenizer.ggml.pre", text("qwen2"))
        .key("tokenizer.ggml.tokens", crate::common::texts(&tokens))
        .key("tokenizer.ggml.merges", crate::common::texts(&["a b"]))
}
