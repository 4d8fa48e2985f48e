//! Every kind of model is saved, told apart, and comes back bit by bit.

use crate::folders::{file_of, golden, named, read_config, read_tensors, write_config};
use crate::shapes;
use crate::tensors::{floats, ids, parameters};
use burn::tensor::Device;
use serde_json::json;
use slovo_model::{
    CausalLm, Encoder, MaskedLm, ModelKind, Pass, TransformerConfig, load_config, load_encoder,
    load_masked_lm, load_model, model_kind, save_model,
};
use std::fs;
use tempfile::tempdir;

/// `model_type` and class of a shape, from what it is called in the tests.
fn names(shape: &str, head: bool) -> [&'static str; 2] {
    match (shape.split(' ').next(), head) {
        (Some("bert"), true) => ["bert", "BertForMaskedLM"],
        (Some("bert"), false) => ["bert", "BertModel"],
        (Some("distilbert"), true) => ["distilbert", "DistilBertForMaskedLM"],
        (Some("distilbert"), false) => ["distilbert", "DistilBertModel"],
        (_, true) => ["slovo", "SlovoForMaskedLM"],
        (_, false) => ["slovo", "SlovoEncoder"],
    }
}

#[test]
fn a_masked_language_model_comes_back() {
    let device = Device::default();
    for (name, config) in shapes::encoders() {
        let folder = tempdir().unwrap();
        let model = MaskedLm::new(&config, 3, &device).unwrap();
        save_model(folder.path(), &model).unwrap();
        assert_eq!(model_kind(folder.path()).unwrap(), ModelKind::MaskedLm);
        assert_eq!(load_config(folder.path()).unwrap(), config, "{name}");
        let json = read_config(folder.path());
        let [model_type, class] = names(name, true);
        assert_eq!(json["model_type"], model_type, "{name}");
        assert_eq!(json["architectures"], json!([class]), "{name}");

        let loaded = load_masked_lm(folder.path(), &device).unwrap();
        assert_eq!(loaded.config(), &config, "{name}");
        assert_eq!(parameters(&loaded), parameters(&model), "{name}");
        let tokens = ids(2, 7, config.vocab_size, &device);
        let logits = |model: &MaskedLm| floats(model.forward(tokens.clone(), &mut Pass::default()));
        assert_eq!(logits(&loaded), logits(&model), "{name}");

        // The head is left out where only the encoder is wanted.
        let encoder = load_encoder(folder.path(), &device).unwrap();
        assert_eq!(parameters(&encoder), parameters(&model.encoder), "{name}");
    }
}

#[test]
fn an_encoder_comes_back() {
    let device = Device::default();
    for (name, config) in shapes::encoders() {
        let folder = tempdir().unwrap();
        let model = Encoder::new(&config, 4, &device).unwrap();
        save_model(folder.path(), &model).unwrap();
        assert_eq!(model_kind(folder.path()).unwrap(), ModelKind::Encoder);
        assert_eq!(load_config(folder.path()).unwrap(), config, "{name}");
        let json = read_config(folder.path());
        let [model_type, class] = names(name, false);
        assert_eq!(json["model_type"], model_type, "{name}");
        assert_eq!(json["architectures"], json!([class]), "{name}");

        let loaded = load_encoder(folder.path(), &device).unwrap();
        assert_eq!(loaded.config(), &config, "{name}");
        assert_eq!(parameters(&loaded), parameters(&model), "{name}");
        let error = named(
            load_masked_lm(folder.path(), &device),
            folder.path(),
            "config.json",
        );
        assert!(
            error.contains("here is an encoder, but a masked"),
            "{error}"
        );
    }
}

