//! A conversation as text, cut where speakers change.

use super::jinja::Jinja;
use crate::conversation::{Message, Role};
use crate::{Error, Result};
use slovo_data::Tokenizer;
use std::ops::Range;

/// A part of a rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where in the text it stands.
    pub place: Range<usize>,
    /// Whether the assistant says it.
    pub said: bool,
}

/// A whole conversation as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// All of it.
    pub text: String,
    /// Its parts, one after another: what the assistant is given, what it says with the token that ends
    /// it, and so on.
    pub pieces: Vec<Piece>,
    /// What the speakers said, where text that looks like a special token is text.
    pub contents: Vec<Range<usize>>,
    /// The tokens that end answers; none where answers end with none.
    pub ends: Vec<String>,
}

impl Rendered {
    pub(super) fn new(jinja: &Jinja, messages: &[Message], tokenizer: &Tokenizer) -> Result<Self> {
        let text = jinja.render(messages, false)?;
        let specials: Vec<String> = tokenizer
            .specials()
            .into_iter()
            .map(|(_, name)| name)
            .filter(|name| !name.is_empty())
            .collect();
        let contents = said(jinja, &text, messages, false);
        let (mut pieces, mut ends, mut at) = (Vec::new(), Vec::new(), 0);
        for (number, message) in messages.iter().enumerate() {
            if message.role != Role::Assistant {
                continue;
            }
            let asked = jinja.render(&messages[..number], true)?;
            let start = asked.len();
            let content = &contents[number];
            if !text.starts_with(&asked) || content.start < start {
                return Err(Error::Template {
                    name: jinja.name().into(),
                    what: format!(
                        "message {} does not stand behind what asks for it, so that it cannot be \
                         told what the assistant says",
                        number + 1
                    ),
                });
            }
            // White space may stand between the answer and the token that ends it.
            let behind = text[content.end..].trim_start();
            let end = specials
                .iter()
                .filter(|name| behind.starts_with(name.as_str()))
                .max_by_key(|name| name.len());
            let until = match end {
                Some(end) => {
                    ends.push(end.clone());
                    text.len() - behind.len() + end.len()
                }
                None => content.end,
            };
            pieces.push(Piece {
                place: at..start,
                said: false,
            });
            pieces.push(Piece {
                place: start..until,
                said: true,
            });
            at = until;
        }
        if at < text.len() {
            pieces.push(Piece {
                place: at..text.len(),
                said: false,
            });
        }
        Ok(Self {
            text,
            pieces,
            contents,
            ends,
        })
    }

    /// Token ids, and which of them the assistant says. Parts are encoded by themselves, as the
    /// assistant meets them: its answer begins behind tokens that are there already.
    ///
    /// # Errors
    ///
    /// Text that the tokenizer cannot encode.
    pub fn encode(&self, tokenizer: &Tokenizer) -> Result<(Vec<u32>, Vec<bool>)> {
        let (mut ids, mut said) = (Vec::new(), Vec::new());
        for piece in &self.pieces {
            let place = piece.place.clone();
            let inside = self.contents.iter().filter_map(|content| {
                let from = content.start.max(place.start);
                let to = content.end.min(place.end);
                (from < to).then(|| from - place.start..to - place.start)
            });
            let inside: Vec<_> = inside.collect();
            let found = tokenizer.encode_with_tokens(&self.text[place], &inside)?;
            said.extend(std::iter::repeat_n(piece.said, found.len()));
            ids.extend(found);
        }
        Ok((ids, said))
    }
}

/// Where in `text`, what `jinja` makes of `messages`, each message stands, with or without the white space
/// around it. A message that the template changed or left out has an empty place.
pub(super) fn said(
    jinja: &Jinja,
    text: &str,
    messages: &[Message],
    asks: bool,
) -> Vec<Range<usize>> {
    framed(jinja, text, messages, asks).unwrap_or_else(|| searched(text, messages))
}

/// By what stands between messages: that is what the template writes around marks in their place.
fn framed(
    jinja: &Jinja,
    text: &str,
    messages: &[Message],
    asks: bool,
) -> Option<Vec<Range<usize>>> {
    // Of a private area of Unicode, so that nobody says it.
    let mark = |number: usize| format!("\u{f8f0}{number}\u{f8f1}");
    let marked = messages.iter().enumerate();
    let marked: Vec<Message> = marked
        .map(|(number, message)| Message::new(message.role, mark(number)))
        .collect();
    let frame = jinja.render(&marked, asks).ok()?;
    let (mut between, mut rest) = (Vec::with_capacity(messages.len() + 1), frame.as_str());
    for number in 0..messages.len() {
        let (before, behind) = rest.split_once(&mark(number))?;
        between.push(before);
        rest = behind;
    }
    between.push(rest);
    let mut at = 0;
    let mut places = Vec::with_capacity(messages.len());
    for (number, message) in messages.iter().enumerate() {
        at += text[at..]
            .starts_with(between[number])
            .then_some(between[number].len())?;
        let whole = message.content.as_str();
        let spellings = [whole, whole.trim(), whole.trim_end(), whole.trim_start()];
        let here = spellings.into_iter().find(|spelling| {
            let behind = text[at..].strip_prefix(*spelling);
            behind.is_some_and(|behind| behind.starts_with(between[number + 1]))
        })?;
        places.push(at..at + here.len());
        at += here.len();
    }
    Some(places)
}

/// By their words, one after another.
fn searched(text: &str, messages: &[Message]) -> Vec<Range<usize>> {
    let mut at = 0;
    let find = |message: &Message| {
        let whole = message.content.as_str();
        for content in [whole, whole.trim()] {
            if let Some(found) = text[at..].find(content) {
                let place = at + found..at + found + content.len();
                at = place.end;
                return place;
            }
        }
        at..at
    };
    messages.iter().map(find).collect()
}
