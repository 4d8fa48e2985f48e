//! Weights in several files, and folders without weights under a name that is read.

use crate::folders::{Contents, file_of, named, read_tensors, write_tensors};
use crate::shapes;
use crate::tensors::parameters;
use burn::tensor::Device;
use serde_json::json;
use slovo_model::{CausalLm, WeightsError, load_model, save_model};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

fn name(number: usize) -> String {
    format!("model-0000{number}-of-00002.safetensors")
}

fn load(folder: &Path) -> Result<CausalLm, WeightsError> {
    load_model(folder, &Device::default())
}

/// A folder with two shards, their contents, and the model.
fn sharded() -> (TempDir, [Contents; 2], CausalLm) {
    let folder = tempdir().unwrap();
    let model = CausalLm::new(&shapes::llama(), 6, &Device::default()).unwrap();
    save_model(folder.path(), &model).unwrap();
    let mut first = read_tensors(folder.path());
    let second = first.split_off("model.layers.1");
    assert!(!first.is_empty() && !second.is_empty());
    fs::remove_file(folder.path().join(SINGLE)).unwrap();
    write_tensors(folder.path(), &name(1), &first);
    write_tensors(folder.path(), &name(2), &second);
    let contents = [first, second];
    write_index(folder.path(), &map(&contents));
    (folder, contents, model)
}

fn map(contents: &[Contents; 2]) -> BTreeMap<String, String> {
    let of = |number: usize| {
        contents[number]
            .keys()
            .map(move |key| (key.clone(), name(number + 1)))
    };
    of(0).chain(of(1)).collect()
}

fn write_index(folder: &Path, map: &BTreeMap<String, String>) {
    let index = json!({"metadata": {"total_size": 1234}, "weight_map": map});
    fs::write(folder.join(INDEX), index.to_string()).unwrap();
}

#[test]
fn shards_are_gathered() {
    let (folder, contents, model) = sharded();
    let folder = folder.path();
    assert_eq!(parameters(&load(folder).unwrap()), parameters(&model));
    // A whole file goes before the index.
    fs::remove_file(folder.join(name(1))).unwrap();
    let whole: Contents = contents.into_iter().flatten().collect();
    write_tensors(folder, SINGLE, &whole);
    assert_eq!(parameters(&load(folder).unwrap()), parameters(&model));
}

