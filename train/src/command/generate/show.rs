//! How continuations are shown: text for a person, JSON lines for a program.

use serde::Serialize;
use slovo_data::Tokenizer;
use slovo_model::NewToken;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// Which continuation something belongs to.
pub struct Shown<'a> {
    /// Number of its prompt, from 0.
    pub prompt: usize,
    /// Its number among those of the prompt, from 0.
    pub sample: usize,
    /// The prompt.
    pub text: &'a str,
}

/// A continuation that has ended.
pub struct Finished<'a> {
    /// All of its text, without the prompt.
    pub text: &'a str,
    /// Tokens generated, an end-of-text token and those of a stop text among them.
    pub tokens: usize,
    /// Why it ended.
    pub reason: Reason,
}

/// Why a continuation has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A stop text came.
    Stop,
    /// It has as many tokens as were asked for.
    Length,
    /// The model ended the text.
    EndOfText,
    /// Somebody asked the program to stop.
    Interrupted,
}

/// Where continuations are shown. Several may grow at once, each token by token.
pub trait Show {
    /// Shows a token and the text that came with it: whole characters, or nothing yet.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn token(&mut self, of: &Shown<'_>, token: &NewToken, piece: &str) -> Result<()>;

    /// Shows that one has ended.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn end(&mut self, of: &Shown<'_>, finished: &Finished<'_>) -> Result<()>;
}

/// Prompt and continuation as one text. Of several, each under its number, the first that has not
/// ended is shown as it grows; those behind it wait for their turn.
pub struct Plain<'a> {
    out: &'a mut dyn Write,
    prompts: usize,
    samples: usize,
    /// Which one is being shown.
    turn: usize,
    /// That one and those behind it, once they have begun.
    begun: BTreeMap<usize, Text>,
}

#[derive(Default)]
struct Text {
    unshown: String,
    has_ended: bool,
}

impl<'a> Plain<'a> {
    /// Shows `samples` continuations of each of `prompts` prompts.
    pub fn new(out: &'a mut dyn Write, prompts: usize, samples: usize) -> Self {
        Self {
            out,
            prompts,
            samples,
            turn: 0,
            begun: BTreeMap::new(),
        }
    }

    fn grow(&mut self, of: &Shown<'_>, piece: &str, has_ended: bool) -> Result<()> {
        let number = of.prompt * self.samples + of.sample;
        let beginning = match self.begun.contains_key(&number) {
            true => String::new(),
            false => self.heading(of) + of.text,
        };
        let text = self.begun.entry(number).or_default();
        text.unshown += &beginning;
        text.unshown += piece;
        text.has_ended = has_ended;
        while let Some(text) = self.begun.get_mut(&self.turn) {
            if !text.unshown.is_empty() {
                self.out.write_all(text.unshown.as_bytes())?;
                self.out.flush()?;
                text.unshown.clear();
            }
            if !text.has_ended {
                break;
            }
            self.begun.remove(&self.turn);
            self.turn += 1;
        }
        Ok(())
    }

    /// Which of several a text is.
    fn heading(&self, of: &Shown<'_>) -> String {
        let place = |what, number: usize, all| format!("{what} {} of {all}", number + 1);
        let heading = match (self.prompts > 1, self.samples > 1) {
            (false, false) => return String::new(),
            (true, false) => place("prompt", of.prompt, self.prompts),
            (false, true) => place("sample", of.sample, self.samples),
            (true, true) => {
                let prompt = place("prompt", of.prompt, self.prompts);
                format!("{prompt}, {}", place("sample", of.sample, self.samples))
            }
        };
        let is_first = of.prompt == 0 && of.sample == 0;
        format!("{}== {heading} ==\n", if is_first { "" } else { "\n" })
    }
}

impl Show for Plain<'_> {
    fn token(&mut self, of: &Shown<'_>, _: &NewToken, piece: &str) -> Result<()> {
        self.grow(of, piece, false)
    }

    fn end(&mut self, of: &Shown<'_>, _: &Finished<'_>) -> Result<()> {
        self.grow(of, "\n", true)
    }
}

/// A JSON object a line: one for each token as it comes, one for each continuation that has ended.
///
/// ```json
/// {"prompt":0,"sample":0,"id":318,"text":" is","logprob":-1.25,"top":[{"id":318,"text":" is","logprob":-1.25}]}
/// {"prompt":0,"sample":0,"text":" is","tokens":1,"reason":"length"}
/// ```
///
/// The texts of the tokens make up the whole text. Those of a continuation's likeliest tokens are
/// `null` where a token is not whole characters.
pub struct JsonLines<'a> {
    out: &'a mut dyn Write,
    tokenizer: &'a Tokenizer,
}

