//! Commands in text.

use super::super::accents::{accented, mark};
use super::super::commands::{Command, command};
use super::super::math::{Fence, tidy};
use super::super::structure;
use super::super::symbols::symbol;
use super::{Paragraphs, Then};

/// How many accents a letter may have; Vietnamese has two.
const MAX_MARKS: usize = 4;

impl<'a> Paragraphs<'a> {
    pub(super) fn backslash(&mut self) {
        if self.raw() {
            return;
        }
        if structure::mark(self.bytes, self.at).is_some_and(|mark| mark.after <= self.end) {
            self.environment();
            return;
        }
        let fence = match self.peek(1) {
            Some(b'(') => Some(Fence::Round),
            Some(b'[') => Some(Fence::Square),
            _ => None,
        };
        if let Some(fence) = fence {
            if !self.formula(fence) {
                self.at += 2;
            }
            return;
        }
        self.at += 1;
        let name = self.name();
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.word(name);
        } else {
            self.sign(name);
        }
    }

    /// The name of a command, behind its backslash: letters, or one other character.
    fn name(&mut self) -> &'a str {
        let rest = self.slice(self.at..self.end);
        let letters = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let length = match letters {
            0 => rest.chars().next().map_or(0, char::len_utf8),
            letters => letters,
        };
        self.at += length;
        &rest[..length]
    }

    /// A command that is no word.
    fn sign(&mut self, name: &str) {
        match name {
            "\\" => {
                self.skip_arguments(0);
                self.output.line();
            }
            " " | "," | ";" | ":" | ">" | "\n" | "\t" => self.output.space(),
            "%" | "&" | "$" | "#" | "_" | "{" | "}" => self.output.put(name),
            _ => {
                if let Some(mark) = mark(name.as_bytes()) {
                    self.accent(mark);
                }
            }
        }
    }

    fn word(&mut self, name: &str) {
        let after_name = self.at;
        self.skip_blanks();
        if let Some(symbol) = symbol(name) {
            self.output.put(symbol);
            return;
        }
        if let Some(mark) = mark(name.as_bytes()) {
            self.accent(mark);
            return;
        }
        let Some(command) = command(name) else {
            // `\foo[bar]{baz}` is `baz`; a bracket behind a blank is text.
            self.at = after_name;
            if let Some((_, after)) = self.option() {
                self.at = after;
            }
            if self.peek(0) == Some(b'*') {
                self.at += 1;
            }
            self.skip_blanks();
            return;
        };
        match command {
            Command::Skip(count) => self.skip_arguments(count),
            Command::Blank(count) => {
                self.skip_arguments(count);
                self.output.space();
            }
            Command::Reference => {
                self.skip_arguments(1);
                self.output.reference();
            }
            Command::Last(count) => self.skip_arguments(count),
            Command::Heading | Command::Paragraph => {
                self.skip_arguments(0);
                self.output.paragraph();
                if name == "abstract" {
                    self.output.put("Abstract");
                    self.output.paragraph();
                }
                if let Some((range, after)) = self.group() {
                    self.enter(range, after, Then::Paragraph);
                }
            }
            Command::Footnote => {
                self.skip_arguments(0);
                if let Some((range, after)) = self.group() {
                    self.at = after;
                    if self.with_notes {
                        self.notes.push(range);
                    }
                }
            }
            Command::Item => self.item(),
            Command::ParagraphEnd => self.output.paragraph(),
            Command::LineEnd => self.output.line(),
            Command::Space => self.output.space(),
            Command::Length => self.skip_length(),
            Command::Formula => {
                if let Some((range, after)) = self.group() {
                    self.at = after;
                    let source = tidy(self.slice(range), false);
                    if self.options.math && !source.is_empty() {
                        self.output.put(&["$", &source, "$"].concat());
                    }
                }
            }
            Command::SoftSpace => {
                let next = self.peek(0);
                if next.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'(') {
                    self.output.space();
                }
            }
        }
    }

    fn item(&mut self) {
        let depth = self.lists.len().saturating_sub(1).min(MAX_INDENT);
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                let mark = format!("{number}.");
                self.output.item(depth, &mark);
            }
            _ => self.output.item(depth, "-"),
        }
        if let Some((range, after)) = self.option() {
            self.enter(range, after, Then::Space);
        }
    }

    /// `\vskip 1cm plus 2pt`, `\kern-.1em`, `\parindent=0pt`.
    fn skip_length(&mut self) {
        if self.peek(0) == Some(b'=') {
            self.at += 1;
        }
        for part in [&b""[..], b"plus", b"minus"] {
            self.skip_blanks();
            if !self.bytes[self.at..self.end].starts_with(part) {
                continue;
            }
            self.at += part.len();
            self.skip_blanks();
            let from = self.at;
            while matches!(self.peek(0), Some(b'-' | b'+' | b'.' | b'0'..=b'9')) {
                self.at += 1;
            }
            let has_number = self.at > from;
            if self.peek(0) == Some(b'\\') {
                self.at += 1;
                self.name();
            } else if has_number {
                let unit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase());
                let blank = usize::from(self.peek(0) == Some(b' '));
                if unit(self.peek(blank)) && unit(self.peek(blank + 1)) {
                    self.at += blank + 2;
                }
            }
        }
    }

    /// A letter with the accent whose command was read.
    fn accent(&mut self, first: char) {
        let mut marks = vec![first];
        let mut braces = 0;
        loop {
            self.skip_blanks();
            match self.peek(0) {
                Some(b'{') if braces < MAX_MARKS => {
                    braces += 1;
                    self.at += 1;
                }
                Some(b'\\') => {
                    let before = self.at;
                    self.at += 1;
                    let name = self.name();
                    if let Some(mark) = mark(name.as_bytes()).filter(|_| marks.len() < MAX_MARKS) {
                        marks.push(mark);
                    } else if let Some(letter) = symbol(name).and_then(|text| text.chars().next()) {
                        self.skip_blanks();
                        self.output.put(&accented(letter, &marks));
                        return;
                    } else {
                        self.at = before;
                        return;
                    }
                }
                _ => break,
            }
        }
        let letter = self.slice(self.at..self.end).chars().next();
        match letter.filter(|letter| letter.is_alphanumeric()) {
            Some(letter) => {
                self.at += letter.len_utf8();
                self.output.put(&accented(letter, &marks));
            }
            // `\~{}` and `\^{}` are the signs themselves.
            None if first == '\u{303}' => self.output.put("~"),
            None if first == '\u{302}' => self.output.put("^"),
            None => {}
        }
    }
}

/// How deep lists are indented at most.
const MAX_INDENT: usize = 4;
