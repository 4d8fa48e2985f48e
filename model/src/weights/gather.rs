//! The rows of a file's matrix, put where a parameter wants them.
//!
//! A parameter is filled a few rows at a time, straight into the memory that it will keep: beyond
//! that no more is held than those rows.

use std::ops::Range;

/// How many values are read at once.
const TOGETHER: usize = 1 << 20;
/// Side of the squares that are turned: one of them fits the first-level cache twice.
const TILE: usize = 32;

/// How a parameter lies in a matrix of a file.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    /// Of the matrix in the file.
    pub rows: usize,
    /// Of the matrix in the file.
    pub columns: usize,
    /// The columns that belong to the parameter.
    pub part: Range<usize>,
    /// Whether rows and columns are exchanged.
    pub turned: bool,
    /// The rows of each head, so many, are interleaved: first channel of the first half, first
    /// channel of the second half, and so on.
    pub interleaved: Option<usize>,
}

impl Gather {
    /// The whole matrix as it is.
    pub(crate) fn plain(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            part: 0..columns,
            turned: false,
            interleaved: None,
        }
    }

    /// The values of the parameter, from what `read` writes: the values of some rows.
    pub(crate) fn values<E>(
        &self,
        mut read: impl FnMut(Range<usize>, &mut [f32]) -> Result<(), E>,
    ) -> Result<Vec<f32>, E> {
        let mut out = vec![0.0; self.rows * self.part.len()];
        let whole_rows = !self.turned && self.part.len() == self.columns;
        if out.is_empty() {
            return Ok(out);
        }
        let step = (TOGETHER / self.columns).clamp(1, self.rows);
        let mut scratch = Vec::new();
        for start in (0..self.rows).step_by(step) {
            let rows = start..(start + step).min(self.rows);
            if whole_rows && self.interleaved.is_none() {
                let place = rows.start * self.columns..rows.end * self.columns;
                read(rows, &mut out[place])?;
                continue;
            }
            scratch.resize(rows.len() * self.columns, 0.0);
            read(rows.clone(), &mut scratch)?;
            match self.turned {
                true => self.turn(rows, &scratch, &mut out),
                false => self.copy(rows, &scratch, &mut out),
            }
        }
        Ok(out)
    }

    /// Where a row of the file stands in the parameter.
    fn place(&self, row: usize) -> usize {
        let Some(head) = self.interleaved.filter(|head| *head > 1) else {
            return row;
        };
        let (first, within) = (row - row % head, row % head);
        first + within % 2 * (head / 2) + within / 2
    }

    fn copy(&self, rows: Range<usize>, values: &[f32], out: &mut [f32]) {
        let width = self.part.len();
        for (row, values) in rows.zip(values.chunks_exact(self.columns)) {
            let at = self.place(row) * width;
            out[at..at + width].copy_from_slice(&values[self.part.clone()]);
        }
    }

    fn turn(&self, rows: Range<usize>, values: &[f32], out: &mut [f32]) {
        let places: Vec<usize> = rows.map(|row| self.place(row)).collect();
        // A strip is `TILE` rows of the parameter, columns of the file.
        let strip = |(number, out): (usize, &mut [f32])| {
            let left = self.part.start + number * TILE;
            let width = out.len() / self.rows;
            let tiles = places.chunks(TILE).zip(values.chunks(TILE * self.columns));
            for (places, values) in tiles {
                for column in 0..width {
                    let line = &mut out[column * self.rows..(column + 1) * self.rows];
                    for (row, place) in places.iter().enumerate() {
                        line[*place] = values[row * self.columns + left + column];
                    }
                }
            }
        };
        #[cfg(feature = "fused")]
        {
            use rayon::prelude::*;
            let strips = out.par_chunks_mut(TILE * self.rows).enumerate();
            strips.for_each(strip);
        }
        #[cfg(not(feature = "fused"))]
        {
            let strips = out.chunks_mut(TILE * self.rows).enumerate();
            strips.for_each(strip);
        }
    }
}

