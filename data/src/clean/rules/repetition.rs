//! Gopher's rules against repetition: Rae et al. 2021, table A1 (<https://arxiv.org/abs/2112.11446>).
//!
//! Counted as datatrove counts (`gopher_repetition_filter.py`): shares of characters are of all
//! characters of the text, white space included, while the characters in duplicated runs of words are
//! those of the words alone. Ours differs in two ways: an empty line at the very start or end is no
//! line, and words are those of this crate (see `words.rs`).

use serde::{Deserialize, Serialize};

use super::duplicates::Duplicates;
use super::grams::{Grams, LONGEST};
use super::values::{above, check_shares};
use super::{Invalid, Verdict};

/// Texts that repeat themselves go. Every field is the largest share that stays, `None` leaves it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GopherRepetition {
    /// Paragraphs, between blank lines, that repeat an earlier one: of all paragraphs.
    pub duplicate_paragraphs: Option<f64>,
    /// Characters in those: of all characters.
    pub duplicate_paragraph_characters: Option<f64>,
    /// Lines that repeat an earlier one: of all lines that are not empty.
    pub duplicate_lines: Option<f64>,
    /// Characters in those: of all characters.
    pub duplicate_line_characters: Option<f64>,
    /// Characters in all occurrences of the most frequent run of two words.
    pub top_2_gram: Option<f64>,
    /// The same for three words.
    pub top_3_gram: Option<f64>,
    /// The same for four words.
    pub top_4_gram: Option<f64>,
    /// Characters in runs of five words that occurred earlier in the text.
    pub duplicate_5_grams: Option<f64>,
    /// The same for six words.
    pub duplicate_6_grams: Option<f64>,
    /// The same for seven words.
    pub duplicate_7_grams: Option<f64>,
    /// The same for eight words.
    pub duplicate_8_grams: Option<f64>,
    /// The same for nine words.
    pub duplicate_9_grams: Option<f64>,
    /// The same for ten words.
    pub duplicate_10_grams: Option<f64>,
}

impl Default for GopherRepetition {
    fn default() -> Self {
        Self {
            duplicate_paragraphs: Some(0.30),
            duplicate_paragraph_characters: Some(0.20),
            duplicate_lines: Some(0.30),
            duplicate_line_characters: Some(0.20),
            top_2_gram: Some(0.20),
            top_3_gram: Some(0.18),
            top_4_gram: Some(0.16),
            duplicate_5_grams: Some(0.15),
            duplicate_6_grams: Some(0.14),
            duplicate_7_grams: Some(0.13),
            duplicate_8_grams: Some(0.12),
            duplicate_9_grams: Some(0.11),
            duplicate_10_grams: Some(0.10),
        }
    }
}

impl GopherRepetition {
    /// Whether the thresholds are shares.
    ///
    /// # Errors
    /// The first that is none.
    pub fn validate(&self) -> Result<(), Invalid> {
        check_shares(&[
            ("duplicate_paragraphs", self.duplicate_paragraphs),
            (
                "duplicate_paragraph_characters",
                self.duplicate_paragraph_characters,
            ),
            ("duplicate_lines", self.duplicate_lines),
            ("duplicate_line_characters", self.duplicate_line_characters),
            ("top_2_gram", self.top_2_gram),
            ("top_3_gram", self.top_3_gram),
            ("top_4_gram", self.top_4_gram),
            ("duplicate_5_grams", self.duplicate_5_grams),
            ("duplicate_6_grams", self.duplicate_6_grams),
            ("duplicate_7_grams", self.duplicate_7_grams),
            ("duplicate_8_grams", self.duplicate_8_grams),
            ("duplicate_9_grams", self.duplicate_9_grams),
            ("duplicate_10_grams", self.duplicate_10_grams),
        ])
    }

