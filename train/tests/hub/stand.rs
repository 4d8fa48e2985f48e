//! A hub with one model, and the program beside it.

use crate::server::Hub;
use burn::tensor::Device;
use slovo_data::Tokenizer;
use slovo_model::{CausalLm, TransformerConfig, save_model};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A hub with one model, and a folder for what comes of it.
pub struct Stand {
    pub hub: Hub,
    dir: tempfile::TempDir,
}

/// A model with its tokenizer, and files that nobody needs.
pub fn files(seed: u64) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let config = TransformerConfig {
        vocab_size: 257,
        d_model: 16,
        n_layers: 1,
        n_heads: 2,
        max_seq_len: 32,
        ..TransformerConfig::default()
    };
    let model = CausalLm::new(&config, seed, &Device::default()).unwrap();
    save_model(folder.path(), &model).unwrap();
    let tokenizer = Tokenizer::bytes().unwrap();
    tokenizer
        .save(&folder.path().join("tokenizer.json"))
        .unwrap();
    let mut files: BTreeMap<String, Vec<u8>> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.insert("README.md".into(), b"# Tiny".to_vec());
    files.insert("pytorch_model.bin".into(), vec![0; 20_000]);
    files
}

impl Stand {
    pub fn new() -> Self {
        let hub = Hub::start();
        hub.put("tiny/model", "main", files(1));
        Self {
            hub,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self, source: &str, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_lowercase();
            if text.starts_with("hf_") || text.ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command
            .args(["import", source, "--out"])
            .arg(self.path(out))
            .args(more)
            .env("HF_HOME", self.path("cache"))
            .env("HF_ENDPOINT", self.hub.url());
        command
    }

    pub fn import(&self, source: &str, out: &str, more: &[&str]) -> Output {
        self.command(source, out, more).output().unwrap()
    }

    /// The weights in the folder `out`.
    pub fn weights(&self, out: &str) -> Vec<u8> {
        fs::read(self.path(out).join("model.safetensors")).unwrap()
    }

    /// Files of the cache that end so.
    pub fn cached(&self, ending: &str) -> Vec<PathBuf> {
        let blobs = self.path("cache/hub/models--tiny--model/blobs");
        let entries = fs::read_dir(blobs).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let paths = paths.filter(|path| path.to_string_lossy().ends_with(ending));
        paths.collect()
    }
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
pub fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", errors(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
pub fn refused(output: &Output, code: i32, parts: &[&str]) {
    let text = errors(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}
