//! Clusters of duplicates: a union–find over the documents' numbers.
//!
//! Sets are joined under their least number, with path halving (Tarjan and van Leeuwen 1984,
//! <https://doi.org/10.1145/62.2160>): which document stays does not depend on the order of the
//! joins. Memory: 4 bytes a document, and as much again while the clusters are counted.

use std::collections::BTreeMap;

use super::DedupError;

/// Sets of documents.
pub(super) struct Clusters {
    /// Of each document, one of its set that is not greater; of the least, itself.
    towards: Vec<u32>,
}

impl Clusters {
    /// Documents from 0, each alone.
    pub(super) fn new(documents: u64) -> Result<Self, DedupError> {
        if documents > u64::from(u32::MAX) {
            return Err(DedupError::TooMany(documents - 1));
        }
        let mut towards = Vec::new();
        towards
            .try_reserve_exact(documents as usize)
            .map_err(|_| DedupError::Memory(documents as usize * 4))?;
        towards.extend(0..documents as u32);
        Ok(Self { towards })
    }

    fn least(&mut self, mut document: u32) -> u32 {
        loop {
            let next = self.towards[document as usize];
            if next == document {
                return document;
            }
            let after = self.towards[next as usize];
            self.towards[document as usize] = after;
            document = after;
        }
    }

    /// Joins the sets of two documents that there are.
    pub(super) fn join(&mut self, a: u64, b: u64) {
        let (a, b) = (self.least(a as u32), self.least(b as u32));
        self.towards[a.max(b) as usize] = a.min(b);
    }

    pub(super) fn finish(self) -> Result<Duplicates, DedupError> {
        let mut first = self.towards;
        let mut members = Vec::new();
        members
            .try_reserve_exact(first.len())
            .map_err(|_| DedupError::Memory(first.len() * 4))?;
        members.resize(first.len(), 0_u32);
        for document in 0..first.len() {
            // A step leads to a lesser number, whose own step is the last already.
            first[document] = first[first[document] as usize];
            members[first[document] as usize] += 1;
        }
        let mut sizes = BTreeMap::new();
        for members in members.into_iter().filter(|&members| members > 1) {
            *sizes.entry(u64::from(members)).or_insert(0) += 1;
        }
        Ok(Duplicates { first, sizes })
    }
}

/// Which documents go, and which stay for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Of each document, the first of its cluster.
    first: Vec<u32>,
    sizes: BTreeMap<u64, u64>,
}

impl Duplicates {
    /// The document that stays for this one; `None` where this one stays itself.
    pub fn of(&self, document: u64) -> Option<u64> {
        let first = u64::from(*self.first.get(usize::try_from(document).ok()?)?);
        (first != document).then_some(first)
    }

    /// The documents that go, each with the one that stays for it, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let pairs = (0..).zip(self.first.iter().map(|&first| u64::from(first)));
        pairs.filter(|(document, first)| document != first)
    }

    /// How many documents go.
    pub fn count(&self) -> u64 {
        self.sizes
            .iter()
            .map(|(size, count)| (size - 1) * count)
            .sum()
    }

    /// How many clusters of two or more documents there are.
    pub fn clusters(&self) -> u64 {
        self.sizes.values().sum()
    }

    /// How many clusters there are of each size, from two documents on.
    pub fn sizes(&self) -> &BTreeMap<u64, u64> {
        &self.sizes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn joined(pairs: &[(u64, u64)]) -> Duplicates {
        let mut clusters = Clusters::new(10).unwrap();
        for &(a, b) in pairs {
            clusters.join(a, b);
        }
        clusters.finish().unwrap()
    }

    #[test]
    fn the_first_stays_whatever_the_order_of_the_joins() {
        let mut pairs = [(7, 3), (3, 9), (9, 1), (4, 5), (8, 8), (5, 4)];
        let found = joined(&pairs);
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            [(3, 1), (5, 4), (7, 1), (9, 1)]
        );
        assert_eq!((found.count(), found.clusters()), (4, 2));
        assert_eq!(*found.sizes(), BTreeMap::from([(2, 1), (4, 1)]));
        assert_eq!(
            (found.of(7), found.of(1), found.of(99)),
            (Some(1), None, None)
        );
        for turn in 0..pairs.len() {
            pairs.rotate_left(1);
            assert_eq!(joined(&pairs), found, "{turn}");
            pairs.reverse();
            assert_eq!(joined(&pairs), found, "{turn}");
        }
    }

    #[test]
    fn long_chains_and_no_documents_are_fine() {
        const DOCUMENTS: u64 = 1_000_000;
        let mut clusters = Clusters::new(DOCUMENTS).unwrap();
        for document in (1..DOCUMENTS).rev() {
            clusters.join(document, document - 1);
        }
        let found = clusters.finish().unwrap();
        assert_eq!(*found.sizes(), BTreeMap::from([(DOCUMENTS, 1)]));
        assert_eq!(Clusters::new(0).unwrap().finish().unwrap().count(), 0);
        assert!(Clusters::new(1 << 32).is_err());
    }
}
