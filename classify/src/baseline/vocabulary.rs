//! Which words or n-grams are counted, and in how many texts each occurs.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::iter::Peekable;

use rayon::prelude::*;

/// Texts whose keys are held in memory together.
const BLOCK: usize = 1_024;

/// Distinct keys that are counted at once. Beyond them the rarest are dropped, and counted anew
/// should they come back: memory stays bounded, and no key that is kept is that rare.
const MOST_COUNTED: usize = 4_000_000;

/// Keys (words or n-grams) and their columns, in the order of the keys.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary<K> {
    columns: HashMap<K, u32>,
    texts_with: Vec<u32>,
}

impl<K: Clone + Eq + Hash + Ord + Send + Sync> Vocabulary<K> {
    /// The `most` keys that occur in most texts, of equals the first. `distinct` gives each key of a
    /// text once.
    pub(super) fn learn(
        texts: &[&str],
        most: usize,
        distinct: impl Fn(&str) -> Vec<K> + Sync,
    ) -> Self {
        let mut counts: Vec<(K, u32)> = Vec::new();
        for block in texts.chunks(BLOCK) {
            let mut keys: Vec<K> = block
                .par_iter()
                .flat_map_iter(|text| distinct(text))
                .collect();
            keys.par_sort_unstable();
            counts = merge(counts, keys);
            let mut rarest = 1;
            while counts.len() > MOST_COUNTED {
                counts.retain(|&(_, count)| count > rarest);
                rarest += 1;
            }
        }
        if counts.len() > most {
            counts.par_sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counts.truncate(most);
            counts.par_sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        let texts_with = counts.iter().map(|&(_, count)| count).collect();
        let columns = counts.into_iter().zip(0..);
        Self {
            columns: columns.map(|((key, _), column)| (key, column)).collect(),
            texts_with,
        }
    }
}

impl<K: Eq + Hash> Vocabulary<K> {
    /// The column of a key that is counted.
    pub(super) fn column<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.columns.get(key).copied()
    }

    /// In how many training texts each column's key occurs.
    pub(super) fn texts_with(&self) -> &[u32] {
        &self.texts_with
    }
}

/// Adds sorted keys to sorted counts.
fn merge<K: Ord>(counts: Vec<(K, u32)>, keys: Vec<K>) -> Vec<(K, u32)> {
    let mut merged: Vec<(K, u32)> = Vec::with_capacity(counts.len());
    let mut old = counts.into_iter().peekable();
    let mut new = Runs(keys.into_iter().peekable()).peekable();
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(old), Some(new)) => old.0.cmp(&new.0),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return merged,
        };
        let (first, second) = match order {
            Ordering::Less => (old.next(), None),
            Ordering::Greater => (new.next(), None),
            Ordering::Equal => (old.next(), new.next()),
        };
        merged.extend(first.map(|(key, count)| (key, count + second.map_or(0, |(_, more)| more))));
    }
}

/// Runs of equal things in a sorted list, and their lengths.
pub(super) struct Runs<I: Iterator>(pub(super) Peekable<I>);

impl<I: Iterator<Item: PartialEq>> Iterator for Runs<I> {
    type Item = (I::Item, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.0.next()?;
        let mut length = 1;
        while self.0.next_if(|next| *next == first).is_some() {
            length += 1;
        }
        Some((first, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<char> {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    #[test]
    fn the_most_frequent_are_kept_and_of_equals_the_first() {
        let texts = ["bca", "cb", "cd"];
        let all = Vocabulary::learn(&texts, 10, letters);
        assert_eq!(all.texts_with(), [1, 2, 3, 1]);
        assert_eq!(all.column(&'d'), Some(3));
        let some = Vocabulary::learn(&texts, 3, letters);
        assert_eq!(some.texts_with(), [1, 2, 3]);
        assert_eq!(some.column(&'d'), None);
        assert!(Vocabulary::learn(&[], 3, letters).texts_with().is_empty());
    }

    #[test]
    fn blocks_add_up() {
        let texts = vec!["ab"; 2 * BLOCK + 1];
        let found = Vocabulary::learn(&texts, 10, letters);
        assert_eq!(found.texts_with(), [texts.len() as u32; 2]);
    }
}