#[test]
fn an_index_that_does_not_fit_is_named() {
    let (folder, contents, _) = sharded();
    let folder = folder.path();
    let good = map(&contents);
    let refused = |change: &dyn Fn(&mut BTreeMap<String, String>), expected: &str| {
        let mut changed = good.clone();
        change(&mut changed);
        write_index(folder, &changed);
        let error = named(load(folder), folder, INDEX);
        assert!(error.contains(expected), "{error}");
    };
    for outside in [
        "../model.safetensors",
        "..",
        "/etc/passwd",
        "a/b.safetensors",
        "..\\b.safetensors",
        "C:b.safetensors",
        ".hidden.safetensors",
        "x\0.safetensors",
    ] {
        let shown = outside.escape_debug().to_string();
        let expected = format!("it names the file `{shown}`, which is not in its folder");
        refused(
            &|map| drop(map.insert("lm_head.weight".into(), outside.into())),
            &expected,
        );
    }
    refused(
        &|map| drop(map.insert("lm_head.weight".into(), "pytorch_model.bin".into())),
        "`pytorch_model.bin`, which is no safetensors file",
    );
    refused(
        &|map| drop(map.insert("lm_head.weight".into(), "gone.safetensors".into())),
        "`gone.safetensors`, which is not there",
    );
    refused(
        &|map| drop(map.insert("model.layers.7.x".into(), name(1))),
        "by it `model-00001-of-00002.safetensors` holds tensor `model.layers.7.x`, which is not",
    );
    refused(
        &|map| drop(map.insert("lm_head.weight".into(), name(2))),
        "by it `model-00002-of-00002.safetensors` holds tensor `lm_head.weight`, which is not",
    );
    refused(&|map| map.clear(), "it names no tensor");
    for (text, expected) in [
        ("{}", "missing field `weight_map`"),
        ("", "EOF while parsing"),
        (
            "{\"weight_map\": [1]}",
            "expected an object with the file of each tensor",
        ),
        ("{\"weight_map\": {\"a\": 1}}", "invalid type: integer `1`"),
        (
            "{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"x.safetensors\"}}",
            "it names tensor `a` twice",
        ),
        (
            "{\"weight_map\": {}, \"weight_map\": {}}",
            "duplicate field `weight_map`",
        ),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:0",
            "Git LFS pointer",
        ),
    ] {
        fs::write(folder.join(INDEX), text).unwrap();
        let error = named(load(folder), folder, INDEX);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn shards_that_do_not_fit_are_named() {
    let (folder, contents, _) = sharded();
    let folder = folder.path();
    // The same tensor in both.
    let mut twice = contents[1].clone();
    let (tensor, value) = contents[0].first_key_value().unwrap();
    twice.insert(tensor.clone(), value.clone());
    write_tensors(folder, &name(2), &twice);
    let error = named(load(folder), folder, &name(2));
    assert!(
        error.contains(&format!("tensor `{tensor}` is in ")),
        "{error}"
    );
    assert!(error.contains(&name(1)), "{error}");
    // One more than the model and the index know.
    let mut more = contents[1].clone();
    more.insert("stray".into(), value.clone());
    write_tensors(folder, &name(2), &more);
    let error = named(load(folder), folder, &name(2));
    assert!(error.contains("`stray` belongs to no part"), "{error}");
    // Cut short.
    let bytes = file_of(&contents[1]);
    fs::write(folder.join(name(2)), &bytes[..bytes.len() - 3]).unwrap();
    let error = named(load(folder), folder, &name(2));
    assert!(error.contains("cut short"), "{error}");
    // A folder in its place.
    fs::remove_file(folder.join(name(2))).unwrap();
    fs::create_dir(folder.join(name(2))).unwrap();
    let error = named(load(folder), folder, &name(2));
    assert!(
        error.contains("is a folder, and should be a file"),
        "{error}"
    );
}

#[test]
fn a_folder_without_weights_says_what_it_has() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let model = CausalLm::new(&shapes::llama(), 6, &Device::default()).unwrap();
    save_model(folder, &model).unwrap();
    let weights = fs::read(folder.join(SINGLE)).unwrap();
    fs::remove_file(folder.join(SINGLE)).unwrap();
    let error = named(load(folder), folder, SINGLE);
    assert!(error.contains("the folder has no other weights"), "{error}");

    for (file, expected) in [
        (
            "adapter_model.safetensors",
            "the folder has `adapter_model.safetensors`",
        ),
        ("model.Q4_0.gguf", "a GGUF file is given by its own path"),
        ("tf_model.h5", "the folder has `tf_model.h5`"),
    ] {
        fs::write(folder.join(file), &weights).unwrap();
        let error = named(load(folder), folder, SINGLE);
        assert!(error.contains(expected), "{error}");
        fs::remove_file(folder.join(file)).unwrap();
    }
    for number in 0..9 {
        fs::write(folder.join(format!("part{number}.safetensors")), b"").unwrap();
    }
    let error = named(load(folder), folder, SINGLE);
    assert!(
        error.contains("`part0.safetensors`") && error.contains("and 4 more"),
        "{error}"
    );
    for number in 0..9 {
        fs::remove_file(folder.join(format!("part{number}.safetensors"))).unwrap();
    }

    // What Python would run: not even opened, be it a pickle or not.
    for file in [
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "consolidated.00.pth",
    ] {
        fs::write(folder.join(file), b"\x80\x02}q\x00.").unwrap();
        let error = named(load(folder), folder, file);
        for part in [
            "a program that Python runs",
            "save_pretrained",
            "safe_serialization=True",
        ] {
            assert!(error.contains(part), "{error}");
        }
        fs::remove_file(folder.join(file)).unwrap();
    }
    // Beside weights that can be read it is of no concern.
    fs::write(folder.join("pytorch_model.bin"), b"\x80\x02}q\x00.").unwrap();
    fs::write(folder.join(SINGLE), &weights).unwrap();
    load(folder).unwrap();

    fs::remove_file(folder.join(SINGLE)).unwrap();
    fs::create_dir(folder.join(SINGLE)).unwrap();
    let error = named(load(folder), folder, SINGLE);
    assert!(
        error.contains("is a folder, and should be a file"),
        "{error}"
    );
    let config = folder.join("config.json");
    fs::remove_file(&config).unwrap();
    fs::create_dir(&config).unwrap();
    let error = named(load(folder), folder, "config.json");
    assert!(
        error.contains("is a folder, and should be a file"),
        "{error}"
    );
    let nowhere = folder.join("nowhere");
    let error = named(load(&nowhere), &nowhere, "");
    assert!(error.contains("No such file"), "{error}");
}
