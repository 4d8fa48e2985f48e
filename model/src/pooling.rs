//! How the vectors of a text's tokens become one.

use crate::config::TransformerConfig;
use crate::init::{Builder, Init};
use crate::padding::Padding;
use burn::module::{Module, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};

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

impl Pooling {
    /// One vector for each row of `hidden`, `[batch, seq, d_model]`: `[batch, d_model]`.
    pub(crate) fn pool(self, hidden: Tensor<3>, padding: Option<&Padding>) -> Tensor<2> {
        let [batch, seq, d_model] = hidden.dims();
        let rows = tokens_of(padding, [batch, seq]);
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

/// A mean whose weights are learnt: each token's is how well its vector fits a query (Yang et al. 2016,
/// <https://aclanthology.org/N16-1174>, without their hidden layer). Filler has none.
#[derive(Module, Debug)]
pub struct AttentionPool {
    /// What is looked for, `[d_model, 1]`. At first nothing is, and the mean is the plain one.
    pub query: Param<Tensor<2>>,
}

impl AttentionPool {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        let shape = [config.d_model, 1];
        let query = builder.param(&format!("{path}.query"), shape, Init::Zeros)?;
        Ok(Self { query })
    }

    /// One vector for each row of `hidden`, `[batch, seq, d_model]`: `[batch, d_model]`.
    pub(crate) fn pool(&self, hidden: Tensor<3>, padding: Option<&Padding>) -> Tensor<2> {
        let [batch, seq, d_model] = hidden.dims();
        let (device, dtype) = (hidden.device(), hidden.dtype());
        let rows = tokens_of(padding, [batch, seq]);
        let lowered = rows.iter().flat_map(|row| {
            (0..seq).map(move |column| match (row.0..row.1).contains(&column) {
                true => 0.0,
                false => -1e9,
            })
        });
        let data = TensorData::new(lowered.collect::<Vec<f32>>(), [batch, seq]);
        let lowered = Tensor::<2>::from_data(data, (&device, dtype));
        let flat = hidden.clone().reshape([batch * seq, d_model]);
        let fits = flat.matmul(self.query.val()).reshape([batch, seq]);
        let fits = fits / (d_model as f64).sqrt() + lowered;
        let shares = softmax(fits, 1).unsqueeze_dim::<3>(1);
        shares.matmul(hidden).squeeze_dim(1)
    }
}

/// The columns `from..to` of each row that are tokens.
fn tokens_of(padding: Option<&Padding>, [batch, seq]: [usize; 2]) -> Vec<(usize, usize)> {
    match padding {
        Some(padding) => padding.tokens(seq),
        None => vec![(0, seq); batch],
    }
}
