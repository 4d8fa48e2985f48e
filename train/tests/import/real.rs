//! The world's models: what is imported says what `transformers` says of them.

use crate::desk::{Desk, done};
use serde_json::Value;
use slovo_data::Tokenizer;
use std::fs;
use std::path::{Path, PathBuf};

/// Files of the world's models, in the folder that `SLOVO_WEIGHTS` names.
fn real(name: &str) -> Option<(PathBuf, Value)> {
    let Some(weights) = std::env::var_os("SLOVO_WEIGHTS") else {
        eprintln!("skipped: SLOVO_WEIGHTS names no folder with {name}");
        return None;
    };
    let path = Path::new(&weights).join(name);
    let golden = Path::new(name).components().next().unwrap();
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden"));
    let golden = shared.join(golden).with_extension("json");
    for path in [&path, &golden] {
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            return None;
        }
    }
    let golden = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    Some((path, golden))
}

#[test]
fn smollm2_says_what_it_says_elsewhere() {
    let Some((file, golden)) = real("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf") else {
        return;
    };
    let desk = Desk::new();
    let said = done(&desk.run(&["import", file.to_str().unwrap(), "--out", "out"]));
    assert!(said.contains("134,515,008"), "{said}");
    let tokenizer = Tokenizer::from_file(&desk.path("out")).unwrap();
    let ids = |value: &Value| serde_json::from_value::<Vec<u32>>(value.clone()).unwrap();
    for case in golden["nll"].as_array().unwrap() {
        let found = tokenizer.encode(case["text"].as_str().unwrap()).unwrap();
        assert_eq!(found, ids(&case["ids"]));
    }
    let case = &golden["greedy"][0];
    let expected = ids(&case["greedy_ids"]);
    let tokens = expected.len().to_string();
    let said = done(&desk.run(&[
        "generate",
        "--model",
        "out",
        "--temperature",
        "0",
        "--tokens",
        &tokens,
        "--prompt",
        case["prompt"].as_str().unwrap(),
    ]));
    let text = tokenizer.decode(&expected).unwrap();
    let whole = format!("{}{text}", case["prompt"].as_str().unwrap());
    assert_eq!(said.trim_end(), whole.trim_end());
    let template = &desk.json("out/tokenizer_config.json")["chat_template"];
    assert!(template.as_str().unwrap().contains("<|im_start|>assistant"));
}
