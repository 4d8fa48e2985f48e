//! Wrong settings beside weights that are right.

use crate::folders::{named, read_config};
use crate::measure::{alone, bounded};
use crate::shapes;
use burn::tensor::Device;
use serde_json::json;
use slovo_model::{CausalLm, TransformerConfig, load_config, load_model, save_model};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const CONFIG: &str = "config.json";

fn folder(config: &TransformerConfig) -> TempDir {
    let folder = tempdir().unwrap();
    let model = CausalLm::new(config, 6, &Device::default()).unwrap();
    save_model(folder.path(), &model).unwrap();
    folder
}

/// The error that the folder gives, which must come fast and cheap and name the file.
fn fault(folder: &Path, what: &str, file: &str) -> String {
    let device = Device::default();
    let text = bounded(what, || named(load_model(folder, &device), folder, file));
    assert!(
        text.len() < 1000 && !text.contains('\x1b'),
        "{what}: {text}"
    );
    println!("{what}: {text}");
    text
}

#[test]
fn wrong_text_is_an_error_that_names_the_place() {
    let _alone = alone();
    let folder = folder(&shapes::llama());
    let folder = folder.path();
    let good = read_config(folder);
    let with = |field: &str, text: &str| {
        let mut json = good.clone();
        json[field] = json!("HERE");
        json.to_string().replace("\"HERE\"", text).into_bytes()
    };
    let deep = |open: &str, levels: usize| open.repeat(levels);
    for (what, bytes, expected) in [
        (
            "empty",
            vec![],
            "EOF while parsing a value at line 1 column 0",
        ),
        (
            "null",
            b"null".to_vec(),
            "invalid type: null, expected an object with the settings of a model",
        ),
        ("a list", b"[]".to_vec(), "config.json: "),
        (
            "cut",
            good.to_string().into_bytes()[..50].to_vec(),
            "EOF while parsing",
        ),
        (
            "not UTF-8",
            b"{\"model_type\": \"\xFF\"}".to_vec(),
            "byte 16 is not UTF-8",
        ),
        (
            "byte order mark",
            b"\xEF\xBB\xBF{}".to_vec(),
            "expected value at line 1 column 1",
        ),
        ("UTF-16", b"\xFF\xFE{\0}\0".to_vec(), "byte 0 is not UTF-8"),
        (
            "LFS",
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "Git LFS pointer",
        ),
        (
            "long",
            vec![b' '; (1 << 20) + 1],
            "has more than 1048576 bytes",
        ),
        (
            "deep list",
            deep("[", 1 << 20).into_bytes(),
            "config.json: ",
        ),
        (
            "deep objects",
            deep("{\"a\":", 200_000).into_bytes(),
            "config.json: ",
        ),
        (
            "deep unknown",
            with("unknown", &deep("[", 1_000_000)),
            "expected value at line 1",
        ),
        (
            "deep rope",
            with("rope_scaling", &deep("[", 1_000_000)),
            "config.json: ",
        ),
        (
            "deep switch",
            with("quantization_config", &deep("{\"a\":", 100_000)),
            "config.json: ",
        ),
        (
            "deep layers",
            with("layer_types", &deep("[", 1_000_000)),
            "config.json: ",
        ),
        (
            "deep number",
            with("hidden_size", &deep("[", 1_000_000)),
            "config.json: ",
        ),
        (
            "many layers",
            with("layer_types", &format!("[\"\"{}]", ",\"\"".repeat(300_000))),
            "`layer_types` is \"\"",
        ),
        (
            "many classes",
            with(
                "architectures",
                &format!("[\"\"{}]", ",\"\"".repeat(300_000)),
            ),
            "more than 16 classes",
        ),
        (
            "many switches",
            with(
                "quantization_config",
                &format!("[1{}]", ",1".repeat(500_000)),
            ),
            "`quantization_config` is given with 500001 entries",
        ),
        (
            "long class",
            with(
                "architectures",
                &format!("[\"{}\"]", "\\u001b".repeat(100_000)),
            ),
            "… (",
        ),
        (
            "long type",
            with("model_type", &format!("\"{}\"", "x".repeat(900_000))),
            "… (",
        ),
        (
            "long number",
            with("hidden_size", &"9".repeat(900_000)),
            "config.json: ",
        ),
        (
            "long word",
            with("hidden_act", &format!("\"{}\"", "x".repeat(900_000))),
            "… (",
        ),
        (
            "word for a number",
            with("hidden_size", &format!("\"{}\"", "x".repeat(900_000))),
            "…",
        ),
        (
            "infinite",
            with("rms_norm_eps", "1e400"),
            "number out of range",
        ),
        ("NaN", with("rms_norm_eps", "NaN"), "expected value"),
        (
            "negative",
            with("rms_norm_eps", "-1e-6"),
            "`norm.epsilon` is -0.000001",
        ),
        (
            "twice",
            with("x", "1,\"hidden_size\":8"),
            "duplicate field `hidden_size`",
        ),
    ] {
        fs::write(folder.join(CONFIG), &bytes).unwrap();
        let text = fault(folder, what, CONFIG);
        assert!(text.contains(expected), "{what}: {text}");
    }
}

