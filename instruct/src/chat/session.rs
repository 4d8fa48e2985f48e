//! A conversation, and the commands that change it.

use crate::assistant::Assistant;
use crate::conversation::{Message, Role};
use crate::{Error, Result};
use serde_json::json;
use slovo_data::tokenizer::Pieces;
use slovo_model::{GenerateOptions, Request, Sampling};
use slovo_train::files;
use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;

const HELP: &str = "\
/system TEXT      what the assistant is told before anything is asked; nothing forgets it
/reset            forgets what was said
/set              what can be set, and how it stands
/set NAME VALUE   sets it; `off` as a value unsets it
/save FILE        writes the conversation as `instruct` reads it: a line of JSON
/quit             ends";

/// A conversation.
pub struct Session {
    assistant: Assistant,
    system: Option<String>,
    /// Questions and answers in turn.
    turns: Vec<Message>,
    sampling: Sampling,
    max_tokens: usize,
    /// Given, so that answers repeat.
    seed: Option<u64>,
    asked: u64,
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// It was empty.
    Nothing,
    /// It was a command, and this is what to say.
    Done(String),
    /// It was a question, to be answered.
    Question,
    /// Enough.
    Quit,
}

impl Session {
    /// A conversation in which nothing was said.
    pub fn new(
        assistant: Assistant,
        system: Option<String>,
        sampling: Sampling,
        max_tokens: usize,
        seed: Option<u64>,
    ) -> Self {
        Self {
            assistant,
            system,
            turns: Vec::new(),
            sampling,
            max_tokens,
            seed,
            asked: 0,
        }
    }

    /// Takes a line: a command, or a question.
    pub fn take(&mut self, line: &str) -> Said {
        if line.is_empty() {
            return Said::Nothing;
        }
        let Some(command) = line.strip_prefix('/') else {
            self.turns.push(Message::new(Role::User, line));
            return Said::Question;
        };
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim();
        let done = match name {
            "quit" | "exit" => return Said::Quit,
            "help" => Ok(HELP.into()),
            "system" => {
                self.system = (!rest.is_empty()).then(|| rest.to_owned());
                Ok(match self.system {
                    Some(_) => "the assistant is told so from now on".into(),
                    None => "the assistant is told nothing".into(),
                })
            }
            "reset" => {
                self.turns.clear();
                Ok("what was said is forgotten".into())
            }
            "set" => self.set(rest),
            "save" => self.save(rest),
            _ => Err(format!("there is no /{name}; /help says what there is")),
        };
        Said::Done(done.unwrap_or_else(|what| format!("error: {what}")))
    }

    /// Answers the last question. `show` gets every piece as it comes, and says whether to go on.
    /// Returns what a person should know.
    ///
    /// # Errors
    ///
    /// A question that does not fit, which is forgotten; a model that fails.
    pub fn answer(&mut self, show: impl FnMut(&str) -> bool) -> Result<Vec<String>> {
        let answered = self.answer_last(show);
        if answered.is_err() {
            self.turns.pop();
        }
        answered
    }

