//! Several texts in one row.
//!
//! A row of a batch may hold texts one after another, so that little of it is filler. A token then
//! sees those of its own text only, and the first of each stands at position 0: every text is
//! computed as if it were alone in its row.

use burn::tensor::{Device, Int, Tensor, TensorData};
use std::sync::Arc;

/// Where the texts of a batch begin, column by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// `[rows · columns]`: the column in which the text of each column begins.
    since: Arc<Vec<usize>>,
    columns: usize,
}

impl Packing {
    /// `rows` says of each row how long its texts are, one after another; what follows them, up to
    /// `columns`, only fills the row up.
    ///
    /// # Panics
    ///
    /// When a row has more than `columns` tokens.
    pub fn new(rows: &[Vec<usize>], columns: usize) -> Self {
        let mut since = Vec::with_capacity(rows.len() * columns);
        for lengths in rows {
            let start = since.len();
            for length in lengths {
                let column = since.len() - start;
                since.extend(std::iter::repeat_n(column, *length));
            }
            let used = since.len() - start;
            assert!(used <= columns, "{used} tokens in a row of {columns}");
            // Filler sees itself alone.
            since.extend(used..columns);
        }
        Self {
            since: Arc::new(since),
            columns,
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.since.len() / self.columns.max(1)
    }

    /// The column in which the text of each column begins, `[rows · columns]`.
    pub fn since(&self) -> &Arc<Vec<usize>> {
        &self.since
    }

    /// Positions of all columns, one row after another: `[rows · columns]`.
    pub(crate) fn positions(&self, device: &Device) -> Tensor<1, Int> {
        let columns = (0..self.columns).cycle();
        let of = |(since, column): (&usize, usize)| (column - since) as i64;
        let positions: Vec<i64> = self.since.iter().zip(columns).map(of).collect();
        let shape = [positions.len()];
        Tensor::from_data(TensorData::new(positions, shape), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_begins_at_position_zero() {
        let packing = Packing::new(&[vec![2, 3], vec![4]], 6);
        assert_eq!(packing.rows(), 2);
        assert_eq!(**packing.since(), [0, 0, 2, 2, 2, 5, 0, 0, 0, 0, 4, 5]);
        let positions = packing.positions(&Device::default());
        assert_eq!(
            positions.try_into_vec_as::<i64>().unwrap_or_default(),
            [0, 1, 0, 1, 2, 0, 0, 1, 2, 3, 0, 0]
        );
    }
}
