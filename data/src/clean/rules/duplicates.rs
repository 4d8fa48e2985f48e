//! Parts of a text that were there before.

use std::collections::HashSet;

/// How many parts there are, and how many of them repeat an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Duplicates {
    /// All parts.
    pub(super) parts: usize,
    /// Parts that repeat an earlier one.
    pub(super) repeated: usize,
    /// Characters in those.
    pub(super) characters: usize,
}

impl Duplicates {
    /// Counts parts that are equal, character by character, to an earlier one.
    pub(super) fn of<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = HashSet::new();
        let mut found = Self::default();
        for part in parts {
            found.parts += 1;
            if !seen.insert(part) {
                found.repeated += 1;
                found.characters += part.chars().count();
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_no_duplicate() {
        let found = Duplicates::of(["né", "b", "né", "né", "n"].into_iter());
        assert_eq!(
            found,
            Duplicates {
                parts: 5,
                repeated: 2,
                characters: 4
            }
        );
        assert_eq!(Duplicates::of(std::iter::empty()), Duplicates::default());
    }
}
