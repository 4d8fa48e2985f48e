//! The model folder: what is saved comes back bit by bit, and what others saved is read.

use crate::{floats, fresh, ids, parameters, shapes};
use burn::tensor::Device;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde_json::{Value, json};
use slovo_model::{
    CausalLm, Pass, PositionKind, RopeScaling, TransformerConfig, WeightsError, load_config,
    load_model, save_model,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

pub fn saved(config: &TransformerConfig) -> (TempDir, CausalLm) {
    let folder = tempdir().unwrap();
    let model = fresh(config, 6);
    save_model(folder.path(), &model).unwrap();
    (folder, model)
}

pub fn load(folder: &Path) -> Result<CausalLm, WeightsError> {
    load_model(folder, &Device::default())
}

pub fn read_config(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap()
}

pub fn write_config(folder: &Path, config: &Value) {
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

/// Name → (format, shape, bytes).
pub type Contents = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

pub fn read_tensors(folder: &Path) -> Contents {
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let entry = |(name, t): (&str, TensorView<'_>)| {
        (
            name.to_owned(),
            (t.dtype(), t.shape().to_vec(), t.data().to_vec()),
        )
    };
    file.iter().map(entry).collect()
}

pub fn write_tensors(folder: &Path, name: &str, contents: &Contents) {
    let views = contents.iter().map(|(name, (dtype, shape, bytes))| {
        (
            name.clone(),
            TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
        )
    });
    fs::write(folder.join(name), serialize(views, None).unwrap()).unwrap();
}

#[test]
fn saved_and_loaded_is_bit_identical() {
    for (name, config) in shapes::all() {
        let (folder, model) = saved(&config);
        assert_eq!(load_config(folder.path()).unwrap(), config, "{name}");
        let loaded = load(folder.path()).unwrap();
        assert_eq!(loaded.config(), &config, "{name}");
        assert_eq!(parameters(&loaded), parameters(&model), "{name}");
        let tokens = ids(2, 7, config.vocab_size, &Device::default());
        let logits = |model: &CausalLm| floats(model.forward(tokens.clone(), &mut Pass::default()));
        assert_eq!(logits(&loaded), logits(&model), "{name}");
        let kind = read_config(folder.path())["model_type"].clone();
        let expected = match name {
            "gpt2" | "gpt2 untied" | "gpt2 with dropout" => "gpt2",
            "llama" | "llama tied" | "llama with bias" | "llama with one key head" => "llama",
            "llama with stretched positions" | "llama with interpolated positions" => "llama",
            "llama with attention bias" | "llama with feed-forward bias" => "llama",
            "mistral" | "qwen2" | "qwen3" => name,
            _ => "slovo",
        };
        assert_eq!(kind, expected, "{name}");
    }
}

#[test]
fn a_training_model_saves_the_same_file() {
    let device = Device::default().autodiff();
    let config = shapes::gpt2();
    let (folder, _) = saved(&config);
    let training = tempdir().unwrap();
    save_model(
        training.path(),
        &CausalLm::new(&config, 6, &device).unwrap(),
    )
    .unwrap();
    let read = |folder: &TempDir| fs::read(folder.path().join("model.safetensors")).unwrap();
    assert_eq!(read(&folder), read(&training));
    let mut names: Vec<_> = fs::read_dir(&training)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["config.json", "model.safetensors"],
        "nothing is left beside them"
    );
}

/// Our files hold exactly the tensors that transformers writes, in its shapes and bits.
#[test]
fn golden_models_are_written_as_they_were_read() {
    for name in ["gpt2-tiny", "llama-tiny", "llama-tied-tiny"] {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../shared/golden")
            .join(name);
        if !golden.exists() {
            eprintln!("skipped: {} is not there", golden.display());
            return;
        }
        let folder = tempdir().unwrap();
        save_model(folder.path(), &load(&golden).unwrap()).unwrap();
        assert_eq!(read_tensors(folder.path()), read_tensors(&golden), "{name}");
        assert_eq!(
            load_config(folder.path()).unwrap(),
            load_config(&golden).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn half_precision_is_widened() {
    let (folder, model) = saved(&shapes::llama());
    let original = read_tensors(folder.path());
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    };
    for dtype in [Dtype::F16, Dtype::BF16] {
        let narrow = |value: f32| match dtype {
            Dtype::F16 => (
                f16::from_f32(value).to_le_bytes(),
                f16::from_f32(value).to_f32(),
            ),
            _ => (
                bf16::from_f32(value).to_le_bytes(),
                bf16::from_f32(value).to_f32(),
            ),
        };
        let mut contents = original.clone();
        for (kind, _, bytes) in contents.values_mut() {
            *kind = dtype;
            *bytes = floats(bytes)
                .into_iter()
                .flat_map(|value| narrow(value).0)
                .collect();
        }
        write_tensors(folder.path(), "model.safetensors", &contents);
        let loaded = parameters(&load(folder.path()).unwrap());
        for (path, bits) in parameters(&model) {
            let expected: Vec<u32> = bits
                .iter()
                .map(|b| narrow(f32::from_bits(*b)).1.to_bits())
                .collect();
            assert_eq!(loaded[&path], expected, "{path} in {dtype:?}");
        }
    }
}

#[test]
fn shards_are_gathered() {
    let (folder, model) = saved(&shapes::llama());
    let mut first = read_tensors(folder.path());
    let second = first.split_off("model.layers.1");
    assert!(!first.is_empty() && !second.is_empty());
    let name = |n| format!("model-0000{n}-of-00002.safetensors");
    let place = |contents: &Contents, n| -> BTreeMap<String, String> {
        contents
            .keys()
            .map(|tensor| (tensor.clone(), name(n)))
            .collect()
    };
    let mut map = place(&first, 1);
    map.extend(place(&second, 2));
    let index = json!({"metadata": {}, "weight_map": map});
    fs::write(
        folder.path().join("model.safetensors.index.json"),
        index.to_string(),
    )
    .unwrap();
    write_tensors(folder.path(), &name(1), &first);
    write_tensors(folder.path(), &name(2), &second);
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert_eq!(
        parameters(&load(folder.path()).unwrap()),
        parameters(&model)
    );
    fs::remove_file(folder.path().join(name(2))).unwrap();
    let text = load(folder.path()).unwrap_err().to_string();
    assert!(text.contains(&name(2)), "{text}");
}

/// The files that OpenAI published have neither prefix nor config of today, and hold causal masks.
#[test]
fn the_published_gpt2_layout_is_read() {
    let (folder, model) = saved(&shapes::gpt2());
    let mut contents: Contents = read_tensors(folder.path())
        .into_iter()
        .map(|(name, tensor)| {
            (
                name.strip_prefix("transformer.").unwrap().to_owned(),
                tensor,
            )
        })
        .collect();
    for layer in 0..2 {
        let mask = (Dtype::F32, vec![1, 1, 12, 12], vec![0; 4 * 144]);
        contents.insert(format!("h.{layer}.attn.bias"), mask);
    }
    write_tensors(folder.path(), "model.safetensors", &contents);
    let config = json!({
        "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "layer_norm_epsilon": 1e-5,
        "model_type": "gpt2", "n_ctx": 12, "n_embd": 8, "n_head": 4, "n_layer": 2, "n_inner": 20,
        "n_positions": 12, "vocab_size": 11, "task_specific_params": {"text-generation": {}},
    });
    write_config(folder.path(), &config);
    assert_eq!(
        parameters(&load(folder.path()).unwrap()),
        parameters(&model)
    );
}

/// The settings of SmolLM2-135M and Llama-3.2-1B as published (the fields that matter).
#[test]
fn published_llama_settings_are_the_presets() {
    let folder = tempdir().unwrap();
    let smollm2 = json!({
        "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 100000,
        "rope_scaling": null, "hidden_act": "silu", "attention_bias": false,
        "tie_word_embeddings": true, "rope_interleaved": false, "pretraining_tp": 1,
    });
    write_config(folder.path(), &smollm2);
    let preset = |name| TransformerConfig::preset(name).unwrap();
    assert_eq!(load_config(folder.path()).unwrap(), preset("smollm2-135m"));
    let scaling = json!({
        "factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192, "rope_type": "llama3",
    });
    let mut llama = json!({
        "model_type": "llama", "vocab_size": 128256, "hidden_size": 2048, "head_dim": 64,
        "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0, "rope_scaling": scaling, "hidden_act": "silu",
        "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": true,
    });
    write_config(folder.path(), &llama);
    let mut expected = preset("llama-3.2-1b");
    // `intermediate_size` is the default of four times the width, which reads as left out.
    expected.d_ff = None;
    assert_eq!(load_config(folder.path()).unwrap(), expected);
    // The same as transformers 5 writes it.
    let mut parameters = scaling.clone();
    parameters["rope_theta"] = json!(500000.0);
    let fields = llama.as_object_mut().unwrap();
    fields.remove("rope_scaling");
    fields.remove("rope_theta");
    fields.insert("rope_parameters".into(), parameters);
    write_config(folder.path(), &llama);
    let config = load_config(folder.path()).unwrap();
    assert_eq!(config, expected);
    let PositionKind::Rotary {
        scaling: RopeScaling::Llama3 { factor, .. },
        ..
    } = config.position
    else {
        panic!("{:?}", config.position)
    };
    assert_eq!(factor, 32.0);
}
