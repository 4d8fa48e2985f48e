//! Which files of a folder or a repository make up a model.
//!
//! Only names are looked at: the same answer tells what to download and what to read.

use super::lacks::Lacks;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The file of an unsharded model.
pub const SINGLE: &str = "model.safetensors";
/// Says which shard holds which tensor.
pub const INDEX: &str = "model.safetensors.index.json";
/// The settings of the model.
pub const CONFIG: &str = "config.json";
/// The tokenizer, in the one format that is read.
pub const TOKENIZER: &str = "tokenizer.json";
/// What goes along as it is, where it is there: special tokens by name, the chat template, what
/// generation begins and ends with, how sentences are pooled.
pub const COMPANIONS: [&str; 8] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
];

/// Files of a model in formats that are not read because reading them can run what stands in them.
const PICKLED: [&str; 6] = [".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".pkl"];
/// Files of a model for other programs.
const FOREIGN: [&str; 5] = [".h5", ".msgpack", ".onnx", ".ot", ".tflite"];
/// Tokenizers that this program cannot turn into a `tokenizer.json`.
const SENTENCEPIECE: [&str; 4] = [
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "source.spm",
];
/// Where the numbers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// [`SINGLE`].
    Single,
    /// The shards of [`INDEX`].
    Sharded,
}

/// Where the tokenizer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenizerFiles {
    /// [`TOKENIZER`].
    Json,
    /// `vocab.txt`, as BERT has it.
    WordPiece,
    /// `vocab.json` and `merges.txt`, as GPT-2 has them.
    BytePair,
}

impl TokenizerFiles {
    /// The names of the files.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &[TOKENIZER],
            Self::WordPiece => &["vocab.txt"],
            Self::BytePair => &["vocab.json", "merges.txt"],
        }
    }
}

/// Finds the weights among `names`.
///
/// # Errors
///
/// When there are none that can be read.
pub fn weights(names: &BTreeSet<String>) -> Result<Weights, Lacks> {
    if names.contains(SINGLE) {
        return Ok(Weights::Single);
    }
    if names.contains(INDEX) {
        return Ok(Weights::Sharded);
    }
    let ending = |endings: &[&str]| -> Vec<String> {
        let fits = |name: &&String| endings.iter().any(|end| name.to_lowercase().ends_with(end));
        names.iter().filter(fits).cloned().collect()
    };
    let gguf = ending(&[".gguf"]);
    let safetensors = ending(&[".safetensors"]);
    Err(if !gguf.is_empty() {
        Lacks::Gguf(gguf)
    } else if let Some(adapter) = safetensors.iter().find(|name| name.contains("adapter")) {
        Lacks::Adapter(adapter.clone())
    } else if !safetensors.is_empty() {
        Lacks::Named(safetensors)
    } else if let Some(name) = ending(&PICKLED).into_iter().find(|name| is_of_model(name)) {
        Lacks::Pickled(name)
    } else if let Some(name) = ending(&FOREIGN).into_iter().next() {
        Lacks::Foreign(name)
    } else {
        Lacks::Weights
    })
}

/// Optimizer states and arguments of a training are pickles too, but no weights.
fn is_of_model(name: &str) -> bool {
    let others = ["training_args", "optimizer", "scheduler", "rng_state"];
    !others.iter().any(|other| name.contains(other))
}

/// Finds the tokenizer among `names`.
///
/// # Errors
///
/// When there is none that can be read.
pub fn tokenizer(names: &BTreeSet<String>) -> Result<TokenizerFiles, Lacks> {
    let all = [
        TokenizerFiles::Json,
        TokenizerFiles::BytePair,
        TokenizerFiles::WordPiece,
    ];
    let there = |files: &TokenizerFiles| files.names().iter().all(|name| names.contains(*name));
    all.into_iter().find(there).ok_or_else(|| {
        let other = SENTENCEPIECE.iter().find(|name| names.contains(**name));
        Lacks::Tokenizer(other.map(|name| (*name).to_owned()))
    })
}

