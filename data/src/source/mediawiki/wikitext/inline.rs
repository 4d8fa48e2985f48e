//! The text of a line: quotes, entities, spaces, and what is left around a gap.
//!
//! Source: for quotes, `Parser::doQuotes` in MediaWiki; for the words between underscores,
//! <https://www.mediawiki.org/wiki/Help:Magic_words>.

use super::super::super::html::{Entity, entity};
use super::{AMPERSAND, BREAK, GAP, LITERAL};

/// Words between two underscores each side that switch something in a page. Other languages have
/// their own, in capitals or in a script without them.
const SWITCHES: [&str; 22] = [
    "TOC",
    "NOTOC",
    "FORCETOC",
    "NOEDITSECTION",
    "NEWSECTIONLINK",
    "NONEWSECTIONLINK",
    "NOGALLERY",
    "HIDDENCAT",
    "EXPECTUNUSEDCATEGORY",
    "EXPECTUNUSEDTEMPLATE",
    "NOCONTENTCONVERT",
    "NOCC",
    "NOTITLECONVERT",
    "NOTC",
    "INDEX",
    "NOINDEX",
    "STATICREDIRECT",
    "NOGLOBAL",
    "DISAMBIG",
    "ARCHIVEDTALK",
    "NOTALK",
    "EXPECTWITHOUTSCANS",
];

/// The longest of them, in bytes, with those in other scripts.
const MAX_SWITCH_BYTES: usize = 80;

/// Whether a line has text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Something,
    Nothing,
}

/// Writes a line. Where nothing of it is text, `out` keeps spaces at most.
pub(super) fn write(line: &str, keep_spaces: bool, out: &mut String) -> Written {
    let start = out.len();
    let mut pass = Inline {
        line,
        at: 0,
        out,
        start,
        gap: false,
        literal: false,
        apostrophe: extra_apostrophe(line),
    };
    if keep_spaces {
        let indent = line.len() - line.trim_start_matches(' ').len();
        pass.out.push_str(&line[..indent]);
        pass.at = indent;
        pass.start += indent;
    }
    pass.run();
    let end = start + out[start..].trim_end().len();
    out.truncate(end);
    let text = &out[start..];
    // Of a sentence that was all template and link its full stop may be left.
    let said = if line.contains(GAP) {
        text.contains(char::is_alphanumeric)
    } else {
        !text.trim_start().is_empty()
    };
    if said {
        Written::Something
    } else {
        Written::Nothing
    }
}

/// Writes text of which only entities are markup.
pub(super) fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '&' || c != '\t' && c < ' ') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.strip_prefix(AMPERSAND) {
            Some(behind) => {
                out.push('&');
                rest = behind;
            }
            None if rest.starts_with('&') => rest = &rest[push_entity(rest, out)..],
            None => rest = &rest[1..],
        }
    }
    out.push_str(rest);
}

/// Writes what the `&` at the start of `text` stands for and returns how long that was.
fn push_entity(text: &str, out: &mut String) -> usize {
    match entity(text) {
        Some((found, len)) => {
            push(found, out);
            len
        }
        None => {
            out.push('&');
            1
        }
    }
}

fn push(found: Entity, out: &mut String) {
    match found {
        Entity::Named("\u{A0}") | Entity::Number('\u{A0}' | '\n' | '\t' | '\r') => out.push(' '),
        // A hyphen that is not seen; control characters.
        Entity::Named("\u{AD}") | Entity::Number('\u{AD}') => {}
        Entity::Number(c) if c.is_control() => {}
        Entity::Named(text) => out.push_str(text),
        Entity::Number(c) => out.push(c),
    }
}

struct Inline<'a> {
    line: &'a str,
    at: usize,
    out: &'a mut String,
    /// Where this line's text begins in `out`.
    start: usize,
    /// Something was removed just here.
    gap: bool,
    /// Between two marks, where quotes are apostrophes.
    literal: bool,
    /// Where three quotes are an apostrophe and two quotes.
    apostrophe: Option<usize>,
}

