//! How a token knows where it stands: tables of sines and cosines.
//!
//! Sinusoidal positions (Vaswani et al. 2017, section 3.5) are added to the embedding; rotary
//! positions (Su et al. 2021, <https://arxiv.org/abs/2104.09864>) turn queries and keys. Both
//! tables are made once, on the host in f64, when the model is built. Learned positions are
//! parameters and live in [`Embeddings`](crate::Embeddings).

use crate::config::RopeScaling;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::f64::consts::TAU;

/// Where the tokens of one forward pass stand.
pub(crate) struct Positions {
    /// In every row at `start..start + seq`, unless the rows have their own.
    pub start: usize,
    pub seq: usize,
    /// `[batch · seq]`
    pub of_rows: Option<Tensor<1, Int>>,
}

impl Positions {
    /// What `table`, `[max_seq_len, width]`, says about them: `[1 or batch, seq, width]`.
    pub(crate) fn look_up(&self, table: Tensor<2>) -> Tensor<3> {
        let Some(positions) = &self.of_rows else {
            return table.narrow(0, self.start, self.seq).unsqueeze();
        };
        let width = table.dims()[1];
        let rows = table.select(0, positions.clone()); // [batch · seq, width]
        let batch = rows.dims()[0] / self.seq;
        rows.reshape([batch, self.seq, width])
    }
}

/// Where the channels of a sine and of its cosine lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waves {
    /// Sines in the even channels, cosines in the odd ones.
    Alternating,
    /// Sines in the first half, cosines in the second.
    Halves,
}

/// `[max_seq_len, d_model]`
pub(crate) fn sinusoidal(
    max_seq_len: usize,
    d_model: usize,
    kind: Waves,
    device: &Device,
) -> Tensor<2> {
    let table = waves(max_seq_len, d_model, kind);
    Tensor::from_data(TensorData::new(table, [max_seq_len, d_model]), device)
}

/// The same as numbers, row by row.
pub(crate) fn waves(max_seq_len: usize, d_model: usize, kind: Waves) -> Vec<f32> {
    let mut table = vec![0.0; max_seq_len * d_model];
    for (position, row) in table.chunks_exact_mut(d_model).enumerate() {
        for pair in 0..d_model / 2 {
            let exponent = 2.0 * pair as f64 / d_model as f64;
            let angle = position as f64 / 10_000f64.powf(exponent);
            let (sine, cosine) = match kind {
                Waves::Alternating => (2 * pair, 2 * pair + 1),
                Waves::Halves => (pair, d_model / 2 + pair),
            };
            row[sine] = angle.sin() as f32;
            row[cosine] = angle.cos() as f32;
        }
    }
    table
}

/// The tables of rotary positions.
#[derive(Module, Debug)]
pub struct Rotary {
    /// `[max_seq_len, head_dim / 2]`
    cos: Tensor<2>,
    /// `[max_seq_len, head_dim / 2]`
    sin: Tensor<2>,
}

impl Rotary {
    pub(crate) fn new(
        theta: f64,
        scaling: RopeScaling,
        max_seq_len: usize,
        head_dim: usize,
        device: &Device,
    ) -> Self {
        let frequencies = frequencies(theta, scaling, head_dim);
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..max_seq_len)
                .flat_map(|position| {
                    frequencies
                        .iter()
                        .map(move |w| f(position as f64 * w) as f32)
                })
                .collect();
            Tensor::from_data(TensorData::new(values, [max_seq_len, head_dim / 2]), device)
        };
        Self {
            cos: table(f64::cos),
            sin: table(f64::sin),
        }
    }

    /// The turns of `positions`, shared by all layers of a forward pass.
    pub(crate) fn turns(&self, positions: &Positions) -> Turns {
        let at = |table: &Tensor<2>| {
            let rows = positions.look_up(table.clone());
            rows.unsqueeze_dim(2) // [1 or batch, seq, 1, head_dim / 2]
        };
        Turns {
            cos: at(&self.cos),
            sin: at(&self.sin),
        }
    }
}

