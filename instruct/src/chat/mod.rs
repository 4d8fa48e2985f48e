//! Talking with an assistant at a terminal, or through a pipe: a line is a question.
//!
//! [`Session`] holds the conversation and knows the commands; here lines come in and answers go out.

mod interrupt;
mod session;

pub use session::{Said, Session};

use crate::{Error, Result};
use interrupt::Interrupt;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use slovo_train::progress::notice;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

/// Stands before what a person types.
const PROMPT: &str = "> ";

/// Lines as they are typed or piped in.
enum Lines {
    Typed(Box<DefaultEditor>),
    Piped,
}

/// Talks until there are no more lines, or one says so.
///
/// # Errors
///
/// A terminal or a file that refuses, or a model that fails.
pub fn talk(mut session: Session, history: Option<&Path>) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let typed = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut lines = match typed {
        true => Lines::Typed(Box::new(editor(history)?)),
        false => Lines::Piped,
    };
    if typed {
        notice("Ctrl-C stops an answer, Ctrl-D or /quit ends; /help says what else there is.");
    }
    while let Some(line) = lines.next()? {
        match session.take(line.trim()) {
            Said::Nothing => {}
            Said::Done(what) => notice(&what),
            Said::Quit => break,
            Said::Question => {
                let answered = answer(&mut session, &interrupt)?;
                if !answered {
                    break;
                }
            }
        }
    }
    if let (Lines::Typed(editor), Some(path)) = (&mut lines, history) {
        let kept = editor.save_history(path);
        kept.map_err(|error| terminal(&error, &path.display().to_string()))?;
    }
    Ok(())
}

/// Answers the last question on standard output; `false` when nobody reads it.
fn answer(session: &mut Session, interrupt: &Interrupt) -> Result<bool> {
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let interrupted = interrupt.while_answering();
    let note = session.answer(|text| {
        written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.is_ok() && !interrupted.asked()
    });
    drop(interrupted);
    let written = written.and_then(|()| writeln!(out));
    match note {
        Ok(notes) => notes.iter().for_each(|note| notice(note)),
        // A question that cannot be asked is no reason to lose the conversation.
        Err(error) if error.is_usage() => notice(&format!("error: {error}")),
        Err(error) => return Err(error),
    }
    Ok(written.is_ok())
}

fn editor(history: Option<&Path>) -> Result<DefaultEditor> {
    let mut editor = DefaultEditor::new().map_err(|error| terminal(&error, "the terminal"))?;
    if let Some(path) = history.filter(|path| path.exists()) {
        let read = editor.load_history(path);
        read.map_err(|error| terminal(&error, &path.display().to_string()))?;
    }
    Ok(editor)
}

impl Lines {
    fn next(&mut self) -> Result<Option<String>> {
        match self {
            Self::Typed(editor) => loop {
                match editor.readline(PROMPT) {
                    Ok(line) => {
                        if !line.trim().is_empty() {
                            // A line that is no history is answered all the same.
                            let _ = editor.add_history_entry(&line);
                        }
                        return Ok(Some(line));
                    }
                    Err(ReadlineError::Eof) => return Ok(None),
                    Err(ReadlineError::Interrupted) => notice("Ctrl-D or /quit ends."),
                    Err(error) => return Err(terminal(&error, "the terminal")),
                }
            },
            Self::Piped => {
                let mut line = String::new();
                let read = io::stdin().lock().read_line(&mut line);
                match read.map_err(slovo_train::Error::io("read", Path::new("standard input")))? {
                    0 => Ok(None),
                    _ => Ok(Some(line)),
                }
            }
        }
    }
}

fn terminal(error: &ReadlineError, what: &str) -> Error {
    Error::System {
        what: what.into(),
        error: io::Error::other(error.to_string()),
    }
}