/// Everything among `names` that a model folder is read from, the weights last; of a sharded model
/// the index, whose shards are not known before it is read. Nothing of a tokenizer unless
/// `with_tokenizer`.
///
/// # Errors
///
/// When something is missing.
pub fn needed(
    names: &BTreeSet<String>,
    with_tokenizer: bool,
) -> Result<(Vec<String>, Weights), Lacks> {
    let weights = weights(names)?;
    if !names.contains(CONFIG) {
        return Err(Lacks::Config);
    }
    let mut all = vec![CONFIG.to_owned()];
    if with_tokenizer {
        all.extend(tokenizer(names)?.names().iter().map(|&name| name.into()));
        let companions = COMPANIONS.iter().filter(|name| names.contains(**name));
        all.extend(companions.map(|&name| name.into()));
    }
    all.push(match weights {
        Weights::Single => SINGLE.into(),
        Weights::Sharded => INDEX.into(),
    });
    Ok((all, weights))
}

/// The names of the files of a folder and of the folders in it; those that cannot be read are not
/// there.
pub fn names(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (name, path) in entries(folder) {
        match path.is_dir() {
            true => all.extend(entries(&path).map(|(inner, _)| format!("{name}/{inner}"))),
            false => all.extend([name]),
        }
    }
    all
}

fn entries(folder: &Path) -> impl Iterator<Item = (String, std::path::PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The shards that an [`INDEX`] lists, each of which must be among `names`.
///
/// # Errors
///
/// An index that cannot be read, or a shard that is not there.
pub fn shards(index: &Path, names: &BTreeSet<String>) -> Result<Vec<String>, Lacks> {
    let text = fs::read_to_string(index).map_err(|error| Lacks::Index(error.to_string()))?;
    let index: Index =
        serde_json::from_str(&text).map_err(|error| Lacks::Index(error.to_string()))?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    match shards.iter().find(|shard| !names.contains(*shard)) {
        Some(shard) => Err(Lacks::Shard(shard.clone())),
        None => Ok(shards.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(list: &str) -> BTreeSet<String> {
        list.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_needed_and_nothing_else() {
        let all = names(
            "README.md config.json flax_model.msgpack generation_config.json merges.txt \
             model.safetensors pytorch_model.bin tokenizer.json tokenizer_config.json vocab.json",
        );
        let (found, weights) = needed(&all, true).unwrap();
        let expected = "config.json tokenizer.json tokenizer_config.json generation_config.json \
                        model.safetensors";
        assert_eq!(found.join(" "), expected);
        assert_eq!(weights, Weights::Single);
        let sharded = names("config.json vocab.json merges.txt model.safetensors.index.json a.bin");
        let (found, weights) = needed(&sharded, true).unwrap();
        let expected = "config.json vocab.json merges.txt model.safetensors.index.json";
        assert_eq!(found.join(" "), expected);
        assert_eq!(weights, Weights::Sharded);
    }

    #[test]
    fn weights_may_come_alone() {
        let all = names("config.json model.safetensors tokenizer_config.json");
        let (found, _) = needed(&all, false).unwrap();
        assert_eq!(found, ["config.json", "model.safetensors"]);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (list, part) in [
            (
                "config.json pytorch_model.bin tokenizer.json",
                "pytorch_model.bin, a pickle",
            ),
            ("config.json training_args.bin tokenizer.json", "no weights"),
            (
                "README.md b.Q4_0.gguf a.Q8_0.gguf",
                "a.Q8_0.gguf, b.Q4_0.gguf",
            ),
            (
                "adapter_config.json adapter_model.safetensors",
                "is an adapter",
            ),
            ("config.json x.safetensors", "called x.safetensors"),
            ("config.json tf_model.h5", "tf_model.h5"),
            ("model.safetensors tokenizer.json", "no config.json"),
            (
                "config.json model.safetensors vocab.json",
                "no tokenizer.json. ",
            ),
            (
                "config.json model.safetensors tokenizer.model",
                "tokenizer.model is SentencePiece's",
            ),
        ] {
            let found = needed(&names(list), true).unwrap_err().to_string();
            assert!(found.contains(part), "{list}: {found}");
        }
    }
}
