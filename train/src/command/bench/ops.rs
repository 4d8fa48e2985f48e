//! Each of the model's operations, forward and backward: fused, and as the composition of tensor
//! operations that every backend runs.

use super::{Shape, all_asked, median, shape};
use crate::stop::Stop;
use crate::{Error, Result, backend};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Int, Tensor};
use serde::Serialize;
use slovo_args::BenchArgs;
use slovo_model::ops::{self, Columns, HeadSizes, Heads, Visible, Widened};
use slovo_model::{Activation, NormKind, TransformerConfig};
use std::fmt;
use std::time::{Duration, Instant};

/// How long each path of each operation is repeated at least.
const LONG: Duration = Duration::from_millis(300);

/// Milliseconds of one operation of one shape.
#[derive(Clone, Debug, Serialize)]
struct Row {
    config: String,
    operation: &'static str,
    /// `None` where the device has no fused path.
    fused: Option<f64>,
    composed: f64,
}

/// All that were compared.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison(Vec<Row>);

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<10} {:<34} {:>10} {:>10} {:>8}",
            "ms", "forward and backward", "fused", "composed", "times"
        )?;
        for row in &self.0 {
            let (fused, times) = match row.fused {
                Some(fused) => (
                    format!("{fused:.3}"),
                    format!("{:.1}", row.composed / fused),
                ),
                None => ("-".into(), "-".into()),
            };
            write!(
                f,
                "\n{:<10} {:<34} {fused:>10} {:>10.3} {times:>8}",
                row.config, row.operation, row.composed
            )?;
        }
        Ok(())
    }
}

/// Times all operations in the shapes that are asked for.
///
/// # Errors
///
/// An unknown shape, a device that fails, or a request to stop.
pub(super) fn compare(args: &BenchArgs, stop: &Stop) -> Result<Comparison> {
    let device = backend::device(&args.backend)?.autodiff();
    let mut rows = Vec::new();
    for name in all_asked(args)? {
        let bench = Bench::new(shape(name)?, &device);
        for (operation, run) in OPERATIONS {
            let time = |fused| {
                ops::use_fused(fused);
                let time = milliseconds(&device, || run(&bench));
                ops::use_fused(true);
                time
            };
            rows.push(Row {
                config: name.into(),
                operation,
                fused: match ops::fused(&bench.hidden) {
                    true => Some(time(true)?),
                    false => None,
                },
                composed: time(false)?,
            });
            if stop.requested() {
                return Err(slovo_data::Error::Stopped.into());
            }
        }
    }
    Ok(Comparison(rows))
}

/// The median of several runs, after one that is not timed.
fn milliseconds(device: &Device, run: impl Fn()) -> Result<f64> {
    let once = || -> Result<Duration> {
        let start = Instant::now();
        run();
        let done = device.sync();
        done.map_err(|error| Error::Training(error.to_string()))?;
        Ok(start.elapsed())
    };
    once()?;
    let (mut all, mut times) = (Duration::ZERO, Vec::new());
    while all < LONG || times.len() < 3 {
        let time = once()?;
        all += time;
        times.push(1e3 * time.as_secs_f64());
    }
    Ok(median(times))
}

/// What the operations of one shape work on.
struct Bench {
    config: TransformerConfig,
    device: Device,
    /// `[sequences, context, d_model]`
    hidden: Tensor<3>,
    qkv: Linear,
    square: Linear,
    up: Linear,
    down: Linear,
    gain: Tensor<1>,
    /// `[sequences, context, 3 · d_model]`
    packed: Tensor<3>,
    /// `[vocab_size, d_model]`
    table: Tensor<2>,
    tokens: Tensor<2, Int>,
}

