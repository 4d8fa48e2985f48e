//! LayerNorm (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>) and RMSNorm (Zhang & Sennrich
//! 2019, <https://arxiv.org/abs/1910.07467>) with the residual addition before them.
//!
//! RMSNorm is LayerNorm with a mean of 0, so both share every loop. Nothing but two numbers a row
//! is kept for the backward pass, which computes the normalised rows anew.

use crate::ops::kernels::CHUNK;
use crate::ops::kernels::reduce::{
    LANES, add_assign_chunk, add_lanes, add_rows, padded, sum, sum_pairs,
};
use crate::ops::kernels::simd::vectorized;
use rayon::prelude::*;

/// Rows that form one piece of work and one partial sum of the parameters' gradients.
const ROWS: usize = 32;

/// What a row's statistics are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centre {
    /// LayerNorm: deviations from the row's mean.
    Mean,
    /// RMSNorm: the values themselves.
    Zero,
}

/// Statistics of one row, saved by the forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// The mean; 0 for RMSNorm.
    pub mean: f32,
    /// 1 / √(variance + ε), of RMSNorm 1 / √(mean square + ε).
    pub rstd: f32,
}

/// A normalisation over rows of `gamma.len()` elements, called `n` below.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// LayerNorm or RMSNorm.
    pub centre: Centre,
    /// Scale, `[n]`.
    pub gamma: &'a [f32],
    /// Shift, `[n]`.
    pub beta: Option<&'a [f32]>,
    /// ε under the root.
    pub epsilon: f32,
}

impl Norm<'_> {
    /// `out [rows, n] = norm(x [rows, n])`, with `moments [rows]` for the backward pass.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn forward(&self, x: &[f32], out: &mut [f32], moments: &mut [Moments]) {
        let n = self.check(x.len(), moments.len());
        assert_eq!(x.len(), out.len());
        let run = |((x, out), moments): ((&[f32], &mut [f32]), &mut [Moments])| {
            for ((x, out), moments) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)).zip(moments) {
                *moments = vectorized(
                    #[inline(always)]
                    || self.row(x, out),
                );
            }
        };
        if x.len() <= CHUNK {
            return run(((x, out), moments));
        }
        let rows = x.par_chunks(ROWS * n).zip(out.par_chunks_mut(ROWS * n));
        rows.zip(moments.par_chunks_mut(ROWS)).for_each(run);
    }

    /// From `dy [rows, n]`, the gradient of the norm's output, and the norm's input `x`:
    /// `d_gamma [n]` and `d_beta [n]` are added to; the gradient of `x` is written to
    /// `dx [rows, n]`, or with `accumulate` added to what is there, the gradient that arrives
    /// on the residual stream.
    ///
    /// # Panics
    /// If the lengths do not fit each other, or `d_beta` is given where `beta` is not or the
    /// other way round.
    #[allow(clippy::too_many_arguments, reason = "three inputs, three outputs")]
    pub fn backward(
        &self,
        x: &[f32],
        moments: &[Moments],
        dy: &[f32],
        dx: &mut [f32],
        accumulate: bool,
        d_gamma: &mut [f32],
        d_beta: Option<&mut [f32]>,
    ) {
        let n = self.check(x.len(), moments.len());
        assert!(dy.len() == x.len() && dx.len() == x.len() && d_gamma.len() == n);
        assert_eq!(
            d_beta.is_some(),
            self.beta.is_some(),
            "beta and its gradient"
        );
        assert!(d_beta.as_ref().is_none_or(|d| d.len() == n));
        // One partial sum a piece: the gradient of gamma, then that of beta.
        let width = if d_beta.is_some() { 2 * n } else { n };
        let mut partials = vec![0.0; moments.len().div_ceil(ROWS) * width];
        type Piece<'p> = (
            (((&'p [f32], &'p [f32]), &'p mut [f32]), &'p [Moments]),
            &'p mut [f32],
        );
        let run = |((((x, dy), dx), moments), partial): Piece| {
            let (d_gamma, d_beta) = partial.split_at_mut(n);
            let rows = x
                .chunks_exact(n)
                .zip(dy.chunks_exact(n))
                .zip(dx.chunks_exact_mut(n));
            for (((x, dy), dx), &moments) in rows.zip(moments) {
                // Three pieces of vector code: in one, the compiler leaves some loops scalar.
                let along_mean = vectorized(
                    #[inline(always)]
                    || self.along_mean(dy),
                );
                let along_x = vectorized(
                    #[inline(always)]
                    || self.along_x(x, moments, dy),
                );
                let row = Gradient {
                    moments,
                    along_mean,
                    along_x,
                };
                vectorized(
                    #[inline(always)]
                    || {
                        if accumulate {
                            row.add_to(x, dy, self.gamma, dx);
                        } else {
                            row.write_to(x, dy, self.gamma, dx);
                        }
                        parameters_backward(x, moments, dy, d_gamma);
                        if !d_beta.is_empty() {
                            add_assign_chunk(d_beta, dy);
                        }
                    },
                );
            }
        };
        let size = ROWS * n;
        if x.len() <= CHUNK {
            let rows = x.chunks(size).zip(dy.chunks(size)).zip(dx.chunks_mut(size));
            rows.zip(moments.chunks(ROWS))
                .zip(partials.chunks_mut(width))
                .for_each(run);
        } else {
            let rows = x
                .par_chunks(size)
                .zip(dy.par_chunks(size))
                .zip(dx.par_chunks_mut(size));
            let rows = rows
                .zip(moments.par_chunks(ROWS))
                .zip(partials.par_chunks_mut(width));
            rows.for_each(run);
        }
        let mut total = vec![0.0; width];
        vectorized(
            #[inline(always)]
            || {
                add_rows(&partials, &mut total);
                add_assign_chunk(d_gamma, &total[..n]);
                if let Some(d_beta) = d_beta {
                    add_assign_chunk(d_beta, &total[n..]);
                }
            },
        );
    }

    fn check(&self, len: usize, rows: usize) -> usize {
        let n = self.gamma.len();
        assert!(
            n > 0 && self.beta.is_none_or(|b| b.len() == n),
            "gamma and beta"
        );
        assert_eq!(len, rows * n, "rows of gamma's length");
        n
    }

    #[inline(always)]
    fn row(&self, x: &[f32], out: &mut [f32]) -> Moments {
        let n = x.len() as f32;
        let mean = match self.centre {
            Centre::Mean => {
                sum(
                    x,
                    #[inline(always)]
                    |x| x,
                ) / n
            }
            Centre::Zero => 0.0,
        };
        let variance = sum(
            x,
            #[inline(always)]
            |x| (x - mean) * (x - mean),
        ) / n;
        let moments = Moments {
            mean,
            rstd: 1.0 / (variance + self.epsilon).sqrt(),
        };
        match self.beta {
            Some(beta) => scale_and_shift(x, moments, self.gamma, beta, out),
            None => scale(x, moments, self.gamma, out),
        }
        moments
    }

    /// mean(g), with g = dy·γ, where the statistics are taken from the mean.
    #[inline(always)]
    fn along_mean(&self, dy: &[f32]) -> f32 {
        match self.centre {
            Centre::Mean => {
                sum_pairs(
                    dy,
                    self.gamma,
                    #[inline(always)]
                    |dy, gamma| dy * gamma,
                ) / dy.len() as f32
            }
            Centre::Zero => 0.0,
        }
    }

    /// mean(g·x̂), with x̂ the normalised row.
    #[inline(always)]
    fn along_x(&self, x: &[f32], Moments { mean, rstd }: Moments, dy: &[f32]) -> f32 {
        let sum = sum_triples(
            x,
            dy,
            self.gamma,
            #[inline(always)]
            |x, dy, gamma| dy * gamma * (x - mean),
        );
        sum * rstd / x.len() as f32
    }
}