/// Lets `read` turn stored bytes into values, in parallel where that is possible: `values` numbers
/// stand in each `stored` bytes.
pub(crate) fn decode(
    bytes: &[u8],
    out: &mut [f32],
    [values, stored]: [usize; 2],
    read: impl Fn(&[u8], &mut [f32]) + Sync,
) {
    /// Blocks enough to be worth a thread's while.
    const SHARE: usize = 1 << 16;
    let blocks = (SHARE / values).max(1);
    let (values, stored) = (blocks * values, blocks * stored);
    #[cfg(feature = "fused")]
    {
        use rayon::prelude::*;
        let parts = out.par_chunks_mut(values).zip(bytes.par_chunks(stored));
        parts.for_each(|(out, bytes)| read(bytes, out));
    }
    #[cfg(not(feature = "fused"))]
    {
        let parts = out.chunks_mut(values).zip(bytes.chunks(stored));
        parts.for_each(|(out, bytes)| read(bytes, out));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// What comes of a matrix whose values count up.
    fn of_counting(gather: &Gather) -> Vec<f32> {
        let columns = gather.columns;
        let mut next = 0;
        let read = |rows: Range<usize>, out: &mut [f32]| {
            assert_eq!((rows.start, out.len()), (next, rows.len() * columns));
            next = rows.end;
            for (at, value) in out.iter_mut().enumerate() {
                *value = (rows.start * columns + at) as f32;
            }
            Ok::<_, Infallible>(())
        };
        let values = gather.values(read).unwrap();
        assert_eq!(next, if values.is_empty() { 0 } else { gather.rows });
        values
    }

    #[test]
    fn every_value_arrives_at_its_place() {
        for (rows, columns) in [
            (1, 1),
            (3, 5),
            (70, 33),
            (4000, 700),
            (2, 1_500_000),
            (7, 0),
        ] {
            let plain = Gather::plain(rows, columns);
            let found = of_counting(&plain);
            assert!(found.iter().enumerate().all(|(at, v)| *v == at as f32));
            let turned = Gather {
                turned: true,
                ..plain.clone()
            };
            let found = of_counting(&turned);
            assert_eq!(found.len(), rows * columns);
            for (at, value) in found.iter().enumerate() {
                let (column, row) = (at / rows, at % rows);
                assert_eq!(*value, (row * columns + column) as f32);
            }
            let third = Gather {
                part: columns / 3..2 * (columns / 3),
                ..plain
            };
            for (at, value) in of_counting(&third).iter().enumerate() {
                let (row, column) = (at / (columns / 3), at % (columns / 3));
                assert_eq!(*value, (row * columns + columns / 3 + column) as f32);
            }
        }
    }

    #[test]
    fn heads_are_put_back_in_halves() {
        // Two heads of four rows; in the file each channel of the first half is followed by its
        // partner in the second.
        let gather = |columns| Gather {
            interleaved: Some(4),
            ..Gather::plain(8, columns)
        };
        assert_eq!(of_counting(&gather(1)), [0., 2., 1., 3., 4., 6., 5., 7.]);
        let found = of_counting(&gather(2));
        assert_eq!(found[..8], [0., 1., 4., 5., 2., 3., 6., 7.]);
        let turned = Gather {
            turned: true,
            ..gather(2)
        };
        let found = of_counting(&turned);
        assert_eq!(found[..8], [0., 4., 2., 6., 8., 12., 10., 14.]);
        assert_eq!(found[8..], [1., 5., 3., 7., 9., 13., 11., 15.]);
    }

    #[test]
    fn blocks_are_decoded_whole() {
        let read = |bytes: &[u8], out: &mut [f32]| {
            assert_eq!(bytes.len() * 2, out.len() * 3);
            for (values, bytes) in out.chunks_mut(2).zip(bytes.chunks(3)) {
                values.copy_from_slice(&[f32::from(bytes[0]), f32::from(bytes[2])]);
            }
        };
        let bytes: Vec<u8> = (0..600_000).map(|at| (at % 251) as u8).collect();
        let mut out = vec![-1.0; 400_000];
        decode(&bytes, &mut out, [2, 3], read);
        for (at, value) in out.iter().enumerate() {
            let byte = at / 2 * 3 + at % 2 * 2;
            assert_eq!(*value, f32::from(bytes[byte]));
        }
    }
}
