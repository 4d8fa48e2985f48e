//! The norms against float64: values, and gradients by finite differences.

use super::*;
use crate::ops::kernels::testing::{Random, assert_close, assert_same_with_any_threads, f64s};

const EPSILON: f32 = 1e-5;

fn naive(centre: Centre, x: &[f64], gamma: &[f64], beta: Option<&[f64]>) -> Vec<f64> {
    let n = gamma.len();
    let mut out = Vec::new();
    for x in x.chunks(n) {
        let mean = if centre == Centre::Mean {
            x.iter().sum::<f64>() / n as f64
        } else {
            0.0
        };
        let square = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        let rstd = 1.0 / (square + f64::from(EPSILON)).sqrt();
        let shift = |i| beta.map_or(0.0, |b: &[f64]| b[i]);
        out.extend((0..n).map(|i| (x[i] - mean) * rstd * gamma[i] + shift(i)));
    }
    out
}

/// The gradient of Σ `dy · f(v)` by central differences.
fn differences(v: &[f64], dy: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let mut v = v.to_vec();
    (0..v.len())
        .map(|i| {
            let start = v[i];
            let mut at = |x| {
                v[i] = x;
                f(&v)
                    .iter()
                    .zip(dy)
                    .map(|(y, &d)| y * f64::from(d))
                    .sum::<f64>()
            };
            let (high, low) = (at(start + 1e-5), at(start - 1e-5));
            v[i] = start;
            (high - low) / 2e-5
        })
        .collect()
}

#[test]
fn forward_follows_float64() {
    for centre in [Centre::Mean, Centre::Zero] {
        for (rows, n) in [(0, 4), (1, 1), (1, 7), (3, 33), (70, 64), (67, 769)] {
            for (range, offset, with_beta) in
                [(1.0, 0.0, true), (1e4, 0.0, false), (1.0, 100.0, true)]
            {
                let mut random = Random((rows * n) as u64);
                let x: Vec<f32> = random
                    .vec(rows * n, range)
                    .iter()
                    .map(|x| x + offset)
                    .collect();
                let (gamma, beta) = (random.vec(n, 2.0), random.vec(n, 1.0));
                let beta = with_beta.then_some(&beta[..]);
                let norm = Norm {
                    centre,
                    gamma: &gamma,
                    beta,
                    epsilon: EPSILON,
                };
                let want = naive(centre, &f64s(&x), &f64s(&gamma), beta.map(f64s).as_deref());
                let (mut out, mut moments) = (vec![9.0; rows * n], vec![Moments::default(); rows]);
                norm.forward(&x, &mut out, &mut moments);
                // The mean's last bit is offset · 6e-8; a deviation of 1/√3 makes it 1e-5.
                assert_close(&out, &want, if offset > 0.0 { 5e-5 } else { 2e-6 });
            }
        }
    }
}

#[test]
fn backward_follows_finite_differences() {
    for centre in [Centre::Mean, Centre::Zero] {
        for (rows, n, with_beta) in [(1, 1, true), (2, 5, true), (3, 35, false), (35, 3, true)] {
            for accumulate in [false, true] {
                let mut random = Random((rows * n) as u64);
                let (x, dy) = (random.vec(rows * n, 2.0), random.vec(rows * n, 1.0));
                let (gamma, beta) = (random.vec(n, 2.0), random.vec(n, 1.0));
                let beta = with_beta.then_some(&beta[..]);
                let norm = Norm {
                    centre,
                    gamma: &gamma,
                    beta,
                    epsilon: EPSILON,
                };
                let (mut out, mut moments) = (vec![0.0; rows * n], vec![Moments::default(); rows]);
                norm.forward(&x, &mut out, &mut moments);

                let (start, wide, scale) = (random.vec(rows * n, 1.0), f64s(&x), f64s(&gamma));
                let mut want = differences(&wide, &dy, |x| naive(centre, x, &scale, None));
                if accumulate {
                    want.iter_mut()
                        .zip(&start)
                        .for_each(|(w, &s)| *w += f64::from(s));
                }
                let mut want_gamma = differences(&scale, &dy, |g| naive(centre, &wide, g, None));
                // The parameters' gradients are added to what is there.
                want_gamma.iter_mut().for_each(|w| *w += 1.0);
                let mut dx = start.clone();
                let (mut d_gamma, mut d_beta) = (vec![1.0; n], vec![-1.0; n]);
                let d_beta_slot = with_beta.then_some(&mut d_beta[..]);
                norm.backward(
                    &x,
                    &moments,
                    &dy,
                    &mut dx,
                    accumulate,
                    &mut d_gamma,
                    d_beta_slot,
                );
                // Rows of one or three elements may lie close together and divide by little.
                assert_close(&dx, &want, 2e-4);
                assert_close(&d_gamma, &want_gamma, 1e-5);
                if let Some(beta) = beta {
                    let f = |b: &[f64]| naive(centre, &wide, &scale, Some(b));
                    let want: Vec<f64> = differences(&f64s(beta), &dy, f)
                        .iter()
                        .map(|d| d - 1.0)
                        .collect();
                    assert_close(&d_beta, &want, 1e-5);
                }
            }
        }
    }
}

#[test]
fn threads_change_nothing() {
    let (rows, n) = (333, 257);
    let mut random = Random(5);
    let (x, dy) = (random.vec(rows * n, 2.0), random.vec(rows * n, 1.0));
    let (gamma, beta) = (random.vec(n, 2.0), random.vec(n, 1.0));
    let norm = Norm {
        centre: Centre::Mean,
        gamma: &gamma,
        beta: Some(&beta),
        epsilon: EPSILON,
    };
    assert_same_with_any_threads(|| {
        let (mut out, mut moments) = (vec![0.0; rows * n], vec![Moments::default(); rows]);
        norm.forward(&x, &mut out, &mut moments);
        let (mut dx, mut d_gamma, mut d_beta) = (out.clone(), vec![0.0; n], vec![0.0; n]);
        norm.backward(
            &x,
            &moments,
            &dy,
            &mut dx,
            true,
            &mut d_gamma,
            Some(&mut d_beta),
        );
        (out, dx, d_gamma, d_beta)
    });
}
