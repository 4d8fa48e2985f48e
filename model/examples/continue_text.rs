//! Continues a text with a model folder: `continue_text FOLDER TEXT`.
//!
//! The folder is one that a training run wrote or that Hugging Face publishes for a GPT-2 or Llama
//! shape: `config.json`, `model.safetensors`, `tokenizer.json`.
//!
//! ```sh
//! cargo run --release -p slovo-model --example continue_text -- runs/my-run/model "Once upon a time"
//! ```

use burn::tensor::Device;
use slovo_model::{GenerateOptions, Sampling, load_model};
use std::error::Error;
use std::io::{Write, stdout};
use std::ops::ControlFlow;
use std::path::PathBuf;
use tokenizers::Tokenizer;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("usage: continue_text FOLDER TEXT".into());
    };
    let folder = PathBuf::from(folder);
    let file = folder.join("tokenizer.json");
    let tokenizer = Tokenizer::from_file(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let model = load_model(&folder, &Device::default())?;

    let prompt = tokenizer.encode(text.as_str(), false)?;
    let room = model.config().max_seq_len.saturating_sub(prompt.len());
    let options = GenerateOptions {
        sampling: Sampling {
            temperature: 0.8,
            top_k: Some(50),
            ..Sampling::default()
        },
        ..GenerateOptions::new(room.min(100))
    };

    print!("{text}");
    // A character may be spread over several tokens: the stream holds them back until it is whole.
    let mut stream = tokenizer.decode_stream(false);
    model.generate(prompt.get_ids(), &options, |token| {
        if let Ok(Some(piece)) = stream.step(token) {
            print!("{piece}");
            let _ = stdout().flush();
        }
        ControlFlow::Continue(())
    })?;
    println!();
    Ok(())
}
