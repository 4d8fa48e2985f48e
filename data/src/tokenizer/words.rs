//! GPT-2's words.
//!
//! Byte-level byte-pair encoding cuts a text into words by a pattern (Radford et al. 2019,
//! `encoder.py`) and merges within each; the merging itself is the `tokenizers` crate's.

use regex::Regex;
use tokenizers::Model;

use super::byte_level::alphabet;
use super::remembered::Remembered;

/// GPT-2's pattern without its look-ahead `\s+(?!\S)`, which [`Cutter`] does by hand: an automaton
/// then runs it, ten times as fast.
const PATTERN: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";

/// What encodes text of GPT-2's pattern; shared between threads.
pub(super) struct Words {
    pattern: Regex,
    alphabet: [char; 256],
    remembered: Remembered,
}

impl Words {
    pub(super) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            pattern: Regex::new(PATTERN)?,
            alphabet: alphabet(),
            remembered: Remembered::default(),
        })
    }

    /// The words of a text, which join to the whole of it.
    pub(super) fn cut<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        Cutter {
            pattern: &self.pattern,
            text,
            at: 0,
        }
    }

    /// The characters that stand for the bytes of a word.
    pub(super) fn symbols(&self, word: &str) -> impl Iterator<Item = char> {
        word.bytes().map(|byte| self.alphabet[byte as usize])
    }

    /// The tokens of a text.
    pub(super) fn encode(
        &self,
        model: &impl Model,
        text: &str,
    ) -> Result<Vec<u32>, tokenizers::Error> {
        let mut symbols = String::new();
        self.remembered.encode(self.cut(text), |word, ids| {
            symbols.clear();
            symbols.extend(self.symbols(word));
            ids.extend(model.tokenize(&symbols)?.iter().map(|token| token.id));
            Ok(())
        })
    }
}

/// See [`Words::cut`].
struct Cutter<'t> {
    pattern: &'t Regex,
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Cutter<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        // Every character belongs to some alternative, so the match begins where the last ended.
        let found = self.pattern.find_at(self.text, self.at)?;
        let word = found.as_str();
        let mut end = found.end();
        // A run of white space before a word leaves its last character to that word. White space
        // ends only the last alternative, and is followed by something else or by nothing.
        let mut last_first = word.chars();
        if end < self.text.len()
            && let Some(last) = last_first.next_back()
            && last.is_whitespace()
            && !last_first.as_str().is_empty()
        {
            end -= last.len_utf8();
        }
        let word = &self.text[self.at..end];
        self.at = end;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokenizers::pre_tokenizers::byte_level::ByteLevel;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    use super::*;

    /// The words of the `tokenizers` crate, by their places.
    fn theirs(text: &str) -> Vec<&str> {
        let mut words = PreTokenizedString::from(text);
        ByteLevel::new(false, true, true)
            .pre_tokenize(&mut words)
            .unwrap();
        words
            .get_splits(OffsetReferential::Original, OffsetType::Byte)
            .into_iter()
            .map(|(_, (start, end), _)| &text[start..end])
            .collect()
    }

    #[test]
    fn words_are_those_of_the_tokenizers_crate() {
        let words = Words::new().unwrap();
        let alphabet = [
            "a",
            "Z",
            "é",
            "語",
            "1",
            "²",
            "Ⅳ",
            "'",
            "s",
            "ll",
            " ",
            "  ",
            "\n",
            "\t",
            "\r\n",
            "\u{a0}",
            "\u{2003}",
            "\u{200b}",
            "\u{85}",
            ".",
            "-",
            "\u{301}",
            "\u{1F600}",
            "ʼ",
        ];
        let mut state = 7_u64;
        for length in 0..3_000 {
            let text: String = (0..length % 23)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    alphabet[(state >> 33) as usize % alphabet.len()]
                })
                .collect();
            assert_eq!(
                words.cut(&text).collect::<Vec<_>>(),
                theirs(&text),
                "{text:?}"
            );
        }
    }
}
