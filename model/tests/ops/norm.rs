//! LayerNorm with and without bias, and RMSNorm.

use crate::check::flat;
use crate::{Case, Input, Random};
use burn::tensor::Tensor;
use slovo_model::{NormKind, ops};

fn check(random: &mut Random, [batch, seq, d]: [usize; 3], range: f64) {
    let (kind, with_beta) = match random.below(3) {
        0 => (NormKind::RmsNorm { epsilon: 1e-5 }, false),
        n => (NormKind::LayerNorm { epsilon: 1e-5 }, n == 1),
    };
    let mut inputs = vec![
        Input::new("x", random, &[batch, seq, d], range),
        Input::new("gamma", random, &[d], 2.0),
    ];
    if with_beta {
        inputs.push(Input::new("beta", random, &[d], 1.0));
    }
    let operation = |inputs: &[Tensor<1>]| {
        let x = inputs[0].clone().reshape([batch, seq, d]);
        let beta = inputs.get(2).cloned();
        flat(ops::norm(x, inputs[1].clone(), beta, kind))
    };
    let case = Case {
        name: format!("{kind:?}, bias {with_beta}, {batch}×{seq}×{d}, ±{range}"),
        inputs,
        operation: &operation,
        // A row of nearly equal numbers is divided by a deviation near zero.
        tolerance: 2e-5,
    };
    // A single channel less its mean is zero over the root of epsilon: too steep for differences.
    match d > 1 {
        true => case.check(),
        false => case.check_paths(),
    }
}

#[test]
fn both_norms() {
    let random = &mut Random(1);
    for _ in 0..60 {
        let shape = [
            random.within(1, 3),
            random.one_of(&[1, 2, 7, 65, 130]),
            random.one_of(&[1, 2, 3, 8, 31, 64, 100]),
        ];
        check(random, shape, 1.0);
    }
    check(random, [2, 3, 769], 1.0);
    for _ in 0..6 {
        check(random, [1, 5, 40], 1e4);
    }
}
