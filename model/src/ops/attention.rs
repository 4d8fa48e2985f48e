//! Scaled dot-product attention with grouped heads, from the tokens' states to what each has
//! gathered.
//!
//! softmax(Q·Kᵀ/√d + mask)·V (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>). Query heads
//! may share key and value heads (grouped-query attention, Ainslie et al. 2023,
//! <https://arxiv.org/abs/2305.13245>; all of them do in multi-query attention).
//!
//! The composition does not repeat the shared keys: the query heads of one group are laid end to
//! end along the sequence axis, which makes grouped attention a plain batched matrix product over
//! the key heads. The fused path keeps no matrix of scores: it computes them again in the backward
//! pass (FlashAttention, Dao et al. 2022, <https://arxiv.org/abs/2205.14135>).

use super::Sight;
use super::rotary;
use crate::cache::LayerCache;
use crate::dropout::{DropoutMasks, dropout};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// How many heads there are, and how wide they are.
#[derive(Clone, Copy, Debug)]
pub struct HeadSizes {
    /// Heads of queries.
    pub n_heads: usize,
    /// Heads of keys and of values, a divisor of `n_heads`.
    pub n_kv_heads: usize,
    /// Channels of a head.
    pub head_dim: usize,
}

/// Queries, keys and values.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // one of them lives for the length of a call
pub enum Heads {
    /// Side by side, `[batch, seq, (n_heads + 2 · n_kv_heads) · head_dim]`, as the fused path
    /// computes them.
    Packed(Tensor<3>, HeadSizes),
    /// Each `[batch, seq, heads, head_dim]`. Keys and values may be other tokens' than queries.
    Apart([Tensor<4>; 3]),
}

impl Heads {
    /// `x`, `[batch, seq, d_model]`, through the `layers` for queries, keys and values.
    pub fn project(x: Tensor<3>, layers: [&Linear; 3], sizes: HeadSizes) -> Self {
        if super::fused(&x) {
            return Self::Packed(super::linear(x, &layers, None), sizes);
        }
        let [batch, seq, _] = x.dims();
        Self::Apart(layers.map(|layer| {
            let y = layer.forward(x.clone());
            y.reshape([batch as i64, seq as i64, -1, sizes.head_dim as i64])
        }))
    }

    /// Turns queries and keys to their positions; see [`rotate`](super::rotate).
    #[must_use]
    pub fn rotate(self, cos: &Tensor<4>, sin: &Tensor<4>) -> Self {
        match self {
            #[cfg(feature = "fused")]
            Self::Packed(packed, sizes) if super::fused(&packed) => {
                let turned = [sizes.n_heads + sizes.n_kv_heads, sizes.head_dim];
                Self::Packed(rotary::rotate_packed(packed, turned, cos, sin), sizes)
            }
            other => {
                let turn = |x| rotary::rotate(x, cos, sin);
                other.map_queries_and_keys(turn, turn)
            }
        }
    }

    /// Applies a function to the queries, and one to the keys, each
    /// `[batch, seq, heads, head_dim]`.
    #[must_use]
    pub(crate) fn map_queries_and_keys(
        self,
        of_queries: impl FnOnce(Tensor<4>) -> Tensor<4>,
        of_keys: impl FnOnce(Tensor<4>) -> Tensor<4>,
    ) -> Self {
        let [query, key, value] = self.apart();
        Self::Apart([of_queries(query), of_keys(key), value])
    }

    /// Writes keys and values behind the first `start` of `cache`, and goes on with all of them.
    pub(crate) fn remember(self, cache: &mut LayerCache, start: usize) -> Self {
        let [query, key, value] = self.apart();
        let (key, value) = cache.append(start, key.swap_dims(1, 2), value.swap_dims(1, 2));
        Self::Apart([query, key.swap_dims(1, 2), value.swap_dims(1, 2)])
    }