#[test]
fn kinds_are_not_mixed_up() {
    let device = Device::default();
    let folder = tempdir().unwrap();
    let folder = folder.path();
    save_model(
        folder,
        &CausalLm::new(&shapes::llama(), 1, &device).unwrap(),
    )
    .unwrap();
    assert_eq!(model_kind(folder).unwrap(), ModelKind::CausalLm);
    let error = named(load_masked_lm(folder, &device), folder, "config.json");
    assert!(
        error.contains("here is a causal language model, but a masked language model is needed"),
        "{error}"
    );
    named(load_encoder(folder, &device), folder, "config.json");

    save_model(folder, &MaskedLm::new(&shapes::bert(), 1, &device).unwrap()).unwrap();
    let error = named(load_model(folder, &device), folder, "config.json");
    assert!(error.contains("but a causal language model is"), "{error}");

    // Shapes of ours say what they are, whatever their mask: an encoder saved as a decoder is one.
    let config = &shapes::encoders()[7].1;
    let model = CausalLm::new(config, 1, &device).unwrap();
    save_model(folder, &model).unwrap();
    assert_eq!(
        read_config(folder)["architectures"],
        json!(["SlovoForCausalLM"])
    );
    let loaded = load_model(folder, &device).unwrap();
    assert_eq!(parameters(&loaded), parameters(&model));
    // Files of before say so by their mask alone.
    let mut json = read_config(folder);
    json.as_object_mut().unwrap().remove("architectures");
    json["transformer"]["causal"] = json!(true);
    write_config(folder, &json);
    assert_eq!(model_kind(folder).unwrap(), ModelKind::CausalLm);
}

/// A decoder that no family can express because of one switch must not be written as one.
#[test]
fn what_a_family_lacks_is_written_as_ours() {
    let device = Device::default();
    let changes: [fn(&mut TransformerConfig); 4] = [
        |c| c.causal = false,
        |c| c.segments = 2,
        |c| c.embedding_norm = true,
        |c| c.embedding_scale = true,
    ];
    for change in changes {
        for mut config in [shapes::gpt2(), shapes::llama()] {
            change(&mut config);
            let folder = tempdir().unwrap();
            let model = CausalLm::new(&config, 1, &device).unwrap();
            save_model(folder.path(), &model).unwrap();
            assert_eq!(read_config(folder.path())["model_type"], "slovo");
            let loaded = load_model(folder.path(), &device).unwrap();
            assert_eq!(loaded.config(), &config);
            assert_eq!(parameters(&loaded), parameters(&model));
        }
    }
}

/// Our files hold exactly the tensors that transformers writes, in its shapes and bits.
#[test]
fn golden_encoders_are_written_as_they_were_read() {
    let Some(golden) = golden("bert-tiny") else {
        return;
    };
    let device = Device::default();
    assert_eq!(model_kind(&golden).unwrap(), ModelKind::MaskedLm);
    let folder = tempdir().unwrap();
    let folder = folder.path();
    save_model(folder, &load_masked_lm(&golden, &device).unwrap()).unwrap();
    assert_eq!(read_tensors(folder), read_tensors(&golden));
    assert_eq!(load_config(folder).unwrap(), load_config(&golden).unwrap());
    // A `BertModel` is written without what stands before its names in a larger model.
    save_model(folder, &load_encoder(&golden, &device).unwrap()).unwrap();
    let written = read_tensors(folder);
    let mut expected = read_tensors(&golden);
    expected.retain(|name, _| name.starts_with("bert."));
    let expected = expected
        .into_iter()
        .map(|(name, tensor)| (name.strip_prefix("bert.").unwrap().to_owned(), tensor));
    assert_eq!(written, expected.collect());
}

/// Byte for byte.
#[test]
fn files_are_those_of_the_published_writer() {
    let device = Device::default();
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let check = || {
        let ours = fs::read(folder.join("model.safetensors")).unwrap();
        assert!(ours == file_of(&read_tensors(folder)));
    };
    for (_, config) in shapes::all() {
        save_model(folder, &CausalLm::new(&config, 1, &device).unwrap()).unwrap();
        check();
    }
    save_model(folder, &MaskedLm::new(&shapes::bert(), 1, &device).unwrap()).unwrap();
    check();
    // Tensors of more than one portion, plain, turned and in thirds.
    let wide = |config| TransformerConfig {
        vocab_size: 3000,
        d_model: 768,
        n_layers: 1,
        tied: false,
        ..config
    };
    for config in [wide(shapes::gpt2()), wide(shapes::llama())] {
        let model = CausalLm::new(&config, 1, &device).unwrap();
        save_model(folder, &model).unwrap();
        check();
        assert!(parameters(&load_model(folder, &device).unwrap()) == parameters(&model));
    }
}
