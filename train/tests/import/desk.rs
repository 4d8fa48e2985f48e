//! A folder with sources, and the program beside it.

use crate::support::errors;
use burn::tensor::Device;
use serde_json::Value;
use slovo_data::Tokenizer;
use slovo_model::{CausalLm, TransformerConfig, save_model};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder to work in.
pub struct Desk(tempfile::TempDir);

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The same with a token for each byte.
    pub fn whole_model(&self, folder: &str) {
        self.model(folder);
        let tokenizer = Tokenizer::bytes().unwrap();
        tokenizer
            .save(&self.path(folder).join("tokenizer.json"))
            .unwrap();
    }

    /// A GPT-2 of 257 tokens and its weights, without a tokenizer.
    pub fn model(&self, folder: &str) {
        let config = TransformerConfig {
            vocab_size: 257,
            d_model: 16,
            n_layers: 1,
            n_heads: 2,
            max_seq_len: 32,
            ..TransformerConfig::default()
        };
        let model = CausalLm::new(&config, 3, &Device::default()).unwrap();
        save_model(self.path(folder), &model).unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
        command.current_dir(self.0.path()).args(args);
        command.output().unwrap()
    }

    /// Refused, with these parts in the message and nothing left behind.
    #[track_caller]
    pub fn refused(&self, source: &str, parts: &[&str]) {
        let before = self.names(".");
        let output = self.run(&["import", source, "--out", "out"]);
        let text = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(!text.contains("panicked"), "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
        assert_eq!(self.names("."), before);
    }
}

#[track_caller]
pub fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", errors(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
