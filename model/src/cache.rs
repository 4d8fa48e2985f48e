//! Keys and values of the tokens that a model has read, so that the next token costs one step.
//!
//! The room is allocated once. Prompt and single steps go through the same forward pass, which
//! writes behind what is there and attends to all of it.

use crate::config::TransformerConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Keys and values of all layers. Made by [`CausalLm::cache`](crate::CausalLm::cache).
#[derive(Clone, Debug)]
pub struct Cache {
    pub(crate) layers: Vec<LayerCache>,
    batch: usize,
    capacity: usize,
    len: usize,
}

impl Cache {
    /// Room for `capacity` tokens of `batch` sequences in a decoder of this shape.
    pub(crate) fn of(
        config: &TransformerConfig,
        batch: usize,
        capacity: usize,
        device: &Device,
    ) -> Self {
        let shape = [batch, config.kv_heads(), capacity, config.head_size()];
        let room = || Tensor::zeros(shape, device);
        let layers = (0..config.n_layers)
            .map(|_| LayerCache {
                keys: Some(room()),
                values: Some(room()),
            })
            .collect();
        Self {
            layers,
            batch,
            capacity,
            len: 0,
        }
    }

    /// Tokens read so far, per sequence.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Tokens there is room for, per sequence.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sequences that are read side by side.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Forgets everything but the first `len` tokens, keeping the room. Does nothing when fewer
    /// have been read.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Keeps only some of the sequences, in the order given.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub fn select(&mut self, rows: &[usize]) {
        assert!(
            rows.iter().all(|row| *row < self.batch),
            "rows {rows:?} of a cache of {} sequences",
            self.batch
        );
        let indices: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
        for layer in &mut self.layers {
            for room in [&mut layer.keys, &mut layer.values] {
                *room = room.take().map(|room| {
                    let data = TensorData::new(indices.clone(), [rows.len()]);
                    let indices = Tensor::<1, Int>::from_data(data, &room.device());
                    room.select(0, indices)
                });
            }
        }
        self.batch = rows.len();
    }

    /// As [`select`](Self::select), and drops the room behind what has been read: what is selected
    /// anew for every token is copied without it.
    pub(crate) fn select_filled(&mut self, rows: &[usize]) {
        let len = self.len;
        for layer in &mut self.layers {
            for room in [&mut layer.keys, &mut layer.values] {
                *room = room.take().map(|room| room.narrow(2, 0, len));
            }
        }
        self.select(rows);
    }

    /// Moves what has been read to other columns, for a room of `capacity` tokens: column `from` and
    /// those behind it become column `to` and those behind it. What lies before is forgotten; columns
    /// that nothing was moved to hold zeros.
    pub(crate) fn shift(&mut self, from: usize, to: usize, capacity: usize) {
        let kept = self.len - from;
        for layer in &mut self.layers {
            for room in [&mut layer.keys, &mut layer.values] {
                *room = room.take().map(|room| {
                    let [batch, heads, _, width] = room.dims();
                    let shape = [batch, heads, capacity, width];
                    let wider = Tensor::zeros(shape, &room.device());
                    let filled = room.narrow(2, from, kept);
                    wider.slice_assign([0..batch, 0..heads, to..to + kept, 0..width], filled)
                });
            }
        }
        self.len = to + kept;
        self.capacity = capacity;
    }

    /// Adds the sequences of another cache, as long and with as much room as this one.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub(crate) fn join(&mut self, other: Self) {
        assert!(
            (self.len, self.capacity) == (other.len, other.capacity),
            "caches of different lengths"
        );
        for (layer, other) in self.layers.iter_mut().zip(other.layers) {
            for (room, more) in [
                (&mut layer.keys, other.keys),
                (&mut layer.values, other.values),
            ] {
                let parts = room.take().into_iter().chain(more).collect();
                *room = Some(Tensor::cat(parts, 0));
            }
        }
        self.batch += other.batch;
    }

    pub(crate) fn advance(&mut self, seq: usize) {
        self.len += seq;
    }
}

/// One layer's keys and values, each `[batch, kv_heads, capacity, head_dim]`.
///
/// They are taken out while they are written: a tensor with a single owner is changed in place.
#[derive(Clone, Debug)]
pub(crate) struct LayerCache {
    keys: Option<Tensor<4>>,
    values: Option<Tensor<4>>,
}

impl LayerCache {
    /// Writes `keys` and `values`, `[batch, kv_heads, seq, head_dim]`, behind the first `start`
    /// tokens, and returns those of all `start + seq` tokens.
    pub(crate) fn append(
        &mut self,
        start: usize,
        keys: Tensor<4>,
        values: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        (
            write(&mut self.keys, start, keys),
            write(&mut self.values, start, values),
        )
    }
}

fn write(room: &mut Option<Tensor<4>>, start: usize, new: Tensor<4>) -> Tensor<4> {
    let [batch, heads, seq, width] = new.dims();
    let end = start + seq;
    let filled = match room.take() {
        Some(room) if room.dims()[2] < end => Tensor::cat(vec![room.narrow(2, 0, start), new], 2),
        Some(room) => room.slice_assign([0..batch, 0..heads, start..end, 0..width], new),
        // A write always puts the room back, so it is only missing if one panicked half-way.
        None => new,
    };
    room.insert(filled).clone().narrow(2, 0, end)
}

#[cfg(all(test, feature = "fused"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ops::place;
    use crate::{CausalLm, Pass, TransformerConfig};

    /// A copy for every token would cost more than the token, for a long text.
    #[test]
    fn tokens_are_written_where_the_room_is() {
        let config = TransformerConfig {
            vocab_size: 11,
            d_model: 8,
            n_layers: 2,
            n_heads: 2,
            max_seq_len: 16,
            ..TransformerConfig::default()
        };
        let device = Device::flex();
        let model = CausalLm::new(&config, 1, &device).unwrap();
        let mut cache = model.cache(1, 16, &device);
        let places = |cache: &Cache| -> Vec<usize> {
            let rooms = cache.layers.iter().flat_map(|l| [&l.keys, &l.values]);
            rooms.map(|room| place(room.clone().unwrap())).collect()
        };
        let before = places(&cache);
        for tokens in [vec![1i64, 2, 3], vec![4], vec![5]] {
            let shape = [1, tokens.len()];
            let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &device);
            model.forward(tokens, &mut Pass::cached(&mut cache));
        }
        assert_eq!(places(&cache), before);
    }
}
