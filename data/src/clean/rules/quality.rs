//! Gopher's rules for prose: Rae et al. 2021, appendix A.1.1 (<https://arxiv.org/abs/2112.11446>).
//!
//! Counted as datatrove counts (`gopher_quality_filter.py`): length and number are of words that hold
//! more than punctuation, shares are of all words, symbols included; stop words are case-sensitive;
//! blank lines are lines. Ours differs: only what holds a letter or a digit is more than punctuation
//! (there, a bullet or an emoji is too), and words are those of this crate (see `words.rs`).

use serde::{Deserialize, Serialize};

use super::values::{above, below, check_numbers, check_order, check_shares, share};
use super::words::{is_lexical, words};
use super::{Invalid, Verdict};

/// As many stop words as bits in the set of those found.
const MOST_STOP_WORDS: usize = 64;

/// Texts that are no prose go. `None` leaves a criterion out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GopherQuality {
    /// Fewest words.
    pub min_words: Option<usize>,
    /// Most words.
    pub max_words: Option<usize>,
    /// Least mean length of a word, in characters.
    pub min_mean_word_length: Option<f64>,
    /// Largest mean length of a word, in characters.
    pub max_mean_word_length: Option<f64>,
    /// Most `#` for each word, symbols included.
    pub max_hashes: Option<f64>,
    /// Most `...` and `…` for each word, symbols included.
    pub max_ellipses: Option<f64>,
    /// Largest share of lines that begin with `•` or `-`.
    pub max_bullet_lines: Option<f64>,
    /// Largest share of lines that end in `...` or `…`.
    pub max_ellipsis_lines: Option<f64>,
    /// Least share of words with a letter, of all words, symbols included.
    pub min_alphabetic_words: Option<f64>,
    /// Fewest different words out of `stop_words`.
    pub min_stop_words: Option<usize>,
    /// The words, as they are written, that prose cannot do without.
    pub stop_words: Vec<String>,
}

impl Default for GopherQuality {
    fn default() -> Self {
        let stop_words = ["the", "be", "to", "of", "and", "that", "have", "with"];
        Self {
            min_words: Some(50),
            max_words: Some(100_000),
            min_mean_word_length: Some(3.0),
            max_mean_word_length: Some(10.0),
            max_hashes: Some(0.1),
            max_ellipses: Some(0.1),
            max_bullet_lines: Some(0.9),
            max_ellipsis_lines: Some(0.3),
            min_alphabetic_words: Some(0.8),
            min_stop_words: Some(2),
            stop_words: stop_words.map(str::to_owned).to_vec(),
        }
    }
}

/// Counts over the words of a text.
#[derive(Default)]
struct WordCounts {
    /// All, symbols included.
    all: usize,
    /// With a letter or a digit.
    lexical: usize,
    /// Characters in those.
    characters: usize,
    /// With a letter.
    alphabetic: usize,
    /// Stop words found, a bit for each.
    stop_words: u64,
}

