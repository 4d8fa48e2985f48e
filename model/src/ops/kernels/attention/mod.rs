//! Scaled dot-product attention: forward, backward, and the step that reads a key-value cache.
//!
//! The backward pass computes the weights again from the logarithms of their sums, so that no
//! `[queries, keys]` matrix outlives a block (FlashAttention, Dao et al. 2022,
//! <https://arxiv.org/abs/2205.14135>). Threads share the work by batch row and key-value head;
//! no sum is ever split between them, so results do not depend on their number.

mod backward;
mod block;
mod decode;
mod forward;
mod heads;
mod math;
mod pack;
mod product;
mod visible;

pub use backward::backward;
pub use decode::decode;
pub use forward::forward;
pub use heads::{Heads, HeadsMut, Layout};
pub use visible::Visible;

/// Which weights stay, after the softmax.
#[derive(Clone, Copy, Debug)]
pub struct Dropout<'a> {
    /// `[batch, heads, queries, keys]`, contiguous: one for a weight that stays, zero for one that
    /// is dropped.
    pub keep: &'a [u8],
    /// What the weights that stay are multiplied by: `1 / (1 - rate)`.
    pub scale: f32,
}

impl<'a> Dropout<'a> {
    /// The row of one query: `[keys]`.
    fn row(&self, sizes: &Sizes, b: usize, h: usize, query: usize) -> &'a [u8] {
        let row = (b * sizes.heads + h) * sizes.queries + query;
        &self.keep[row * sizes.keys..][..sizes.keys]
    }
}

/// The sizes on which all arguments agree.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    queries: usize,
    keys: usize,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
}

impl Sizes {
    fn of(q: &Heads, k: &Heads, v: &Heads, visible: &Visible, dropout: Option<&Dropout>) -> Self {
        let [batch, queries, heads, head_dim] = q.layout().dims();
        let [_, keys, kv_heads, _] = k.layout().dims();
        assert_eq!(
            k.layout().dims(),
            [batch, keys, kv_heads, head_dim],
            "the sizes of the keys"
        );
        assert_eq!(
            k.layout().dims(),
            v.layout().dims(),
            "the sizes of the values"
        );
        assert!(
            heads == 0 || kv_heads > 0 && heads.is_multiple_of(kv_heads),
            "{heads} query heads cannot share {kv_heads} key-value heads evenly",
        );
        assert!(
            visible.rows.is_none_or(|rows| rows.len() == batch),
            "a range for each batch row"
        );
        assert!(
            visible
                .since
                .is_none_or(|since| since.len() == batch * queries),
            "a first key for each query"
        );
        let weights = batch * heads * queries * keys;
        assert!(
            dropout.is_none_or(|d| d.keep.len() == weights),
            "a byte for each weight"
        );
        Self {
            batch,
            queries,
            keys,
            heads,
            kv_heads,
            head_dim,
        }
    }

    fn query_dims(&self) -> [usize; 4] {
        [self.batch, self.queries, self.heads, self.head_dim]
    }

    fn key_dims(&self) -> [usize; 4] {
        [self.batch, self.keys, self.kv_heads, self.head_dim]
    }

    /// The query heads that read a key-value head.
    fn query_heads(&self, kv_head: usize) -> std::ops::Range<usize> {
        let group = self.heads / self.kv_heads;
        kv_head * group..(kv_head + 1) * group
    }
}
