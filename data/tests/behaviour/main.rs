//! What the crate promises, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batches;
mod command;
mod corpus;
mod inspect;
mod malformed;
mod masked_batches;
mod memory;
mod model_inputs;
mod pair_batches;
mod pairs;
mod prepare;
mod shards;
mod tokenizers;
mod wordpiece;

use std::path::{Path, PathBuf};

/// A file of the shared data, or `None`, said aloud, where it is absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    found("SLOVO_DATA", "../../shared/data", path)
}

/// The same of published models.
pub fn weights(path: &str) -> Option<PathBuf> {
    found("SLOVO_WEIGHTS", "../../shared/weights", path)
}

fn found(variable: &str, folder: &str, path: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os(variable) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
    };
    let path = folder.join(path);
    if path.exists() {
        Some(path)
    } else {
        eprintln!("skipped: {} is absent", path.display());
        None
    }
}

/// Text with words, numbers, indentation, several alphabets and whatever else is awkward.
pub fn awkward_text() -> String {
    let parts = [
        "pub fn main() {\n    let x1 = \"don't\";\n\n\n\t// 12345 naïve café\n}\n",
        "  leading and trailing   \n \n\r\n",
        "Привет, мир! 你好世界。\n日本語テキスト\n",
        "emoji \u{1F600}\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} e\u{301}\n",
        "<|endoftext|> is only text here, </s> too\n",
        "tabs\t\tand\u{a0}no-break\u{2003}spaces\n",
        "a\nb\nc\n!\n?\n...\n----------\n",
    ];
    (0..40).map(|i| parts[i * 5 % 7]).collect()
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