/// What the elements of a row's gradient have in common:
/// dx = (g − mean(g) − x̂·mean(g·x̂)) / σ.
#[derive(Clone, Copy)]
struct Gradient {
    moments: Moments,
    along_mean: f32,
    along_x: f32,
}

impl Gradient {
    #[inline(always)]
    fn element(self, x: f32, dy: f32, gamma: f32) -> f32 {
        let Moments { mean, rstd } = self.moments;
        (dy * gamma - self.along_mean - (x - mean) * rstd * self.along_x) * rstd
    }

    #[inline(always)]
    fn add_to(self, x: &[f32], dy: &[f32], gamma: &[f32], dx: &mut [f32]) {
        for (((dx, &x), &dy), &gamma) in dx.iter_mut().zip(x).zip(dy).zip(gamma) {
            *dx += self.element(x, dy, gamma);
        }
    }

    #[inline(always)]
    fn write_to(self, x: &[f32], dy: &[f32], gamma: &[f32], dx: &mut [f32]) {
        for (((dx, &x), &dy), &gamma) in dx.iter_mut().zip(x).zip(dy).zip(gamma) {
            *dx = self.element(x, dy, gamma);
        }
    }
}

#[inline(always)]
fn scale(x: &[f32], Moments { mean, rstd }: Moments, gamma: &[f32], out: &mut [f32]) {
    for ((out, &x), &gamma) in out.iter_mut().zip(x).zip(gamma) {
        *out = (x - mean) * rstd * gamma;
    }
}

#[inline(always)]
fn scale_and_shift(x: &[f32], moments: Moments, gamma: &[f32], beta: &[f32], out: &mut [f32]) {
    let Moments { mean, rstd } = moments;
    for (((out, &x), &gamma), &beta) in out.iter_mut().zip(x).zip(gamma).zip(beta) {
        *out = (x - mean) * rstd * gamma + beta;
    }
}

#[inline(always)]
fn sum_triples(x: &[f32], y: &[f32], z: &[f32], f: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let (z, z_rest) = z.as_chunks::<LANES>();
    for ((x, y), z) in x.iter().zip(y).zip(z) {
        for i in 0..LANES {
            lanes[i] += f(x[i], y[i], z[i]);
        }
    }
    let (x, y, z) = (padded(x_rest), padded(y_rest), padded(z_rest));
    for i in 0..LANES {
        let value = f(x[i], y[i], z[i]);
        lanes[i] += if i < x_rest.len() { value } else { 0.0 };
    }
    add_lanes(lanes)
}

#[inline(always)]
fn parameters_backward(x: &[f32], Moments { mean, rstd }: Moments, dy: &[f32], d: &mut [f32]) {
    for ((d, &x), &dy) in d.iter_mut().zip(x).zip(dy) {
        *d += dy * ((x - mean) * rstd);
    }
}

#[cfg(test)]
mod tests;
