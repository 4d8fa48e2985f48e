//! `import` from what lies on this machine: what is written says what the source says.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod desk;
#[path = "../../../model/tests/gguf/common.rs"]
mod gguf;
mod real;
mod refusals;
#[path = "../support/mod.rs"]
mod support;

use burn::tensor::{Device, Int, Tensor};
use desk::{Desk, done};
use gguf::{flag, int, ints, text, texts};
use serde_json::{Value, json};
use slovo_data::Tokenizer;
use slovo_model::{
    MaskedLm, Pass, Placement, PositionKind, Seq2Seq, Seq2SeqConfig, TransformerConfig, load_model,
    save_model,
};
use std::fs;
use std::path::Path;
use support::Workshop;

/// The logits of a few tokens.
fn logits(path: &Path) -> Vec<f32> {
    let device = Device::default();
    let model = load_model(path, &device).unwrap();
    let tokens = Tensor::<2, Int>::from_ints([[1, 3, 5, 4, 1]], &device);
    let logits = model.forward(tokens, &mut Pass::default());
    logits.into_data().try_to_vec().unwrap()
}

#[test]
fn a_run_and_its_model_become_a_folder() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let desk = Desk::new();
    let run = workshop.run_folder();
    let run = run.to_str().unwrap();
    let said = done(&desk.run(&["import", run, "--out", "a/new"]));
    assert!(
        said.contains("decoder, llama") && said.contains(run),
        "{said}"
    );
    done(&desk.run(&["import", "a/new", "--out", "again"]));
    for folder in ["a/new", "again"] {
        let weights = fs::read(desk.path(folder).join("model.safetensors")).unwrap();
        assert_eq!(weights, workshop.weights());
        let tokenizer = fs::read(desk.path(folder).join("tokenizer.json")).unwrap();
        let theirs = workshop.run_folder().join("model/tokenizer.json");
        assert_eq!(tokenizer, fs::read(theirs).unwrap());
        let args = [
            "generate",
            "--prompt",
            "the king ",
            "--seed",
            "5",
            "--model",
        ];
        let speak = |model: &str| done(&desk.run(&[&args[..], &[model]].concat()));
        assert_eq!(speak(folder), speak(run));
    }
    assert_eq!(desk.names("a"), ["new"]);
    let found = done(&desk.run(&["inspect", "again", "--json"]));
    let found: Value = serde_json::from_str(&found).unwrap();
    let origin = &found["provenance"];
    assert_eq!(
        (&origin["stage"], &origin["source"]),
        (&json!("import"), &json!("a/new"))
    );
    let sum = slovo_data::files::sha256_hex(&workshop.weights());
    assert_eq!(origin["weights"]["model.safetensors"], sum);
}

#[test]
fn a_gguf_file_becomes_a_folder() {
    let desk = Desk::new();
    let tokens = ["<s>", "a", "b", "ab", "c", "d", "e", "f", "</s>", "</turn>"];
    let file = gguf::model("llama", 2)
        .key("tokenizer.ggml.model", text("gpt2"))
        .key("tokenizer.ggml.pre", text("smollm"))
        .key("tokenizer.ggml.tokens", texts(&tokens))
        .key(
            "tokenizer.ggml.token_type",
            ints(&[3, 1, 1, 1, 1, 1, 1, 1, 3, 3]),
        )
        .key("tokenizer.ggml.merges", texts(&["a b"]))
        .key("tokenizer.ggml.bos_token_id", int(0))
        .key("tokenizer.ggml.eos_token_id", int(8))
        .key("tokenizer.ggml.eot_token_id", int(9))
        .key("tokenizer.ggml.add_bos_token", flag(false))
        .key("tokenizer.chat_template", text("{{ messages }}"));
    desk.write("m.gguf", file.bytes());
    let said = done(&desk.run(&["import", "m.gguf", "--out", "out", "--json"]));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["family"], &said["vocabulary"]),
        (&json!("llama"), &json!(10))
    );
    assert_eq!(logits(&desk.path("out")), logits(&desk.path("m.gguf")));
    let config = desk.json("out/config.json");
    assert_eq!(
        (&config["bos_token_id"], &config["eos_token_id"]),
        (&json!(0), &json!(8))
    );
    // Both the end of a text and the end of a turn.
    assert_eq!(
        desk.json("out/generation_config.json")["eos_token_id"],
        json!([8, 9])
    );
    let settings = desk.json("out/tokenizer_config.json");
    assert_eq!(settings["chat_template"], "{{ messages }}");
    assert_eq!(settings["eos_token"], "</s>");
    let tokenizer = Tokenizer::from_file(&desk.path("out")).unwrap();
    assert_eq!(tokenizer.encode("cab").unwrap(), [4, 3]);
    let origin = fs::read_to_string(desk.path("out/slovo.ron")).unwrap();
    assert!(origin.contains("m.gguf"), "{origin}");
}