/// Cosines and sines for the positions of one forward pass, each
/// `[1 or batch, seq, 1, head_dim / 2]`.
pub(crate) struct Turns {
    pub cos: Tensor<4>,
    pub sin: Tensor<4>,
}

/// Angle per token of each channel pair, in radians.
fn frequencies(theta: f64, scaling: RopeScaling, head_dim: usize) -> Vec<f64> {
    (0..head_dim / 2)
        .map(|pair| theta.powf(-2.0 * pair as f64 / head_dim as f64))
        .map(|frequency| stretch(frequency, scaling))
        .collect()
}

fn stretch(frequency: f64, scaling: RopeScaling) -> f64 {
    match scaling {
        RopeScaling::None => frequency,
        RopeScaling::Linear { factor } => frequency / factor,
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_max_seq_len,
        } => {
            // How often the wave turns within the original context.
            let turns = original_max_seq_len as f64 * frequency / TAU;
            if turns < low_freq_factor {
                frequency / factor
            } else if turns > high_freq_factor {
                frequency
            } else {
                let keep = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor);
                (1.0 - keep) * frequency / factor + keep * frequency
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ops::rotate;

    #[test]
    fn llama3_keeps_short_waves_and_stretches_long_ones() {
        let scaling = RopeScaling::Llama3 {
            factor: 32.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_seq_len: 8192,
        };
        let plain = frequencies(500_000.0, RopeScaling::None, 64);
        let scaled = frequencies(500_000.0, scaling, 64);
        assert_eq!(plain[0], 1.0);
        assert_eq!(scaled[0], plain[0]);
        assert_eq!(scaled[31], plain[31] / 32.0);
        // What transformers 4.57 computes for Llama-3.2-1B: the channels 0..=14 are kept, 15 to 17
        // interpolated, and those from 18 on divided by 32.
        for pair in 0..32 {
            let ratio = plain[pair] / scaled[pair];
            match pair {
                0..=14 => assert_eq!(ratio, 1.0, "pair {pair}"),
                15..=17 => assert!(ratio > 1.0 && ratio < 32.0, "pair {pair}: {ratio}"),
                _ => assert!((ratio - 32.0).abs() < 1e-9, "pair {pair}: {ratio}"),
            }
        }
    }

    #[test]
    fn turning_depends_only_on_the_distance() {
        let device = Device::default();
        let rotary = Rotary::new(10_000.0, RopeScaling::None, 32, 4, &device);
        let vector = |values: [f32; 4]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, 1, 4]), &device)
        };
        let score = |query: usize, key: usize| {
            let at = |start| {
                rotary.turns(&Positions {
                    start,
                    seq: 1,
                    of_rows: None,
                })
            };
            let turn = |turns: Turns, x| rotate(x, &turns.cos, &turns.sin);
            let q = turn(at(query), vector([0.3, -1.0, 0.7, 0.2]));
            let k = turn(at(key), vector([-0.5, 0.4, 1.1, 0.9]));
            (q * k).sum().into_scalar::<f32>()
        };
        assert!((score(9, 4) - score(25, 20)).abs() < 1e-5);
        assert!((score(9, 4) - score(9, 5)).abs() > 1e-2);
    }

    #[test]
    fn sinusoidal_matches_the_paper() {
        let table = sinusoidal(3, 4, Waves::Alternating, &Device::default())
            .try_into_vec_as::<f32>()
            .unwrap();
        let expected = [
            [0.0, 1.0, 0.0, 1.0],
            [1f64.sin(), 1f64.cos(), 0.01f64.sin(), 0.01f64.cos()],
            [2f64.sin(), 2f64.cos(), 0.02f64.sin(), 0.02f64.cos()],
        ];
        let expected: Vec<f32> = expected.concat().into_iter().map(|v| v as f32).collect();
        assert_eq!(table, expected);
    }
}
