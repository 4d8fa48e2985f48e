//! Sequences of different lengths in one batch.
//!
//! A tensor has rows of one length, so shorter sequences are filled up. What only fills a row up is
//! hidden from every query by the mask and takes no position, so that each row is computed as if it
//! were alone.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Which tokens of a batch only fill its rows up: so many at the beginning and at the end of each.
///
/// Filling at the beginning lets all rows end in the same column, where the next token of each is
/// predicted and, with a cache, appended. Any token of the vocabulary will do as filler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Padding {
    before: Vec<usize>,
    after: Vec<usize>,
}

impl Padding {
    /// What rows of these `lengths` need at their beginning to become as long as the longest.
    pub fn left(lengths: &[usize]) -> Self {
        Self {
            before: missing(lengths),
            after: vec![0; lengths.len()],
        }
    }

    /// What rows of these `lengths` need at their beginning to become `columns` long.
    pub(crate) fn left_to(lengths: &[usize], columns: usize) -> Self {
        Self {
            before: lengths.iter().map(|n| columns.saturating_sub(*n)).collect(),
            after: vec![0; lengths.len()],
        }
    }

    /// What rows of these `lengths` need at their end, as encoders are trained.
    pub fn right(lengths: &[usize]) -> Self {
        Self {
            before: vec![0; lengths.len()],
            after: missing(lengths),
        }
    }

    /// What rows of these `lengths` need at their end to become `columns` long; longer rows need
    /// none.
    pub fn right_to(lengths: &[usize], columns: usize) -> Self {
        Self {
            before: vec![0; lengths.len()],
            after: lengths.iter().map(|n| columns.saturating_sub(*n)).collect(),
        }
    }

    /// Filling tokens at the beginning of each row.
    pub fn before(&self) -> &[usize] {
        &self.before
    }

    /// Whether no row needs any.
    pub fn is_empty(&self) -> bool {
        let all = self.before.iter().chain(&self.after);
        all.into_iter().all(|filler| *filler == 0)
    }

    /// Whether a row's first token stands in another column than 0.
    pub(crate) fn moves(&self) -> bool {
        self.before.iter().any(|filler| *filler > 0)
    }

    /// The columns `from..to` of each row, of `columns`, that are tokens.
    pub fn tokens(&self, columns: usize) -> Vec<(usize, usize)> {
        let rows = self.before.iter().zip(&self.after);
        rows.map(|(before, after)| (*before, columns.saturating_sub(*after)))
            .collect()
    }

    /// The padding of some of the rows, in the order given.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let of = |all: &[usize]| rows.iter().map(|row| all[*row]).collect();
        Self {
            before: of(&self.before),
            after: of(&self.after),
        }
    }

    /// Positions of the columns `start..start + seq` of all rows, one row after another:
    /// `[batch · seq]`. A row's first real token stands at 0; filler does too, where nobody sees
    /// it.
    pub(crate) fn positions(&self, start: usize, seq: usize, device: &Device) -> Tensor<1, Int> {
        let columns = |filler: &usize| {
            let filler = *filler;
            (start..start + seq).map(move |column| column.saturating_sub(filler) as i64)
        };
        let positions: Vec<i64> = self.before.iter().flat_map(columns).collect();
        let shape = [positions.len()];
        Tensor::from_data(TensorData::new(positions, shape), device)
    }
}

/// How many each of `lengths` lacks of the longest.
fn missing(lengths: &[usize]) -> Vec<usize> {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    lengths.iter().map(|length| longest - length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_together_and_begin_at_position_zero() {
        let padding = Padding::left(&[3, 1, 4]);
        assert_eq!(padding.before(), [1, 3, 0]);
        assert!(!padding.is_empty());
        assert_eq!(padding.select(&[2, 0]).before(), [0, 1]);
        assert!(Padding::left(&[2, 2]).is_empty());
        assert_eq!(padding.tokens(4), [(1, 4), (3, 4), (0, 4)]);
        let right = Padding::right(&[3, 1, 4]);
        assert_eq!(right.tokens(4), [(0, 3), (0, 1), (0, 4)]);
        let positions = padding.positions(2, 3, &Device::default());
        assert_eq!(
            positions.try_into_vec_as::<i64>().unwrap_or_default(),
            [1, 2, 3, 0, 0, 1, 2, 3, 4]
        );
    }
}