    /// The criteria on runs of words, with the length of the run, in the order in which they are asked.
    fn of_grams(&self) -> [(usize, Option<f64>, &'static str); 9] {
        [
            (2, self.top_2_gram, "characters in the top 2-gram"),
            (3, self.top_3_gram, "characters in the top 3-gram"),
            (4, self.top_4_gram, "characters in the top 4-gram"),
            (5, self.duplicate_5_grams, "characters in duplicate 5-grams"),
            (6, self.duplicate_6_grams, "characters in duplicate 6-grams"),
            (7, self.duplicate_7_grams, "characters in duplicate 7-grams"),
            (8, self.duplicate_8_grams, "characters in duplicate 8-grams"),
            (9, self.duplicate_9_grams, "characters in duplicate 9-grams"),
            (
                10,
                self.duplicate_10_grams,
                "characters in duplicate 10-grams",
            ),
        ]
    }

    /// What it says of a text.
    pub fn apply(&self, text: &str) -> Verdict {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Verdict::Drop("empty");
        }
        if text.len() > LONGEST {
            return Verdict::Drop("longer than 4 GiB");
        }
        let characters = text.chars().count();

        if self.duplicate_paragraphs.is_some() || self.duplicate_paragraph_characters.is_some() {
            // Of three line ends in a row the last is left at the next paragraph's start.
            let paragraphs = trimmed
                .split("\n\n")
                .map(|part| part.trim_start_matches('\n'));
            let found = Duplicates::of(paragraphs.filter(|part| !part.is_empty()));
            if above(found.repeated, found.parts, self.duplicate_paragraphs) {
                return Verdict::Drop("duplicate paragraphs");
            }
            if above(
                found.characters,
                characters,
                self.duplicate_paragraph_characters,
            ) {
                return Verdict::Drop("characters in duplicate paragraphs");
            }
        }
        if self.duplicate_lines.is_some() || self.duplicate_line_characters.is_some() {
            let found = Duplicates::of(text.split('\n').filter(|line| !line.is_empty()));
            if above(found.repeated, found.parts, self.duplicate_lines) {
                return Verdict::Drop("duplicate lines");
            }
            if above(found.characters, characters, self.duplicate_line_characters) {
                return Verdict::Drop("characters in duplicate lines");
            }
        }

        let criteria = self.of_grams();
        let Some(longest) = criteria.iter().rposition(|(_, most, _)| most.is_some()) else {
            return Verdict::Keep;
        };
        let mut grams = Grams::words(text);
        for (n, most, criterion) in &criteria[..=longest] {
            grams.lengthen();
            let found = match (most, n) {
                (None, _) => continue,
                (_, 2..=4) => grams.top_characters(),
                _ => grams.duplicate_characters(),
            };
            if above(found, characters, *most) {
                return Verdict::Drop(criterion);
            }
        }
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{distinct, drop};
    use super::*;

    const OFF: GopherRepetition = GopherRepetition {
        duplicate_paragraphs: None,
        duplicate_paragraph_characters: None,
        duplicate_lines: None,
        duplicate_line_characters: None,
        top_2_gram: None,
        top_3_gram: None,
        top_4_gram: None,
        duplicate_5_grams: None,
        duplicate_6_grams: None,
        duplicate_7_grams: None,
        duplicate_8_grams: None,
        duplicate_9_grams: None,
        duplicate_10_grams: None,
    };

    #[test]
    fn lines_and_paragraphs_are_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        let lines = GopherRepetition {
            duplicate_lines: default.duplicate_lines,
            ..OFF
        };
        let paragraphs = GopherRepetition {
            duplicate_paragraphs: default.duplicate_paragraphs,
            ..OFF
        };
        // Ten, of which three, then four, repeat the first.
        let (three, four) = ("x a b c d e f x x x", "x a b c d e x x x x");
        assert_eq!(lines.apply(&three.replace(' ', "\n")), Verdict::Keep);
        assert_eq!(
            lines.apply(&four.replace(' ', "\n\n")),
            drop("duplicate lines")
        );
        assert_eq!(
            paragraphs.apply(&three.replace(' ', "\n\n\n")),
            Verdict::Keep
        );
        assert_eq!(
            paragraphs.apply(&four.replace(' ', "\n\n\n")),
            drop("duplicate paragraphs")
        );
        assert_eq!(paragraphs.apply(&four.replace(' ', "\n")), Verdict::Keep);
    }

