//! Strided views of the heads of a tensor, so that attention reads and writes parts of a packed
//! tensor or of a key-value cache where they lie.

use std::marker::PhantomData;

/// How `[batch, tokens, heads, head_dim]` lies in a slice: element `(b, t, h, i)` at
/// `offset + b * batch_stride + t * token_stride + h * head_stride + i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Rows of the batch.
    pub batch: usize,
    /// Tokens of a row.
    pub tokens: usize,
    /// Heads of a token.
    pub heads: usize,
    /// Numbers of a head.
    pub head_dim: usize,
    /// Where the first element lies.
    pub offset: usize,
    /// From a batch row to the next.
    pub batch_stride: usize,
    /// From a token to the next.
    pub token_stride: usize,
    /// From a head to the next.
    pub head_stride: usize,
}

impl Layout {
    /// The layout of a contiguous `[batch, tokens, heads, head_dim]`.
    pub fn contiguous(batch: usize, tokens: usize, heads: usize, head_dim: usize) -> Self {
        let [layout] = Self::packed(batch, tokens, head_dim, [heads]);
        layout
    }

    /// The layouts of parts that lie side by side in one contiguous tensor
    /// `[batch, tokens, (the sum of heads) * head_dim]`, as queries, keys and values do.
    pub fn packed<const N: usize>(
        batch: usize,
        tokens: usize,
        head_dim: usize,
        heads: [usize; N],
    ) -> [Self; N] {
        let width = heads.iter().sum::<usize>() * head_dim;
        let mut offset = 0;
        heads.map(|heads| {
            let layout = Self {
                batch,
                tokens,
                heads,
                head_dim,
                offset,
                batch_stride: tokens * width,
                token_stride: width,
                head_stride: head_dim,
            };
            offset += heads * head_dim;
            layout
        })
    }

    fn at(&self, b: usize, t: usize, h: usize) -> usize {
        self.offset + b * self.batch_stride + t * self.token_stride + h * self.head_stride
    }

    /// `[batch, tokens, heads, head_dim]`.
    pub fn dims(&self) -> [usize; 4] {
        [self.batch, self.tokens, self.heads, self.head_dim]
    }

    /// One past the last element.
    fn end(&self) -> usize {
        if self.dims().contains(&0) {
            return 0;
        }
        let last = [
            (self.batch, self.batch_stride),
            (self.tokens, self.token_stride),
            (self.heads, self.head_stride),
        ];
        // Checked, because an end that wrapped around would let a view reach outside its slice.
        last.iter()
            .try_fold(self.offset, |end, &(count, stride)| {
                end.checked_add((count - 1).checked_mul(stride)?)
            })
            .and_then(|end| end.checked_add(self.head_dim))
            .unwrap_or(usize::MAX)
    }

    /// Whether no two elements share a place: sorted by stride, each axis steps over all of the
    /// one below it.
    fn is_disjoint(&self) -> bool {
        let mut axes = [
            (self.batch_stride, self.batch),
            (self.token_stride, self.tokens),
            (self.head_stride, self.heads),
        ];
        axes.sort_unstable();
        let mut below = self.head_dim;
        axes.iter()
            .filter(|axis| axis.1 > 1)
            .all(|&(stride, count)| {
                let clear = stride >= below;
                below += (count - 1) * stride;
                clear
            })
    }
}

/// Heads to read: `[batch, tokens, heads, head_dim]`.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    data: &'a [f32],
    layout: Layout,
}

impl<'a> Heads<'a> {
    /// A view of `data`.
    ///
    /// # Panics
    /// If the layout reaches beyond `data`.
    pub fn new(data: &'a [f32], layout: Layout) -> Self {
        assert!(
            layout.end() <= data.len(),
            "the layout reaches beyond the data"
        );
        Self { data, layout }
    }

    /// How the heads lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The head `h` of token `t` of batch row `b`: `[head_dim]`.
    #[inline(always)]
    pub(super) fn row(&self, b: usize, t: usize, h: usize) -> &'a [f32] {
        let at = self.layout.at(b, t, h);
        &self.data[at..at + self.layout.head_dim]
    }
}

/// Heads to write: `[batch, tokens, heads, head_dim]`; no two elements share a place.
#[derive(Debug)]
pub struct HeadsMut<'a> {
    data: *mut f32,
    layout: Layout,
    owned: PhantomData<&'a mut [f32]>,
}

// SAFETY: a `HeadsMut` is an exclusive borrow of its elements, and `f32` is `Send`.
unsafe impl Send for HeadsMut<'_> {}
// SAFETY: through a shared reference, elements are reached by `row_mut` only, whose callers
// promise that no two rows alive at a time are the same.
unsafe impl Sync for HeadsMut<'_> {}

impl<'a> HeadsMut<'a> {
    /// A view of `data`.
    ///
    /// # Panics
    /// If the layout reaches beyond `data`, or if two elements would share a place.
    pub fn new(data: &'a mut [f32], layout: Layout) -> Self {
        assert!(
            layout.end() <= data.len(),
            "the layout reaches beyond the data"
        );
        assert!(layout.is_disjoint(), "two elements share a place");
        Self {
            data: data.as_mut_ptr(),
            layout,
            owned: PhantomData,
        }
    }

    /// Views of the parts that lie side by side in one contiguous tensor
    /// `[batch, tokens, (the sum of heads) * head_dim]`; see [`Layout::packed`].
    ///
    /// # Panics
    /// If `data` is shorter than that.
    pub fn packed<const N: usize>(
        data: &'a mut [f32],
        batch: usize,
        tokens: usize,
        head_dim: usize,
        heads: [usize; N],
    ) -> [Self; N] {
        // The parts share no element: each spans its own heads of every token.
        Layout::packed(batch, tokens, head_dim, heads).map(|layout| {
            assert!(
                layout.end() <= data.len(),
                "the layout reaches beyond the data"
            );
            Self {
                data: data.as_mut_ptr(),
                layout,
                owned: PhantomData,
            }
        })
    }

    /// How the heads lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The head `h` of token `t` of batch row `b`: `[head_dim]`.
    ///
    /// # Safety
    /// No other reference to this row may be alive.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(super) unsafe fn row_mut(&self, b: usize, t: usize, h: usize) -> &mut [f32] {
        let l = &self.layout;
        assert!(b < l.batch && t < l.tokens && h < l.heads);
        // SAFETY: the indices are inside the layout, which ends inside the slice that is borrowed
        // for 'a, and rows of different indices share no element.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(l.at(b, t, h)), l.head_dim) }
    }
}
