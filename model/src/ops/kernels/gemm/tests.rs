//! The product against a naive one in float64, with every set of kernels of this processor.

use std::mem::MaybeUninit;

use super::kernel::{self, Kernels};
use super::product::run;
use super::scratch::Scratch;
use super::{Matrix, Output, Product, multiply};
use crate::ops::kernels::testing::{Random, assert_same_with_any_threads};

/// Element (i, j) as the documentation of `Matrix` gives it.
fn at(m: &Matrix, i: usize, j: usize) -> f64 {
    f64::from(if m.transposed {
        m.data[j * m.stride + i]
    } else {
        m.data[i * m.stride + j]
    })
}

/// A·[B₀ B₁ …] and the same with absolute values, which bounds the rounding error.
fn naive(a: &Matrix, b: &[Matrix], f: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut c = Vec::new();
    for i in 0..a.rows() {
        for b in b {
            for j in 0..b.cols() {
                let terms = (0..a.cols()).map(|k| f(at(a, i, k)) * at(b, k, j));
                c.push(terms.fold((0.0, 0.0), |(s, m), x| (s + x, m + x.abs())));
            }
        }
    }
    c
}

fn close(got: f32, (want, size): (f64, f64), k: usize) -> bool {
    (f64::from(got) - want).abs() <= 1e-7 * (k as f64 + 4.0) * size + 1e-30
}

/// One product of the given shape with random strides, transposition, scale and accumulation.
fn check(kernels: &'static Kernels, random: &mut Random, m: usize, k: usize, widths: &[usize]) {
    let n: usize = widths.iter().sum();
    let mut matrix = |rows: usize, cols: usize, fill: &mut Vec<f32>| {
        let transposed = random.below(2) == 1;
        let (outer, inner) = if transposed {
            (cols, rows)
        } else {
            (rows, cols)
        };
        let stride = inner + random.below(4);
        *fill = random.vec(outer * stride, 1.0);
        (transposed, outer, inner, stride)
    };
    let view = |data, (transposed, outer, inner, stride)| {
        let m = Matrix::strided(data, outer, inner, stride);
        if transposed { m.transposed() } else { m }
    };
    let mut a_data = Vec::new();
    let a = matrix(m, k, &mut a_data);
    let a = view(&a_data, a);
    let mut b_data = vec![Vec::new(); widths.len()];
    let shapes: Vec<_> = widths
        .iter()
        .zip(&mut b_data)
        .map(|(&w, d)| matrix(k, w, d))
        .collect();
    let b: Vec<_> = b_data.iter().zip(shapes).map(|(d, s)| view(d, s)).collect();
    let gap = random.below(3);
    let before = random.vec(m * (n + gap), 1.0);
    let scale = [1.0, -0.375][random.below(2)];
    let (add, parallel) = (random.below(2) == 1, random.below(2) == 1);
    let half = |x: &mut [f32]| x.iter_mut().for_each(|x| *x = x.max(0.0) + 0.5 * *x);
    let double = |x: f64| x.max(0.0) + 0.5 * x;
    let prepare = random.below(2) == 1;
    let product = Product {
        prepare: prepare.then_some(&half),
        scale,
        ..Product::new(a, &b)
    };
    let mut c = before.clone();
    let mut out = if add {
        Output::add(&mut c, m, n, n + gap)
    } else {
        Output::replace(&mut c, m, n, n + gap)
    };
    run(
        kernels,
        &product,
        &mut out,
        &mut Scratch::default(),
        parallel,
    );
    let want = if prepare {
        naive(&a, &b, double)
    } else {
        naive(&a, &b, |x| x)
    };
    for (i, (row, before)) in c.chunks(n + gap).zip(before.chunks(n + gap)).enumerate() {
        for (j, (&got, &before)) in row.iter().zip(before).enumerate() {
            if j >= n {
                assert_eq!(got, before, "the gap between rows was written");
                continue;
            }
            let (mut sum, mut size) = want[i * n + j];
            sum *= f64::from(scale);
            if add {
                sum += f64::from(before);
                size += f64::from(before.abs());
            }
            assert!(
                close(got, (sum, size), k),
                "{m}×{k}×{widths:?} ({i}, {j}): {got} not {sum}"
            );
        }
    }
}

#[test]
fn random_shapes_agree_with_float64() {
    for kernels in kernel::available() {
        let random = &mut Random(7);
        for _ in 0..150 {
            let (m, k) = (1 + random.below(70), 1 + random.below(90));
            let widths: Vec<_> = (0..1 + random.below(3))
                .map(|_| 1 + random.below(50))
                .collect();
            check(kernels, random, m, k, &widths);
        }
    }
}

