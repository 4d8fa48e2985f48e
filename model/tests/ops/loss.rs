//! The loss with its last linear layer: tied and not, masked, in several parts.

use crate::{Case, Input, Random};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use slovo_model::ops::{self, Columns};

struct Shape {
    n: usize,
    d: usize,
    vocab: usize,
    /// Out of four targets, how many count; `None`: all, without a mask.
    count: Option<usize>,
    smoothing: f64,
    range: f64,
    differences: bool,
    tolerance: f64,
}

const SMALL: Shape = Shape {
    n: 1,
    d: 1,
    vocab: 1,
    count: None,
    smoothing: 0.0,
    range: 1.0,
    differences: true,
    tolerance: 2e-6,
};

fn check(random: &mut Random, shape: &Shape) {
    let &Shape { n, d, vocab, .. } = shape;
    let targets: Vec<i64> = (0..n).map(|_| random.below(vocab) as i64).collect();
    let counts: Vec<bool> = (0..n)
        .map(|_| shape.count.is_none_or(|count| random.below(4) < count))
        .collect();
    for tied in [false, true] {
        let operation = |inputs: &[Tensor<1>]| {
            let hidden = inputs[0].clone().reshape([n, d]);
            let device = hidden.device();
            let data = TensorData::new(targets.clone(), [n]);
            let targets = Tensor::<1, Int>::from_data(data, &device);
            let mask = shape.count.map(|_| {
                let data = TensorData::new(counts.clone(), [n]);
                Tensor::<1, Bool>::from_data(data, &device)
            });
            let head = match tied {
                true => Columns::Tied(inputs[1].clone().reshape([vocab, d])),
                false => Columns::Untied(inputs[1].clone().reshape([d, vocab])),
            };
            ops::linear_cross_entropy(hidden, head, targets, mask, shape.smoothing)
        };
        let case = Case {
            name: format!(
                "{n}×{d}, {vocab} classes, tied {tied}, {:?} count, smoothing {}",
                shape.count, shape.smoothing
            ),
            inputs: vec![
                Input::new("hidden", random, &[n, d], shape.range),
                Input::new("matrix", random, &[vocab, d], 1.0),
            ],
            operation: &operation,
            tolerance: shape.tolerance,
        };
        match shape.differences {
            true => case.check(),
            false => case.check_paths(),
        }
    }
}

#[test]
fn any_shape_and_mask() {
    let random = &mut Random(1);
    check(random, &SMALL);
    for _ in 0..50 {
        let shape = Shape {
            n: random.one_of(&[1, 2, 7, 33, 130]),
            d: random.one_of(&[1, 3, 16, 65]),
            vocab: random.one_of(&[1, 2, 5, 65, 257]),
            count: random.one_of(&[None, Some(0), Some(1), Some(3)]),
            smoothing: random.one_of(&[0.0, 0.1]),
            ..SMALL
        };
        check(random, &shape);
    }
}

/// More logits than are held at once.
#[test]
fn a_large_vocabulary_in_parts() {
    let shape = Shape {
        n: 300,
        d: 5,
        vocab: 50_257,
        count: Some(3),
        differences: false,
        ..SMALL
    };
    check(&mut Random(2), &shape);
}

#[test]
fn logits_of_thousands_stay_finite() {
    let shape = Shape {
        n: 20,
        d: 16,
        vocab: 30,
        range: 500.0,
        differences: false,
        // Logits have four digits before the point and lose as many behind it.
        tolerance: 1e-3,
        ..SMALL
    };
    check(&mut Random(3), &shape);
}
