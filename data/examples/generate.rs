//! As much text as one likes, to see what preparing it takes.
//!
//! `cargo run --release -p slovo-data --example generate -- BYTES [--jsonl] [FILE…]` writes BYTES of
//! text to standard output: stretches of lines from the given files (without any, from the cargo
//! corpus), in a random order, every sixteenth word replaced by one that occurs nowhere else. The
//! same arguments give the same bytes. With `--jsonl` each stretch is a document of its own.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use slovo_data::recipe::{Clean, DataRecipe, Source};
use slovo_data::source::Inputs;

/// Text that the stretches are taken from, held in memory.
const MOST: usize = 64 << 20;
/// Lines of a stretch.
const STRETCH: usize = 40;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let jsonl = arguments.iter().any(|argument| argument == "--jsonl");
    arguments.retain(|argument| argument != "--jsonl");
    let Some(bytes) = arguments.first().and_then(|bytes| bytes.parse().ok()) else {
        eprintln!("usage: generate BYTES [--jsonl] [FILE…]");
        return ExitCode::from(2);
    };
    match generate(bytes, jsonl, &arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate(bytes: u64, jsonl: bool, files: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let sources: Vec<Source> = match files.is_empty() {
        true => DataRecipe::standard()?.sources,
        false => files.iter().map(|file| Source::typed(file)).collect(),
    };
    let mut text = String::new();
    for document in Inputs::resolve(&sources)?.documents(&Clean::default()) {
        text += &document?.text;
        if text.len() > MOST {
            break;
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() < STRETCH {
        return Err(format!("{} lines of text: give at least {STRETCH}", lines.len()).into());
    }
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let mut written = 0;
    while written < bytes {
        let start = (random.next_u64() % (lines.len() - STRETCH + 1) as u64) as usize;
        let mut stretch = String::new();
        for line in &lines[start..start + STRETCH] {
            for (index, word) in line.split(' ').enumerate() {
                if index > 0 {
                    stretch.push(' ');
                }
                match random.next_u32() {
                    chance if chance % 16 == 0 => stretch += &format!("{:x}", random.next_u32()),
                    _ => stretch += word,
                }
            }
            stretch.push('\n');
        }
        if jsonl {
            stretch = format!("{}\n", serde_json::json!({ "text": stretch }));
        }
        out.write_all(stretch.as_bytes())?;
        written += stretch.len() as u64;
    }
    out.flush()?;
    Ok(())
}
