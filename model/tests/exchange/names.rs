//! Files that others have published: older names, and more tensors than a model needs.

use crate::folders::{named, read_tensors, write_tensors};
use crate::shapes;
use crate::tensors::parameters;
use burn::tensor::Device;
use safetensors::tensor::Dtype;
use slovo_model::{
    CausalLm, MaskedLm, ModelKind, load_encoder, load_masked_lm, load_model, model_kind, save_model,
};
use tempfile::tempdir;

const WEIGHTS: &str = "model.safetensors";

/// BERT of 2018 calls the parameters of norms gamma and beta, and has two heads and a pooler.
#[test]
fn the_first_published_bert_is_read() {
    let device = Device::default();
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let model = MaskedLm::new(&shapes::bert(), 5, &device).unwrap();
    save_model(folder, &model).unwrap();
    let written = read_tensors(folder);
    let mut contents = written.clone();
    contents.clear();
    for (name, tensor) in &written {
        let name = name.replace("LayerNorm.weight", "LayerNorm.gamma");
        contents.insert(
            name.replace("LayerNorm.bias", "LayerNorm.beta"),
            tensor.clone(),
        );
    }
    let zeros = |shape: &[usize]| {
        let bytes = vec![0; 4 * shape.iter().product::<usize>()];
        (Dtype::F32, shape.to_vec(), bytes)
    };
    let word_embeddings = "bert.embeddings.word_embeddings.weight";
    for (name, tensor) in [
        ("bert.pooler.dense.weight", zeros(&[8, 8])),
        ("bert.pooler.dense.bias", zeros(&[8])),
        ("cls.seq_relationship.weight", zeros(&[2, 8])),
        ("cls.seq_relationship.bias", zeros(&[2])),
        (
            "cls.predictions.decoder.weight",
            written[word_embeddings].clone(),
        ),
        (
            "cls.predictions.decoder.bias",
            written["cls.predictions.bias"].clone(),
        ),
    ] {
        contents.insert(name.into(), tensor);
    }
    let places = (Dtype::I64, vec![1, 12], vec![0; 96]);
    contents.insert("bert.embeddings.position_ids".into(), places);
    write_tensors(folder, WEIGHTS, &contents);
    let loaded = load_masked_lm(folder, &device).unwrap();
    assert_eq!(parameters(&loaded), parameters(&model));
    let encoder = load_encoder(folder, &device).unwrap();
    assert_eq!(parameters(&encoder), parameters(&model.encoder));

    // What is tied must be the same; `transformers` would use both.
    for tensor in [
        "cls.predictions.decoder.weight",
        "cls.predictions.decoder.bias",
    ] {
        let mut changed = contents.clone();
        changed.get_mut(tensor).unwrap().2[3] ^= 1;
        write_tensors(folder, WEIGHTS, &changed);
        let error = named(load_masked_lm(folder, &device), folder, WEIGHTS);
        assert!(
            error.contains(&format!("`{tensor}` differs from `")),
            "{error}"
        );
        // The encoder alone has no use for either.
        load_encoder(folder, &device).unwrap();
    }

    // A head that is not whole is none of an encoder's business, but a model's.
    contents.remove("cls.predictions.transform.dense.bias");
    write_tensors(folder, WEIGHTS, &contents);
    let error = named(load_masked_lm(folder, &device), folder, WEIGHTS);
    assert!(error.contains("`cls.predictions.transform.dense.bias` of shape [8] is missing"));
    assert_eq!(model_kind(folder).unwrap(), ModelKind::MaskedLm);
    contents.remove("cls.predictions.transform.dense.weight");
    write_tensors(folder, WEIGHTS, &contents);
    assert_eq!(model_kind(folder).unwrap(), ModelKind::Encoder);
}

/// A `LlamaModel` has neither head nor what stands before its names in a larger model.
#[test]
fn a_decoder_without_head_is_read_where_the_head_is_tied() {
    let device = Device::default();
    let folder = tempdir().unwrap();
    let folder = folder.path();
    for (tied, prefix, config) in [
        (true, "model.", shapes::llama()),
        (false, "model.", shapes::llama()),
        (true, "transformer.", shapes::gpt2()),
    ] {
        let config = slovo_model::TransformerConfig { tied, ..config };
        let model = CausalLm::new(&config, 5, &device).unwrap();
        save_model(folder, &model).unwrap();
        let written = read_tensors(folder);
        let bare = written.iter().filter_map(|(name, tensor)| {
            let name = name.strip_prefix(prefix)?.to_owned();
            Some((name, tensor.clone()))
        });
        write_tensors(folder, WEIGHTS, &bare.collect());
        match tied {
            true => {
                let loaded = load_model(folder, &device).unwrap();
                assert_eq!(parameters(&loaded), parameters(&model));
            }
            false => {
                let error = named(load_model(folder, &device), folder, WEIGHTS);
                assert!(error.contains("`lm_head.weight` of shape [11, 8] is missing"));
            }
        }
    }
}

/// Older programs saved tables with the weights.
#[test]
fn tables_in_the_file_are_left_alone() {
    let device = Device::default();
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let model = CausalLm::new(&shapes::llama(), 5, &device).unwrap();
    save_model(folder, &model).unwrap();
    let mut contents = read_tensors(folder);
    let table = (Dtype::F32, vec![1], vec![0; 4]);
    let name = "model.layers.0.self_attn.rotary_emb.inv_freq";
    contents.insert(name.into(), table.clone());
    write_tensors(folder, WEIGHTS, &contents);
    load_model(folder, &device).unwrap();
    contents.insert("model.layers.0.self_attn.attention_scale".into(), table);
    write_tensors(folder, WEIGHTS, &contents);
    let error = named(load_model(folder, &device), folder, WEIGHTS);
    assert!(
        error.contains("attention_scale` belongs to no part"),
        "{error}"
    );
}