    fn answer_last(&mut self, mut show: impl FnMut(&str) -> bool) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let (prompt, forgotten) = self.fit()?;
        if forgotten > 0 {
            notes.push(format!(
                "note: the first {forgotten} of the messages no longer fit into the model's context and \
                 are forgotten"
            ));
        }
        let room = self.assistant.model.config().max_seq_len - prompt.len();
        let seed = self.seed.unwrap_or_else(Sampling::fresh_seed);
        let request = Request {
            prompt: &prompt,
            options: GenerateOptions {
                sampling: Sampling {
                    seed: seed.wrapping_add(self.asked),
                    ..self.sampling.clone()
                },
                ..GenerateOptions::new(self.max_tokens.min(room))
            },
        };
        self.asked += 1;
        let mut pieces = Pieces::new(&self.assistant.tokenizer, &[]);
        let (mut text, mut ended, mut cut) = (String::new(), false, false);
        let ends = &self.assistant.ends;
        self.assistant.model.generate_batch(&[request], |token| {
            if ends.contains(&token.id) {
                ended = true;
                return ControlFlow::Break(());
            }
            let piece = pieces.push(token.id);
            text += &piece;
            match show(&piece) {
                true => ControlFlow::Continue(()),
                false => {
                    cut = true;
                    ControlFlow::Break(())
                }
            }
        })?;
        let rest = pieces.finish();
        text += &rest;
        if !cut {
            show(&rest);
            if !ended {
                notes.push(format!(
                    "note: the answer was cut at {} tokens (/set max_tokens)",
                    self.max_tokens.min(room)
                ));
            }
        }
        match text.is_empty() {
            // Nobody could learn from it, nor a model go on from it.
            true => {
                self.turns.pop();
                notes.push("note: nothing was said; the question is not kept".into());
            }
            false => self.turns.push(Message::new(Role::Assistant, text)),
        }
        Ok(notes)
    }

    /// The tokens of what is said, without as many of the oldest messages as it takes to leave room for an
    /// answer, and how many those are.
    fn fit(&mut self) -> Result<(Vec<u32>, usize)> {
        let context = self.assistant.model.config().max_seq_len;
        let room = context - self.max_tokens.min(context / 4).max(1);
        let mut forgotten = 0;
        loop {
            let prompt = self
                .assistant
                .template
                .prompt_ids(&self.messages(forgotten), &self.assistant.tokenizer)?;
            if prompt.len() <= room {
                self.turns.drain(..forgotten);
                return Ok((prompt, forgotten));
            }
            if self.turns.len() < forgotten + 3 {
                return Err(Error::Value {
                    field: "the question",
                    found: format!("{} tokens long, with what stands around it", prompt.len()),
                    expected: format!(
                        "this model reads {context}, of which {room} are for questions"
                    ),
                });
            }
            forgotten += 2;
        }
    }

    /// What is said, without the first messages.
    fn messages(&self, forgotten: usize) -> Vec<Message> {
        let system = self.system.iter();
        let system = system.map(|text| Message::new(Role::System, text.clone()));
        system
            .chain(self.turns[forgotten..].iter().cloned())
            .collect()
    }

    fn set(&mut self, rest: &str) -> std::result::Result<String, String> {
        let mut parts = rest.split_whitespace();
        let (Some(name), value) = (parts.next(), parts.next()) else {
            return Ok(self.settings());
        };
        let Some(value) = value else {
            return Err("/set NAME VALUE: the value is missing".into());
        };
        let mut sampling = self.sampling.clone();
        match name {
            "temperature" => sampling.temperature = number(value)?,
            "top_p" => sampling.top_p = optional(value)?,
            "top_k" => sampling.top_k = optional(value)?,
            "min_p" => sampling.min_p = optional(value)?,
            "repetition_penalty" => sampling.repetition_penalty = number(value)?,
            "presence_penalty" => sampling.presence_penalty = number(value)?,
            "frequency_penalty" => sampling.frequency_penalty = number(value)?,
            "max_tokens" => match number(value)? {
                0 => return Err("0 found; 1 at least would do".into()),
                tokens => self.max_tokens = tokens,
            },
            "seed" => self.seed = optional(value)?,
            _ => return Err(format!("there is no {name} to be set; {}", self.settings())),
        }
        sampling.validate().map_err(|error| error.to_string())?;
        self.sampling = sampling;
        self.asked = 0;
        Ok(self.settings())
    }

    fn settings(&self) -> String {
        let off = |value: Option<String>| value.unwrap_or_else(|| "off".into());
        let it = &self.sampling;
        format!(
            "temperature {}, top_p {}, top_k {}, min_p {}, repetition_penalty {}, presence_penalty {}, \
             frequency_penalty {}, max_tokens {}, seed {}",
            it.temperature,
            off(it.top_p.map(|value| value.to_string())),
            off(it.top_k.map(|value| value.to_string())),
            off(it.min_p.map(|value| value.to_string())),
            it.repetition_penalty,
            it.presence_penalty,
            it.frequency_penalty,
            self.max_tokens,
            off(self.seed.map(|value| value.to_string())),
        )
    }

    fn save(&self, rest: &str) -> std::result::Result<String, String> {
        if rest.is_empty() {
            return Err("/save FILE: the file is missing".into());
        }
        if self.turns.is_empty() {
            return Err("nothing was said yet".into());
        }
        let path = Path::new(rest);
        if path.exists() {
            return Err(format!("{rest} is there already; another name would do"));
        }
        let text = format!("{}\n", json!({"messages": self.messages(0)}));
        let written = files::write_atomic(path, text.as_bytes());
        written.map_err(|error| error.to_string())?;
        Ok(format!("{} messages are in {rest}", self.messages(0).len()))
    }
}

fn number<T: FromStr>(value: &str) -> std::result::Result<T, String> {
    let parsed = value.parse();
    parsed.map_err(|_| format!("{value:?} found; a number would do"))
}

fn optional<T: FromStr>(value: &str) -> std::result::Result<Option<T>, String> {
    match value {
        "off" => Ok(None),
        value => number(value).map(Some),
    }
}