impl Bench {
    fn new(Shape { config, sequences }: Shape, device: &Device) -> Self {
        let (d, context) = (config.d_model, config.max_seq_len);
        let normal = Distribution::Normal(0.0, 1.0);
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let tokens = Distribution::Uniform(0.0, config.vocab_size as f64);
        Self {
            hidden: Tensor::random([sequences, context, d], normal, device).require_grad(),
            qkv: linear(d, 3 * d),
            square: linear(d, d),
            up: linear(d, config.ff_size()),
            down: linear(config.ff_size(), d),
            packed: Tensor::random([sequences, context, 3 * d], normal, device).require_grad(),
            gain: Tensor::ones([d], device).require_grad(),
            table: Tensor::random([config.vocab_size, d], normal, device).require_grad(),
            tokens: Tensor::random([sequences, context], tokens, device),
            config,
            device: device.clone(),
        }
    }

    fn sizes(&self) -> HeadSizes {
        HeadSizes {
            n_heads: self.config.n_heads,
            n_kv_heads: self.config.n_heads,
            head_dim: self.config.head_size(),
        }
    }

    fn heads(&self) -> Heads {
        Heads::Packed(self.packed.clone(), self.sizes())
    }

    fn attend(&self, heads: Heads) -> Tensor<3> {
        let context = self.config.max_seq_len;
        let visible = Visible {
            causal_from: Some(0),
            ..Visible::default()
        };
        let sight = visible.sight(&self.hidden, [context; 2], 1);
        ops::attention(heads, &sight, 0.0, &mut None)
    }

    fn feed_forward(&self, activation: Activation, gate: Option<&Linear>) {
        let widened = Widened {
            gate,
            up: &self.up,
            down: &self.down,
            activation,
        };
        back(ops::feed_forward(
            self.hidden.clone(),
            widened,
            Some(self.hidden.clone()),
        ));
    }

    fn norm(&self, kind: NormKind, beta: Option<Tensor<1>>) {
        back(ops::norm(
            self.hidden.clone(),
            self.gain.clone(),
            beta,
            kind,
        ));
    }
}

/// A backward pass through all of it.
fn back(output: Tensor<3>) {
    output.sum().backward();
}

/// Runs an operation forward and backward.
type Run = fn(&Bench);

/// The operations by name.
const OPERATIONS: [(&str, Run); 12] = [
    ("embedding", |b| {
        back(ops::embedding(b.table.clone(), b.tokens.clone()));
    }),
    ("LayerNorm", |b| {
        b.norm(NormKind::LayerNorm { epsilon: 1e-5 }, Some(b.gain.clone()));
    }),
    ("RMSNorm", |b| {
        b.norm(NormKind::RmsNorm { epsilon: 1e-5 }, None);
    }),
    ("queries, keys and values", |b| {
        back(ops::linear(b.hidden.clone(), &[&b.qkv], None));
    }),
    ("linear with residual", |b| {
        back(ops::linear(
            b.hidden.clone(),
            &[&b.square],
            Some(b.hidden.clone()),
        ));
    }),
    ("causal attention", |b| back(b.attend(b.heads()))),
    ("rotary positions and attention", |b| {
        let shape = [1, b.config.max_seq_len, 1, b.config.head_size() / 2];
        let angles = Tensor::ones(shape, &b.device).inner();
        let angles = Tensor::from_inner(angles);
        back(b.attend(b.heads().rotate(&angles, &angles)));
    }),
    ("feed-forward, GELU (tanh)", |b| {
        b.feed_forward(Activation::GeluTanh, None);
    }),
    ("feed-forward, GELU (erf)", |b| {
        b.feed_forward(Activation::GeluErf, None);
    }),
    ("feed-forward, gated SiLU", |b| {
        b.feed_forward(Activation::Silu, Some(&b.up));
    }),
    ("cross-entropy, tied head", |b| {
        let [sequences, context, d] = b.hidden.dims();
        let hidden = b.hidden.clone().reshape([sequences * context, d]);
        let targets = b.tokens.clone().reshape([sequences * context]);
        let head = Columns::Tied(b.table.clone());
        ops::linear_cross_entropy(hidden, head, targets, None, 0.0).backward();
    }),
    ("logits, tied head", |b| {
        back(ops::tied_logits(b.hidden.clone(), b.table.clone()));
    }),
];
