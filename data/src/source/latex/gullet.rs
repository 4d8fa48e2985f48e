//! The text that macros are expanded in: a source, with what was put back before the rest of it.
//!
//! TeX calls this its gullet (The TeXbook, chapter 7). Bytes that are put back, or read in vain, are
//! paid for from a budget, which bounds memory and time together.

use super::LatexError;
use super::expand::MAX_EXPANDED_BYTES;

/// The longest argument; some wrap a section in a command for its colour.
const MAX_ARGUMENT_BYTES: usize = 1 << 20;
/// What putting something back costs at least.
const COST: usize = 16;

/// The source and what was put back.
pub(super) struct Gullet<'a> {
    source: &'a [u8],
    at: usize,
    /// Last byte first.
    pending: Vec<u8>,
    budget: usize,
}

impl<'a> Gullet<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            pending: Vec::new(),
            budget: MAX_EXPANDED_BYTES,
        }
    }

    pub(super) fn source(&self) -> &'a [u8] {
        self.source
    }

    /// The place in the source, if nothing that was put back stands before it.
    pub(super) fn place(&self) -> Option<usize> {
        self.pending.is_empty().then_some(self.at)
    }

    /// Goes to a place in the source.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Bytes that were put back and not read again.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        let last = self.pending.last().copied();
        last.or_else(|| self.source.get(self.at).copied())
    }

    pub(super) fn bump(&mut self) -> Option<u8> {
        if let Some(byte) = self.pending.pop() {
            return Some(byte);
        }
        let byte = *self.source.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn pay(&mut self, bytes: usize) -> Result<(), LatexError> {
        let rest = self.budget.checked_sub(bytes + COST);
        self.budget = rest.ok_or(LatexError::Expansion)?;
        Ok(())
    }

    /// Puts bytes before the rest.
    pub(super) fn put_back(&mut self, bytes: &[u8]) -> Result<(), LatexError> {
        self.pay(bytes.len())?;
        self.pending.extend(bytes.iter().rev());
        Ok(())
    }

    /// Passes over blanks and a line's end, not over the end of a paragraph.
    pub(super) fn skip_blanks(&mut self) {
        let mut in_new_line = false;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' if !in_new_line => {
                    // A line's end before a blank line ends a paragraph and stays.
                    if self.pending.is_empty() && blank_line(&self.source[self.at + 1..]) {
                        return;
                    }
                    in_new_line = true;
                }
                _ => return,
            }
            self.bump();
        }
    }

    /// The name of a command, behind its backslash: letters, or one other byte.
    pub(super) fn name(&mut self, name: &mut Vec<u8>, at_is_letter: bool) {
        name.clear();
        while let Some(byte) = self.peek() {
            if byte.is_ascii_alphabetic() || (byte == b'@' && at_is_letter) {
                name.push(byte);
            } else {
                if name.is_empty() {
                    name.push(byte);
                    self.bump();
                }
                return;
            }
            self.bump();
        }
    }

    /// What stands between `{` and its `}`; none, and nothing is read, where that is missing.
    pub(super) fn group(&mut self) -> Result<Option<Vec<u8>>, LatexError> {
        self.between(b'{', b'}')
    }

    /// What stands between `[` and its `]`.
    pub(super) fn optional(&mut self) -> Result<Option<Vec<u8>>, LatexError> {
        self.between(b'[', b']')
    }

    fn between(&mut self, open: u8, close: u8) -> Result<Option<Vec<u8>>, LatexError> {
        if self.peek() != Some(open) {
            return Ok(None);
        }
        let place = self.place();
        self.bump();
        let mut inner = Vec::new();
        let mut depth = 0_usize;
        while let Some(byte) = self.bump() {
            if byte == close && depth == 0 {
                return Ok(Some(inner));
            }
            inner.push(byte);
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b'\\' => inner.extend(self.bump()),
                _ => {}
            }
            if inner.len() > MAX_ARGUMENT_BYTES {
                break;
            }
        }
        match place {
            Some(place) => {
                self.pay(inner.len())?;
                self.pending.clear();
                self.at = place;
            }
            None => {
                self.put_back(&inner)?;
                self.put_back(&[open])?;
            }
        }
        Ok(None)
    }

    /// An argument: a group, a command or a character.
    pub(super) fn argument(&mut self) -> Result<Option<Vec<u8>>, LatexError> {
        self.skip_blanks();
        match self.peek() {
            None | Some(b'}') => Ok(None),
            Some(b'{') => self.group(),
            Some(b'\\') => {
                self.bump();
                let mut argument = Vec::new();
                self.name(&mut argument, false);
                argument.insert(0, b'\\');
                Ok(Some(argument))
            }
            Some(_) => {
                let mut argument = Vec::new();
                argument.extend(self.bump());
                while let Some(byte @ 0x80..=0xBF) = self.peek() {
                    argument.push(byte);
                    self.bump();
                }
                Ok(Some(argument))
            }
        }
    }
}

fn blank_line(rest: &[u8]) -> bool {
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    rest.get(blanks.count()) == Some(&b'\n')
}

/// Whether bytes end in the name of a command, which a letter behind it would prolong.
pub(super) fn ends_in_word(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    let Some(at) = bytes.iter().rposition(|byte| !is_letter(byte)) else {
        return false;
    };
    let slashes = bytes[..=at].iter().rev().take_while(|&&byte| byte == b'\\');
    at + 1 < bytes.len() && slashes.count() % 2 == 1
}
