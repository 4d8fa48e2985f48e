//! Activation functions over slices, plain and gated (GLU variants: Shazeer 2020,
//! <https://arxiv.org/abs/2002.05202>).
//!
//! The plain ones stay on the calling thread, for use inside a matrix product's packing and
//! epilogue; the gated ones share whole rows among the threads.

use crate::ops::kernels::CHUNK;
use crate::ops::kernels::curve::{Curve, GeluErf, GeluTanh, Relu, Silu};
use crate::ops::kernels::simd::vectorized;
use rayon::prelude::*;

/// Which function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// GELU, tanh form.
    GeluTanh,
    /// GELU, exact.
    GeluErf,
    /// SiLU; gated it is SwiGLU.
    Silu,
    /// ReLU.
    Relu,
}

/// Chooses the function before the loop rather than in it.
macro_rules! with_curve {
    ($kind:expr, $f:ident($($argument:expr),*)) => {
        match $kind {
            Activation::GeluTanh => vectorized(#[inline(always)] || $f::<GeluTanh>($($argument),*)),
            Activation::GeluErf => vectorized(#[inline(always)] || $f::<GeluErf>($($argument),*)),
            Activation::Silu => vectorized(#[inline(always)] || $f::<Silu>($($argument),*)),
            Activation::Relu => vectorized(#[inline(always)] || $f::<Relu>($($argument),*)),
        }
    };
}

impl Activation {
    /// `x = f(x)`.
    pub fn forward_in_place(self, x: &mut [f32]) {
        with_curve!(self, forward_in_place(x))
    }

    /// `d = d · f′(x)`: the gradient of the output becomes that of the input.
    pub fn backward(self, x: &[f32], d: &mut [f32]) {
        assert_eq!(x.len(), d.len());
        with_curve!(self, backward(x, d))
    }

    /// `out [rows, width] = f(gate) · up` where one product has made both, side by side:
    /// `gate_up [rows, 2 · width]`. In parallel.
    ///
    /// # Panics
    /// If the lengths do not fit `width`.
    pub fn gated_rows(self, gate_up: &[f32], width: usize, out: &mut [f32]) {
        assert!(width > 0 && out.len().is_multiple_of(width) && gate_up.len() == 2 * out.len());
        let run = |(gate_up, out): (&[f32], &mut [f32])| {
            for (gate_up, out) in gate_up
                .chunks_exact(2 * width)
                .zip(out.chunks_exact_mut(width))
            {
                let (gate, up) = gate_up.split_at(width);
                with_curve!(self, gated(gate, up, out));
            }
        };
        let chunk = rows_of_a_chunk(width) * width;
        if out.len() <= chunk {
            return run((gate_up, out));
        }
        gate_up
            .par_chunks(2 * chunk)
            .zip(out.par_chunks_mut(chunk))
            .for_each(run);
    }

    /// The backward of [`Self::gated_rows`]: from `d [rows, width]`, `gate_up [rows, 2 · width]`
    /// becomes its own gradient. In parallel.
    ///
    /// # Panics
    /// If the lengths do not fit `width`.
    pub fn gated_rows_backward(self, gate_up: &mut [f32], width: usize, d: &[f32]) {
        assert!(width > 0 && d.len().is_multiple_of(width) && gate_up.len() == 2 * d.len());
        let run = |(gate_up, d): (&mut [f32], &[f32])| {
            for (gate_up, d) in gate_up
                .chunks_exact_mut(2 * width)
                .zip(d.chunks_exact(width))
            {
                let (gate, up) = gate_up.split_at_mut(width);
                with_curve!(self, gated_backward(gate, up, d));
            }
        };
        let chunk = rows_of_a_chunk(width) * width;
        if d.len() <= chunk {
            return run((gate_up, d));
        }
        gate_up
            .par_chunks_mut(2 * chunk)
            .zip(d.par_chunks(chunk))
            .for_each(run);
    }
}

fn rows_of_a_chunk(width: usize) -> usize {
    (CHUNK / width).max(1)
}

#[inline(always)]
fn forward_in_place<C: Curve>(x: &mut [f32]) {
    for x in x {
        *x = C::value(*x);
    }
}

#[inline(always)]
fn backward<C: Curve>(x: &[f32], d: &mut [f32]) {
    for (d, &x) in d.iter_mut().zip(x) {
        *d *= C::value_and_slope(x).1;
    }
}

#[inline(always)]
fn gated<C: Curve>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, &gate), &up) in out.iter_mut().zip(gate).zip(up) {
        *out = C::value(gate) * up;
    }
}

#[inline(always)]
fn gated_backward<C: Curve>(gate: &mut [f32], up: &mut [f32], d: &[f32]) {
    for ((gate, up), &d) in gate.iter_mut().zip(up).zip(d) {
        let (value, slope) = C::value_and_slope(*gate);
        *gate = d * *up * slope;
        *up = d * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::curve::tests::{gelu_erf, gelu_tanh, silu};
    use crate::ops::kernels::testing::{Random, assert_close, f64s};

    type Function = fn(f64) -> f64;

    const ALL: [(Activation, Function); 4] = [
        (Activation::GeluTanh, gelu_tanh),
        (Activation::GeluErf, gelu_erf),
        (Activation::Silu, silu),
        (Activation::Relu, |x| x.max(0.0)),
    ];
    const SIZES: [usize; 5] = [1, 15, 33, 1000, CHUNK + 7];

    fn slope(f: Function, x: f64) -> f64 {
        (f(x + 1e-6) - f(x - 1e-6)) / 2e-6
    }

    #[test]
    fn plain_forms_follow_float64() {
        for (kind, f) in ALL {
            for n in SIZES {
                let mut random = Random(n as u64);
                let (x, d) = (random.vec(n, 8.0), random.vec(n, 3.0));
                let want: Vec<f64> = f64s(&x).into_iter().map(f).collect();
                let mut out = x.clone();
                kind.forward_in_place(&mut out);
                assert_close(&out, &want, 5e-7);
                let want: Vec<f64> = f64s(&x)
                    .iter()
                    .zip(&d)
                    .map(|(&x, &d)| f64::from(d) * slope(f, x))
                    .collect();
                let mut dx = d.clone();
                kind.backward(&x, &mut dx);
                assert_close(&dx, &want, 4e-6);
            }
        }
    }

    #[test]
    fn gated_forms_follow_float64() {
        for (kind, f) in ALL {
            for (rows, width) in [(1, 1), (3, 5), (1, 37), (7, 129), (300, 131)] {
                let mut random = Random((rows * width) as u64);
                let n = rows * width;
                let (gate, up, d) = (random.vec(n, 6.0), random.vec(n, 3.0), random.vec(n, 2.0));
                let naive = |g: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f64> {
                    (0..n)
                        .map(|i| g(gate[i].into(), up[i].into(), d[i].into()))
                        .collect()
                };
                let want_out = naive(&|gate, up, _| f(gate) * up);
                let want_up = naive(&|gate, _, d| f(gate) * d);
                let want_gate = naive(&|gate, up, d| slope(f, gate) * up * d);

                let mut both = Vec::new();
                for (gate, up) in gate.chunks(width).zip(up.chunks(width)) {
                    both.extend_from_slice(gate);
                    both.extend_from_slice(up);
                }
                let mut rows_out = vec![9.0; n];
                kind.gated_rows(&both, width, &mut rows_out);
                assert_close(&rows_out, &want_out, 1e-6);
                kind.gated_rows_backward(&mut both, width, &d);
                let halves = |first: usize| -> Vec<f32> {
                    let rows = both.chunks(2 * width);
                    rows.flat_map(|row| row[first..][..width].to_vec())
                        .collect()
                };
                assert_close(&halves(0), &want_gate, 1e-5);
                assert_close(&halves(width), &want_up, 1e-6);
            }
        }
    }
}