#[derive(Serialize)]
struct TokenLine<'a> {
    prompt: usize,
    sample: usize,
    id: u32,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprob: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Likely>>,
}

#[derive(Serialize)]
struct Likely {
    id: u32,
    text: Option<String>,
    logprob: f32,
}

#[derive(Serialize)]
struct EndLine<'a> {
    prompt: usize,
    sample: usize,
    text: &'a str,
    tokens: usize,
    reason: Reason,
}

impl<'a> JsonLines<'a> {
    /// Shows the tokens of `tokenizer`.
    pub fn new(out: &'a mut dyn Write, tokenizer: &'a Tokenizer) -> Self {
        Self { out, tokenizer }
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(value)?;
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    fn likely(&self, (id, logprob): (u32, f32)) -> Likely {
        let mut bytes = Vec::new();
        let text = match self.tokenizer.decode_bytes(&[id], &mut bytes) {
            Ok(()) => String::from_utf8(bytes).ok(),
            Err(_) => None,
        };
        Likely {
            id,
            text: text.filter(|text| !text.contains(char::REPLACEMENT_CHARACTER)),
            logprob,
        }
    }
}

impl Show for JsonLines<'_> {
    fn token(&mut self, of: &Shown<'_>, token: &NewToken, piece: &str) -> Result<()> {
        let logprobs = token.logprobs.as_ref();
        let top = logprobs.map(|l| l.top.iter().map(|likely| self.likely(*likely)).collect());
        self.line(&TokenLine {
            prompt: of.prompt,
            sample: of.sample,
            id: token.id,
            text: piece,
            logprob: logprobs.map(|l| l.chosen),
            top,
        })
    }

    fn end(&mut self, of: &Shown<'_>, finished: &Finished<'_>) -> Result<()> {
        self.line(&EndLine {
            prompt: of.prompt,
            sample: of.sample,
            text: finished.text,
            tokens: finished.tokens,
            reason: finished.reason,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn token(id: u32) -> NewToken {
        NewToken {
            row: 0,
            id,
            logprobs: None,
        }
    }

    fn of(prompt: usize, sample: usize) -> Shown<'static> {
        Shown {
            prompt,
            sample,
            text: ["one", "two"][prompt],
        }
    }

    const END: Finished<'_> = Finished {
        text: "",
        tokens: 0,
        reason: Reason::Length,
    };

    #[test]
    fn one_text_is_shown_as_it_is() {
        let mut out = Vec::new();
        let mut plain = Plain::new(&mut out, 1, 1);
        plain.token(&of(0, 0), &token(1), " a").unwrap();
        plain.token(&of(0, 0), &token(1), "").unwrap();
        plain.token(&of(0, 0), &token(1), "b").unwrap();
        plain.end(&of(0, 0), &END).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "one ab\n");
    }

    #[test]
    fn several_texts_take_turns_and_never_mix() {
        let mut out = Vec::new();
        let mut plain = Plain::new(&mut out, 2, 2);
        for turn in ["a", "b"] {
            for (prompt, sample) in [(0, 0), (0, 1), (1, 0)] {
                plain.token(&of(prompt, sample), &token(1), turn).unwrap();
            }
        }
        // The second ends before the first, the last begins when the first has ended.
        plain.end(&of(0, 1), &END).unwrap();
        plain.token(&of(0, 0), &token(1), "c").unwrap();
        plain.end(&of(0, 0), &END).unwrap();
        plain.token(&of(1, 1), &token(1), "d").unwrap();
        plain.end(&of(1, 0), &END).unwrap();
        plain.end(&of(1, 1), &END).unwrap();
        let expected = "== prompt 1 of 2, sample 1 of 2 ==\noneabc\n\n\
                        == prompt 1 of 2, sample 2 of 2 ==\noneab\n\n\
                        == prompt 2 of 2, sample 1 of 2 ==\ntwoab\n\n\
                        == prompt 2 of 2, sample 2 of 2 ==\ntwod\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_token_that_is_half_a_character_has_no_text() {
        let tokenizer = Tokenizer::bytes().unwrap();
        let mut out = Vec::new();
        let mut json = JsonLines::new(&mut out, &tokenizer);
        let mut token = token(0xC3);
        token.logprobs = Some(slovo_model::Logprobs {
            chosen: -0.5,
            top: vec![(0xC3, -0.5), (u32::from(b'a'), -2.0), (999, -3.0)],
        });
        json.token(&of(1, 3), &token, "").unwrap();
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "prompt": 1, "sample": 3, "id": 0xC3, "text": "", "logprob": -0.5,
            "top": [
                {"id": 0xC3, "text": null, "logprob": -0.5},
                {"id": 97, "text": "a", "logprob": -2.0},
                {"id": 999, "text": null, "logprob": -3.0},
            ],
        });
        assert_eq!(line, expected);
    }
}
