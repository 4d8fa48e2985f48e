//! Paragraphs that stand elsewhere already: menus, licences, quoted mail.
//!
//! As in CCNet (Wenzek et al. 2020, <https://arxiv.org/abs/1911.00359>), a paragraph that was seen
//! before, in another document or in the same, is taken out of the later one. CCNet's paragraphs are
//! lines of any length; here short ones stay unless asked, for `Yes.` and `Exit.` belong to a play.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::exact::hash_through;

/// What ends a paragraph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParagraphBreak {
    /// A blank line.
    #[default]
    BlankLine,
    /// Every line feed.
    Line,
}

/// Which paragraphs are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paragraphs {
    /// What ends one.
    pub end: ParagraphBreak,
    /// A paragraph of fewer characters, surrounding white space not counted, always stays.
    pub min_chars: usize,
}

impl Default for Paragraphs {
    fn default() -> Self {
        Self {
            end: ParagraphBreak::BlankLine,
            min_chars: 100,
        }
    }
}

/// A paragraph's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParagraphHash {
    /// Number of the paragraph in its document, from 0; short ones count.
    pub paragraph: u64,
    /// [`exact_hash`](super::exact_hash) of its text.
    pub hash: u128,
}

impl Paragraphs {
    /// The hashes of a document's paragraphs, without the short ones.
    pub fn hashes(&self, text: &str) -> Vec<ParagraphHash> {
        let mut form = String::new();
        let mut hashes = Vec::new();
        for (paragraph, place) in (0..).zip(self.places(text)) {
            let words = text[place].trim();
            if !words.is_empty() && words.chars().take(self.min_chars).count() == self.min_chars {
                hashes.push(ParagraphHash {
                    paragraph,
                    hash: hash_through(&mut form, words),
                });
            }
        }
        hashes
    }

    /// The text without the paragraphs of these numbers, which must rise; `None` where nothing but
    /// white space is left.
    pub fn without(&self, text: &str, repeated: &[u64]) -> Option<String> {
        let mut kept = String::with_capacity(text.len());
        let mut repeated = repeated.iter().copied().peekable();
        let mut last_went = false;
        for (paragraph, place) in (0..).zip(self.places(text)) {
            last_went = repeated.next_if_eq(&paragraph).is_some();
            if !last_went {
                kept.push_str(&text[place]);
            }
        }
        if last_went {
            // The blank lines before what went end nothing now.
            kept.truncate(kept.trim_end().len());
        }
        (!kept.trim_start().is_empty()).then_some(kept)
    }

    /// Where the paragraphs are: one after the other, each with the line ends behind it.
    fn places<'a>(&self, text: &'a str) -> Places<'a> {
        Places {
            text,
            at: 0,
            end: self.end,
        }
    }
}

struct Places<'a> {
    text: &'a str,
    at: usize,
    end: ParagraphBreak,
}

impl Iterator for Places<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let begin = self.at;
        let (mut words, mut blank_behind) = (false, false);
        for line in self.text[begin..].split_inclusive('\n') {
            let blank = line.trim().is_empty();
            if !blank && blank_behind {
                break;
            }
            self.at += line.len();
            words |= !blank;
            blank_behind = words && blank;
            if self.end == ParagraphBreak::Line {
                break;
            }
        }
        (self.at > begin).then_some(begin..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::exact::exact_hash;
    use super::*;

    const ANY: Paragraphs = Paragraphs {
        end: ParagraphBreak::BlankLine,
        min_chars: 1,
    };
    const LINES: Paragraphs = Paragraphs {
        end: ParagraphBreak::Line,
        min_chars: 1,
    };
    const TEXT: &str = "\n\nOne\ntwo.\n\n \n  Three.\n\nFour.\n";

    fn cut<'a>(rules: &Paragraphs, text: &'a str) -> Vec<&'a str> {
        rules.places(text).map(|place| &text[place]).collect()
    }

    #[test]
    fn paragraphs_are_the_whole_text() {
        assert_eq!(
            cut(&ANY, TEXT),
            ["\n\nOne\ntwo.\n\n \n", "  Three.\n\n", "Four.\n"]
        );
        assert_eq!(cut(&LINES, TEXT).len(), 9);
        for text in ["", "\n", "a", "\n\n\n", TEXT] {
            assert_eq!(cut(&ANY, text).concat(), text);
            assert_eq!(cut(&LINES, text).concat(), text);
        }
    }

    #[test]
    fn short_ones_count_but_are_not_compared() {
        let rules = Paragraphs {
            min_chars: 6,
            ..ANY
        };
        let found = rules.hashes(TEXT);
        assert_eq!(
            found
                .iter()
                .map(|found| found.paragraph)
                .collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(found[0].hash, exact_hash("One two."));
        assert_eq!(LINES.hashes(TEXT).len(), 4);
        let none = Paragraphs {
            min_chars: 0,
            ..ANY
        };
        assert_eq!(none.hashes(" \n\n "), []);
    }

    #[test]
    fn what_is_left_stays_as_it_was() {
        assert_eq!(ANY.without(TEXT, &[]).as_deref(), Some(TEXT));
        assert_eq!(
            ANY.without(TEXT, &[1]).as_deref(),
            Some("\n\nOne\ntwo.\n\n \nFour.\n")
        );
        assert_eq!(ANY.without(TEXT, &[0, 2]).as_deref(), Some("  Three."));
        assert_eq!(LINES.without("a\nb\na\n", &[2]).as_deref(), Some("a\nb"));
        for (text, all) in [(TEXT, &[0_u64, 1, 2] as &[u64]), ("", &[]), ("\n \n", &[])] {
            assert_eq!(ANY.without(text, all), None);
        }
    }
}
