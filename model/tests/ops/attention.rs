//! Attention: packed and apart, causal and not, grouped, padded, with dropout, with a cache's keys.

use crate::check::{Case, Input, Random, flat};
use burn::tensor::Tensor;
use slovo_model::DropoutMasks;
use slovo_model::ops::{HeadSizes, Heads, Visible, attention};

#[derive(Clone, Debug)]
struct Shape {
    batch: usize,
    queries: usize,
    keys: usize,
    heads: [usize; 2],
    head_dim: usize,
    visible: Visible,
    dropout: f64,
    range: f64,
}

impl Shape {
    fn random(random: &mut Random) -> Self {
        let batch = random.within(1, 3);
        let queries = random.one_of(&[1, 2, 3, 7, 8, 9, 17, 65, 131]);
        let earlier = random.one_of(&[0, 0, 1, 5, 64]);
        let keys = queries + earlier;
        let rows = |random: &mut Random| {
            let row = |random: &mut Random| {
                let from = random.within(0, keys);
                // Now and then a row has no token at all.
                (from, random.within(from, keys))
            };
            (0..batch).map(|_| row(random)).collect()
        };
        Self {
            batch,
            queries,
            keys,
            heads: random.one_of(&[[1, 1], [2, 2], [4, 2], [6, 1], [3, 3]]),
            head_dim: random.one_of(&[1, 2, 5, 8, 33, 64]),
            visible: Visible {
                causal_from: random.coin().then_some(earlier),
                window: random.coin().then(|| random.within(1, keys)),
                rows: random.coin().then(|| rows(random)),
                since: None,
            },
            dropout: random.one_of(&[0.0, 0.0, 0.3]),
            range: 1.5,
        }
    }

    fn sizes(&self) -> HeadSizes {
        HeadSizes {
            n_heads: self.heads[0],
            n_kv_heads: self.heads[1],
            head_dim: self.head_dim,
        }
    }

    fn run(&self, heads: Heads, like: &Tensor<1>) -> Tensor<1> {
        let groups = self.heads[0] / self.heads[1];
        let sight = (self.visible.clone()).sight(like, [self.queries, self.keys], groups);
        let mut masks = Some(DropoutMasks::new(3)).filter(|_| self.dropout > 0.0);
        flat(attention(heads, &sight, self.dropout, &mut masks))
    }

    /// Queries of their own beside keys and values of other tokens.
    fn apart(&self, random: &mut Random) -> Vec<Input> {
        let [heads, kv_heads] = self.heads;
        let mut input = |name, tokens, heads| {
            Input::new(
                name,
                random,
                &[self.batch, tokens, heads, self.head_dim],
                self.range,
            )
        };
        vec![
            input("queries", self.queries, heads),
            input("keys", self.keys, kv_heads),
            input("values", self.keys, kv_heads),
        ]
    }

    fn check_apart(&self, random: &mut Random, tolerance: f64, differences: bool) {
        let operation = |inputs: &[Tensor<1>]| {
            let part = |i: usize, tokens: usize, heads: usize| {
                (inputs[i].clone()).reshape([self.batch, tokens, heads, self.head_dim])
            };
            let [heads, kv_heads] = self.heads;
            let apart = Heads::Apart([
                part(0, self.queries, heads),
                part(1, self.keys, kv_heads),
                part(2, self.keys, kv_heads),
            ]);
            self.run(apart, &inputs[0])
        };
        let case = Case {
            name: format!("apart, {self:?}"),
            inputs: self.apart(random),
            operation: &operation,
            tolerance,
        };
        match differences {
            true => case.check(),
            false => case.check_paths(),
        }
    }

    fn check_packed(&self, random: &mut Random) {
        let sizes = self.sizes();
        let width = (sizes.n_heads + 2 * sizes.n_kv_heads) * sizes.head_dim;
        let shape = [self.batch, self.queries, width];
        let operation = |inputs: &[Tensor<1>]| {
            let packed = Heads::Packed(inputs[0].clone().reshape(shape), sizes);
            self.run(packed, &inputs[0])
        };
        Case {
            name: format!("packed, {self:?}"),
            inputs: vec![Input::new("packed", random, &shape, self.range)],
            operation: &operation,
            tolerance: 2e-6,
        }
        .check();
    }
}

#[test]
fn keys_and_values_of_other_tokens() {
    let random = &mut Random(1);
    for _ in 0..60 {
        Shape::random(random).check_apart(random, 2e-6, true);
    }
}

