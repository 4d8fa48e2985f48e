//! What a tokenizer is made of, and how well it serves a text.
//!
//! A tokenizer trained on one language writes others in more tokens, and may have no token for some
//! of their characters (Petrov et al. 2023, "Language Model Tokenizers Introduce Unfairness Between
//! Languages"). So compression is measured for each input by itself, named by whoever gives it
//! (`ru=corpus/russian`), and within it for each Unicode script (Unicode Standard Annex 24).
//!
//! Texts stream through: memory does not grow with them.

mod display;
mod text;
mod vocabulary;

use std::collections::HashSet;

use serde::Serialize;

pub use text::{Compression, InputReport, Unknown};
pub use vocabulary::VocabularyReport;

use crate::Error;
use crate::recipe::{Clean, Encoding, Source};
use crate::source::Inputs;
use crate::tokenizer::Tokenizer;
use text::Measure;

/// Everything that is said of a tokenizer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The tokenizer by itself.
    pub vocabulary: VocabularyReport,
    /// Each input, in the order in which they were given.
    pub inputs: Vec<InputReport>,
    /// Tokens that none of the inputs used, special ones not counted; `None` where the inputs came
    /// to no tokens at all.
    pub unused: Option<Unused>,
}

/// Tokens that were not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// How many.
    pub tokens: u64,
    /// The first of them that are text, not parts of characters.
    pub examples: Vec<String>,
}

/// Unused tokens, longest tokens and unknown characters that are shown.
const SHOWN: usize = 8;

/// Looks at a tokenizer and measures it on inputs: `path` or `name=path`, where the path is a file,
/// a folder or a wildcard, and `-` is standard input.
///
/// # Errors
/// A path that matches nothing; two inputs of one name; a file that cannot be read.
pub fn inspect(tokenizer: &Tokenizer, inputs: &[String]) -> Result<Inspection, Error> {
    let named: Vec<(String, Source)> = inputs.iter().map(|given| name(given)).collect();
    // All at once, so that a wrong path is told before hours of measuring, and standard input
    // named twice is refused.
    let sources: Vec<Source> = named.iter().map(|(_, source)| source.clone()).collect();
    Inputs::resolve(&sources)?;
    let mut names = HashSet::new();
    if let Some((name, _)) = named.iter().find(|(name, _)| !names.insert(name)) {
        return Err(Error::SameName(name.clone()));
    }
    let clean = Clean {
        encoding: Encoding::Replace,
        ..Clean::default()
    };
    let mut met = vec![false; tokenizer.vocab_size()];
    let mut reports = Vec::new();
    for (name, source) in named {
        let mut measure = Measure::new(tokenizer, name, &mut met);
        for document in Inputs::resolve(&[source])?.documents(&clean) {
            measure.take(document?)?;
        }
        reports.push(measure.finish()?);
    }
    let is_counted = reports.iter().any(|report| report.all.tokens > 0);
    Ok(Inspection {
        vocabulary: VocabularyReport::of(tokenizer),
        unused: is_counted.then(|| unused(tokenizer, &met)),
        inputs: reports,
    })
}

/// A name before the path, where there is one; a file whose name has a `=` is a file.
fn name(given: &str) -> (String, Source) {
    match given.split_once('=') {
        Some((name, path)) if !name.is_empty() && !std::path::Path::new(given).exists() => {
            (name.to_owned(), Source::typed(path))
        }
        _ => (given.to_owned(), Source::typed(given)),
    }
}

fn unused(tokenizer: &Tokenizer, met: &[bool]) -> Unused {
    let specials: Vec<u32> = tokenizer.specials().into_iter().map(|(id, _)| id).collect();
    let mut found = Unused {
        tokens: 0,
        examples: Vec::new(),
    };
    for (id, _) in (0..).zip(met).filter(|(_, met)| !**met) {
        if specials.contains(&id) {
            continue;
        }
        // A gap in the numbering is no token.
        if let Ok(text) = tokenizer.decode(&[id]) {
            found.tokens += 1;
            let is_text = !text.contains(char::REPLACEMENT_CHARACTER);
            if is_text && found.examples.len() < SHOWN {
                found.examples.push(text);
            }
        }
    }
    found
}
