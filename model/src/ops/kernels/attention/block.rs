//! A block of queries and the keys that its rows see: what the passes skip, and how they share
//! the heads among threads.

use std::array::from_fn;
use std::ops::Range;

use rayon::prelude::*;

use super::product::{Left, PANEL, ROWS, Right, multiply};
use super::{Sizes, Visible};

/// The most queries of a block.
pub const QUERIES: usize = 64;
/// Keys of a block of the backward pass: two matrices of a block of queries by these stay near the
/// first cache.
pub const KEYS: usize = 128;
const TILES: usize = QUERIES / ROWS;
/// Vectors of the softmax are this long, so spans begin and end at multiples of it.
const LANES: usize = 16;
/// Products below which the calling thread is faster alone.
const SMALL: usize = 1 << 18;

/// A block of at most [`QUERIES`] queries, and for each of its rows the keys it sees, counted from
/// `base`. The ranges of rows one after the other never move back.
pub struct Block {
    /// The key at which the block begins: a multiple of [`PANEL`].
    pub base: usize,
    rows: usize,
    seen: [Range<usize>; QUERIES],
    depths: [Range<usize>; TILES],
}

impl Block {
    /// What `queries` see of the keys `within`; of so many queries and keys in all.
    pub fn new(
        visible: &Visible,
        b: usize,
        queries: Range<usize>,
        sizes: [usize; 2],
        within: Range<usize>,
    ) -> Self {
        let rows = queries.len();
        let range = |i: usize| {
            let seen = visible.of(b, queries.start + i, sizes);
            seen.start.clamp(within.start, within.end)..seen.end.clamp(within.start, within.end)
        };
        let base = range(0).start / PANEL * PANEL;
        let seen = from_fn(|i| {
            // Rows that fill the last tile up see what the last one sees.
            let seen = range(i.min(rows - 1));
            seen.start - base..seen.end - base
        });
        let depths = from_fn(|t| seen[t * ROWS].start..seen[t * ROWS + ROWS - 1].end);
        Self {
            base,
            rows,
            seen,
            depths,
        }
    }

    /// Tiles of [`ROWS`] queries.
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    /// The keys that row `i` sees.
    pub fn seen(&self, i: usize) -> Range<usize> {
        self.seen[i].clone()
    }

    /// For each tile, from the first to the last key that one of its rows sees.
    pub fn depths(&self) -> &[Range<usize>] {
        &self.depths[..self.tiles()]
    }

    /// The same for one tile, widened to whole vectors.
    pub fn span(&self, tile: usize) -> Range<usize> {
        let depth = &self.depths[tile];
        depth.start / LANES * LANES..depth.end.next_multiple_of(LANES)
    }

    /// One past the last key that a row sees; 0 or not above the first where none sees any.
    pub fn end(&self) -> usize {
        self.seen[self.rows - 1].end
    }

    /// For each tile of [`ROWS`] keys, from the first to the last query that sees one of them.
    /// The block sees at most [`KEYS`] keys.
    pub fn queries_of_keys(&self) -> ([Range<usize>; KEYS / ROWS], usize) {
        let seen = &self.seen[..self.rows];
        let tiles = from_fn(|tile| {
            let key = tile * ROWS;
            let first = seen.partition_point(|seen| seen.end <= key);
            let last = seen.partition_point(|seen| seen.start < key + ROWS);
            first..last.max(first)
        });
        (tiles, self.end().div_ceil(ROWS))
    }

    /// Writes `rows * panelsᵀ` for all keys in the spans of the tiles, and around them.
    ///
    /// `rows`: `[tiles * ROWS, width]`; `panels`: of all keys, see [`panels`](super::pack::panels);
    /// `out`: `[tiles * ROWS, stride]`.
    pub fn scores(
        &self,
        rows: &[f32],
        width: usize,
        panels: &[f32],
        d: usize,
        out: &mut [f32],
        stride: usize,
    ) {
        let depth: [Range<usize>; TILES] = from_fn(|_| 0..d);
        for column in (0..self.end()).step_by(PANEL) {
            let meets = |t: &usize| {
                let span = self.span(*t);
                span.start < column + PANEL && span.end > column
            };
            let Some(first) = (0..self.tiles()).find(meets) else {
                continue;
            };
            let last = (first..self.tiles()).rev().find(meets).unwrap_or(first);
            let right = Right {
                data: &panels[(self.base + column) * d..][..PANEL * d],
                stride: PANEL,
                columns: PANEL,
            };
            multiply(
                Left::Rows(&rows[first * ROWS * width..], width),
                right,
                &depth[first..=last],
                false,
                &mut out[first * ROWS * stride + column..],
                stride,
            );
        }
    }
}

/// Calls `task(batch_row, kv_head)` for all of them, on all threads if there is enough to do.
pub fn for_each_task(sizes: &Sizes, task: impl Fn(usize, usize) + Sync) {
    let tasks = if sizes.heads == 0 {
        0
    } else {
        sizes.batch * sizes.kv_heads
    };
    let products = sizes.batch * sizes.heads * sizes.queries * sizes.keys * sizes.head_dim;
    let task = |i: usize| task(i / sizes.kv_heads, i % sizes.kv_heads);
    if products < SMALL {
        (0..tasks).for_each(task);
    } else {
        (0..tasks).into_par_iter().for_each(task);
    }
}
