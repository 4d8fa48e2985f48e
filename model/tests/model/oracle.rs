//! The forward pass against one written with loops, straight from the papers, in f64.
//!
//! The golden models cover GPT-2 and Llama; this covers every value of every axis.

use crate::{floats, fresh, ids, parameters, shapes};
use burn::tensor::Device;
use slovo_model::{
    Activation, FeedForwardKind, NormKind, Pass, Placement, PositionKind, RopeScaling,
    TransformerConfig,
};
use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};

type Rows = Vec<Vec<f64>>;

struct Oracle<'a> {
    config: &'a TransformerConfig,
    parameters: BTreeMap<String, Vec<f64>>,
}

impl Oracle<'_> {
    fn logits(&self, tokens: &[usize]) -> Rows {
        let d = self.config.d_model;
        let table = &self.parameters["embedding.tokens.weight"];
        let embed = |(position, token): (usize, &usize)| {
            let mut x = table[token * d..(token + 1) * d].to_vec();
            if self.config.embedding_scale {
                x.iter_mut().for_each(|x| *x *= (d as f64).sqrt());
            }
            for (channel, x) in x.iter_mut().enumerate() {
                *x += self.added_position(position, channel);
            }
            x
        };
        let mut x: Rows = tokens.iter().enumerate().map(embed).collect();
        for layer in 0..self.config.n_layers {
            let at = |part: &str| format!("stack.blocks.{layer}.{part}");
            x = self.residual(x, &at("attention_norm"), |x| {
                self.attention(x, &at("attention"))
            });
            let feed_forward = |x: &Rows| self.feed_forward(x, &at("feed_forward"));
            x = self.residual(x, &at("feed_forward_norm"), feed_forward);
        }
        if self.config.placement == Placement::Pre {
            x = self.norm(&x, "stack.norm");
        }
        let vocab = self.config.vocab_size;
        let head = |x: &Vec<f64>| {
            let weight = |token: usize, channel: usize| match self.config.tied {
                true => table[token * d + channel],
                false => self.parameters["head.output.weight"][channel * vocab + token],
            };
            (0..vocab)
                .map(|t| (0..d).map(|c| x[c] * weight(t, c)).sum())
                .collect()
        };
        x.iter().map(head).collect()
    }

    fn added_position(&self, position: usize, channel: usize) -> f64 {
        let d = self.config.d_model;
        match self.config.position {
            PositionKind::Learned => {
                self.parameters["embedding.positions.weight"][position * d + channel]
            }
            PositionKind::Sinusoidal => {
                let exponent = (channel - channel % 2) as f64 / d as f64;
                let angle = position as f64 / 10_000f64.powf(exponent);
                if channel.is_multiple_of(2) {
                    angle.sin()
                } else {
                    angle.cos()
                }
            }
            PositionKind::SinusoidalHalves => {
                let angle =
                    |pair: usize| position as f64 / 10_000f64.powf(2.0 * pair as f64 / d as f64);
                match channel < d / 2 {
                    true => angle(channel).sin(),
                    false => angle(channel - d / 2).cos(),
                }
            }
            PositionKind::Rotary { .. } => 0.0,
        }
    }

    fn residual(&self, x: Rows, norm: &str, branch: impl Fn(&Rows) -> Rows) -> Rows {
        let add = |x: &Rows, y: Rows| -> Rows {
            let pairs = x.iter().zip(y);
            pairs
                .map(|(x, y)| x.iter().zip(y).map(|(x, y)| x + y).collect())
                .collect()
        };
        match self.config.placement {
            Placement::Pre => add(&x, branch(&self.norm(&x, norm))),
            Placement::Post => self.norm(&add(&x, branch(&x)), norm),
        }
    }

    fn norm(&self, x: &Rows, path: &str) -> Rows {
        let gamma = &self.parameters[&format!("{path}.gamma")];
        let beta = self.parameters.get(&format!("{path}.beta"));
        let row = |x: &Vec<f64>| {
            let n = x.len() as f64;
            let mean = match self.config.norm {
                NormKind::LayerNorm { .. } => x.iter().sum::<f64>() / n,
                NormKind::RmsNorm { .. } => 0.0,
            };
            let square = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let scale = (square + self.config.norm.epsilon()).sqrt();
            let shift = |channel: usize| beta.map_or(0.0, |beta| beta[channel]);
            (0..x.len())
                .map(|c| (x[c] - mean) / scale * gamma[c] + shift(c))
                .collect()
        };
        x.iter().map(row).collect()
    }

    fn linear(&self, x: &Rows, path: &str) -> Rows {
        let weight = &self.parameters[&format!("{path}.weight")];
        let bias = self.parameters.get(&format!("{path}.bias"));
        let width = weight.len() / x[0].len();
        let row = |x: &Vec<f64>| {
            let sum = |to: usize| {
                let products = x
                    .iter()
                    .enumerate()
                    .map(|(from, x)| x * weight[from * width + to]);
                products.sum::<f64>() + bias.map_or(0.0, |bias| bias[to])
            };
            (0..width).map(sum).collect()
        };
        x.iter().map(row).collect()
    }

    fn attention(&self, x: &Rows, path: &str) -> Rows {
        let (heads, width) = (self.config.n_heads, self.config.head_size());
        let groups = heads / self.config.kv_heads();
        let project = |name: &str| self.linear(x, &format!("{path}.{name}"));
        let (mut query, mut key, value) = (project("query"), project("key"), project("value"));
        if self.config.query_key_norm {
            let norm = |rows: Rows, name: &str| -> Rows {
                let name = format!("{path}.{name}");
                let heads = |row: &Vec<f64>| row.chunks(width).map(<[f64]>::to_vec).collect();
                let row = |row| self.norm(&heads(row), &name).concat();
                rows.iter().map(row).collect()
            };
            (query, key) = (norm(query, "query_norm"), norm(key, "key_norm"));
        }
        let first = |at: usize| match self.config.window {
            Some(window) => (at + 1).saturating_sub(window),
            None => 0,
        };
        let head = |rows: &Rows, at: usize, head: usize| {
            self.turn(at, rows[at][head * width..(head + 1) * width].to_vec())
        };
        let mut mixed = vec![vec![0.0; heads * width]; x.len()];
        for (at, mixed) in mixed.iter_mut().enumerate() {
            for h in 0..heads {
                let q = head(&query, at, h);
                let score = |past: usize| {
                    let k = head(&key, past, h / groups);
                    q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() / (width as f64).sqrt()
                };
                let weight = |past| (past, f64::exp(score(past)));
                let weights: Vec<_> = (first(at)..=at).map(weight).collect();
                let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
                for &(past, weight) in &weights {
                    for c in 0..width {
                        let v = value[past][h / groups * width + c];
                        mixed[h * width + c] += weight / total * v;
                    }
                }
            }
        }
        self.linear(&mixed, &format!("{path}.output"))
    }

    /// Rotary positions as complex multiplication: channel `i` is the real part, `i + half` the
    /// imaginary one.
    fn turn(&self, at: usize, x: Vec<f64>) -> Vec<f64> {
        let PositionKind::Rotary { theta, scaling } = self.config.position else {
            return x;
        };
        let half = x.len() / 2;
        let mut turned = x.clone();
        for i in 0..half {
            let mut frequency = 1.0 / theta.powf(i as f64 / half as f64);
            if let RopeScaling::Linear { factor } = scaling {
                frequency /= factor;
            }
            if let RopeScaling::Llama3 {
                factor,
                low_freq_factor: low,
                high_freq_factor: high,
                original_max_seq_len,
            } = scaling
            {
                let wavelength = TAU / frequency;
                let smooth = (original_max_seq_len as f64 / wavelength - low) / (high - low);
                let smooth = smooth.clamp(0.0, 1.0);
                frequency = (1.0 - smooth) * frequency / factor + smooth * frequency;
            }
            let (sin, cos) = (at as f64 * frequency).sin_cos();
            turned[i] = x[i] * cos - x[i + half] * sin;
            turned[i + half] = x[i] * sin + x[i + half] * cos;
        }
        turned
    }

    fn feed_forward(&self, x: &Rows, path: &str) -> Rows {
        let project = |x: &Rows, name: &str| self.linear(x, &format!("{path}.{name}"));
        let mut inner = project(x, "up");
        match self.config.feed_forward {
            FeedForwardKind::Plain(kind) => {
                inner
                    .iter_mut()
                    .flatten()
                    .for_each(|x| *x = activate(kind, *x));
            }
            FeedForwardKind::Gated(kind) => {
                let gate = project(x, "gate");
                let pairs = inner.iter_mut().flatten().zip(gate.into_iter().flatten());
                pairs.for_each(|(x, gate)| *x *= activate(kind, gate));
            }
        }
        project(&inner, "down")
    }
}

