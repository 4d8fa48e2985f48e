//! Which pairs are held out: a source always with all of its pairs.

use std::collections::{BTreeSet, BinaryHeap, HashSet};

use crate::Error;
use crate::recipe::Split;
use crate::split::{Side, by_hash, number};

/// Sees all pairs once, to know which will be held out.
pub(super) struct Chooser {
    rule: Rule,
    /// Names met, for the person who misspelt one.
    groups: BTreeSet<String>,
}

enum Rule {
    Share(f64),
    /// The smallest hashes met, at most so many, one for each pair.
    Count(usize, BinaryHeap<u64>),
    /// Held-out groups, and the sources met in them.
    Groups(Vec<String>, HashSet<u128>),
}

/// The side of every pair, whatever the order in which they come.
#[derive(Debug)]
pub(super) enum PairSplitter {
    /// Held out below this share.
    Share(f64),
    /// Held out up to this hash.
    UpTo(u64),
    /// These groups are, and these sources wherever they stand.
    Groups(Vec<String>, HashSet<u128>),
}

impl Chooser {
    pub(super) fn new(split: &Split) -> Self {
        let rule = match split {
            // Recipes of pairs do not divide by position.
            Split::Position { validation, .. } | Split::Hash { validation, .. } => {
                Rule::Share(*validation)
            }
            Split::Count { validation } => {
                let count = usize::try_from(*validation).unwrap_or(usize::MAX);
                Rule::Count(count, BinaryHeap::new())
            }
            Split::Groups(groups) => Rule::Groups(groups.clone(), HashSet::new()),
        };
        Self {
            rule,
            groups: BTreeSet::new(),
        }
    }

    /// Takes a pair: its group, and the SHA-256 of its source.
    pub(super) fn see(&mut self, group: &str, source: &[u8; 32]) {
        match &mut self.rule {
            Rule::Share(_) => {}
            Rule::Count(count, smallest) => {
                smallest.push(number(source));
                if smallest.len() > *count {
                    smallest.pop();
                }
            }
            Rule::Groups(held_out, sources) => {
                if held_out.iter().any(|name| name == group) {
                    sources.insert(half(source));
                }
                if !self.groups.contains(group) {
                    self.groups.insert(group.to_owned());
                }
            }
        }
    }

    /// Decides, when all pairs were seen.
    ///
    /// # Errors
    /// A held-out group that was not met.
    pub(super) fn choose(self) -> Result<PairSplitter, Error> {
        Ok(match self.rule {
            Rule::Share(validation) => PairSplitter::Share(validation),
            Rule::Count(_, smallest) => {
                PairSplitter::UpTo(smallest.peek().copied().unwrap_or_default())
            }
            Rule::Groups(held_out, sources) => {
                let missing: Vec<&str> = held_out
                    .iter()
                    .map(String::as_str)
                    .filter(|name| !self.groups.contains(*name))
                    .collect();
                if !missing.is_empty() {
                    let present: Vec<&str> = self.groups.iter().map(String::as_str).collect();
                    return Err(Error::Groups {
                        missing: missing.join(", "),
                        present: present.join(", "),
                    });
                }
                PairSplitter::Groups(held_out, sources)
            }
        })
    }
}

impl PairSplitter {
    /// The side of a pair; `None`: it is left out, because its source is held out elsewhere.
    pub(super) fn side(&self, group: &str, source: &[u8; 32]) -> Option<Side> {
        match self {
            Self::Share(validation) => Some(by_hash(source, *validation)),
            Self::UpTo(largest) if number(source) <= *largest => Some(Side::Validation),
            Self::UpTo(_) => Some(Side::Train),
            Self::Groups(held_out, sources) => match held_out.iter().any(|name| name == group) {
                true => Some(Side::Validation),
                false if sources.contains(&half(source)) => None,
                false => Some(Side::Train),
            },
        }
    }
}

fn half(sha256: &[u8; 32]) -> u128 {
    u128::from_le_bytes(std::array::from_fn(|at| sha256[at]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sha2::{Digest, Sha256};

    use super::*;

    fn sha256(text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }

    fn chosen(split: &Split, pairs: &[(&str, String)]) -> PairSplitter {
        let mut chooser = Chooser::new(split);
        for (group, source) in pairs {
            chooser.see(group, &sha256(source));
        }
        chooser.choose().unwrap()
    }

    #[test]
    fn so_many_are_held_out_and_a_source_is_never_torn() {
        // Every tenth source comes five times.
        let pairs: Vec<(&str, String)> = (0..1_000)
            .flat_map(|i| vec![("a", format!("source {i}")); if i % 10 == 0 { 5 } else { 1 }])
            .collect();
        for count in [1, 7, 100, 1_399, 1_400, 5_000] {
            let splitter = chosen(&Split::Count { validation: count }, &pairs);
            let sides: Vec<_> = pairs
                .iter()
                .map(|(group, source)| splitter.side(group, &sha256(source)).unwrap())
                .collect();
            let held_out = sides.iter().filter(|side| **side == Side::Validation);
            let held_out = held_out.count() as u64;
            assert!(
                (count.min(1_400)..count + 5).contains(&held_out),
                "{count}: {held_out}"
            );
            for (pair, next) in (0..).zip(1..pairs.len()) {
                assert!(pairs[pair].1 != pairs[next].1 || sides[pair] == sides[next]);
            }
        }
    }

    #[test]
    fn what_a_held_out_file_has_is_trained_on_nowhere() {
        let pairs = [("a", "x"), ("a", "y"), ("test", "y"), ("test", "z")];
        let pairs = pairs.map(|(group, source)| (group, source.to_owned()));
        let split = Split::Groups(vec!["test".into()]);
        let splitter = chosen(&split, &pairs);
        let sides = pairs.map(|(group, source)| splitter.side(group, &sha256(&source)));
        let held_out = Some(Side::Validation);
        assert_eq!(sides, [Some(Side::Train), None, held_out, held_out]);
        let mut chooser = Chooser::new(&Split::Groups(vec!["tset".into()]));
        chooser.see("test", &sha256("x"));
        let text = chooser.choose().unwrap_err().to_string();
        assert!(text.contains("tset; the groups are test"), "{text}");
    }
}
