//! What the decoder of an encoder–decoder looks at: the source texts, encoded.

use crate::ops::{Sight, Visible};
use crate::padding::Padding;
use burn::tensor::{Int, Tensor, TensorData};

/// Encoded source texts: their keys and values for every layer of a decoder, computed once a text
/// and read at every step. Made by [`Seq2Seq::encode`](crate::Seq2Seq::encode).
#[derive(Clone, Debug)]
pub struct Encoded {
    /// For each layer, each `[batch, source_len, kv_heads, head_dim]`.
    pub(crate) layers: Vec<[Tensor<4>; 2]>,
    /// What only fills shorter sources up.
    pub(crate) padding: Option<Padding>,
}

impl Encoded {
    /// Sources; `None` for a decoder without layers, which there is not.
    pub(crate) fn batch(&self) -> Option<usize> {
        self.layers.first().map(|[keys, _]| keys.dims()[0])
    }

    /// Some of the sources, in the order given; one may be taken more than once.
    ///
    /// # Panics
    ///
    /// When there is no such source.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let places: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
        let select = |x: &Tensor<4>| {
            let data = TensorData::new(places.clone(), [rows.len()]);
            let places = Tensor::<1, Int>::from_data(data, &x.device());
            x.clone().select(0, places)
        };
        let layers = self.layers.iter();
        Self {
            layers: layers.map(|[k, v]| [select(k), select(v)]).collect(),
            padding: self.padding.as_ref().map(|padding| padding.select(rows)),
        }
    }

    /// Which of the source's tokens each of `queries` tokens of the target sees: all but filler.
    pub(crate) fn sight(&self, like: &Tensor<3>, queries: usize, groups: usize) -> Sight {
        let keys = self.layers.first().map_or(0, |[keys, _]| keys.dims()[1]);
        let visible = Visible {
            rows: self.padding.as_ref().map(|padding| padding.tokens(keys)),
            ..Visible::default()
        };
        visible.sight(like, [queries, keys], groups)
    }
}
