//! Products in memory of their own.

use super::matvec::{FEW, multiply_few};
use super::{Matrix, Output, Product, multiply};

impl Product<'_> {
    /// C in fresh memory, `[M, N]`.
    pub fn compute(&self) -> Vec<f32> {
        let (rows, cols) = (self.a.rows, self.b.iter().map(Matrix::cols).sum());
        if rows <= FEW && !self.a.transposed {
            return self.compute_few(cols);
        }
        let mut c = Vec::with_capacity(rows * cols);
        let room = &mut c.spare_capacity_mut()[..rows * cols];
        multiply(self, &mut Output::fresh(room, rows, cols));
        // SAFETY: the capacity is there, and `Output::fresh` says that all of it is initialised.
        unsafe { c.set_len(rows * cols) };
        c
    }

    /// C += in `c`, `[M, N]`; where that is empty, C in fresh memory.
    pub fn add_to(&self, c: &mut Vec<f32>) {
        if c.is_empty() {
            *c = self.compute();
            return;
        }
        let cols = self.b.iter().map(Matrix::cols).sum();
        multiply(self, &mut Output::add(c, self.a.rows, cols, cols));
    }

    fn compute_few(&self, cols: usize) -> Vec<f32> {
        let Matrix {
            data,
            rows,
            cols: steps,
            stride,
            ..
        } = self.a;
        let mut a = Vec::with_capacity(rows * steps);
        for row in 0..rows {
            a.extend(&data[row * stride..][..steps]);
        }
        if let Some(prepare) = self.prepare {
            prepare(&mut a);
        }
        a.iter_mut().for_each(|a| *a *= self.scale);
        let mut c = vec![0.0; rows * cols];
        match self.b {
            [b] => multiply_few(&a, *b, &mut c),
            _ => {
                let mut first = 0;
                for b in self.b {
                    let mut part = vec![0.0; rows * b.cols];
                    multiply_few(&a, *b, &mut part);
                    for (c, part) in c.chunks_exact_mut(cols).zip(part.chunks_exact(b.cols)) {
                        c[first..][..b.cols].copy_from_slice(part);
                    }
                    first += b.cols;
                }
            }
        }
        if let Some(finish) = self.finish {
            finish(0, &mut c);
        }
        c
    }
}
