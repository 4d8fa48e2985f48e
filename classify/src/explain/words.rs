//! Tokens' shares as words' shares: a person reads words.

use serde::Serialize;
use std::ops::Range;

/// A word and what it said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Word {
    /// Its first byte in the text.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// The word.
    pub word: String,
    /// By how much it raised the class's lead, in logits; below zero it spoke against it.
    pub share: f64,
}

/// The bytes that a token stands for, and its share.
pub(super) type Share = (Range<usize>, f64);

/// The words of a text, each with the shares of the tokens that begin in it. A token that begins
/// between two words belongs to the second.
pub(super) fn words(text: &str, shares: &[Share]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut start = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (place, character) in ends {
        match (start, character.is_whitespace()) {
            (None, false) => start = Some(place),
            (Some(first), true) => {
                words.push(Word {
                    start: first,
                    end: place,
                    word: text[first..place].into(),
                    share: 0.0,
                });
                start = None;
            }
            _ => {}
        }
    }
    for (bytes, share) in shares {
        let place = words.iter().position(|word| word.end > bytes.start);
        let place = place.or(words.len().checked_sub(1));
        if let Some(word) = place.and_then(|place| words.get_mut(place)) {
            word.share += share;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_go_to_the_words_that_tokens_begin_in() {
        let text = "Free  entry\nnow";
        let shares = [
            (0..2, 0.25),
            (2..4, 0.25),
            (4..6, 1.0),
            (6..11, 2.0),
            (11..15, -1.0),
        ];
        let found = words(text, &shares);
        let found: Vec<_> = found
            .iter()
            .map(|word| (word.word.as_str(), word.share))
            .collect();
        assert_eq!(found, [("Free", 0.5), ("entry", 3.0), ("now", -1.0)]);
    }

    #[test]
    fn nothing_is_lost() {
        let found = words("ab", &[(0..1, 1.0), (2..2, 0.5)]);
        assert_eq!(found.iter().map(|word| word.share).sum::<f64>(), 1.5);
        assert!(words("", &[(0..0, 1.0)]).is_empty());
    }
}
