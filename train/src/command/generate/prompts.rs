//! What is to be continued: texts from the command line, from standard input and from a file.

use crate::{Error, Result};
use slovo_args::GenerateArgs;
use slovo_data::Tokenizer;
use std::io::Read;

/// A text to continue.
pub(super) struct Prompt {
    pub text: String,
    pub ids: Vec<u32>,
    /// Where it comes from, if there are others.
    place: Option<String>,
}

impl Prompt {
    /// An error about this prompt.
    pub fn wrong(&self, error: Error) -> Error {
        wrong(self.place.as_deref(), error)
    }
}

fn wrong(place: Option<&str>, error: Error) -> Error {
    match place {
        None => error,
        Some(place) => Error::Prompt {
            place: place.into(),
            source: Box::new(error),
        },
    }
}

/// Reads and encodes all prompts, those of the file last.
///
/// # Errors
///
/// A file that cannot be read, or a text that cannot be encoded.
pub(super) fn read(args: &GenerateArgs, tokenizer: &Tokenizer) -> Result<Vec<Prompt>> {
    if args.prompt.iter().filter(|prompt| *prompt == "-").count() > 1 {
        return Err(Error::Value {
            field: "--prompt",
            found: "- more than once".into(),
            expected: "standard input can be read once".into(),
        });
    }
    let mut texts = Vec::new();
    for (number, prompt) in (1..).zip(&args.prompt) {
        let text = match prompt.as_str() {
            "-" => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(Error::io("read", "standard input"))?;
                text
            }
            text => text.into(),
        };
        texts.push((text, format!("prompt {number}")));
    }
    if let Some(path) = &args.prompts {
        let file = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        for (number, line) in (1..).zip(file.lines()) {
            texts.push((line.into(), format!("{}, line {number}", path.display())));
        }
        if texts.is_empty() {
            return Err(Error::Folder {
                path: path.clone(),
                what: "is empty; one prompt a line would do".into(),
            });
        }
    }
    let several = texts.len() > 1 || args.prompts.is_some();
    let encoded = texts.into_iter().map(|(text, place)| {
        let place = several.then_some(place);
        let mut ids = tokenizer
            .encode(&text)
            .map_err(|error| wrong(place.as_deref(), slovo_data::Error::from(error).into()))?;
        if ids.is_empty() {
            // Text begins where another ended.
            ids.extend(tokenizer.end_of_text());
        }
        Ok(Prompt { text, ids, place })
    });
    encoded.collect()
}
