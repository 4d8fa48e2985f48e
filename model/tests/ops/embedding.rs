//! Looking tokens up, alone and beside a tied head that uses the same table; rotary positions.

use crate::check::flat;
use crate::{Case, Input, Random};
use burn::tensor::{Int, Tensor, TensorData};
use slovo_model::ops::{self, HeadSizes, Heads, Visible};

#[test]
fn rows_and_their_gradients() {
    let random = &mut Random(1);
    for [batch, seq, d, n] in [
        [1, 1, 1, 1],
        [2, 7, 5, 3],
        [3, 40, 33, 65],
        [2, 300, 64, 500],
    ] {
        // Half of the tokens are the same one, as in a text.
        let ids: Vec<i64> = (0..batch * seq)
            .map(|i| {
                if i % 2 == 0 {
                    0
                } else {
                    random.below(n) as i64
                }
            })
            .collect();
        for tied in [false, true] {
            let operation = |inputs: &[Tensor<1>]| {
                let table: Tensor<2> = inputs[0].clone().reshape([n, d]);
                let tokens = TensorData::new(ids.clone(), [batch, seq]);
                let tokens = Tensor::<2, Int>::from_data(tokens, &table.device());
                let x = ops::embedding(table.clone(), tokens);
                match tied {
                    true => flat(ops::tied_logits(x, table)),
                    false => flat(x),
                }
            };
            Case {
                name: format!("{batch}×{seq} of {n} rows of {d}, tied {tied}"),
                inputs: vec![Input::new("table", random, &[n, d], 1.0)],
                operation: &operation,
                tolerance: 2e-6,
            }
            .check();
        }
    }
}

#[test]
fn turned_queries_and_keys() {
    let random = &mut Random(2);
    for [batch, seq, n_heads, n_kv_heads, head_dim] in [
        [1, 1, 1, 1, 2],
        [2, 5, 4, 2, 6],
        [1, 70, 3, 1, 34],
        [3, 9, 2, 2, 64],
    ] {
        let sizes = HeadSizes {
            n_heads,
            n_kv_heads,
            head_dim,
        };
        let width = (n_heads + 2 * n_kv_heads) * head_dim;
        // One row of angles for all sequences, or each its own.
        for rows in [1, batch] {
            let n = rows * seq * head_dim / 2;
            let angles = random.numbers(n, 3.0);
            let operation = |inputs: &[Tensor<1>]| {
                let x = inputs[0].clone();
                let table = |f: fn(f64) -> f64| -> Tensor<4> {
                    let values: Vec<f64> = angles.iter().map(|angle| f(*angle)).collect();
                    let data = TensorData::new(values, [rows, seq, 1, head_dim / 2]);
                    Tensor::from_data(data, (&x.device(), x.dtype()))
                };
                let heads = Heads::Packed(x.clone().reshape([batch, seq, width]), sizes);
                let heads = heads.rotate(&table(f64::cos), &table(f64::sin));
                let visible = Visible {
                    causal_from: Some(0),
                    ..Visible::default()
                };
                let sight = visible.sight(&x, [seq, seq], n_heads / n_kv_heads);
                flat(ops::attention(heads, &sight, 0.0, &mut None))
            };
            Case {
                name: format!("{batch}×{seq}, {sizes:?}, {rows} rows of angles"),
                inputs: vec![Input::new("packed", random, &[batch, seq, width], 1.0)],
                operation: &operation,
                tolerance: 2e-6,
            }
            .check();
        }
    }
}
