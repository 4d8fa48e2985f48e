//! A folder without weights that can be read: what there is instead, and what would do.

use super::error::WeightsError;
use super::quote::plain;
use super::tensors::SINGLE;
use std::fs;
use std::path::Path;

/// How many entries of a folder are looked at.
const LOOKED_AT: usize = 10_000;
/// How many files a message names.
const NAMED: usize = 5;
/// Endings of files that hold weights.
const WEIGHTS: [&str; 8] = [
    ".safetensors",
    ".gguf",
    ".h5",
    ".msgpack",
    ".onnx",
    ".npz",
    ".index.json",
    ".mpk",
];
/// Endings of files that Python's `pickle` reads.
const PICKLES: [&str; 6] = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".bin.index.json"];

/// Why the folder `dir`, without a file of the right name, holds no model.
pub(super) fn explain(dir: &Path) -> WeightsError {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => return WeightsError::io(dir)(error),
    };
    let names = entries.take(LOOKED_AT).flatten();
    let mut names: Vec<String> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    let fits = |name: &str, endings: &[&str]| endings.iter().any(|end| name.ends_with(end));
    let names = names.iter().map(String::as_str);
    let (pickles, others): (Vec<&str>, Vec<&str>) = names.partition(|name| fits(name, &PICKLES));
    let mut weights = others;
    weights.retain(|name| fits(name, &WEIGHTS));
    // The settings of a training run of `transformers`, which lie beside the weights.
    let pickle = pickles.iter().find(|name| **name != "training_args.bin");
    if let (Some(name), true) = (pickle, weights.is_empty()) {
        let path = dir.join(name);
        return WeightsError::Pickle { path };
    }
    let shown: Vec<_> = weights.iter().take(NAMED).map(|name| plain(name)).collect();
    let found = match weights.len() {
        0 => "no other weights".into(),
        n if n > NAMED => format!("`{}` and {} more", shown.join("`, `"), n - NAMED),
        _ => format!("`{}`", shown.join("`, `")),
    };
    WeightsError::NoWeights {
        path: dir.join(SINGLE),
        found,
    }
}
