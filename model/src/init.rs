//! Where a new module's values come from: the initial distribution, or a file.
//!
//! Modules are built by one piece of code whatever fills them: each asks a [`Builder`] for its
//! parameters by path and shape, and the builder's source answers with values. So a model that is
//! loaded never draws random weights first, and a file is checked by the same list of names and
//! shapes that makes a fresh model.
//!
//! Fresh weights follow GPT-2 (Radford et al. 2019): N(0, 0.02), the projections that write into
//! the residual stream scaled by 1/√(2 · layers), biases 0, gains 1.

use crate::random::{Domain, normal, stream};
use burn::module::Param;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Device, Tensor, TensorData};

/// Standard deviation of fresh weights.
const STD: f64 = 0.02;

/// How a parameter begins when no file gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Init {
    Zeros,
    Ones,
    Normal { std: f64 },
}

impl Init {
    /// For weights that do not write into the residual stream.
    pub(crate) const WEIGHT: Self = Self::Normal { std: STD };

    /// For a projection that writes into the residual stream of `n_layers` blocks. Each block adds
    /// two branches, whose variances add up.
    pub(crate) fn residual(n_layers: usize) -> Self {
        Self::Normal {
            std: STD / ((2 * n_layers) as f64).sqrt(),
        }
    }
}

/// One parameter that a module asks for.
pub(crate) struct Request<'a> {
    /// As Burn's module visitors name it, for example `stack.blocks.0.attention.query.weight`.
    pub path: &'a str,
    pub shape: &'a [usize],
    pub init: Init,
}

/// Answers requests with row-major values.
type Source<'a, E> = dyn FnMut(Request<'_>) -> Result<Vec<f32>, E> + 'a;

/// Looks at requests.
type Check<'a, E> = dyn FnMut(Request<'_>) -> Result<(), E> + 'a;

/// Hands parameters to modules under construction.
pub(crate) struct Builder<'a, E> {
    device: &'a Device,
    origin: Origin<'a, E>,
}

enum Origin<'a, E> {
    Source(&'a mut Source<'a, E>),
    Check(&'a mut Check<'a, E>),
}

impl<'a, E> Builder<'a, E> {
    pub(crate) fn new(device: &'a Device, source: &'a mut Source<'a, E>) -> Self {
        let origin = Origin::Source(source);
        Self { device, origin }
    }

    /// A builder of modules that hold nothing: `check` sees what they would ask for.
    pub(crate) fn checking(device: &'a Device, check: &'a mut Check<'a, E>) -> Self {
        let origin = Origin::Check(check);
        Self { device, origin }
    }

    pub(crate) fn device(&self) -> &Device {
        self.device
    }

    /// How many rows a table for `max_seq_len` positions is made with.
    pub(crate) fn table_rows(&self, max_seq_len: usize) -> usize {
        match self.origin {
            Origin::Source(_) => max_seq_len,
            Origin::Check(_) => 1,
        }
    }

    pub(crate) fn param<const D: usize>(
        &mut self,
        path: &str,
        shape: [usize; D],
        init: Init,
    ) -> Result<Param<Tensor<D>>, E> {
        let request = Request {
            path,
            shape: &shape,
            init,
        };
        let data = match &mut self.origin {
            Origin::Source(source) => TensorData::new(source(request)?, shape),
            Origin::Check(check) => {
                check(request)?;
                TensorData::new(vec![0f32], [1; D])
            }
        };
        Ok(Param::from_data(data, self.device))
    }

    /// A linear layer with a weight `[from, to]`.
    pub(crate) fn linear(
        &mut self,
        path: &str,
        [from, to]: [usize; 2],
        bias: bool,
        init: Init,
    ) -> Result<Linear, E> {
        let weight = self.param(&format!("{path}.weight"), [from, to], init)?;
        let bias = match bias {
            true => Some(self.param(&format!("{path}.bias"), [to], Init::Zeros)?),
            false => None,
        };
        Ok(Linear { weight, bias })
    }

    /// A table of `n` vectors of `width` values.
    pub(crate) fn embedding(
        &mut self,
        path: &str,
        [n, width]: [usize; 2],
        init: Init,
    ) -> Result<Embedding, E> {
        let weight = self.param(&format!("{path}.weight"), [n, width], init)?;
        Ok(Embedding { weight })
    }
}

/// A source of fresh values: a pure function of `seed` and of the requests' order.
///
/// They are drawn on the host, so that every backend begins with equal weights.
pub(crate) fn fresh<E>(seed: u64) -> impl FnMut(Request<'_>) -> Result<Vec<f32>, E> {
    let mut number = 0;
    move |request| {
        let n = request.shape.iter().product();
        let values = match request.init {
            Init::Zeros => vec![0.0; n],
            Init::Ones => vec![1.0; n],
            Init::Normal { std } => normal(&mut stream(Domain::Weights, seed, number), std, n),
        };
        number += 1;
        Ok(values)
    }
}
