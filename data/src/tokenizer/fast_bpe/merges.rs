//! Merging the bytes of a word: of all neighbours the pair that was learnt first, from left to right
//! among equal ones, until no pair was learnt (Sennrich et al. 2016, <https://aclanthology.org/P16-1162/>).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::file::Model;
use super::pairs::{BITS, Pairs};

/// Words of up to this many bytes are merged with a bit for each byte.
pub(super) const SHORT: usize = 64;

/// Bits that a place takes below a rank. Both fit 31 bits: signed numbers are compared faster, as
/// the oldest x86-64 has no vector instruction for others.
const PLACE_BITS: u32 = SHORT.trailing_zeros();
const _: () = assert!(BITS + PLACE_BITS < 31);

/// The priority of what is no pair: behind all others.
const NO_PAIR: i32 = i32::MAX;

/// What merges the words of a vocabulary.
///
/// A pair's *priority* is its rank, and below that its place: the smallest priority in a word is the
/// leftmost pair of the first rank.
pub(super) struct Merges {
    bytes: [u32; 256],
    /// Priorities of two bytes at place 0.
    byte_pairs: Vec<i32>,
    pairs: Pairs,
    lengths: Vec<u32>,
}

/// What merging with a queue needs beside the tables; kept from word to word.
#[derive(Default)]
pub(super) struct Queue {
    symbols: Vec<Symbol>,
    /// Ranks and places of pairs.
    pairs: BinaryHeap<Reverse<(u32, usize)>>,
}

/// A symbol of a word, at the place of its first byte.
#[derive(Clone, Copy)]
struct Symbol {
    id: u32,
    /// It belongs to the symbol before it.
    gone: bool,
    /// Places of the neighbours; beyond all places where there is none.
    before: usize,
    behind: usize,
}

/// Symbols that a [`Queue`] keeps room for: words that need more are rare.
const KEPT: usize = 1 << 12;

/// The smallest priority of all places: a binary tree of the smaller of two. The root is 1, the
/// children of n are 2n and 2n + 1, and the leaves are the places.
struct Smallest {
    tree: [i32; 2 * SHORT],
    /// How many there are: a power of two up to [`SHORT`].
    leaves: usize,
}

impl Smallest {
    /// For words of so many bytes; holds no pair.
    #[inline(always)]
    fn new(length: usize) -> Self {
        Self {
            tree: [NO_PAIR; 2 * SHORT],
            leaves: length.next_power_of_two().min(SHORT),
        }
    }

    /// The priority at a place, before [`fill`](Self::fill).
    #[inline(always)]
    fn put(&mut self, place: usize, priority: i32) {
        self.tree[(self.leaves + place) % (2 * SHORT)] = priority;
    }

    #[inline(always)]
    fn fill(&mut self) {
        for node in (1..self.leaves).rev() {
            self.tree[node] = self.tree[2 * node].min(self.tree[2 * node + 1]);
        }
    }

    /// The priority at a place, after that.
    #[inline(always)]
    fn set(&mut self, place: usize, priority: i32) {
        let mut node = (self.leaves + place) % (2 * SHORT);
        let mut priority = priority;
        self.tree[node] = priority;
        while node > 1 {
            priority = priority.min(self.tree[node ^ 1]);
            node /= 2;
            self.tree[node] = priority;
        }
    }

    #[inline(always)]
    fn get(&self) -> i32 {
        self.tree[1]
    }
}

impl Merges {
    pub(super) fn new(model: Model<'_>) -> Self {
        let pairs = Pairs::new(model.merges);
        let mut byte_pairs = Vec::with_capacity(1 << 16);
        for left in model.bytes {
            byte_pairs.extend(model.bytes.map(|right| priority(&pairs, left, right, 0)));
        }
        Self {
            bytes: model.bytes,
            byte_pairs,
            pairs,
            lengths: model.lengths,
        }
    }

    /// Bytes that a token stands for.
    pub(super) fn length(&self, id: u32) -> usize {
        self.lengths[id as usize] as usize
    }

    /// Appends the tokens of a word, in n log n steps at the most for n bytes.
    pub(super) fn merge(&self, word: &[u8], queue: &mut Queue, ids: &mut Vec<u32>) {
        if word.len() <= SHORT {
            self.merge_short(word, ids);
        } else {
            self.merge_queued(word, queue, ids);
        }
    }

