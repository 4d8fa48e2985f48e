//! Which part of the text is held out.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::document::Document;
use crate::recipe::{Split, SplitUnit};

/// The part that a text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the model learns from.
    Train,
    /// What it is measured on.
    Validation,
}

/// Where a document goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// All of it to one side.
    Whole(Side),
    /// Its first bytes to the training text, the rest to the validation text.
    Cut(usize),
}

/// Divides documents, which come in order.
///
/// By hash or by group, a document's side depends on that document alone; the pieces of a long one
/// stay together. By position it depends on how much text there is in all.
#[derive(Clone, Debug)]
pub struct Splitter {
    split: Split,
    /// Characters of each source; of all of them under no name.
    chars: BTreeMap<String, u64>,
    /// The source that is divided by itself; none where all are one text.
    source: Option<String>,
    /// Characters that belong to the training text, for a split by position.
    train_chars: u64,
    /// Characters that have come.
    seen_chars: u64,
    /// The side of the document that this one continues.
    carried: Option<Side>,
    met: BTreeSet<String>,
}

impl Splitter {
    /// A splitter for documents of so many characters in each source (of use for a split by position
    /// only). Of `n` characters the first `⌊n·(1 − validation)⌋` are training text: nanoGPT's
    /// `data[:int(n*0.9)]`.
    pub fn new(split: &Split, chars: &BTreeMap<String, u64>) -> Self {
        let train_chars = match split {
            Split::Position {
                validation,
                each_source: false,
            } => (chars.values().sum::<u64>() as f64 * (1.0 - validation)) as u64,
            _ => 0,
        };
        Self {
            split: split.clone(),
            chars: chars.clone(),
            source: None,
            train_chars,
            seen_chars: 0,
            carried: None,
            met: BTreeSet::new(),
        }
    }

    /// Begins another source, where each is divided by itself.
    fn enter(&mut self, source: &str, validation: f64) {
        if self.source.as_deref() != Some(source) {
            let chars = self.chars.get(source).copied().unwrap_or_default();
            self.train_chars = (chars as f64 * (1.0 - validation)) as u64;
            self.seen_chars = 0;
            self.source = Some(source.to_owned());
        }
    }

    /// The side, or the sides, of the next document; `sha256` is that of its text.
    pub fn divide(&mut self, document: &Document, sha256: &[u8; 32]) -> Division {
        let side = match (&self.split, self.carried) {
            (
                &Split::Position {
                    validation,
                    each_source,
                },
                _,
            ) => {
                if each_source {
                    self.enter(&document.source, validation);
                }
                return self.by_position(&document.text);
            }
            (_, Some(side)) => side,
            (Split::Hash { validation, unit }, None) => match unit {
                SplitUnit::Document => by_hash(sha256, *validation),
                SplitUnit::Group => by_hash(
                    &Sha256::digest(document.group.as_bytes()).into(),
                    *validation,
                ),
            },
            // Recipes of text do not count; `prepare::pairs` does.
            (Split::Count { .. }, None) => Side::Train,
            (Split::Groups(groups), None) => {
                if groups.contains(&document.group) {
                    self.met.insert(document.group.clone());
                    Side::Validation
                } else {
                    Side::Train
                }
            }
        };
        self.carried = document.continues.then_some(side);
        Division::Whole(side)
    }

    fn by_position(&mut self, text: &str) -> Division {
        let left = self.train_chars.saturating_sub(self.seen_chars);
        let chars = text.chars().count() as u64;
        self.seen_chars += chars;
        if chars <= left {
            Division::Whole(Side::Train)
        } else if left == 0 {
            Division::Whole(Side::Validation)
        } else {
            let cut = text.char_indices().nth(left as usize);
            Division::Cut(cut.map_or(text.len(), |(at, _)| at))
        }
    }

    /// Whether each source is divided by itself, so that training text follows behind a cut.
    pub fn divides_each_source(&self) -> bool {
        matches!(
            self.split,
            Split::Position {
                each_source: true,
                ..
            }
        )
    }