    #[test]
    fn characters_in_them_are_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        let lines = GopherRepetition {
            duplicate_line_characters: default.duplicate_line_characters,
            ..OFF
        };
        let paragraphs = GopherRepetition {
            duplicate_paragraph_characters: default.duplicate_paragraph_characters,
            ..OFF
        };
        // The second "éé" is 2 of 10 characters, line ends included, then 2 of 9.
        assert_eq!(lines.apply("éé\néé\nabcd"), Verdict::Keep);
        assert_eq!(
            lines.apply("éé\néé\nabc"),
            drop("characters in duplicate lines")
        );
        assert_eq!(paragraphs.apply("éé\n\néé\n\nab"), Verdict::Keep);
        assert_eq!(
            paragraphs.apply("éé\n\néé\n\na"),
            drop("characters in duplicate paragraphs")
        );
    }

    #[test]
    fn the_top_run_is_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        // A run of n words "z" is 2n - 1 characters long and stands twice, with other words between
        // and behind it; the text is padded to a length of which it is exactly the threshold.
        for (n, most, rule, criterion) in [
            (
                2,
                0.20,
                GopherRepetition {
                    top_2_gram: default.top_2_gram,
                    ..OFF
                },
                "characters in the top 2-gram",
            ),
            (
                3,
                0.18,
                GopherRepetition {
                    top_3_gram: default.top_3_gram,
                    ..OFF
                },
                "characters in the top 3-gram",
            ),
            (
                4,
                0.16,
                GopherRepetition {
                    top_4_gram: default.top_4_gram,
                    ..OFF
                },
                "characters in the top 4-gram",
            ),
        ] {
            let run = ["z"; 4][..n].join(" ");
            let found = 2 * run.len();
            let least = (found as f64 / most).ceil() as usize;
            let text = |length: usize| {
                let text = format!("{run} ab {run} cd ");
                let rest = length - text.len();
                text + &"y".repeat(rest)
            };
            assert_eq!(rule.apply(&text(least)), Verdict::Keep, "{n}");
            assert_eq!(rule.apply(&text(least - 1)), drop(criterion), "{n}");
        }
    }

    #[test]
    fn duplicate_runs_are_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        // The run stands twice, n characters without spaces, so the second is n of all characters.
        for (n, most, rule, criterion) in [
            (
                5,
                0.15,
                GopherRepetition {
                    duplicate_5_grams: default.duplicate_5_grams,
                    ..OFF
                },
                "characters in duplicate 5-grams",
            ),
            (
                6,
                0.14,
                GopherRepetition {
                    duplicate_6_grams: default.duplicate_6_grams,
                    ..OFF
                },
                "characters in duplicate 6-grams",
            ),
            (
                7,
                0.13,
                GopherRepetition {
                    duplicate_7_grams: default.duplicate_7_grams,
                    ..OFF
                },
                "characters in duplicate 7-grams",
            ),
            (
                8,
                0.12,
                GopherRepetition {
                    duplicate_8_grams: default.duplicate_8_grams,
                    ..OFF
                },
                "characters in duplicate 8-grams",
            ),
            (
                9,
                0.11,
                GopherRepetition {
                    duplicate_9_grams: default.duplicate_9_grams,
                    ..OFF
                },
                "characters in duplicate 9-grams",
            ),
            (
                10,
                0.10,
                GopherRepetition {
                    duplicate_10_grams: default.duplicate_10_grams,
                    ..OFF
                },
                "characters in duplicate 10-grams",
            ),
        ] {
            let run = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][..n].join(" ");
            let least = (n as f64 / most).ceil() as usize;
            let text = |length: usize| {
                let text = format!("{run} {run} ");
                let rest = length.saturating_sub(text.len());
                text + &"y".repeat(rest)
            };
            assert_eq!(rule.apply(&text(least)), Verdict::Keep, "{n}");
            assert_eq!(rule.apply(&text(least - 1)), drop(criterion), "{n}");
            // One word less in common, and nothing is duplicated.
            let other = format!("{run} {} y", &run[2..]);
            assert_eq!(rule.apply(&other), Verdict::Keep, "{n}");
        }
    }

    #[test]
    fn prose_passes_and_blank_text_goes() {
        let rule = GopherRepetition::default();
        assert_eq!(rule.apply(&distinct(100, " ")), Verdict::Keep);
        for text in ["", " ", "\n\n\n", "\u{3000}\t"] {
            assert_eq!(rule.apply(text), drop("empty"));
        }
    }
}