    fn apart(self) -> [Tensor<4>; 3] {
        match self {
            Self::Apart(heads) => heads,
            Self::Packed(packed, sizes) => {
                let [batch, seq, _] = packed.dims();
                let part = |first: usize, heads: usize| {
                    let width = sizes.head_dim;
                    let part = packed.clone().narrow(2, first * width, heads * width);
                    part.reshape([batch, seq, heads, width])
                };
                let (heads, kv_heads) = (sizes.n_heads, sizes.n_kv_heads);
                [
                    part(0, heads),
                    part(heads, kv_heads),
                    part(heads + kv_heads, kv_heads),
                ]
            }
        }
    }
}

/// What each query gathers from the values of the keys that it sees,
/// `[batch, queries, n_heads · head_dim]`; nothing, zeros, where it sees none. With `masks`, weights
/// are dropped with probability `rate`.
pub fn attention(
    heads: Heads,
    sight: &Sight,
    rate: f64,
    masks: &mut Option<DropoutMasks>,
) -> Tensor<3> {
    #[cfg(feature = "fused")]
    if let Heads::Packed(x, _) = &heads
        && super::fused(x)
    {
        return fused::attend(heads, sight, rate, masks);
    }
    #[cfg(feature = "fused")]
    if let Heads::Apart([query, ..]) = &heads
        && super::fused(query)
    {
        return fused::attend(heads, sight, rate, masks);
    }
    composed(heads.apart(), sight, rate, masks)
}

fn composed(
    [query, key, value]: [Tensor<4>; 3],
    sight: &Sight,
    rate: f64,
    masks: &mut Option<DropoutMasks>,
) -> Tensor<3> {
    let [_, seq, _, head_dim] = query.dims();
    let kv_heads = key.dims()[2];
    // Scaling the queries costs less than scaling the scores.
    let query = group(query * (head_dim as f64).powf(-0.5), kv_heads);
    // [batch, kv_heads, seq, head_dim]
    let (key, value) = (key.swap_dims(1, 2), value.swap_dims(1, 2));
    let scores = query.matmul(key.transpose()); // [batch, kv_heads, groups · seq, keys]
    let scores = match &sight.mask {
        Some(mask) => scores + mask.clone(),
        None => scores,
    };
    let weights = dropout(softmax(scores, 3), rate, masks);
    let gathered = weights.matmul(value);
    let gathered = match &sight.sees {
        Some(sees) => gathered * sees.clone(),
        None => gathered,
    };
    ungroup(gathered, seq)
}

/// `[batch, seq, n_heads, head_dim]` → `[batch, kv_heads, groups · seq, head_dim]`.
fn group(x: Tensor<4>, kv_heads: usize) -> Tensor<4> {
    let [batch, seq, heads, head_dim] = x.dims();
    let groups = heads / kv_heads;
    if groups == 1 {
        return x.swap_dims(1, 2);
    }
    x.reshape([batch, seq, kv_heads, groups, head_dim])
        .permute([0, 2, 3, 1, 4])
        .reshape([batch, kv_heads, groups * seq, head_dim])
}

/// `[batch, kv_heads, groups · seq, head_dim]` → `[batch, seq, n_heads · head_dim]`.
fn ungroup(x: Tensor<4>, seq: usize) -> Tensor<3> {
    let [batch, kv_heads, rows, head_dim] = x.dims();
    let groups = rows / seq;
    let width = kv_heads * groups * head_dim;
    if groups == 1 {
        return x.swap_dims(1, 2).reshape([batch, seq, width]);
    }
    x.reshape([batch, kv_heads, groups, seq, head_dim])
        .permute([0, 3, 1, 2, 4])
        .reshape([batch, seq, width])
}

