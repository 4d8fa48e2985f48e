//! The walk over a body: what is text, what a command or an environment makes of what follows.
//!
//! One pass; arguments that are read later or elsewhere, such as footnotes and captions, are stretches
//! on a stack, each read once.

mod command;
mod environment;

use std::collections::HashMap;
use std::ops::Range;

use super::convert::Options;
use super::math::{Fence, Formulas, ends_paragraph, tidy};
use super::output::Output;
use super::structure::Structure;
use super::verbatim::{RawKind, Verbatim};

/// The longest text in brackets behind a command.
pub(super) const MAX_OPTION_BYTES: usize = 1 << 10;

/// What is done when a stretch ends.
#[derive(Clone, Copy)]
enum Then {
    Space,
    Paragraph,
    Put(&'static str),
    EndFloat,
}

/// A stretch that goes on when the one in hand ends.
struct Stretch {
    at: usize,
    end: usize,
    then: Then,
}

/// A body as paragraphs.
pub(super) struct Paragraphs<'a> {
    text: &'a str,
    bytes: &'a [u8],
    structure: &'a Structure,
    theorems: &'a HashMap<&'a str, &'a str>,
    options: Options,
    with_notes: bool,
    verbatim: Verbatim,
    formulas: Formulas,
    at: usize,
    end: usize,
    stack: Vec<Stretch>,
    /// Footnotes, which are read when the paragraph ends.
    notes: Vec<Range<usize>>,
    /// The lists that are open: the number of the last item, or none for bullets.
    lists: Vec<Option<u32>>,
    in_float: bool,
    output: Output,
}

