//! Which words spoke for what a text was told to be.

use super::{json, say};
use crate::explain::{Explanation, html, terminal};
use crate::{Result, SavedClassifier};
use slovo_args::{ExplainArgs, exit};
use slovo_train::{backend, files};
use std::io::IsTerminal;

/// `classify explain`.
///
/// # Errors
///
/// A folder without a classifier, a label that there is not, or a page that cannot be written.
pub fn explain(args: &ExplainArgs) -> Result<u8> {
    let device = backend::device(&args.backend)?;
    let model = SavedClassifier::load(&args.model.model, &device)?;
    let mut found: Vec<Explanation> = Vec::with_capacity(args.text.len());
    for text in &args.text {
        found.push(model.explain(text, args.label.as_deref())?);
    }
    if let Some(path) = &args.html {
        files::write_atomic(path, html(&found).as_bytes())?;
        say(&path.display().to_string());
        return Ok(exit::DONE);
    }
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for explanation in &found {
        match args.json {
            true => say(&json(explanation)?),
            false => say(terminal(explanation, colours).trim_end()),
        }
    }
    Ok(exit::DONE)
}
