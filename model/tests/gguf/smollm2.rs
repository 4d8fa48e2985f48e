//! A real file: SmolLM2-135M-Instruct, in the folder that `SLOVO_WEIGHTS` names, against what
//! `transformers` computed from the same weights.

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::{Value, json};
use slovo_model::gguf::{Architecture, Config, Gguf, names, tokenizer};
use slovo_model::{GenerateOptions, Pass, RopeScaling, Sampling, load_model};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

/// The file and the numbers expected of it, unless one of them is not there.
fn real() -> Option<(PathBuf, Value)> {
    let Some(weights) = std::env::var_os("SLOVO_WEIGHTS") else {
        eprintln!("skipped: SLOVO_WEIGHTS names no folder with smollm2/");
        return None;
    };
    let path = Path::new(&weights).join("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden"));
    let golden = shared.join("smollm2.json");
    for path in [&path, &golden] {
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            return None;
        }
    }
    let golden = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    Some((path, golden))
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn smollm2_predicts_what_transformers_predicts() {
    let Some((path, golden)) = real() else { return };
    let device = Device::flex();
    let model = load_model(&path, &device).unwrap();
    for case in golden["nll"].as_array().unwrap() {
        let ids: Vec<i64> = ids(&case["ids"]).into_iter().map(i64::from).collect();
        let n = ids.len() - 1;
        let tensor = |ids: &[i64]| {
            Tensor::<2, Int>::from_data(TensorData::new(ids.to_vec(), [1, n]), &device)
        };
        let (inputs, targets) = (tensor(&ids[..n]), tensor(&ids[1..]));
        let loss = model.loss(inputs, targets, None, &mut Pass::default());
        let loss = f64::from(loss.into_scalar::<f32>()) / n as f64;
        let expected = case["mean_nll"].as_f64().unwrap();
        assert!((loss - expected).abs() < 1e-3, "{loss} {expected}");
    }
    for case in golden["greedy"].as_array().unwrap() {
        let expected = ids(&case["greedy_ids"]);
        let options = GenerateOptions {
            sampling: Sampling::greedy(),
            ..GenerateOptions::new(expected.len())
        };
        let go_on = |_| ControlFlow::Continue(());
        let found = model.generate(&ids(&case["prompt_ids"]), &options, go_on);
        assert_eq!(found.unwrap(), expected);
    }
}

#[test]
fn smollm2_is_read_whole_and_its_token_ids_are_the_golden_ones() {
    let Some((path, golden)) = real() else { return };
    let file = Gguf::open(&path).unwrap();
    let config = Config::read(&file).unwrap();
    let expected = Config {
        architecture: Architecture::Llama,
        vocab_size: 49152,
        embedding_length: 576,
        block_count: 30,
        feed_forward_length: 1536,
        head_count: 9,
        head_count_kv: 3,
        head_dim: 64,
        rope_dimensions: 64,
        rope_theta: 100_000.0,
        rope_scaling: RopeScaling::None,
        context_length: 8192,
        rms_epsilon: 1e-5,
        tied: true,
        sliding_window: None,
        qk_norm: false,
        qkv_bias: false,
        output_bias: false,
        feed_forward_bias: false,
        bos_id: Some(1),
        eos_id: Some(2),
        end_ids: vec![2],
    };
    assert_eq!(config, expected);
    names::check(&file, &config).unwrap();

    let mut count = 0;
    for parameter in names::parameters(&config) {
        let values = names::read(&file, &parameter).unwrap();
        assert_eq!(values.len(), parameter.shape.iter().product::<usize>());
        assert!(
            values.iter().all(|value| value.is_finite()),
            "{}",
            parameter.path
        );
        count += values.len();
    }
    assert_eq!(count, 134_515_008);

    let files = tokenizer::read(&file).unwrap();
    let tokenizer = Tokenizer::from_bytes(files.tokenizer.to_string()).unwrap();
    let cases = golden["nll"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (&case["text"], &case["ids"]));
    let greedy = golden["greedy"].as_array().unwrap();
    let cases = cases.chain(
        greedy
            .iter()
            .map(|case| (&case["prompt"], &case["prompt_ids"])),
    );
    for (text, ids) in cases {
        let text = text.as_str().unwrap();
        let found = tokenizer.encode_fast(text, true).unwrap();
        assert_eq!(&json!(found.get_ids()), ids, "{text:?}");
        assert_eq!(tokenizer.decode(found.get_ids(), false).unwrap(), text);
    }
    for case in greedy {
        let ids: Vec<u32> = serde_json::from_value(case["greedy_ids"].clone()).unwrap();
        assert_eq!(
            tokenizer.decode(&ids, false).unwrap(),
            case["greedy_text"].as_str().unwrap()
        );
    }
    assert_eq!(files.config["bos_token"], "<|im_start|>");
    assert_eq!(files.config["eos_token"], "<|im_end|>");
    assert_eq!(files.config["add_bos_token"], false);
    assert!(
        files.config["chat_template"]
            .as_str()
            .unwrap()
            .contains("<|im_start|>")
    );
}