impl<'a> Paragraphs<'a> {
    pub(super) fn new(
        text: &'a str,
        structure: &'a Structure,
        theorems: &'a HashMap<&'a str, &'a str>,
        options: Options,
        with_notes: bool,
    ) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            structure,
            theorems,
            options,
            with_notes,
            verbatim: Verbatim::new(),
            formulas: Formulas::default(),
            at: 0,
            end: 0,
            stack: Vec::new(),
            notes: Vec::new(),
            lists: Vec::new(),
            in_float: false,
            output: Output::new(),
        }
    }

    /// The text of a stretch.
    pub(super) fn read(mut self, range: Range<usize>) -> String {
        self.at = range.start;
        self.end = range.end;
        loop {
            if self.at >= self.end {
                let Some(next) = self.stack.pop() else {
                    if self.notes.is_empty() {
                        return self.output.finish();
                    }
                    self.output.paragraph();
                    self.read_notes();
                    continue;
                };
                self.at = next.at;
                self.end = next.end;
                match next.then {
                    Then::Space => self.output.space(),
                    Then::Paragraph => self.output.paragraph(),
                    Then::Put(text) => self.output.put(text),
                    Then::EndFloat => {
                        self.in_float = false;
                        self.output.paragraph();
                    }
                }
            } else if self.notes_are_due() {
                self.read_notes();
            } else {
                self.step();
            }
        }
    }

    /// Reads stretches one after the other, then goes on behind them.
    fn enter_all(&mut self, ranges: Vec<Range<usize>>, each: Then, last: Then) {
        let mut then = last;
        let mut next = (self.at, self.end);
        for range in ranges.into_iter().rev() {
            self.stack.push(Stretch {
                at: next.0,
                end: next.1,
                then,
            });
            next = (range.start, range.end);
            then = each;
        }
        (self.at, self.end) = next;
    }

    /// Reads a stretch, then goes on at `after`.
    fn enter(&mut self, range: Range<usize>, after: usize, then: Then) {
        self.at = after;
        self.enter_all(vec![range], then, then);
    }

    /// At the end of a paragraph, and not between the items of a list.
    fn notes_are_due(&self) -> bool {
        self.output.is_at_paragraph() && self.lists.is_empty() && !self.notes.is_empty()
    }

    fn read_notes(&mut self) {
        let notes = std::mem::take(&mut self.notes);
        self.enter_all(notes, Then::Paragraph, Then::Paragraph);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end {
            self.bytes.get(at).copied()
        } else {
            None
        }
    }

    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    fn step(&mut self) {
        let byte = self.bytes[self.at];
        match byte {
            b'\\' => self.backslash(),
            b'$' => self.dollar(),
            b'{' | b'}' | b'%' => self.at += 1,
            b'~' | b'&' => {
                self.at += 1;
                self.output.space();
            }
            b' ' | b'\t' | b'\n' => self.blanks(),
            b'-' => self.run_of(b'-', ["-", "–", "—"]),
            b'`' => self.run_of(b'`', ["‘", "“", "“‘"]),
            b'\'' => self.run_of(b'\'', ["’", "”", "”’"]),
            b'?' | b'!' if self.peek(1) == Some(b'`') => {
                self.output.put(if byte == b'?' { "¿" } else { "¡" });
                self.at += 2;
            }
            _ => {
                let rest = &self.bytes[self.at + 1..self.end];
                let plain = rest.iter().take_while(|byte| !SPECIAL[usize::from(**byte)]);
                let end = self.at + 1 + plain.count();
                self.output.put(self.slice(self.at..end));
                self.at = end;
            }
        }
    }

    /// One, two or three of a byte.
    fn run_of(&mut self, byte: u8, texts: [&str; 3]) {
        let count = (1..3)
            .take_while(|&ahead| self.peek(ahead) == Some(byte))
            .count();
        self.output.put(texts[count]);
        self.at += count + 1;
    }

    fn blanks(&mut self) {
        let mut lines = 0;
        while let Some(byte @ (b' ' | b'\t' | b'\n')) = self.peek(0) {
            lines += u32::from(byte == b'\n');
            self.at += 1;
        }
        match lines {
            0 | 1 => self.output.space(),
            _ => self.output.paragraph(),
        }
    }

    /// Passes over blanks and one line's end, as TeX does behind a command.
    fn skip_blanks(&mut self) {
        let mut lines = 0;
        while let Some(byte @ (b' ' | b'\t' | b'\n')) = self.peek(0) {
            if byte == b'\n' {
                if lines > 0 || ends_paragraph(self.bytes, self.at) {
                    return;
                }
                lines += 1;
            }
            self.at += 1;
        }
    }

    fn dollar(&mut self) {
        let display = self.peek(1) == Some(b'$');
        let fence = if display {
            Fence::Dollars
        } else {
            Fence::Dollar
        };
        if !self.formula(fence) {
            // A price, most likely.
            self.output.put(fence.marks().0);
            self.at += fence.marks().0.len();
        }
    }

    /// Reads the formula that begins here; false if it does not end.
    fn formula(&mut self, fence: Fence) -> bool {
        let (open, close) = fence.marks();
        let start = self.at + open.len();
        let found = self
            .formulas
            .close(self.bytes, self.structure, start, self.end, fence);
        let Some(end) = found else {
            return false;
        };
        self.at = end + close.len();
        let source = tidy(self.slice(start..end), fence.is_display());
        if source.is_empty() {
            return true;
        }
        if fence.is_display() {
            self.output.line();
        }
        if self.options.math {
            self.output.put(&[open, &source, close].concat());
        }
        if fence.is_display() {
            self.output.line();
        }
        true
    }

    /// The group that follows, blanks before it, and what follows it.
    fn group(&self) -> Option<(Range<usize>, usize)> {
        let blanks = self.bytes[self.at..self.end].iter();
        let blanks = blanks
            .take_while(|byte| matches!(byte, b' ' | b'\n'))
            .count();
        let open = self.at + blanks;
        let close = self
            .structure
            .close(open)
            .filter(|&close| close < self.end)?;
        Some((open + 1..close, close + 1))
    }

    /// What stands in brackets, if they follow.
    fn option(&self) -> Option<(Range<usize>, usize)> {
        if self.peek(0) != Some(b'[') {
            return None;
        }
        let start = self.at + 1;
        let limit = self.end.min(start + MAX_OPTION_BYTES);
        let mut at = start;
        while at < limit {
            match self.bytes[at] {
                b']' => return Some((start..at, at + 1)),
                b'{' => at = self.structure.close(at).unwrap_or(at),
                b'\\' => at += 1,
                // A bracket that is never closed is text.
                b'[' => return None,
                b'\n' if ends_paragraph(self.bytes, at) => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Passes over a star, what stands in brackets, and so many arguments.
    fn skip_arguments(&mut self, count: u8) {
        if self.peek(0) == Some(b'*') {
            self.at += 1;
        }
        for left in (0..=count).rev() {
            while let Some((_, after)) = self.option() {
                self.at = after;
            }
            match self.group() {
                Some((_, after)) if left > 0 => self.at = after,
                _ => return,
            }
        }
    }

    /// Text that TeX does not read.
    fn raw(&mut self) -> bool {
        let Some(raw) = self.verbatim.find(self.bytes, self.at) else {
            return false;
        };
        if raw.end > self.end {
            return false;
        }
        self.at = raw.end;
        let inner = self.slice(raw.inner);
        match raw.kind {
            RawKind::Inline => self.output.put(inner),
            RawKind::Url => self.output.put(&inner.replace('\\', "")),
            RawKind::Href | RawKind::Hidden => {}
            RawKind::Block => {
                self.output.paragraph();
                // Options stand on the first line.
                let lines = inner.split_once('\n').map_or("", |(_, lines)| lines);
                self.output.put(lines.trim_end());
                self.output.paragraph();
            }
        }
        true
    }
}

/// Bytes that mean something in text.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let marks = b"\\${}%~& \t\n-`'?!";
    let mut at = 0;
    while at < marks.len() {
        special[marks[at] as usize] = true;
        at += 1;
    }
    special
};