    /// At most [`SHORT`] bytes: a symbol stands where its first byte does, and a bit says that one is
    /// there.
    fn merge_short(&self, word: &[u8], ids: &mut Vec<u32>) {
        let mut there = match word.len() {
            0 => return,
            length => u64::MAX >> (SHORT - length.min(SHORT)),
        };
        let mut symbols = [0_u32; SHORT];
        for (symbol, &byte) in symbols.iter_mut().zip(word) {
            *symbol = self.bytes[usize::from(byte)];
        }
        let mut smallest = Smallest::new(word.len());
        for (place, pair) in word.windows(2).enumerate() {
            let pair = usize::from(pair[0]) << 8 | usize::from(pair[1]);
            smallest.put(place, self.byte_pairs[pair] | place as i32);
        }
        smallest.fill();
        loop {
            let next = smallest.get();
            if next == NO_PAIR {
                break;
            }
            let place = next as usize % SHORT;
            let behind = there & (u64::MAX << 1 << place);
            let right = lowest(behind);
            let behind = behind & behind.wrapping_sub(1);
            let before = there & !(u64::MAX << place);
            there &= !(1 << right);
            let made = self.pairs.of_rank(next as u32 >> PLACE_BITS).made;
            symbols[place] = made;
            smallest.set(right, NO_PAIR);
            let with_behind = if behind == 0 {
                NO_PAIR
            } else {
                priority(&self.pairs, made, symbols[lowest(behind)], place)
            };
            smallest.set(place, with_behind);
            if before != 0 {
                let left = highest(before);
                smallest.set(left, priority(&self.pairs, symbols[left], made, left));
            }
        }
        while there != 0 {
            ids.push(symbols[lowest(there)]);
            there &= there - 1;
        }
    }

    /// Any number of bytes.
    fn merge_queued(&self, word: &[u8], queue: &mut Queue, ids: &mut Vec<u32>) {
        let Queue { symbols, pairs } = queue;
        symbols.clear();
        symbols.extend(word.iter().enumerate().map(|(place, &byte)| Symbol {
            id: self.bytes[usize::from(byte)],
            gone: false,
            before: place.wrapping_sub(1),
            behind: place + 1,
        }));
        pairs.clear();
        let offer = |pairs: &mut BinaryHeap<_>, left: u32, right: u32, place: usize| {
            if let Some(rank) = self.pairs.rank(left, right) {
                pairs.push(Reverse((rank, place)));
            }
        };
        for (place, pair) in symbols.windows(2).enumerate() {
            offer(pairs, pair[0].id, pair[1].id, place);
        }
        while let Some(Reverse((rank, place))) = pairs.pop() {
            let merge = self.pairs.of_rank(rank);
            let left = symbols[place];
            let Some(&right) = symbols.get(left.behind) else {
                continue;
            };
            // What was queued may have been merged with something else since.
            if left.gone || (left.id, right.id) != (merge.left, merge.right) {
                continue;
            }
            symbols[left.behind].gone = true;
            symbols[place].id = merge.made;
            symbols[place].behind = right.behind;
            if let Some(behind) = symbols.get_mut(right.behind) {
                behind.before = place;
                offer(pairs, merge.made, behind.id, place);
            }
            if let Some(before) = symbols.get(left.before) {
                offer(pairs, before.id, merge.made, left.before);
            }
        }
        let mut place = 0;
        while let Some(symbol) = symbols.get(place) {
            ids.push(symbol.id);
            place = symbol.behind;
        }
        symbols.shrink_to(KEPT);
        pairs.shrink_to(KEPT);
    }
}

#[inline(always)]
fn priority(pairs: &Pairs, left: u32, right: u32, place: usize) -> i32 {
    match pairs.rank(left, right) {
        Some(rank) => (rank << PLACE_BITS) as i32 | place as i32,
        None => NO_PAIR,
    }
}

/// The place of the lowest bit of a number that has one.
#[inline(always)]
fn lowest(bits: u64) -> usize {
    bits.trailing_zeros() as usize % SHORT
}

/// The place of the highest bit of a number that has one.
#[inline(always)]
fn highest(bits: u64) -> usize {
    (SHORT - 1).wrapping_sub(bits.leading_zeros() as usize) % SHORT
}
