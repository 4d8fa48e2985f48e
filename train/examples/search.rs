//! Searches a folder of texts by meaning: prints the passages whose vectors point most nearly to
//! where the query's does (cosine similarity).
//!
//! ```sh
//! cargo run --release -p slovo-train --example search -- MODEL FOLDER "what to look for" [COUNT]
//! ```
//!
//! MODEL is a folder with an encoder, such as all-MiniLM-L6-v2. A passage is a paragraph, or a part
//! of a long one; files that are not UTF-8 are left out. Nothing is kept: every search reads the
//! whole folder, at some hundred passages a second on two cores.

use burn::tensor::Device;
use slovo_train::sentence_encoder::{SentenceEncoder, Wishes};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A passage ends behind the line in which it gets so many words, and a line is cut that has more.
const WORDS: usize = 120;
/// Passages whose vectors are computed in one call.
const STRETCH: usize = 1024;
/// Characters of a passage that are shown.
const SHOWN: usize = 300;

struct Passage {
    file: usize,
    /// Its first line, from 1.
    line: usize,
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (model, folder, query, count) = match arguments.as_slice() {
        [model, folder, query] => (model, folder, query, 5),
        [model, folder, query, count] => (model, folder, query, count.parse()?),
        _ => return Err("usage: search MODEL FOLDER QUERY [COUNT]".into()),
    };
    let wishes = Wishes {
        // The scalar product of vectors that are one long is their cosine.
        normalise: Some(true),
        ..Wishes::default()
    };
    let encoder = SentenceEncoder::load(model.as_ref(), &wishes, &Device::default())?;
    eprintln!("{}", encoder.description());

    let mut files = Vec::new();
    find(folder.as_ref(), &mut files)?;
    let mut passages = Vec::new();
    for (file, path) in files.iter().enumerate() {
        match fs::read_to_string(path) {
            Ok(text) => split(file, &text, &mut passages),
            Err(error) => eprintln!("left out: {}: {error}", path.display()),
        }
    }

    let begin = Instant::now();
    let wanted = encoder.embed(&[query], |_| "the query".into())?.remove(0);
    let mut scores: Vec<(f32, &Passage)> = Vec::with_capacity(passages.len());
    for stretch in passages.chunks(STRETCH) {
        let texts: Vec<&str> = stretch
            .iter()
            .map(|passage| passage.text.as_str())
            .collect();
        let place = |text: usize| {
            let Passage { file, line, .. } = &stretch[text];
            format!("{}:{line}", files[*file].display())
        };
        for (passage, found) in stretch.iter().zip(encoder.embed(&texts, place)?) {
            let products = found.vector.iter().zip(&wanted.vector).map(|(a, b)| a * b);
            scores.push((products.sum(), passage));
        }
    }
    eprintln!(
        "{} passages of {} files in {:.1} s",
        passages.len(),
        files.len(),
        begin.elapsed().as_secs_f64()
    );

    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (score, passage) in scores.iter().take(count) {
        let file = files[passage.file].display();
        println!("{score:.3}  {file}:{}", passage.line);
        let text = passage.text.replace('\n', " ");
        println!("       {}\n", text.chars().take(SHOWN).collect::<String>());
    }
    Ok(())
}

/// The files below a folder in the order of their names, without hidden ones. Links are not
/// followed.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        } else if kind.is_dir() {
            find(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Cuts a text at empty lines, and where a passage has become long.
fn split(file: usize, text: &str, passages: &mut Vec<Passage>) {
    // An empty line ends a passage, and begins one that may stay without words.
    let begin = |line| Passage {
        file,
        line,
        text: String::new(),
    };
    let (mut found, mut passage, mut count) = (Vec::new(), begin(1), 0);
    for (line, content) in (1..).zip(text.lines()) {
        let words: Vec<&str> = content.split_whitespace().collect();
        if words.is_empty() {
            found.push(std::mem::replace(&mut passage, begin(line + 1)));
            count = 0;
        }
        for part in words.chunks(WORDS) {
            if count >= WORDS {
                found.push(std::mem::replace(&mut passage, begin(line)));
                count = 0;
            }
            passage.text += &part.join(" ");
            passage.text.push('\n');
            count += part.len();
        }
    }
    found.push(passage);
    passages.extend(found.into_iter().filter(|passage| !passage.text.is_empty()));
}