impl GopherQuality {
    /// Whether the values can work.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn validate(&self) -> Result<(), Invalid> {
        check_numbers(&[
            ("min_mean_word_length", self.min_mean_word_length),
            ("max_mean_word_length", self.max_mean_word_length),
            ("max_hashes", self.max_hashes),
            ("max_ellipses", self.max_ellipses),
        ])?;
        check_shares(&[
            ("max_bullet_lines", self.max_bullet_lines),
            ("max_ellipsis_lines", self.max_ellipsis_lines),
            ("min_alphabetic_words", self.min_alphabetic_words),
        ])?;
        let right = "write a number that is not above max_words";
        check_order("min_words", self.min_words, self.max_words, right)?;
        let right = "write a number that is not above max_mean_word_length";
        let (least, most) = (self.min_mean_word_length, self.max_mean_word_length);
        check_order("min_mean_word_length", least, most, right)?;
        if self.stop_words.len() > MOST_STOP_WORDS {
            let right = "write at most 64 stop words";
            return Err(("stop_words", self.stop_words.len().to_string(), right));
        }
        let right = "write a number that is not above that of stop_words";
        let most = Some(self.stop_words.len());
        check_order("min_stop_words", self.min_stop_words, most, right)
    }

    /// What it says of a text.
    pub fn apply(&self, text: &str) -> Verdict {
        match self.failed(text) {
            Some(criterion) => Verdict::Drop(criterion),
            None => Verdict::Keep,
        }
    }

    /// The first criterion that the text fails.
    fn failed(&self, text: &str) -> Option<&'static str> {
        let counts = self.count(text);
        if self.min_words.is_some_and(|least| counts.lexical < least) {
            return Some("fewer words");
        }
        if self.max_words.is_some_and(|most| counts.lexical > most) {
            return Some("more words");
        }
        let mean = share(counts.characters, counts.lexical);
        if self.min_mean_word_length.is_some_and(|least| mean < least)
            || self.max_mean_word_length.is_some_and(|most| mean > most)
        {
            return Some("mean word length");
        }
        let hashes = || text.bytes().filter(|&byte| byte == b'#').count();
        if self.max_hashes.is_some() && above(hashes(), counts.all, self.max_hashes) {
            return Some("hashes per word");
        }
        let ellipses = || text.matches("...").count() + text.matches('…').count();
        if self.max_ellipses.is_some() && above(ellipses(), counts.all, self.max_ellipses) {
            return Some("ellipses per word");
        }
        if self.max_bullet_lines.is_some() || self.max_ellipsis_lines.is_some() {
            let (mut lines, mut bullets, mut ellipses) = (0, 0, 0);
            for line in text.lines() {
                lines += 1;
                bullets += usize::from(line.trim_start().starts_with(['•', '-']));
                let line = line.trim_end();
                ellipses += usize::from(line.ends_with("...") || line.ends_with('…'));
            }
            if above(bullets, lines, self.max_bullet_lines) {
                return Some("lines beginning with a bullet");
            }
            if above(ellipses, lines, self.max_ellipsis_lines) {
                return Some("lines ending in an ellipsis");
            }
        }
        if below(counts.alphabetic, counts.all, self.min_alphabetic_words) {
            return Some("words with a letter");
        }
        let found = counts.stop_words.count_ones() as usize;
        if self.min_stop_words.is_some_and(|least| found < least) {
            return Some("stop words");
        }
        None
    }

    fn count(&self, text: &str) -> WordCounts {
        let stop_words = &self.stop_words[..self.stop_words.len().min(MOST_STOP_WORDS)];
        let enough = self.min_stop_words.unwrap_or(0);
        let mut counts = WordCounts::default();
        for word in words(text) {
            counts.all += 1;
            if !is_lexical(word) {
                continue;
            }
            counts.lexical += 1;
            counts.characters += word.chars().count();
            counts.alphabetic += usize::from(word.chars().any(char::is_alphabetic));
            if (counts.stop_words.count_ones() as usize) < enough
                && let Some(at) = stop_words.iter().position(|stop_word| stop_word == word)
            {
                counts.stop_words |= 1 << at;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{distinct, drop};
    use super::*;

    const OFF: GopherQuality = GopherQuality {
        min_words: None,
        max_words: None,
        min_mean_word_length: None,
        max_mean_word_length: None,
        max_hashes: None,
        max_ellipses: None,
        max_bullet_lines: None,
        max_ellipsis_lines: None,
        min_alphabetic_words: None,
        min_stop_words: None,
        stop_words: Vec::new(),
    };

    fn check(rule: &GopherQuality, inside: &str, outside: &str, criterion: &'static str) {
        assert_eq!(rule.apply(inside), Verdict::Keep);
        assert_eq!(rule.apply(outside), drop(criterion));
    }

    #[test]
    fn words_are_counted_without_symbols() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            min_words: default.min_words,
            ..OFF
        };
        check(
            &rule,
            &distinct(50, ", "),
            &(distinct(49, " ") + " . ! • 😀"),
            "fewer words",
        );
        let rule = GopherQuality {
            max_words: default.max_words,
            ..OFF
        };
        check(
            &rule,
            &("a ".repeat(100_000) + "!"),
            &"a ".repeat(100_001),
            "more words",
        );
    }

    #[test]
    fn the_mean_length_is_of_characters() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            min_mean_word_length: default.min_mean_word_length,
            ..OFF
        };
        check(&rule, "éé, éééé!", "éé, ééé", "mean word length");
        let rule = GopherQuality {
            max_mean_word_length: default.max_mean_word_length,
            ..OFF
        };
        check(
            &rule,
            "ééééééééé . ééééééééééé",
            "ééééééééé éééééééééééé",
            "mean word length",
        );
    }

    #[test]
    fn symbols_are_held_against_words() {
        let default = GopherQuality::default();
        // Nine words and the symbol itself, then eight.
        let rule = GopherQuality {
            max_hashes: default.max_hashes,
            ..OFF
        };
        check(
            &rule,
            "a b c d e f g h i #",
            "a b c d e f g h #",
            "hashes per word",
        );
        let rule = GopherQuality {
            max_ellipses: default.max_ellipses,
            ..OFF
        };
        check(
            &rule,
            "a b c d e f g h i …",
            "a b c d e f g h ...",
            "ellipses per word",
        );
    }

    #[test]
    fn bullets_and_ellipses_are_held_against_lines() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            max_bullet_lines: default.max_bullet_lines,
            ..OFF
        };
        let nine = "- a\n  • b\n".repeat(4) + "-c\n";
        check(
            &rule,
            &(nine.clone() + "d"),
            &(nine + "-d"),
            "lines beginning with a bullet",
        );
        let rule = GopherQuality {
            max_ellipsis_lines: default.max_ellipsis_lines,
            ..OFF
        };
        let (six, three) = ("a\n".repeat(6), "b...\nc… \nd ...\n");
        check(
            &rule,
            &format!("{three}{six}e"),
            &format!("{three}{six}e…"),
            "lines ending in an ellipsis",
        );
    }

    #[test]
    fn letters_and_stop_words_are_wanted() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            min_alphabetic_words: default.min_alphabetic_words,
            ..OFF
        };
        check(&rule, "a b c4 d 5", "a b c d 5 !", "words with a letter");
        let (least, words) = (default.min_stop_words, default.stop_words);
        let rule = GopherQuality {
            min_stop_words: least,
            stop_words: words,
            ..OFF
        };
        check(
            &rule,
            "The cat, the dog and I",
            "The the cat, the dog, THAT",
            "stop words",
        );
    }

    #[test]
    fn a_text_of_nothing_fails_what_asks_for_something() {
        for text in ["", " \n", "!", "...\n???"] {
            assert_eq!(GopherQuality::default().apply(text), drop("fewer words"));
            assert_eq!(OFF.apply(text), Verdict::Keep);
        }
        let rule = GopherQuality {
            min_words: None,
            ..GopherQuality::default()
        };
        assert_eq!(rule.apply(""), drop("mean word length"));
    }
}
