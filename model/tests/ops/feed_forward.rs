//! The feed-forward layer with every activation, plain and gated.

use crate::check::{flat, linear};
use crate::{Case, Input, Random};
use burn::tensor::Tensor;
use slovo_model::Activation;
use slovo_model::ops::{self, Widened};

fn check(
    random: &mut Random,
    activation: Activation,
    [batch, seq, d, d_ff]: [usize; 4],
    range: f64,
    tolerance: f64,
) {
    let (gated, biased, streams) = (random.coin(), random.coin(), random.coin());
    let mut shapes = vec![[d, d_ff]; 1 + usize::from(gated)];
    shapes.push([d_ff, d]);
    let mut inputs = vec![Input::new("x", random, &[batch, seq, d], range)];
    for shape in &shapes {
        inputs.push(Input::new("weight", random, shape, 1.0));
    }
    for [_, d_out] in shapes.iter().filter(|_| biased) {
        inputs.push(Input::new("bias", random, &[*d_out], 1.0));
    }
    if streams {
        inputs.push(Input::new("stream", random, &[batch, seq, d], 1.0));
    }
    let operation = |inputs: &[Tensor<1>]| {
        let layer = |i: usize| {
            let bias = biased.then(|| &inputs[1 + shapes.len() + i]);
            linear(&inputs[1 + i], bias, shapes[i])
        };
        let layers: Vec<_> = (0..shapes.len()).map(layer).collect();
        let widened = Widened {
            gate: gated.then(|| &layers[0]),
            up: &layers[shapes.len() - 2],
            down: &layers[shapes.len() - 1],
            activation,
        };
        let stream = inputs.last().filter(|_| streams);
        let stream = stream.map(|stream| stream.clone().reshape([batch, seq, d]));
        let x = inputs[0].clone().reshape([batch, seq, d]);
        flat(ops::feed_forward(x, widened, stream))
    };
    let case = Case {
        name: format!(
            "{activation:?}, gated {gated}, bias {biased}, stream {streams}, \
             {batch}×{seq}×{d}, {d_ff} wide"
        ),
        inputs,
        operation: &operation,
        tolerance,
    };
    match activation {
        // A difference may straddle the corner.
        Activation::Relu => case.check_paths(),
        _ => case.check(),
    }
}

#[test]
fn every_activation_plain_and_gated() {
    let random = &mut Random(1);
    let sizes = [1, 2, 3, 5, 16, 33, 70];
    for activation in [
        Activation::GeluTanh,
        Activation::GeluErf,
        Activation::Silu,
        Activation::Relu,
    ] {
        for _ in 0..16 {
            let mut size = || random.one_of(&sizes);
            let shape = [1 + size() % 2, size(), size(), size()];
            check(random, activation, shape, 1.0, 3e-6);
        }
        check(random, activation, [1, 1, 1, 1], 1.0, 3e-6);
        check(random, activation, [2, 65, 96, 200], 1.0, 3e-6);
        // Far out on both sides of every curve.
        check(random, activation, [1, 9, 5, 7], 300.0, 1e-5);
    }
}
