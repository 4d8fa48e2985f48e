//! A mail filter: which letters of a folder are spam.
//!
//! ```text
//! cargo run --release -p slovo-classify --example mail_filter -- runs/spam-minilm inbox/ 0.99
//! ```
//!
//! The last argument is the probability below which a letter is let through: a filter would rather miss
//! one spam than lose one letter. Without it the model's own threshold decides.

use burn::tensor::Device;
use slovo_classify::SavedClassifier;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// The subject and the body of a letter as it came: headers, an empty line, the text.
fn words_of(letter: &str) -> String {
    let (headers, body) = letter.split_once("\n\n").unwrap_or(("", letter));
    let subject = headers
        .lines()
        .find_map(|line| line.strip_prefix("Subject:"))
        .unwrap_or_default();
    format!("{} {body}", subject.trim())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(model), Some(inbox)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mail_filter MODEL FOLDER [PROBABILITY]".into());
    };
    let mut filter = SavedClassifier::load(model.as_ref(), &Device::default())?;
    if let Some(threshold) = arguments.next() {
        filter.set_threshold(Some(threshold.parse()?));
    }
    let spam = filter.positive().ok_or("the model has no positive class")?;

    let mut files: Vec<PathBuf> = fs::read_dir(inbox)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    // A letter may be in any encoding; what is not UTF-8 is not worth an error here.
    let letters: Vec<String> = files
        .iter()
        .map(|path| fs::read(path).map(|bytes| words_of(&String::from_utf8_lossy(&bytes))))
        .collect::<Result<_, _>>()?;
    let found = filter.predict(&letters, |i| files[i].display().to_string())?;
    for (path, found) in files.iter().zip(found) {
        let verdict = if found.class == spam { "spam" } else { "keep" };
        println!(
            "{verdict}  {:.4}  {}",
            found.probabilities[spam],
            path.display()
        );
    }
    Ok(())
}
