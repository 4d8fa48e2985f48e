//! A tiny base model that reads bytes.

use burn::tensor::Device;
use slovo_data::Tokenizer;
use slovo_model::{CausalLm, TransformerConfig, save_model};
use slovo_train::place::Provenance;
use std::path::Path;

/// Writes the folder of a fresh decoder that reads so many tokens.
pub fn write(folder: &Path, seed: u64, max_seq_len: usize) {
    let tokenizer = Tokenizer::bytes().unwrap();
    let config = TransformerConfig {
        vocab_size: tokenizer.vocab_size(),
        d_model: 32,
        n_layers: 2,
        n_heads: 2,
        max_seq_len,
        ..TransformerConfig::default()
    };
    let model = CausalLm::new(&config, seed, &Device::default()).unwrap();
    save_model(folder, &model).unwrap();
    let provenance = Provenance {
        version: "test".into(),
        stage: "pretrain".into(),
        step: 0,
        tokens: 0,
        validation_loss: 0.0,
        context: max_seq_len,
        data: String::new(),
        tokenizer: tokenizer.fingerprint(),
    };
    provenance
        .write(folder, &tokenizer, serde_json::json!({}))
        .unwrap();
}
