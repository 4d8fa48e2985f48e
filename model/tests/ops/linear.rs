//! Linear layers: one or several, with and without bias and residual stream; the tied head.

use crate::check::{flat, linear};
use crate::{Case, Input, Random};
use burn::tensor::Tensor;
use slovo_model::ops;

fn check(random: &mut Random, [batch, seq, d_in]: [usize; 3], widths: &[usize], range: f64) {
    let (biased, streams) = (random.coin(), random.coin());
    let width = widths.iter().sum();
    let mut inputs = vec![Input::new("x", random, &[batch, seq, d_in], range)];
    for d_out in widths {
        inputs.push(Input::new("weight", random, &[d_in, *d_out], 1.0));
    }
    for d_out in widths.iter().filter(|_| biased) {
        inputs.push(Input::new("bias", random, &[*d_out], 1.0));
    }
    if streams {
        inputs.push(Input::new("stream", random, &[batch, seq, width], 1.0));
    }
    let operation = |inputs: &[Tensor<1>]| {
        let layer = |(i, d_out): (usize, &usize)| {
            let bias = biased.then(|| &inputs[1 + widths.len() + i]);
            linear(&inputs[1 + i], bias, [d_in, *d_out])
        };
        let layers: Vec<_> = widths.iter().enumerate().map(layer).collect();
        let stream = inputs.last().filter(|_| streams);
        let stream = stream.map(|stream| stream.clone().reshape([batch, seq, width]));
        let x = inputs[0].clone().reshape([batch, seq, d_in]);
        flat(ops::linear(x, &layers.iter().collect::<Vec<_>>(), stream))
    };
    Case {
        name: format!("{batch}×{seq}×{d_in} to {widths:?}, bias {biased}, stream {streams}"),
        inputs,
        operation: &operation,
        tolerance: 2e-6,
    }
    .check();
}

#[test]
fn layers_side_by_side() {
    let random = &mut Random(1);
    for _ in 0..60 {
        let sizes = [1, 2, 3, 5, 8, 17, 33, 64, 100];
        let shape = [
            random.within(1, 3),
            random.one_of(&sizes),
            random.one_of(&sizes),
        ];
        let layers = random.within(1, 3);
        let widths: Vec<usize> = (0..layers).map(|_| random.one_of(&sizes)).collect();
        check(random, shape, &widths, 1.0);
    }
    check(random, [1, 1, 1], &[1], 1.0);
    check(random, [2, 150, 300], &[400], 1.0);
    check(random, [1, 9, 5], &[7], 1e4);
}

#[test]
fn the_tied_head() {
    let random = &mut Random(2);
    for [batch, seq, d, vocab] in [
        [1, 1, 1, 1],
        [2, 3, 5, 7],
        [1, 70, 33, 65],
        [3, 2, 16, 1001],
    ] {
        let operation = |inputs: &[Tensor<1>]| {
            let hidden = inputs[0].clone().reshape([batch, seq, d]);
            flat(ops::tied_logits(
                hidden,
                inputs[1].clone().reshape([vocab, d]),
            ))
        };
        Case {
            name: format!("{batch}×{seq}×{d}, {vocab} tokens"),
            inputs: vec![
                Input::new("hidden", random, &[batch, seq, d], 1.0),
                Input::new("tokens", random, &[vocab, d], 1.0),
            ],
            operation: &operation,
            tolerance: 2e-6,
        }
        .check();
    }
}
