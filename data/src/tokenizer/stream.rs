//! Decoding token by token, as a model writes.

use super::Tokenizer;
use super::decode::Decoding;

/// Text from tokens that arrive one at a time; never half a character.
///
/// A character of several bytes may be spread over several tokens: its text comes with the token
/// that completes it.
pub struct TextStream {
    tokenizer: Tokenizer,
    /// Bytes of a character that is not complete yet (byte-wise decoding).
    pending: Vec<u8>,
    /// Tokens that the next text depends on (general decoding).
    context: Vec<u32>,
    /// How many of them had given all of their text.
    settled: usize,
}

impl TextStream {
    pub(super) fn new(tokenizer: Tokenizer) -> Self {
        Self {
            tokenizer,
            pending: Vec::new(),
            context: Vec::new(),
            settled: 0,
        }
    }

    /// The text that `id` completes, if any. Special tokens show as what they are called; an id
    /// outside the vocabulary, or a byte that no character can begin with, shows as U+FFFD.
    pub fn push(&mut self, id: u32) -> Option<String> {
        match self.tokenizer.decoding() {
            Decoding::Table(table) => match table.get(id) {
                Some(bytes) => {
                    self.pending.extend_from_slice(bytes);
                    self.take_complete()
                }
                None => {
                    let mut text = self.finish().unwrap_or_default();
                    text.push(char::REPLACEMENT_CHARACTER);
                    Some(text)
                }
            },
            Decoding::General => self.push_general(id),
        }
    }

    /// What is left at the end: an incomplete character, as U+FFFD.
    pub fn finish(&mut self) -> Option<String> {
        let mut left = String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned();
        if self.settled < self.context.len() {
            let before = self.text(&self.context[..self.settled]);
            let now = self.text(&self.context);
            left.push_str(now.get(before.len()..).unwrap_or(&now));
        }
        self.context.clear();
        self.settled = 0;
        (!left.is_empty()).then_some(left)
    }

    fn take_complete(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut used = 0;
        loop {
            match std::str::from_utf8(&self.pending[used..]) {
                Ok(rest) => {
                    text.push_str(rest);
                    used = self.pending.len();
                    break;
                }
                Err(error) => {
                    let valid = used + error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.pending[used..valid]));
                    used = valid;
                    match error.error_len() {
                        Some(wrong) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            used += wrong;
                        }
                        None => break,
                    }
                }
            }
        }
        self.pending.drain(..used);
        (!text.is_empty()).then_some(text)
    }

    /// The way of `tokenizers`' own stream: the new text is what decoding with the last token adds
    /// to decoding without it, and it waits while it ends in an incomplete character.
    fn push_general(&mut self, id: u32) -> Option<String> {
        self.context.push(id);
        let before = self.text(&self.context[..self.settled]);
        let now = self.text(&self.context);
        if now.ends_with(char::REPLACEMENT_CHARACTER) && self.context.len() - self.settled < 8 {
            return None;
        }
        let new = now.get(before.len()..).unwrap_or_default().to_owned();
        // Some decoders treat the first token apart (a leading space), so one settled step stays.
        self.context.drain(..self.settled);
        self.settled = self.context.len();
        (!new.is_empty()).then_some(new)
    }

    fn text(&self, ids: &[u32]) -> String {
        let known: Vec<u32> = ids
            .iter()
            .copied()
            .filter(|&id| self.tokenizer.knows(id))
            .collect();
        self.tokenizer.decode(&known).unwrap_or_default()
    }
}