fn activate(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::GeluTanh => {
            0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Activation::GeluErf => 0.5 * x * (1.0 + erf(x / 2f64.sqrt())),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Relu => x.max(0.0),
    }
}

/// The error function by its Taylor series, which converges quickly near zero.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..60 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / PI.sqrt() * sum
}

#[test]
fn every_shape_computes_what_the_papers_say() {
    let device = Device::default();
    for (name, config) in shapes::all() {
        let mut model = fresh(&config, 12);
        // Fresh weights are so small that attention is nearly uniform and activations are nearly
        // linear; larger ones, and gains and biases off their start, show every mistake.
        crate::shake(&mut model);
        let values = |bits: Vec<u32>| {
            bits.into_iter()
                .map(|b| f64::from(f32::from_bits(b)))
                .collect::<Vec<f64>>()
        };
        let parameters = parameters(&model)
            .into_iter()
            .map(|(path, bits)| (path, values(bits)));
        let oracle = Oracle {
            config: &config,
            parameters: parameters.collect(),
        };
        let (batch, seq) = (2, 9);
        let tokens = ids(batch, seq, config.vocab_size, &device);
        let rows = tokens.clone().try_into_vec_as::<i64>().unwrap();
        let expected: Vec<f64> = rows
            .chunks(seq)
            .map(|row| row.iter().map(|id| *id as usize).collect::<Vec<_>>())
            .flat_map(|row| oracle.logits(&row))
            .flatten()
            .collect();
        let ours = floats(model.forward(tokens, &mut Pass::default()));
        let scale = expected.iter().fold(0f64, |max, x| max.max(x.abs()));
        for (i, (ours, expected)) in ours.into_iter().zip(expected).enumerate() {
            let error = (f64::from(ours) - expected).abs() / scale;
            // The shape with biases of queries and keys has the sharpest attention: 1.1e-5, and 1.5e-5
            // from the compositions.
            assert!(
                error < 2e-5,
                "{name}: logit {i} is {ours} instead of {expected}"
            );
        }
    }
}