#[test]
fn edges_of_blocks_agree_with_float64() {
    for kernels in kernel::available() {
        let random = &mut Random(8);
        let shapes: [(usize, usize, &[usize]); 10] = [
            (1, 1, &[1]),
            (14, 256, &[32]),
            (15, 257, &[33]),
            (225, 16, &[16]),
            (113, 300, &[64, 32, 16]),
            (13, 513, &[31, 1, 32]),
            (1, 700, &[600]),
            (300, 1, &[48]),
            (57, 40, &[1100]),
            (40, 512, &[8]),
        ];
        for (m, k, widths) in shapes {
            for _ in 0..4 {
                check(kernels, random, m, k, widths);
            }
        }
    }
}

#[test]
fn a_b_too_large_to_pack_at_once_is_split_and_finished_once() {
    // Wider than one packed part, and longer: columns and steps are split, `finish` comes at the end.
    for (m, k, n) in [(3, 300, 9000), (5, 9000, 300), (2, 600, 9000)] {
        let random = &mut Random(9);
        let (a, b) = (random.vec(m * k, 1.0), random.vec(n * k, 1.0));
        let a = Matrix::new(&a, m, k);
        let b = [Matrix::new(&b, n, k).transposed()];
        let one = |_: usize, rows: &mut [f32]| rows.iter_mut().for_each(|x| *x += 1.0);
        let mut c = vec![MaybeUninit::new(f32::NAN); m * n];
        let product = Product {
            finish: Some(&one),
            ..Product::new(a, &b)
        };
        multiply(&product, &mut Output::fresh(&mut c, m, n));
        for (got, (sum, size)) in c.iter().zip(naive(&a, &b, |x| x)) {
            // SAFETY: the vector was initialised.
            let got = unsafe { got.assume_init() };
            assert!(close(got, (sum + 1.0, size + 1.0), k));
        }
    }
}

#[test]
fn finish_sees_every_row_once_and_complete() {
    let random = &mut Random(10);
    let (m, k, n) = (300, 70, 90);
    let (a, b) = (random.vec(m * k, 1.0), random.vec(k * n, 1.0));
    let b = [Matrix::new(&b, k, n)];
    let number = |first: usize, rows: &mut [f32]| {
        for (i, row) in rows.chunks_mut(n).enumerate() {
            row.iter_mut()
                .for_each(|x| *x = 2.0 * *x + (first + i) as f32);
        }
    };
    let a = Matrix::new(&a, m, k);
    let product = Product {
        finish: Some(&number),
        ..Product::new(a, &b)
    };
    let mut c = vec![f32::NAN; m * n];
    multiply(&product, &mut Output::replace(&mut c, m, n, n));
    for (i, (&got, (sum, size))) in c.iter().zip(naive(&a, &b, |x| x)).enumerate() {
        let row = (i / n) as f64;
        assert!(close(got, (2.0 * sum + row, 2.0 * size + row), k));
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let random = &mut Random(11);
    for (m, k, n) in [(200, 300, 250), (20, 400, 1000), (260, 128, 65)] {
        let (a, b) = (random.vec(m * k, 1.0), random.vec(k * n, 1.0));
        for b in [Matrix::new(&b, k, n), Matrix::new(&b, n, k).transposed()] {
            let product = |parallel| {
                let (mut c, b) = (vec![0.0; m * n], [b]);
                let product = Product::new(Matrix::new(&a, m, k), &b);
                let out = &mut Output::replace(&mut c, m, n, n);
                let scratch = &mut Scratch::default();
                run(kernel::best(), &product, out, scratch, parallel);
                c
            };
            assert!(product(false) == product(true));
            assert_same_with_any_threads(|| product(true));
        }
    }
}

#[test]
fn no_steps_and_large_values() {
    let empty = Matrix::new(&[], 3, 0);
    let b = [Matrix::new(&[], 0, 2)];
    let mut c = [1.0; 6];
    multiply(&Product::new(empty, &b), &mut Output::add(&mut c, 3, 2, 2));
    assert_eq!(c, [1.0; 6]);
    multiply(
        &Product::new(empty, &b),
        &mut Output::replace(&mut c, 3, 2, 2),
    );
    assert_eq!(c, [0.0; 6]);

    let (a, b) = ([1e30, -1e30, f32::INFINITY, 1.0], [1e8, 1.0]);
    let b = [Matrix::new(&b, 2, 1)];
    let mut c = [0.0; 2];
    multiply(
        &Product::new(Matrix::new(&a, 2, 2), &b),
        &mut Output::replace(&mut c, 2, 1, 1),
    );
    assert_eq!(c, [1e38, f32::INFINITY]);
}

#[test]
#[should_panic(expected = "columns of A and rows of B")]
fn shapes_that_do_not_match_are_refused() {
    let data = [0.0; 6];
    let b = [Matrix::new(&data, 2, 3)];
    let mut c = [0.0; 6];
    multiply(
        &Product::new(Matrix::new(&data, 2, 3), &b),
        &mut Output::replace(&mut c, 2, 3, 3),
    );
}