#[test]
fn keys_and_values_beside_their_queries() {
    let random = &mut Random(2);
    for _ in 0..40 {
        let shape = Shape::random(random);
        let keys = shape.queries;
        let clip = |rows: Vec<(usize, usize)>| {
            let rows = rows.into_iter();
            rows.map(|(from, to)| (from.min(keys), to.min(keys)))
                .collect()
        };
        Shape {
            keys,
            visible: Visible {
                causal_from: shape.visible.causal_from.map(|_| 0),
                window: shape.visible.window,
                rows: shape.visible.rows.clone().map(clip),
                since: None,
            },
            ..shape
        }
        .check_packed(random);
    }
}

#[test]
fn a_query_that_sees_nothing_gathers_nothing() {
    let random = &mut Random(3);
    for rows in [vec![(0, 0), (3, 3)], vec![(5, 5), (2, 5)]] {
        let shape = Shape {
            batch: 2,
            queries: 5,
            keys: 5,
            heads: [2, 1],
            head_dim: 4,
            visible: Visible {
                causal_from: Some(0),
                window: None,
                rows: Some(rows),
                since: None,
            },
            dropout: 0.0,
            range: 1.0,
        };
        shape.check_apart(random, 1e-6, true);
    }
}

#[test]
fn texts_in_one_row_see_themselves_alone() {
    let random = &mut Random(6);
    for tokens in [1, 7, 40, 90, 200] {
        for heads in [[1, 1], [4, 2]] {
            let row = |random: &mut Random| {
                let mut since = vec![0];
                for column in 1..tokens {
                    let begins = random.within(0, 9) == 0;
                    since.push(if begins { column } else { since[column - 1] });
                }
                since
            };
            let since = [row(random), row(random)].concat();
            let shape = Shape {
                batch: 2,
                queries: tokens,
                keys: tokens,
                heads,
                head_dim: 8,
                visible: Visible {
                    causal_from: Some(0),
                    since: Some(since.into()),
                    ..Visible::default()
                },
                dropout: 0.0,
                range: 1.0,
            };
            shape.check_packed(random);
        }
    }
}

#[test]
fn scores_of_thousands_stay_finite() {
    let random = &mut Random(4);
    for causal_from in [None, Some(3)] {
        let shape = Shape {
            batch: 1,
            queries: 20,
            keys: 23,
            heads: [2, 2],
            head_dim: 16,
            visible: Visible {
                causal_from,
                ..Visible::default()
            },
            dropout: 0.0,
            range: 60.0,
        };
        // Scores have three digits before the point and lose as many behind it.
        shape.check_apart(random, 2e-3, false);
    }
}

/// Without autodiff a single query takes another kernel.
#[test]
fn a_single_query_without_autodiff() {
    use crate::check::{device, tensor};
    use burn::tensor::DType;
    let random = &mut Random(5);
    for _ in 0..60 {
        let shape = Shape {
            queries: 1,
            dropout: 0.0,
            ..Shape::random(random)
        };
        let inputs = shape.apart(random);
        let run = |dtype| -> Vec<f64> {
            let device = device();
            let [heads, kv_heads] = shape.heads;
            let part = |i: usize, tokens: usize, heads: usize| {
                // As a cache holds them: heads before tokens, and room behind.
                let input: Tensor<4> = tensor(&inputs[i].values, &device, dtype).reshape([
                    shape.batch,
                    tokens,
                    heads,
                    shape.head_dim,
                ]);
                let room = Tensor::zeros([shape.batch, heads, 3, shape.head_dim], (&device, dtype));
                let held = Tensor::cat(vec![input.swap_dims(1, 2), room], 2);
                held.narrow(2, 0, tokens).swap_dims(1, 2)
            };
            let apart = Heads::Apart([
                part(0, 1, heads),
                part(1, shape.keys, kv_heads),
                part(2, shape.keys, kv_heads),
            ]);
            let like = tensor(&inputs[0].values, &device, dtype);
            shape.run(apart, &like).try_into_vec_as().unwrap()
        };
        let (wide, narrow) = (run(DType::F64), run(DType::F32));
        for (x, y) in narrow.iter().zip(&wide) {
            assert!((x - y).abs() < 2e-6, "{shape:?}: {x} instead of {y}");
        }
    }
}