impl Inline<'_> {
    fn run(&mut self) {
        let bytes = self.line.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if self.gap && self.mend() {
                continue;
            }
            match byte {
                b' ' => self.space(1),
                // Only cells of tables have these.
                b'\t' => {
                    self.trim(|c| c == ' ');
                    self.out.push('\t');
                    self.at += 1;
                }
                b'\'' => self.quotes(),
                b'&' => {
                    let begins = self.out.len();
                    self.at += push_entity(&self.line[self.at..], self.out);
                    // Its space is one like any other.
                    if self.out[begins..] == *" " {
                        self.out.truncate(begins);
                        self.space(0);
                    }
                }
                b'_' => self.underscore(),
                1..=6 => self.mark(byte),
                0xC2 if self.line[self.at..].starts_with('\u{A0}') => self.space(2),
                0xC2 if self.line[self.at..].starts_with('\u{AD}') => self.at += 2,
                _ => self.plain(),
            }
        }
    }

    /// Copies bytes up to the next that may be special; this one is not.
    fn plain(&mut self) {
        let bytes = self.line.as_bytes();
        let mut end = self.at + 1;
        while let Some(&byte) = bytes.get(end) {
            match byte {
                // Single spaces between words are most of all spaces.
                b' ' if bytes
                    .get(end + 1)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric()) => {}
                b' ' | b'\'' | b'&' | b'_' | 0xC2 | 0..=0x1F => break,
                _ => {}
            }
            end += 1;
        }
        self.out.push_str(&self.line[self.at..end]);
        self.at = end;
    }

    fn space(&mut self, len: usize) {
        if self.out.len() > self.start && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
        self.at += len;
    }

    fn mark(&mut self, byte: u8) {
        self.at += 1;
        match char::from(byte) {
            GAP => self.gap = true,
            LITERAL => self.literal = !self.literal,
            AMPERSAND => self.out.push('&'),
            BREAK => {
                self.trim(|c| c == ' ');
                if self.out.len() > self.start && !self.out.ends_with('\n') {
                    self.out.push('\n');
                }
            }
            _ => {}
        }
    }

    fn trim(&mut self, unwanted: impl Fn(char) -> bool + Copy) {
        let end = self.start + self.out[self.start..].trim_end_matches(unwanted).len();
        self.out.truncate(end);
    }

    /// Mends what is left around something removed: spaces before a comma, brackets around nothing.
    /// True where the next character was dealt with.
    fn mend(&mut self) -> bool {
        let Some(next) = self.line[self.at..].chars().next() else {
            return false;
        };
        let opened = |out: &str| out.ends_with(['(', '（']);
        match next {
            ' ' if opened(self.out) || self.out.ends_with(' ') => {}
            ' ' | GAP => return false,
            ',' | ';' | '，' | '；' | '、' => {
                self.trim(|c| c == ' ');
                let begins = self.out.len() == self.start;
                if !begins && !opened(self.out) && !self.out.ends_with([',', ';', '，', '；', '、'])
                {
                    self.gap = false;
                    return false;
                }
            }
            '.' | ':' => {
                self.trim(|c| c == ' ');
                self.gap = false;
                return false;
            }
            ')' | '）' => {
                self.trim(|c| matches!(c, ' ' | ',' | ';' | '，' | '；' | '、'));
                if !opened(self.out) {
                    self.gap = false;
                    return false;
                }
                self.out.pop();
            }
            _ => {
                self.gap = false;
                return false;
            }
        }
        self.at += next.len_utf8();
        true
    }

    fn quotes(&mut self) {
        let len = self.line[self.at..]
            .bytes()
            .take_while(|&byte| byte == b'\'')
            .count();
        let shown = match len {
            _ if self.literal => len,
            1 => 1,
            2 | 5 => 0,
            3 => usize::from(self.apostrophe == Some(self.at)),
            4 => 1,
            _ => len - 5,
        };
        self.out.extend(std::iter::repeat_n('\'', shown));
        self.at += len;
    }

    fn underscore(&mut self) {
        let rest = &self.line[self.at..];
        match switch(rest) {
            Some(len) => {
                self.at += len;
                self.gap = true;
            }
            None => {
                let len = rest.bytes().take_while(|&byte| byte == b'_').count();
                self.out.push_str(&rest[..len]);
                self.at += len;
            }
        }
    }
}

/// The length of a switch such as `__NOTOC__` at the start of `text`.
fn switch(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("__")?;
    let window = &inner.as_bytes()[..inner.len().min(MAX_SWITCH_BYTES)];
    let end = window.windows(2).position(|pair| pair == b"__")?;
    let word = inner.get(..end)?;
    let foreign = !word.is_ascii()
        && word.chars().count() > 2
        && word
            .chars()
            .all(|c| c == '_' || c.is_alphabetic() && !c.is_lowercase());
    (foreign || SWITCHES.contains(&word)).then_some(end + 4)
}

/// Where a line has an odd number of both bold and italic marks, one bold mark was meant as an
/// apostrophe and an italic one, as in `L'''Iliade''`: the first behind a word of one letter, else
/// behind a longer word, else behind a space.
fn extra_apostrophe(line: &str) -> Option<usize> {
    if !line.contains("'''") {
        return None;
    }
    let bytes = line.as_bytes();
    let (mut bold, mut italic) = (false, false);
    let (mut one_letter, mut word, mut space) = (None, None, None);
    let mut at = 0;
    let mut literal = false;
    while let Some(&byte) = bytes.get(at) {
        literal ^= char::from(byte) == LITERAL;
        if byte != b'\'' || literal {
            at += 1;
            continue;
        }
        let len = bytes[at..]
            .iter()
            .take_while(|&&byte| byte == b'\'')
            .count();
        italic ^= len == 2 || len >= 5;
        bold ^= len >= 3;
        if len == 3 {
            let mut before = line[..at].chars().rev();
            match (before.next(), before.next()) {
                (Some(' '), _) => space = space.or(Some(at)),
                (_, Some(' ')) => one_letter = one_letter.or(Some(at)),
                _ => word = word.or(Some(at)),
            }
        }
        at += len;
    }
    (bold && italic)
        .then(|| one_letter.or(word).or(space))
        .flatten()
}
