//! Which pairs of tokens merge, when, and into what.

use std::collections::HashMap;

use super::file::Merge;

/// Ids and ranks are below 2 to this power, so that three of them fit a slot.
pub(super) const BITS: u32 = 21;

/// The merges of a vocabulary. A pair's rank is its place in the list of merges.
pub(super) struct Pairs {
    /// A hash table with open addressing, at most half full: a pair and its rank, [`BITS`] each;
    /// [`FREE`] where there is none.
    slots: Vec<u64>,
    /// A bit for each of some hashes. Most pairs that are asked for are none, and most of these have
    /// a hash that no pair has: that is found out in a table that fits a core's cache.
    filter: Vec<u64>,
    /// By rank.
    merges: Vec<Merge>,
}

/// A slot that holds no pair: the highest bit is set in no other.
const FREE: u64 = u64::MAX;

/// Bits of the filter for each slot.
const FILTER_BITS: usize = 8;

impl Pairs {
    /// The merges in the order in which they were learnt.
    pub(super) fn new(merges: Vec<Merge>) -> Self {
        // Of a pair that is listed twice the crate knows the last rank.
        let mut ranks: HashMap<u64, u32> = HashMap::with_capacity(merges.len());
        for (rank, merge) in (0..).zip(&merges) {
            ranks.insert(pair(merge.left, merge.right), rank);
        }
        let size = (ranks.len() * 2).next_power_of_two().max(64);
        let mut slots = vec![FREE; size];
        let mut filter = vec![0; size * FILTER_BITS / 64];
        for (pair, rank) in ranks {
            let hash = hash(pair);
            let mut at = place_of(hash, size);
            while slots[at] != FREE {
                at = (at + 1) % size;
            }
            slots[at] = pair << BITS | u64::from(rank);
            let bit = place_of(hash, size * FILTER_BITS);
            filter[bit / 64] |= 1 << (bit % 64);
        }
        Self {
            slots,
            filter,
            merges,
        }
    }

    /// The merge of this rank.
    #[inline(always)]
    pub(super) fn of_rank(&self, rank: u32) -> Merge {
        self.merges[rank as usize]
    }

    /// The rank of a pair, if it is one.
    #[inline(always)]
    pub(super) fn rank(&self, left: u32, right: u32) -> Option<u32> {
        let pair = pair(left, right);
        let hash = hash(pair);
        let size = self.slots.len();
        let bit = place_of(hash, size * FILTER_BITS);
        if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        let mut at = place_of(hash, size);
        loop {
            let slot = self.slots[at];
            if slot >> BITS == pair {
                return Some(slot as u32 & ((1 << BITS) - 1));
            }
            if slot == FREE {
                return None;
            }
            at = (at + 1) & (size - 1);
        }
    }
}

#[inline(always)]
fn pair(left: u32, right: u32) -> u64 {
    u64::from(left) << BITS | u64::from(right)
}

/// A hash of which the highest bits are the best.
#[inline(always)]
fn hash(pair: u64) -> u64 {
    // The fractional part of the golden ratio: an odd number without a pattern.
    pair.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// One of `size` places; a power of two.
#[inline(always)]
fn place_of(hash: u64, size: usize) -> usize {
    (hash >> (64 - size.trailing_zeros())) as usize
}