#[test]
fn what_a_folder_says_beside_the_weights_goes_along() {
    let desk = Desk::new();
    desk.whole_model("hf");
    let mut config = desk.json("hf/config.json");
    (config["bos_token_id"], config["eos_token_id"]) = (json!(7), json!([7, 256]));
    // No token of this model.
    config["pad_token_id"] = json!(50256);
    desk.write("hf/config.json", config.to_string());
    let files = [
        (
            "tokenizer_config.json",
            r#"{"pad_token": {"content": "<|endoftext|>"}}"#,
        ),
        ("generation_config.json", r#"{"temperature": 0.6}"#),
        ("chat_template.jinja", "{{ messages }}"),
        ("1_Pooling/config.json", "{}"),
    ];
    for (name, contents) in files {
        desk.write(&format!("hf/{name}"), contents);
    }
    desk.write("hf/README.md", "# Not needed");
    // One shard and its list.
    let shard = "model-00001-of-00001.safetensors";
    fs::rename(
        desk.path("hf/model.safetensors"),
        desk.path("hf").join(shard),
    )
    .unwrap();
    let index = json!({ "weight_map": { "transformer.wte.weight": shard } });
    desk.write("hf/model.safetensors.index.json", index.to_string());
    done(&desk.run(&["import", "hf", "--out", "out"]));
    assert_eq!(logits(&desk.path("out")), logits(&desk.path("hf")));
    for (name, contents) in files {
        let found = fs::read_to_string(desk.path("out").join(name)).unwrap();
        assert_eq!(found, contents);
    }
    assert!(!desk.path("out/README.md").exists());
    let config = desk.json("out/config.json");
    assert_eq!(config["eos_token_id"], json!([7, 256]));
    assert_eq!(config["bos_token_id"], 7);
    assert_eq!(config["pad_token_id"], 256);
}

#[test]
fn weights_may_come_alone() {
    let desk = Desk::new();
    desk.model("hf");
    let said = done(&desk.run(&["import", "hf", "--out", "out", "--no-tokenizer"]));
    assert!(said.contains("no tokenizer"), "{said}");
    assert_eq!(
        desk.names("out"),
        ["config.json", "model.safetensors", "slovo.ron"]
    );
    assert_eq!(logits(&desk.path("out")), logits(&desk.path("hf")));
    done(&desk.run(&["inspect", "out"]));
}

#[test]
fn every_kind_is_read_and_written() {
    let desk = Desk::new();
    let device = Device::default();
    let shape = TransformerConfig {
        vocab_size: 257,
        d_model: 16,
        n_layers: 1,
        n_heads: 2,
        max_seq_len: 32,
        position: PositionKind::Sinusoidal,
        ..TransformerConfig::default()
    };
    let encoder = TransformerConfig {
        causal: false,
        placement: Placement::Post,
        embedding_norm: true,
        segments: 2,
        ..shape.clone()
    };
    let masked = MaskedLm::new(&encoder, 1, &device).unwrap();
    save_model(desk.path("masked"), &masked).unwrap();
    let pairs = Seq2Seq::new(&Seq2SeqConfig::new(shape), 2, &device).unwrap();
    save_model(desk.path("pairs"), &pairs).unwrap();
    for (folder, kind) in [
        ("masked", "encoder for masked words"),
        ("pairs", "encoder–decoder"),
    ] {
        let tokenizer = Tokenizer::bytes().unwrap();
        tokenizer
            .save(&desk.path(folder).join("tokenizer.json"))
            .unwrap();
        let out = format!("new-{folder}");
        let said = done(&desk.run(&["import", folder, "--out", &out]));
        assert!(said.contains(kind), "{said}");
        let weights = |folder| fs::read(desk.path(folder).join("model.safetensors")).unwrap();
        assert_eq!(weights(folder), weights(&out));
        let [mut before, after] =
            [folder, &out].map(|name| desk.json(&format!("{name}/config.json")));
        // Beside what the tokenizer knows it says the same.
        for (name, value) in after.as_object().unwrap() {
            if name.ends_with("_token_id") {
                before[name] = value.clone();
            }
        }
        assert_eq!(before, after);
    }
}

#[test]
fn older_tokenizers_are_converted() {
    let desk = Desk::new();
    desk.model("hf");
    let bytes = desk.path("bytes.json");
    let tokenizer = Tokenizer::bytes().unwrap();
    tokenizer.save(&bytes).unwrap();
    let vocabulary = &desk.json("bytes.json")["model"]["vocab"];
    let mut vocabulary = vocabulary.as_object().unwrap().clone();
    vocabulary.insert("<|endoftext|>".into(), json!(256));
    desk.write("hf/vocab.json", Value::Object(vocabulary).to_string());
    desk.write("hf/merges.txt", "#version: 0.2\n");
    done(&desk.run(&["import", "hf", "--out", "out"]));
    let made = Tokenizer::from_file(&desk.path("out")).unwrap();
    assert_eq!(
        made.encode("naïve!").unwrap(),
        tokenizer.encode("naïve!").unwrap()
    );
    assert_eq!(made.end_of_text(), Some(256));
    assert_eq!(desk.json("out/config.json")["eos_token_id"], 256);
    fs::remove_dir_all(desk.path("out")).unwrap();
    // Their words are cut in another way.
    let mut config = desk.json("hf/config.json");
    config["model_type"] = json!("qwen2");
    desk.write("hf/config.json", config.to_string());
    desk.refused(
        "hf",
        &["vocab.json with merges.txt", "for gpt2 only", "\"qwen2\""],
    );
}
