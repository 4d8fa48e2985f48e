//! `import`: a model from elsewhere becomes a model folder of ours.
//!
//! The source is read as every command reads a model, each number checked by its loader, and written
//! as training writes one: in the layout of Hugging Face's `transformers`, with tokenizer, special
//! tokens and chat template, and `slovo.ron` saying where it came from. The folder is complete or
//! absent.

mod files;
mod folder;
#[cfg(feature = "hub")]
pub mod hub;
mod lacks;
mod model;
mod origin;
mod source;
mod specials;
mod summary;
mod tokenizer;

pub use origin::Imported;
pub use summary::Summary;

use crate::stop::Stop;
use crate::{Result, backend};
use folder::Folder;
use model::Model;
use slovo_args::{BackendArgs, ImportArgs};
use source::Source;
use std::io::{IsTerminal, Write};
use tokenizer::TokenizerOf;

/// Imports the model of `args`.
///
/// # Errors
///
/// A source that is no model or cannot be had, a tokenizer that is missing or does not fit, an
/// `--out` that holds something, a disk that fails, or `stop`. Nothing is left at `--out` then.
pub fn import(args: &ImportArgs, stop: &Stop) -> Result<Summary> {
    // Before any work: both are cheap to mend.
    let folder = Folder::at(&args.out)?;
    let device = backend::device(&BackendArgs::default())?;
    let source = Source::find(args, stop)?;
    let tokenizer = match args.no_tokenizer {
        true => None,
        false => Some(TokenizerOf::read(&source)?),
    };
    let tokenizer = tokenizer.as_ref();
    let mut steps = Steps::default();
    steps.say("reading the weights");
    let model = Model::load(&source.path, &device)?;
    if let Some(tokenizer) = tokenizer {
        tokenizer.check(&source, model.vocabulary())?;
    }
    go_on(stop)?;
    steps.say("taking fingerprints");
    let origin = Imported::of(&source, tokenizer, stop)?;
    go_on(stop)?;
    steps.say("writing the model folder");
    let begun = folder.begin()?;
    model.save(begun.path())?;
    go_on(stop)?;
    if let Some(tokenizer) = tokenizer {
        tokenizer.write(begun.path(), model.context())?;
    }
    specials::write(&source, tokenizer, model.vocabulary(), begun.path())?;
    origin.write(begun.path())?;
    let summary = Summary::of(&model, tokenizer, origin, begun.path(), &args.out)?;
    begun.finish()?;
    Ok(summary)
}

fn go_on(stop: &Stop) -> Result<()> {
    match stop.requested() {
        true => Err(slovo_data::Error::Stopped.into()),
        false => Ok(()),
    }
}

/// What is being done, on standard error: one line that is written over on a terminal.
#[derive(Default)]
struct Steps {
    shown: bool,
}

impl Steps {
    fn say(&mut self, what: &str) {
        let mut out = std::io::stderr();
        // Nobody listening is no reason to stop.
        let _ = match out.is_terminal() {
            true => write!(out, "\r\x1b[K{what} …").and_then(|()| out.flush()),
            false => writeln!(out, "{what} …"),
        };
        self.shown = true;
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        let mut out = std::io::stderr();
        if self.shown && out.is_terminal() {
            let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
        }
    }
}
