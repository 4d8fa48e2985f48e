//! Wrong files in a model folder: each is named, and nothing that was there is lost.

use crate::folder::{load, read_config, read_tensors, saved, write_config, write_tensors};
use crate::{fresh, parameters, shapes};
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use slovo_model::save_model;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// The text of the error that loading a changed folder gives; it must name `file`.
fn refusal(folder: &Path, file: &str) -> String {
    let text = load(folder).unwrap_err().to_string();
    let path = folder.join(file).display().to_string();
    assert!(text.starts_with(&path), "{text:?} should begin with {path}");
    text
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn wrong_weights_are_named() {
    let weights = "model.safetensors";
    let (folder, _) = saved(&shapes::gpt2());
    let folder = folder.path();
    let good = read_tensors(folder);

    let mut contents = good.clone();
    contents.remove("transformer.h.1.ln_2.bias");
    write_tensors(folder, weights, &contents);
    has(
        &refusal(folder, weights),
        &["`transformer.h.1.ln_2.bias`", "[8]", "missing"],
    );

    let mut contents = good.clone();
    let wide = (Dtype::F32, vec![13, 8], vec![0; 4 * 13 * 8]);
    contents.insert("transformer.wte.weight".into(), wide);
    write_tensors(folder, weights, &contents);
    has(
        &refusal(folder, weights),
        &["`transformer.wte.weight`", "[13, 8]", "[11, 8]"],
    );

    let mut contents = good.clone();
    contents.insert(
        "transformer.h.2.ln_1.bias".into(),
        (Dtype::F32, vec![8], vec![0; 32]),
    );
    write_tensors(folder, weights, &contents);
    has(
        &refusal(folder, weights),
        &["`transformer.h.2.ln_1.bias`", "no part of the model"],
    );

    let mut contents = good.clone();
    contents.insert(
        "transformer.ln_f.bias".into(),
        (Dtype::I32, vec![8], vec![0; 32]),
    );
    write_tensors(folder, weights, &contents);
    has(
        &refusal(folder, weights),
        &["`transformer.ln_f.bias`", "I32", "BF16"],
    );

    // A tied head may be there too as long as it is the same.
    let mut contents = good.clone();
    let head = contents["transformer.wte.weight"].clone();
    contents.insert("lm_head.weight".into(), head);
    write_tensors(folder, weights, &contents);
    load(folder).unwrap();
    contents.get_mut("lm_head.weight").unwrap().2[5] ^= 1;
    write_tensors(folder, weights, &contents);
    has(
        &refusal(folder, weights),
        &["`lm_head.weight`", "tie_word_embeddings"],
    );

    write_tensors(folder, weights, &good);
    let bytes = fs::read(folder.join(weights)).unwrap();
    for length in [0, 4, 100, bytes.len() - 1] {
        fs::write(folder.join(weights), &bytes[..length]).unwrap();
        has(&refusal(folder, weights), &["cut short", "again"]);
    }
    fs::remove_file(folder.join(weights)).unwrap();
    refusal(folder, weights);
}

#[test]
fn a_wrong_config_is_named() {
    let config = "config.json";
    let (folder, _) = saved(&shapes::gpt2());
    let folder = folder.path();
    let good = read_config(folder);
    let change = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        write_config(folder, &changed);
    };
    let drop = |field: &str| {
        let mut changed = good.clone();
        changed.as_object_mut().unwrap().remove(field);
        changed[format!("{field}s")] = json!(8);
        write_config(folder, &changed);
    };
    drop("n_embd");
    has(
        &refusal(folder, config),
        &["missing field `n_embd`", "line"],
    );
    drop("model_type");
    has(&refusal(folder, config), &["missing field `model_type`"]);
    change("n_head", json!("four"));
    has(&refusal(folder, config), &["four", "line 1 column"]);
    change("n_head", json!(3));
    has(&refusal(folder, config), &["`n_heads` is 3", "2 would do"]);
    change("model_type", json!("mamba"));
    has(&refusal(folder, config), &["\"mamba\"", "\"llama\""]);
    change("activation_function", json!("mish"));
    has(
        &refusal(folder, config),
        &["`activation_function`", "\"mish\"", "\"gelu_new\""],
    );
    change("scale_attn_by_inverse_layer_idx", json!(true));
    has(
        &refusal(folder, config),
        &["`scale_attn_by_inverse_layer_idx` is true"],
    );
    fs::write(folder.join(config), &good.to_string()[..40]).unwrap();
    has(&refusal(folder, config), &["EOF", "line 1"]);
    fs::remove_file(folder.join(config)).unwrap();
    refusal(folder, config);

    let (folder, _) = saved(&shapes::llama());
    let folder = folder.path();
    let mut changed = read_config(folder);
    changed["rope_scaling"] = json!({"rope_type": "yarn", "factor": 4.0});
    write_config(folder, &changed);
    has(
        &refusal(folder, config),
        &["rope_type", "\"yarn\"", "\"llama3\""],
    );
    changed["rope_scaling"] = json!({"rope_type": "llama3", "factor": 4.0});
    write_config(folder, &changed);
    has(&refusal(folder, config), &["rope_scaling", "missing"]);
    changed["rope_scaling"] = Value::Null;
    changed["pretraining_tp"] = json!(2);
    write_config(folder, &changed);
    has(&refusal(folder, config), &["`pretraining_tp` is 2", "1"]);
    changed["pretraining_tp"] = json!(1);
    changed["layer_types"] = json!(["full_attention", "linear_attention"]);
    write_config(folder, &changed);
    let field = "`layer_types` is \"linear_attention\"";
    has(&refusal(folder, config), &[field]);

    let (folder, _) = saved(&shapes::all()[2].1);
    let folder = folder.path();
    let mut changed = read_config(folder);
    changed["transformer"]["n_head"] = json!(3);
    write_config(folder, &changed);
    has(&refusal(folder, config), &["unknown field `n_head`"]);
}

#[test]
fn a_save_that_fails_keeps_what_was_there() {
    let (folder, model) = saved(&shapes::gpt2());
    // A folder stands where the file is first written, so that even root cannot write it.
    fs::create_dir(folder.path().join("model.safetensors.tmp")).unwrap();
    let other = fresh(&shapes::gpt2(), 99);
    let error = save_model(folder.path(), &other).unwrap_err().to_string();
    assert!(error.contains("model.safetensors"), "{error}");
    assert_eq!(
        parameters(&load(folder.path()).unwrap()),
        parameters(&model)
    );

    // Nothing half-written stays behind when the last step fails: a folder is in the way.
    let blocked = tempdir().unwrap();
    let file = blocked.path().join("config.json");
    fs::create_dir_all(file.join("in the way")).unwrap();
    let error = save_model(blocked.path(), &model).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
    assert!(!blocked.path().join("config.json.tmp").exists());

    let file = folder.path().join("config.json");
    let error = save_model(&file, &model).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
}
