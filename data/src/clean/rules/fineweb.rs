//! FineWeb's own rules, against lists, menus and broken lines: Penedo et al. 2024, section 3.6
//! (<https://arxiv.org/abs/2406.17557>).
//!
//! Counted as datatrove counts (`fineweb_quality_filter.py`): blank lines are no lines, but their ends
//! count as newlines; a line ends in punctuation when its last character, white space not taken off,
//! ends a sentence by Unicode's `Sentence_Terminal`. Words are those of this crate (see `words.rs`).

use serde::{Deserialize, Serialize};

use super::duplicates::Duplicates;
use super::sentences::is_terminal;
use super::values::{above, below, check_numbers, check_shares};
use super::words::words;
use super::{Invalid, Verdict};

/// Lists, menus and pages whose lines are broken go. `None` leaves a criterion out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FineWeb {
    /// Least share of lines that end in punctuation.
    pub min_punctuated_lines: Option<f64>,
    /// Largest share of short lines.
    pub max_short_lines: Option<f64>,
    /// Most characters of a short line.
    pub short_line: usize,
    /// Largest share of characters in lines that repeat an earlier one, of all characters but line
    /// ends.
    pub max_duplicate_line_characters: Option<f64>,
    /// Most line ends for each word, symbols included.
    pub max_newlines_per_word: Option<f64>,
}

impl Default for FineWeb {
    fn default() -> Self {
        Self {
            min_punctuated_lines: Some(0.12),
            max_short_lines: Some(0.67),
            short_line: 30,
            max_duplicate_line_characters: Some(0.01),
            max_newlines_per_word: Some(0.3),
        }
    }
}

impl FineWeb {
    /// Whether the values can work.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn validate(&self) -> Result<(), Invalid> {
        check_shares(&[
            ("min_punctuated_lines", self.min_punctuated_lines),
            ("max_short_lines", self.max_short_lines),
            (
                "max_duplicate_line_characters",
                self.max_duplicate_line_characters,
            ),
        ])?;
        check_numbers(&[("max_newlines_per_word", self.max_newlines_per_word)])
    }

    /// What it says of a text.
    pub fn apply(&self, text: &str) -> Verdict {
        let lines = || text.split('\n').filter(|line| !line.trim().is_empty());
        let (mut all, mut punctuated, mut short) = (0, 0, 0);
        for line in lines() {
            all += 1;
            punctuated += usize::from(line.ends_with(is_terminal));
            short += usize::from(is_at_most(line, self.short_line));
        }
        if all == 0 {
            return Verdict::Drop("empty");
        }
        if below(punctuated, all, self.min_punctuated_lines) {
            return Verdict::Drop("lines ending in punctuation");
        }
        if above(short, all, self.max_short_lines) {
            return Verdict::Drop("short lines");
        }
        let newlines = text.bytes().filter(|&byte| byte == b'\n').count();
        if self.max_duplicate_line_characters.is_some() {
            let repeated = Duplicates::of(lines()).characters;
            let characters = text.chars().count() - newlines;
            if above(repeated, characters, self.max_duplicate_line_characters) {
                return Verdict::Drop("characters in duplicate lines");
            }
        }
        if let Some(most) = self.max_newlines_per_word {
            // No more words than are needed are looked for.
            let enough = newlines as f64 / most;
            let enough = if enough.is_finite() {
                enough as usize + 1
            } else {
                usize::MAX
            };
            let words = words(text).take(enough).count();
            if above(newlines, words, Some(most)) {
                return Verdict::Drop("newlines per word");
            }
        }
        Verdict::Keep
    }
}

/// Whether a line has at most so many characters, without counting all of a long one.
fn is_at_most(line: &str, characters: usize) -> bool {
    line.len() <= characters || line.chars().nth(characters).is_none()
}

#[cfg(test)]
mod tests {
    use super::super::tests::drop;
    use super::*;

    const OFF: FineWeb = FineWeb {
        min_punctuated_lines: None,
        max_short_lines: None,
        short_line: 30,
        max_duplicate_line_characters: None,
        max_newlines_per_word: None,
    };

    fn check(rule: &FineWeb, inside: &str, outside: &str, criterion: &'static str) {
        assert_eq!(rule.apply(inside), Verdict::Keep);
        assert_eq!(rule.apply(outside), drop(criterion));
    }

    #[test]
    fn lines_are_counted_to_the_threshold() {
        let default = FineWeb::default();
        let rule = FineWeb {
            min_punctuated_lines: default.min_punctuated_lines,
            ..OFF
        };
        // 3 of 25 lines are 0.12.
        let (plain, ended) = ("a\n".repeat(22), "b.\nc?\n");
        let (inside, outside) = (format!("{plain}\n{ended}d。"), format!("{plain}{ended}d,"));
        check(&rule, &inside, &outside, "lines ending in punctuation");
        let rule = FineWeb {
            max_short_lines: default.max_short_lines,
            ..OFF
        };
        let (short, long) = (
            format!("{}\n", "é".repeat(30)),
            format!("{}\n", "é".repeat(31)),
        );
        let (inside, outside) = (
            short.repeat(67) + &long.repeat(33),
            short.repeat(68) + &long.repeat(32),
        );
        check(&rule, &inside, &outside, "short lines");
    }

    #[test]
    fn characters_in_duplicate_lines_are_counted_to_the_threshold() {
        let default = FineWeb::default();
        let most = default.max_duplicate_line_characters;
        let rule = FineWeb {
            max_duplicate_line_characters: most,
            ..OFF
        };
        // One character of 100, then of 99; line ends do not count.
        let text = |rest: usize| format!("é\n\né\n{}", "a".repeat(rest));
        check(&rule, &text(98), &text(97), "characters in duplicate lines");
    }

    #[test]
    fn newlines_are_held_against_words() {
        let default = FineWeb::default();
        let rule = FineWeb {
            max_newlines_per_word: default.max_newlines_per_word,
            ..OFF
        };
        check(
            &rule,
            "a b c\nd e f\ng h i\nj",
            "a b c\nd e f\ng h i\n",
            "newlines per word",
        );
        let none = FineWeb {
            max_newlines_per_word: Some(0.0),
            ..OFF
        };
        check(&none, "a b", "a\nb", "newlines per word");
    }

    #[test]
    fn blank_text_goes() {
        for text in ["", "\n", " \n\t"] {
            assert_eq!(OFF.apply(text), drop("empty"));
        }
        assert_eq!(FineWeb::default().apply("\u{200B}\n."), drop("short lines"));
    }
}
