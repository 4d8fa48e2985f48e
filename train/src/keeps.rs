//! Which step's model is the result of a training.

use crate::checkpoint::{Bundle, Shelf};
use crate::task::Task;
use crate::{Error, Result};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Which step's model is the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keeps {
    /// That of the lowest validation loss. With few validation texts the lowest one is often an early
    /// one, whose model is not sure of much yet.
    #[default]
    Best,
    /// The last.
    Last,
    /// The mean of the parameters after each of the last so many checkpoints (Vaswani et al. 2017,
    /// <https://arxiv.org/abs/1706.03762>, section 6.1).
    Average(usize),
}

impl Keeps {
    /// The model, and the last step in it. `best` is the step of the lowest validation loss; `base`
    /// gives what the training began with, which holds whatever does not learn; `whole` takes the model
    /// out of it, adapters part of their matrices.
    ///
    /// # Errors
    ///
    /// A checkpoint that is gone or damaged.
    pub fn model<T: Task, M: Module, E: From<Error>>(
        self,
        shelf: &Shelf,
        best: u64,
        base: impl Fn() -> std::result::Result<T, E>,
        whole: impl Fn(T) -> M,
    ) -> std::result::Result<(M, u64), E> {
        let bundles = shelf.bundles()?;
        let chosen: Vec<&Bundle> = match self {
            Self::Best => bundles.iter().filter(|it| it.step == best).collect(),
            Self::Last => bundles.last().into_iter().collect(),
            Self::Average(n) => bundles.iter().rev().take(n).rev().collect(),
        };
        let of = |bundle: &Bundle| -> std::result::Result<M, E> {
            let task = base()?;
            let load = || -> Result<T> {
                bundle.verify()?;
                bundle.load_model(task)
            };
            Ok(whole(load()?))
        };
        let Some((last, others)) = chosen.split_last() else {
            let error = Error::Folder {
                path: shelf.path().into(),
                what: match self {
                    Self::Best => format!("the checkpoint of the best step, {best}, is gone"),
                    Self::Last | Self::Average(_) => "there are no checkpoints".into(),
                },
            };
            return Err(error.into());
        };
        let mut mean = of(last)?;
        for (count, other) in (1..).zip(others) {
            mean = toward(mean, &of(other)?, 1.0 / f64::from(count + 1));
        }
        Ok((mean, last.step))
    }
}

/// `model` moved to `other` by a share of the way between them.
fn toward<M: Module>(model: M, other: &M, share: f64) -> M {
    let mut theirs = Values::default();
    other.visit(&mut theirs);
    model.map(&mut Toward {
        theirs: theirs.0.into_iter(),
        share,
    })
}

/// All parameters, in the order of the module's fields, as vectors.
#[derive(Default)]
struct Values(Vec<Tensor<1>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().flatten(0, D - 1));
    }
}

struct Toward {
    theirs: std::vec::IntoIter<Tensor<1>>,
    share: f64,
}

impl ModuleMapper for Toward {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let theirs = self.theirs.next();
        param.map(|value| match theirs {
            Some(theirs) => {
                let theirs = theirs.reshape(value.shape());
                value.clone() + (theirs - value) * self.share
            }
            None => value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, TensorData};

    fn model(values: [f32; 2]) -> Linear {
        let mut model = LinearConfig::new(2, 1)
            .with_bias(false)
            .init(&Device::default());
        let data = TensorData::new(values.to_vec(), [2, 1]);
        model.weight = Param::from_data(data, &Device::default());
        model
    }

    #[test]
    fn a_mean_lies_between_all_of_them() {
        let models = [model([1.0, 8.0]), model([3.0, 2.0]), model([5.0, 5.0])];
        let mean = toward(models[0].clone(), &models[1], 1.0 / 2.0);
        let mean = toward(mean, &models[2], 1.0 / 3.0);
        let mean = mean.weight.val().into_data();
        mean.assert_approx_eq::<f32>(
            &TensorData::new(vec![3.0f32, 5.0], [2, 1]),
            burn::tensor::Tolerance::default(),
        );
    }
}