/// Numbers that nobody means: refused before anything is made by them.
#[test]
fn huge_numbers_cost_nothing() {
    let _alone = alone();
    let device = Device::default();
    for (config, fields) in [
        (
            shapes::gpt2(),
            &[
                "vocab_size",
                "n_embd",
                "n_layer",
                "n_head",
                "n_inner",
                "n_positions",
            ][..],
        ),
        (
            shapes::llama(),
            &[
                "vocab_size",
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "intermediate_size",
                "max_position_embeddings",
            ],
        ),
    ] {
        let folder = folder(&config);
        let folder = folder.path();
        let good = read_config(folder);
        let numbers = [
            1u64 << 63,
            u64::MAX,
            1_000_000_000_000_000_000,
            1 << 48,
            1 << 40,
        ];
        for field in fields {
            for number in numbers {
                let mut json = good.clone();
                json[*field] = json!(number);
                fs::write(folder.join(CONFIG), json.to_string()).unwrap();
                let text = fault(folder, &format!("{field} {number}"), CONFIG);
                let refused = text.contains("above which nothing is built")
                    || text.contains("are wider than 4194304");
                assert!(
                    refused && text.contains("would do")
                        || text.contains("leave it out")
                        || text.contains("set it to"),
                    "{text}"
                );
            }
            // Numbers that could be meant are held against the file, but for the number of positions
            // of rotary models, which stands in no tensor.
            for number in [1u64 << 15, 1 << 22, 1 << 28] {
                let mut json = good.clone();
                json[*field] = json!(number);
                fs::write(folder.join(CONFIG), json.to_string()).unwrap();
                let rotary = *field == "max_position_embeddings";
                if rotary && number < 1 << 28 {
                    load_model(folder, &device).unwrap();
                    continue;
                }
                let what = format!("{field} {number}");
                let error = bounded(&what, || load_model(folder, &device).err());
                println!("{what}: {}", error.unwrap());
            }
        }
    }
    // Of our own shapes all tables are in the settings.
    let sinusoidal = &shapes::all()[10].1;
    let folder = folder(sinusoidal);
    let folder = folder.path();
    let mut json = read_config(folder);
    for (number, expected) in [
        (
            json!(1u64 << 28),
            "the table of positions would have 8 numbers for each",
        ),
        (json!(u64::MAX), "above which nothing is built"),
        (json!(-1), "invalid value: integer `-1`"),
    ] {
        json["transformer"]["max_seq_len"] = number;
        fs::write(folder.join(CONFIG), json.to_string()).unwrap();
        let text = fault(folder, "max_seq_len", CONFIG);
        assert!(text.contains(expected), "{text}");
    }
    json["transformer"]["max_seq_len"] = json!(1 << 25);
    json["transformer"]["n_layers"] = json!(60_000);
    fs::write(folder.join(CONFIG), json.to_string()).unwrap();
    let text = fault(folder, "n_layers", "model.safetensors");
    assert!(
        text.contains("`stack.blocks.2.attention_norm.gamma`"),
        "{text}"
    );
    load_config(folder).unwrap();
}
