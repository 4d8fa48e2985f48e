//! An encoder: every token sees the whole text. BERT (Devlin et al. 2019,
//! <https://arxiv.org/abs/1810.04805>) and its relatives.

use crate::config::TransformerConfig;
use crate::embedding::Embeddings;
use crate::init::{Builder, fresh};
use crate::pass::Pass;
use crate::stack::Stack;
use crate::trunk;
use crate::validate::ConfigError;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::convert::Infallible;

/// From token ids to a vector for each token, or for each text.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Tokens, positions, segments.
    pub embedding: Embeddings,
    /// The blocks.
    pub stack: Stack,
    #[module(skip)]
    config: TransformerConfig,
}

/// How the vectors of a text's tokens become one; filler never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The first token's, where BERT puts its `[CLS]`.
    First,
    /// The last token's.
    Last,
    /// Their mean.
    Mean,
    /// The largest value of each channel.
    Max,
}

impl Encoder {
    /// An encoder with fresh weights: a pure function of `config` and `seed`, equal on every device.
    ///
    /// For training pass `&device.autodiff()`.
    ///
    /// # Errors
    ///
    /// When `config` does not validate.
    pub fn new(
        config: &TransformerConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut source = fresh::<Infallible>(seed);
        match Self::build(&mut Builder::new(device, &mut source), "", config) {
            Ok(model) => Ok(model),
            Err(never) => match never {},
        }
    }

    /// Builds the encoder of a valid `config`; `path` is empty or ends with a dot.
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        Ok(Self {
            embedding: Embeddings::build(builder, &format!("{path}embedding"), config)?,
            stack: Stack::build(builder, &format!("{path}stack"), config, false)?,
            config: config.clone(),
        })
    }

    /// The shape of the encoder.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// A vector for each of `tokens`, `[batch, seq]`: `[batch, seq, d_model]`.
    ///
    /// # Panics
    ///
    /// When the tokens are more than `max_seq_len`, or the padding is for another number of texts.
    pub fn hidden(&self, tokens: Tensor<2, Int>, pass: &mut Pass<'_>) -> Tensor<3> {
        let stack = &self.stack;
        trunk::hidden(&self.embedding, stack, &self.config, tokens, None, pass)
    }

    /// A vector for each text of `tokens`, `[batch, seq]`: `[batch, d_model]`.
    ///
    /// # Panics
    ///
    /// As [`hidden`](Self::hidden).
    pub fn pooled(
        &self,
        tokens: Tensor<2, Int>,
        pass: &mut Pass<'_>,
        pooling: Pooling,
    ) -> Tensor<2> {
        let [batch, seq] = tokens.dims();
        let rows = match pass.padding {
            Some(padding) => padding.tokens(seq),
            None => vec![(0, seq); batch],
        };
        pooling.pool(self.hidden(tokens, pass), &rows)
    }
}

impl Pooling {
    /// One vector for each row of `hidden`, `[batch, seq, d_model]`, whose tokens stand in the
    /// columns `from..to`: `[batch, d_model]`.
    fn pool(self, hidden: Tensor<3>, rows: &[(usize, usize)]) -> Tensor<2> {
        let [batch, seq, d_model] = hidden.dims();
        let (device, dtype) = (hidden.device(), hidden.dtype());
        let one_of_each = |hidden: Tensor<3>, column: fn(&(usize, usize)) -> usize| {
            let places = rows.iter().enumerate();
            let places = places.map(|(i, row)| (i * seq + column(row)) as i64);
            let data = TensorData::new(places.collect::<Vec<i64>>(), [batch]);
            let places = Tensor::<1, Int>::from_data(data, &device);
            hidden.reshape([batch * seq, d_model]).select(0, places)
        };
        let by_token = |shape, number: fn(&(usize, usize), bool) -> f32| {
            let values = rows.iter().flat_map(|row| {
                (0..seq).map(move |column| number(row, (row.0..row.1).contains(&column)))
            });
            let data = TensorData::new(values.collect::<Vec<f32>>(), shape);
            Tensor::<3>::from_data(data, (&device, dtype))
        };
        match self {
            Self::First => one_of_each(hidden, |row| row.0),
            Self::Last => one_of_each(hidden, |row| row.1.saturating_sub(1)),
            Self::Mean => {
                let shares = by_token([batch, 1, seq], |row, is_token| match is_token {
                    true => 1.0 / (row.1 - row.0) as f32,
                    false => 0.0,
                });
                shares.matmul(hidden).squeeze_dim(1)
            }
            Self::Max => {
                let lowered = by_token([batch, seq, 1], |_, is_token| match is_token {
                    true => 0.0,
                    false => f32::MIN / 2.0,
                });
                (hidden + lowered).max_dim(1).squeeze_dim(1)
            }
        }
    }
}