    /// Held-out groups of the recipe that no document belonged to.
    pub fn missing_groups(&self) -> Vec<&str> {
        match &self.split {
            Split::Groups(groups) => groups
                .iter()
                .filter(|group| !self.met.contains(*group))
                .map(String::as_str)
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A hash as a number: its first 64 bits.
pub(crate) fn number(sha256: &[u8; 32]) -> u64 {
    u64::from_be_bytes(std::array::from_fn(|index| sha256[index]))
}

/// A hash as a number from 0 to 1, against the share that is held out.
pub(crate) fn by_hash(sha256: &[u8; 32], validation: f64) -> Side {
    if (number(sha256) as f64) < validation * 2_f64.powi(64) {
        Side::Validation
    } else {
        Side::Train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str, group: &str) -> Document {
        Document {
            text: text.to_owned(),
            group: group.to_owned(),
            ..Document::default()
        }
    }

    fn divide(splitter: &mut Splitter, document: &Document) -> Division {
        let sha256 = Sha256::digest(document.text.as_bytes()).into();
        splitter.divide(document, &sha256)
    }

    #[test]
    fn a_position_counts_characters_as_nano_gpt_does() {
        let split = Split::Position {
            validation: 0.1,
            each_source: false,
        };
        let of = |chars| BTreeMap::from([(String::new(), chars)]);
        assert_eq!(Splitter::new(&split, &of(1_115_394)).train_chars, 1_003_854);
        // 18 of 20 characters: all of the first ten, eight of the others, each two bytes long.
        let mut splitter = Splitter::new(&split, &of(20));
        let text = document(&"é".repeat(10), "");
        assert_eq!(divide(&mut splitter, &text), Division::Whole(Side::Train));
        assert_eq!(divide(&mut splitter, &text), Division::Cut(16));
        let mut splitter = Splitter::new(&split, &of(10));
        let (nine, one) = (document("aaaaaaaaa", ""), document("b", ""));
        assert_eq!(divide(&mut splitter, &nine), Division::Whole(Side::Train));
        assert_eq!(
            divide(&mut splitter, &one),
            Division::Whole(Side::Validation)
        );
    }

    #[test]
    fn each_source_is_divided_by_itself() {
        let split = Split::Position {
            validation: 0.5,
            each_source: true,
        };
        let chars = BTreeMap::from([("a".to_owned(), 4), ("b".to_owned(), 8)]);
        let mut splitter = Splitter::new(&split, &chars);
        let mut of = |source: &str, text: &str| {
            let document = Document {
                source: source.to_owned(),
                ..document(text, "")
            };
            divide(&mut splitter, &document)
        };
        assert_eq!(of("a", "12"), Division::Whole(Side::Train));
        assert_eq!(of("a", "34"), Division::Whole(Side::Validation));
        assert_eq!(of("b", "123456"), Division::Cut(4));
        assert_eq!(of("b", "78"), Division::Whole(Side::Validation));
    }

    #[test]
    fn a_hash_keeps_a_document_where_it_is_and_holds_out_its_share() {
        let split = Split::Hash {
            validation: 0.2,
            unit: SplitUnit::Document,
        };
        let mut splitter = Splitter::new(&split, &BTreeMap::new());
        let sides: Vec<_> = (0..2_000)
            .map(|i| divide(&mut splitter, &document(&i.to_string(), "")))
            .collect();
        let held_out = sides
            .iter()
            .filter(|&&side| side == Division::Whole(Side::Validation))
            .count();
        // 400 expected, a standard deviation is 18.
        assert!((310..490).contains(&held_out), "{held_out}");
        let mut backwards = Splitter::new(&split, &BTreeMap::new());
        for i in (0..2_000).rev() {
            assert_eq!(
                divide(&mut backwards, &document(&i.to_string(), "other")),
                sides[i]
            );
        }
    }

    #[test]
    fn groups_and_the_pieces_of_a_document_stay_together() {
        let by_group = Split::Hash {
            validation: 0.5,
            unit: SplitUnit::Group,
        };
        let mut splitter = Splitter::new(&by_group, &BTreeMap::new());
        for group in ["a", "b", "c", "d", "e"] {
            let first = divide(&mut splitter, &document("x", group));
            for text in ["y", "z", "w"] {
                assert_eq!(divide(&mut splitter, &document(text, group)), first);
            }
        }
        let by_text = Split::Hash {
            validation: 0.5,
            unit: SplitUnit::Document,
        };
        let mut splitter = Splitter::new(&by_text, &BTreeMap::new());
        for long in 0..20 {
            let mut piece = document(&format!("piece {long}"), "");
            piece.continues = true;
            let first = divide(&mut splitter, &piece);
            for number in 0..10 {
                let mut piece = document(&format!("piece {long} {number}"), "");
                piece.continues = number < 9;
                assert_eq!(divide(&mut splitter, &piece), first);
            }
        }
    }

    #[test]
    fn listed_groups_are_held_out_and_missing_ones_known() {
        let split = Split::Groups(vec!["b".into(), "gone".into()]);
        let mut splitter = Splitter::new(&split, &BTreeMap::new());
        assert_eq!(
            divide(&mut splitter, &document("", "a")),
            Division::Whole(Side::Train)
        );
        assert_eq!(
            divide(&mut splitter, &document("", "b")),
            Division::Whole(Side::Validation)
        );
        assert_eq!(splitter.missing_groups(), ["gone"]);
    }
}
