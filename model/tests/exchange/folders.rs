//! Folders for tests, and what is read in them.
#![allow(dead_code)] // no test binary uses all of it

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Name → (format, shape, bytes).
pub type Contents = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

pub fn read_config(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap()
}

pub fn write_config(folder: &Path, config: &Value) {
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

/// The tensors in a file, as the published reader sees them.
pub fn read_tensors(folder: &Path) -> Contents {
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let entry = |(name, t): (&str, TensorView<'_>)| {
        let contents = (t.dtype(), t.shape().to_vec(), t.data().to_vec());
        (name.to_owned(), contents)
    };
    file.iter().map(entry).collect()
}

/// The published writer's file of some tensors.
pub fn file_of(contents: &Contents) -> Vec<u8> {
    let views = contents.iter().map(|(name, (dtype, shape, bytes))| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).unwrap();
        (name.clone(), view)
    });
    let about = [("format".to_owned(), "pt".to_owned())];
    serialize(views, Some(about.into_iter().collect())).unwrap()
}

pub fn write_tensors(folder: &Path, name: &str, contents: &Contents) {
    fs::write(folder.join(name), file_of(contents)).unwrap();
}

/// The folder of a golden model, unless the checkout has no shared data.
pub fn golden(name: &str) -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden"));
    let folder = shared.join(name);
    if !folder.exists() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// All the text that an error has, which must begin with the path of `file` in `folder`.
pub fn named<T>(result: Result<T, slovo_model::WeightsError>, folder: &Path, file: &str) -> String {
    let text = result.err().expect("it is wrong").to_string();
    let path = folder.join(file).display().to_string();
    assert!(text.starts_with(&path), "{text:?} should begin with {path}");
    text
}
