//! Which keys a query sees: causal order, a sliding window, padding.

use std::ops::Range;

/// Which keys a query sees. The default is all of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visible<'a> {
    /// `Some(start)`: query `i` stands at position `start + i` and sees no key after it.
    pub causal_from: Option<usize>,
    /// Of the keys up to its own position, a query sees the last `window` only. Without
    /// `causal_from` there is no position, and a window says nothing.
    pub window: Option<usize>,
    /// For each batch row the range `lo..hi` of real keys; the others are padding.
    pub rows: Option<&'a [(usize, usize)]>,
    /// The first key that each query sees, `[batch · queries]`, never less than that of the query
    /// before it.
    pub since: Option<&'a [usize]>,
}

impl Visible<'_> {
    /// The keys that query `i` of batch row `b` sees, of so many queries and keys. Both ends grow with `i`, on
    /// which the block-wise loops rely.
    pub(super) fn of(&self, b: usize, i: usize, sizes: [usize; 2]) -> Range<usize> {
        let [queries, keys] = sizes;
        let (mut lo, mut hi) = match self.rows {
            Some(rows) => (rows[b].0, rows[b].1.min(keys)),
            None => (0, keys),
        };
        if let Some(start) = self.causal_from {
            let end = start.saturating_add(i).saturating_add(1);
            hi = hi.min(end);
            if let Some(window) = self.window {
                lo = lo.max(end.saturating_sub(window));
            }
        }
        if let Some(since) = self.since {
            lo = lo.max(since[b * queries + i]);
        }
        // An empty range keeps its ends in order, as both still grow with the query.
        lo.min(hi)..hi
    }
}
