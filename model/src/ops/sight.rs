//! Which keys a query sees.
//!
//! Compositions have one convention: a mask is added to the scores before the softmax. Zero lets a
//! query see a key, a number far below every score hides it. The number is half the lowest that the
//! type holds, not −∞: a row in which everything is hidden then gives finite weights instead of NaN,
//! no score added to it can overflow, and masks can be combined by adding them. The fused path needs
//! no mask: it leaves out what is hidden.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use std::sync::Arc;

/// Which keys a query sees; by default all of them.
#[derive(Clone, Debug, Default)]
pub struct Visible {
    /// `Some(start)`: query `i` stands behind `start + i` other tokens, and sees no later key than
    /// the one at its own place.
    pub causal_from: Option<usize>,
    /// Of the keys up to its own place, a query sees only so many, its own included. Says nothing
    /// without `causal_from`.
    pub window: Option<usize>,
    /// For each row of the batch the keys `from..to` that are tokens; the others fill it up.
    pub rows: Option<Vec<(usize, usize)>>,
    /// The first key that each query sees, `[batch · queries]`: that with which its own text begins.
    pub since: Option<Arc<Vec<usize>>>,
}

/// The same, as attention between tokens of certain lengths needs it.
#[derive(Clone, Debug)]
pub struct Sight {
    pub(super) visible: Visible,
    /// For compositions: what is added to the scores, `[1 or batch, 1, groups · queries or 1, keys]`.
    pub(super) mask: Option<Tensor<4>>,
    /// For compositions: 0 for a query that sees no key, 1 for others,
    /// `[batch, 1, groups · queries, 1]`; `None` where each sees one.
    pub(super) sees: Option<Tensor<4>>,
}

impl Visible {
    /// What this means for `queries` tokens that look at `keys` tokens, on the device and in the
    /// type of `like`; `groups` query heads share a key head.
    pub fn sight<const D: usize>(
        self,
        like: &Tensor<D>,
        [queries, keys]: [usize; 2],
        groups: usize,
    ) -> Sight {
        if super::fused(like) {
            return Sight {
                visible: self,
                mask: None,
                sees: None,
            };
        }
        let (device, dtype) = (like.device(), like.dtype());
        // A single query at the end sees all that is before it.
        let hides = |start: &usize| start + 1 < keys || self.window.is_some_and(|n| n < keys);
        let hidden = (self.causal_from).filter(hides);
        let hidden = hidden.map(|start| {
            let places = [start, queries, keys];
            causal(places, self.window, groups, &device, dtype)
        });
        let filler = (self.rows.as_deref()).map(|rows| filler(rows, keys, &device, dtype));
        let others = (self.since.as_deref())
            .map(|since| others(since, [queries, keys], groups, &device, dtype));
        let masks = [hidden, filler, others].into_iter().flatten();
        let mask = masks.reduce(|a, b| a + b);
        let sees = self.sees(queries, keys, groups, &device, dtype);
        Sight {
            visible: self,
            mask,
            sees,
        }
    }

    fn sees(
        &self,
        queries: usize,
        keys: usize,
        groups: usize,
        device: &Device,
        dtype: DType,
    ) -> Option<Tensor<4>> {
        let rows = self.rows.as_ref()?;
        let sees = |row: usize, query: usize, (from, to): (usize, usize)| {
            let since = self.since.as_ref();
            let since = since.map_or(0, |since| since[row * queries + query]);
            let end = self.causal_from.map_or(keys, |start| start + query + 1);
            let begin = match (self.causal_from, self.window) {
                (Some(_), Some(window)) => end.saturating_sub(window),
                _ => 0,
            };
            from.max(begin).max(since) < to.min(end)
        };
        let of_row = |(number, row): (usize, &(usize, usize))| {
            let row = *row;
            (0..groups * queries).map(move |i| sees(number, i % queries, row))
        };
        let all: Vec<bool> = rows.iter().enumerate().flat_map(of_row).collect();
        if all.iter().all(|sees| *sees) {
            return None;
        }
        let values: Vec<f32> = all.into_iter().map(|sees| sees.into()).collect();
        let shape = [rows.len(), 1, groups * queries, 1];
        Some(Tensor::from_data(
            TensorData::new(values, shape),
            (device, dtype),
        ))
    }
}

/// Hides the future, and what lies before the window: `[1, 1, groups · queries, keys]`, each query
/// row repeated for the `groups` query heads that share a key head.
fn causal(
    [start, queries, keys]: [usize; 3],
    window: Option<usize>,
    groups: usize,
    device: &Device,
    dtype: DType,
) -> Tensor<4> {
    let places = Tensor::<1, Int>::arange(0..keys as i64, device).unsqueeze_dim::<2>(0);
    let own = Tensor::<1, Int>::arange(start as i64..(start + queries) as i64, device);
    let own = own.unsqueeze_dim::<2>(1).expand([queries, keys]);
    let places = places.expand([queries, keys]);
    let future = places.clone().greater(own.clone());
    let unseen = match window {
        Some(window) => future.bool_or(places.lower_equal(own - window as i64)),
        None => future,
    };
    let mask = Tensor::<2>::zeros([queries, keys], (device, dtype));
    let mask = mask.mask_fill(unseen, hidden(dtype));
    mask.repeat_dim(0, groups).unsqueeze()
}

/// Hides what only fills a row up: `[batch, 1, 1, keys]`.
fn filler(rows: &[(usize, usize)], keys: usize, device: &Device, dtype: DType) -> Tensor<4> {
    let hidden = hidden(dtype);
    let of_row = |&(from, to): &(usize, usize)| {
        (0..keys).map(move |key| match (from..to).contains(&key) {
            true => 0.0,
            false => hidden,
        })
    };
    let values: Vec<f64> = rows.iter().flat_map(of_row).collect();
    let shape = [rows.len(), 1, 1, keys];
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// Hides the keys before each query's own text: `[batch, 1, groups · queries, keys]`.
fn others(
    since: &[usize],
    [queries, keys]: [usize; 2],
    groups: usize,
    device: &Device,
    dtype: DType,
) -> Tensor<4> {
    let hidden = hidden(dtype);
    let of_query = |first: &usize| {
        let first = *first;
        (0..keys).map(move |key| if key < first { hidden } else { 0.0 })
    };
    let values: Vec<f64> = since.iter().flat_map(of_query).collect();
    let shape = [since.len() / queries, 1, queries, keys];
    let mask = Tensor::<4>::from_data(TensorData::new(values, shape), (device, dtype));
    mask.repeat_dim(2, groups)
}

/// What is added to the score of a key that a query must not see.
fn hidden(dtype: DType) -> f64 {
    let lowest = dtype.finfo().map_or(f64::from(f32::MIN), |info| info.min);
    0.5 * lowest
}
