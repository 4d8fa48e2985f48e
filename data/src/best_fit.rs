//! Windows that begin with a document, and hold further ones where they fit best.
//!
//! A document that is longer than a window is cut into windows side by side. What is left of it, and every
//! shorter document, is laid whole: the longest that still fits, again and again (best-fit decreasing).
//! Where none fits, the shortest that waits fills the window up, and the rest of that document is not seen:
//! it is *cropped*, and counted. So every window is full, every document begins at a place where the model
//! sees its beginning, and few are torn.
//!
//! Ding et al. 2024, "Fewer Truncations Improve Language Modeling" (<https://arxiv.org/abs/2404.10830>), who
//! leave the window's end empty; filling it up with a cropped document is nanochat's way.
//!
//! Documents are packed in the order of the text, [`WAITING`] at a time, which keeps the search short. The
//! plan is made once and takes 16 bytes for each piece.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::ops::Range;

use crate::document_windows::documents;
use crate::order::{Permutation, stream};
use crate::shard::Shards;

/// Documents among which the best fit is looked for.
const WAITING: usize = 1 << 14;

/// Separates the streams of this order from those of the others.
const BEST_FIT_EPOCH: u64 = 6;

/// The windows of a text, each once an epoch, in a new order each time.
#[derive(Debug)]
pub(crate) struct BestFit {
    seed: u64,
    /// Pieces of all windows, one after another.
    pieces: Vec<Piece>,
    /// The first piece of each window, and the number of pieces at the end.
    firsts: Vec<u64>,
    cropped: u64,
    tokens: u64,
}

/// A run of tokens of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: u64,
    tokens: u32,
}

impl BestFit {
    /// Packs the documents of a range of tokens, which begins and ends with a document, into windows of
    /// `window` tokens; `None` where there is nothing to predict.
    pub(crate) fn new(shards: &Shards, range: Range<u64>, window: u32, seed: u64) -> Option<Self> {
        if range.is_empty() || window < 2 {
            return None;
        }
        let mut packer = Packer::new(window);
        let mut tokens = 0;
        for (_, document) in documents(shards, shards.entry_at(range.start), range.end) {
            tokens += document.tokens;
            let mut start = document.start;
            let mut left = document.tokens;
            while left >= u64::from(window) {
                packer.window(&[Piece {
                    start,
                    tokens: window,
                }]);
                start += u64::from(window);
                left -= u64::from(window);
            }
            if left > 0 {
                packer.wait(Piece {
                    start,
                    tokens: left as u32,
                });
            }
            while packer.waiting >= WAITING {
                packer.fill();
            }
        }
        while packer.waiting > 0 {
            packer.fill();
        }
        let packed = Self {
            seed,
            pieces: packer.pieces,
            firsts: packer.firsts,
            cropped: packer.cropped,
            tokens,
        };
        (packed.windows_per_epoch() > 0 && packed.pieces.iter().any(|piece| piece.tokens > 1))
            .then_some(packed)
    }

    /// Windows of an epoch.
    pub(crate) fn windows_per_epoch(&self) -> u64 {
        self.firsts.len() as u64 - 1
    }

    /// Tokens that no window holds.
    pub(crate) fn cropped(&self) -> u64 {
        self.cropped
    }

    /// The share of all places in the windows that no token fills, from 0 to 1.
    pub(crate) fn padding(&self, window: u64) -> f64 {
        let laid = self.tokens - self.cropped;
        1.0 - laid as f64 / (self.windows_per_epoch() * window) as f64
    }

    /// Window `number` of the run: the tokens that it holds, document by document.
    pub(crate) fn row(&self, number: u64) -> Vec<Range<u64>> {
        let per_epoch = self.windows_per_epoch();
        let mut stream = stream(self.seed, BEST_FIT_EPOCH, number / per_epoch);
        let place = Permutation::new(per_epoch, &mut stream).apply(number % per_epoch) as usize;
        let pieces = self.firsts[place] as usize..self.firsts[place + 1] as usize;
        let range = |piece: &Piece| piece.start..piece.start + u64::from(piece.tokens);
        self.pieces[pieces].iter().map(range).collect()
    }
}

/// Documents that wait, by length, and the windows that are full.
struct Packer {
    window: u32,
    by_length: BTreeMap<u32, VecDeque<Piece>>,
    waiting: usize,
    pieces: Vec<Piece>,
    firsts: Vec<u64>,
    cropped: u64,
}

impl Packer {
    fn new(window: u32) -> Self {
        Self {
            window,
            by_length: BTreeMap::new(),
            waiting: 0,
            pieces: Vec::new(),
            firsts: vec![0],
            cropped: 0,
        }
    }

    fn wait(&mut self, piece: Piece) {
        self.by_length
            .entry(piece.tokens)
            .or_default()
            .push_back(piece);
        self.waiting += 1;
    }

    fn window(&mut self, pieces: &[Piece]) {
        self.pieces.extend_from_slice(pieces);
        self.firsts.push(self.pieces.len() as u64);
    }

    /// Lays one window of what waits.
    fn fill(&mut self) {
        let mut laid = Vec::new();
        let mut room = self.window;
        while room > 0 {
            let fits = self
                .by_length
                .range(..=room)
                .next_back()
                .map(|(&length, _)| length);
            if let Some(piece) = fits.and_then(|length| self.take(length)) {
                room -= piece.tokens;
                laid.push(piece);
                continue;
            }
            let shortest = self.by_length.keys().next().copied();
            let Some(piece) = shortest.and_then(|length| self.take(length)) else {
                break;
            };
            self.cropped += u64::from(piece.tokens - room);
            laid.push(Piece {
                tokens: room,
                ..piece
            });
            room = 0;
        }
        self.window(&laid);
    }

    fn take(&mut self, length: u32) -> Option<Piece> {
        let waiting = self.by_length.get_mut(&length)?;
        let piece = waiting.pop_front();
        if waiting.is_empty() {
            self.by_length.remove(&length);
        }
        self.waiting -= usize::from(piece.is_some());
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(lengths: &[u32], window: u32) -> (Vec<Vec<u32>>, u64) {
        let mut packer = Packer::new(window);
        let mut start = 0;
        for &tokens in lengths {
            packer.wait(Piece { start, tokens });
            start += u64::from(tokens);
        }
        while packer.waiting > 0 {
            packer.fill();
        }
        let windows = packer.firsts.windows(2).map(|ends| {
            let pieces = &packer.pieces[ends[0] as usize..ends[1] as usize];
            pieces.iter().map(|piece| piece.tokens).collect()
        });
        (windows.collect(), packer.cropped)
    }

    #[test]
    fn the_longest_that_fits_comes_first() {
        let (windows, cropped) = packed(&[3, 7, 5, 2, 3], 10);
        assert_eq!(windows, [vec![7, 3], vec![5, 3, 2]]);
        assert_eq!(cropped, 0);
    }

    #[test]
    fn where_none_fits_the_shortest_is_cropped_and_counted() {
        let (windows, cropped) = packed(&[7, 6, 9], 10);
        // 9 leaves 1: of 6 it takes 1 and crops 5. 7 is left.
        assert_eq!(windows, [vec![9, 1], vec![7]]);
        assert_eq!(cropped, 5);
    }

    #[test]
    fn equal_lengths_come_in_the_order_of_the_text() {
        let mut packer = Packer::new(4);
        for start in [0, 2, 4, 6] {
            packer.wait(Piece { start, tokens: 2 });
        }
        packer.fill();
        let starts: Vec<u64> = packer.pieces.iter().map(|piece| piece.start).collect();
        assert_eq!(starts, [0, 2]);
    }
}