#[cfg(feature = "fused")]
mod fused {
    use super::{HeadSizes, Sight};
    use crate::dropout::DropoutMasks;
    use crate::ops::kernels::attention::{
        Dropout, Heads, HeadsMut, Layout, Visible, backward, decode, forward,
    };
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dense, dims, floats,
    };
    use burn::backend::flex::FlexTensor;
    use burn::tensor::Tensor;
    use std::sync::Arc;

    pub(super) fn attend(
        heads: super::Heads,
        sight: &Sight,
        rate: f64,
        masks: &mut Option<DropoutMasks>,
    ) -> Tensor<3> {
        let (packed, [batch, queries, n_heads], keys) = match &heads {
            super::Heads::Packed(x, sizes) => {
                let [batch, seq, _] = x.dims();
                (Some(*sizes), [batch, seq, sizes.n_heads], seq)
            }
            super::Heads::Apart([query, key, _]) => {
                let [batch, queries, n_heads, _] = query.dims();
                (None, [batch, queries, n_heads], key.dims()[1])
            }
        };
        let mut operation = Attend {
            packed,
            causal_from: sight.visible.causal_from,
            window: sight.visible.window,
            rows: sight.visible.rows.clone().map(Arc::new),
            since: sight.visible.since.clone(),
            keep: None,
        };
        if let Some(masks) = masks.as_mut().filter(|_| rate > 0.0) {
            let (keep, scale) = masks.kept(rate, batch * n_heads * queries * keys);
            operation.keep = Some((Arc::new(keep), scale));
        }
        let inputs = match heads {
            super::Heads::Packed(x, _) => vec![Operand::of(x)],
            super::Heads::Apart(heads) => heads.map(Operand::of).into(),
        };
        apply(operation, inputs).tensor()
    }

    /// Inputs: queries, keys and values packed, or each `[batch, tokens, heads, head_dim]`.
    #[derive(Clone, Debug)]
    struct Attend {
        packed: Option<HeadSizes>,
        causal_from: Option<usize>,
        window: Option<usize>,
        rows: Option<Arc<Vec<(usize, usize)>>>,
        since: Option<Arc<Vec<usize>>>,
        /// Which weights stay, and what they are multiplied with.
        keep: Option<(Arc<Vec<u8>>, f32)>,
    }

    /// What the backward pass reads.
    #[derive(Clone, Debug)]
    struct Saved {
        inputs: Vec<FlexTensor>,
        /// `[batch, seq, n_heads · head_dim]`
        output: FlexTensor,
        /// `[batch, n_heads, seq]`
        lse: Vec<f32>,
    }

    impl Attend {
        fn visible(&self) -> Visible<'_> {
            Visible {
                causal_from: self.causal_from,
                window: self.window,
                rows: self.rows.as_ref().map(|rows| rows.as_slice()),
                since: self.since.as_ref().map(|since| since.as_slice()),
            }
        }

        fn dropout(&self) -> Option<Dropout<'_>> {
            let (keep, scale) = self.keep.as_ref()?;
            Some(Dropout {
                keep,
                scale: *scale,
            })
        }

        /// Queries, keys, values.
        fn heads<'a>(&self, inputs: &'a [FlexTensor]) -> [Heads<'a>; 3] {
            match self.packed {
                Some(sizes) => {
                    let [batch, tokens, _] = dims(&inputs[0]);
                    let heads = [sizes.n_heads, sizes.n_kv_heads, sizes.n_kv_heads];
                    let layouts = Layout::packed(batch, tokens, sizes.head_dim, heads);
                    layouts.map(|layout| Heads::new(floats(&inputs[0]), layout))
                }
                None => [0, 1, 2].map(|i| strided(&inputs[i])),
            }
        }
    }

    /// A view of `[batch, tokens, heads, head_dim]`, wherever its rows lie.
    fn strided(tensor: &FlexTensor) -> Heads<'_> {
        let [batch, tokens, heads, head_dim] = dims(tensor);
        let strides: Vec<usize> = (tensor.layout().strides().iter())
            .map(|stride| stride.unsigned_abs())
            .collect();
        let layout = Layout {
            batch,
            tokens,
            heads,
            head_dim,
            offset: tensor.layout().start_offset(),
            batch_stride: strides[0],
            token_stride: strides[1],
            head_stride: strides[2],
        };
        Heads::new(tensor.storage(), layout)
    }

    /// The tensor with the channels of a head side by side, as [`strided`] reads them.
    fn readable(tensor: FlexTensor) -> FlexTensor {
        let layout = tensor.layout();
        let forwards = layout.strides().iter().all(|stride| *stride >= 0);
        match forwards && layout.strides().last() == Some(&1) {
            true => tensor,
            false => tensor.to_contiguous(),
        }
    }

    impl CpuOperation for Attend {
        type Saved = Saved;

        fn forward(&self, inputs: Vec<FlexTensor>, keep: bool) -> (FlexTensor, Option<Saved>) {
            let prepare = match self.packed {
                Some(_) => contiguous,
                None => readable,
            };
            let inputs: Vec<_> = inputs.into_iter().map(prepare).collect();
            let [q, k, v] = self.heads(&inputs);
            let [batch, seq, heads, head_dim] = q.layout().dims();
            let scale = (head_dim as f32).powf(-0.5);
            let mut output = vec![0.0; batch * seq * heads * head_dim];
            let mut lse = vec![0.0; if keep { batch * heads * seq } else { 0 }];
            let out = HeadsMut::new(&mut output, Layout::contiguous(batch, seq, heads, head_dim));
            let visible = self.visible();
            match seq == 1 && !keep && self.keep.is_none() {
                true => decode(q, k, v, scale, visible, out),
                false => {
                    let lse = keep.then_some(&mut lse[..]);
                    forward(q, k, v, scale, visible, self.dropout(), out, lse);
                }
            }
            let output = dense(output, [batch, seq, heads * head_dim]);
            let saved = keep.then(|| Saved {
                inputs,
                output: output.clone(),
                lse,
            });
            (output, saved)
        }

        fn backward(self, saved: Saved, grad: FlexTensor, inputs: &mut InputGrads<'_>) {
            let grad = contiguous(grad);
            let [q, k, v] = self.heads(&saved.inputs);
            let [batch, seq, heads, head_dim] = q.layout().dims();
            let [_, keys, kv_heads, _] = k.layout().dims();
            let scale = (head_dim as f32).powf(-0.5);
            let layout = Layout::contiguous(batch, seq, heads, head_dim);
            let out = Heads::new(floats(&saved.output), layout);
            let d_out = Heads::new(floats(&grad), layout);
            let (visible, dropout) = (self.visible(), self.dropout());
            let run = |[dq, dk, dv]: [HeadsMut<'_>; 3]| {
                let lse = &saved.lse;
                backward(
                    q, k, v, out, lse, d_out, scale, visible, dropout, dq, dk, dv,
                );
            };
            if self.packed.is_some() {
                let width = (heads + 2 * kv_heads) * head_dim;
                let mut packed = vec![0.0; batch * seq * width];
                let parts = [heads, kv_heads, kv_heads];
                run(HeadsMut::packed(&mut packed, batch, seq, head_dim, parts));
                inputs.give(0, dense(packed, [batch, seq, width]));
                return;
            }
            let shapes = [(seq, heads), (keys, kv_heads), (keys, kv_heads)];
            let mut grads =
                shapes.map(|(tokens, heads)| vec![0.0; batch * tokens * heads * head_dim]);
            let [dq, dk, dv] = &mut grads;
            let part = |d, (tokens, heads)| {
                HeadsMut::new(d, Layout::contiguous(batch, tokens, heads, head_dim))
            };
            run([
                part(dq, shapes[0]),
                part(dk, shapes[1]),
                part(dv, shapes[2]),
            ]);
            for (i, (grad, (tokens, heads))) in grads.into_iter().zip(shapes).enumerate() {
                inputs.give(i, dense(grad, [batch, tokens, heads, head_dim]));
            }
        }
    }
}
