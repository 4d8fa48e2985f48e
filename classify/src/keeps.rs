//! Which step's model is the result of a training.

use crate::task::ClassifyTask;
use crate::{Error, Result};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use slovo_model::Classifier;
use slovo_train::checkpoint::{Bundle, Shelf};

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
    /// The model without gradients, adapters part of their matrices, and the last step in it. `best` is
    /// the step of the lowest validation loss; `base` gives what the training began with, which holds
    /// whatever does not learn.
    ///
    /// # Errors
    ///
    /// A checkpoint that is gone or damaged.
    pub fn model(
        self,
        shelf: &Shelf,
        best: u64,
        base: impl Fn() -> Result<ClassifyTask>,
    ) -> Result<(Classifier, u64)> {
        let bundles = shelf.bundles()?;
        let chosen: Vec<&Bundle> = match self {
            Self::Best => bundles.iter().filter(|it| it.step == best).collect(),
            Self::Last => bundles.last().into_iter().collect(),
            Self::Average(n) => bundles.iter().rev().take(n).rev().collect(),
        };
        let of = |bundle: &Bundle| -> Result<Classifier> {
            bundle.verify()?;
            let task = bundle.load_model(base()?)?;
            Ok(task.model.valid().materialize())
        };
        let Some((last, others)) = chosen.split_last() else {
            return Err(Error::Folder {
                path: shelf.path().into(),
                what: match self {
                    Self::Best => format!("the checkpoint of the best step, {best}, is gone"),
                    Self::Last | Self::Average(_) => "there are no checkpoints".into(),
                },
            });
        };
        let mut mean = of(last)?;
        for (count, other) in (1..).zip(others) {
            mean = toward(mean, &of(other)?, 1.0 / f64::from(count + 1));
        }
        Ok((mean, last.step))
    }
}

/// `model` moved to `other` by a share of the way between them.
fn toward(model: Classifier, other: &Classifier, share: f64) -> Classifier {
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
    use burn::tensor::Device;
    use slovo_model::{ClassifierConfig, HeadKind, PoolKind, TransformerConfig};

    fn model(seed: u64) -> Classifier {
        let config = ClassifierConfig {
            transformer: TransformerConfig {
                vocab_size: 11,
                d_model: 8,
                n_layers: 1,
                n_heads: 2,
                max_seq_len: 4,
                ..TransformerConfig::default()
            },
            pool: PoolKind::Mean,
            head: HeadKind::Linear,
            labels: vec!["ham".into(), "spam".into()],
            multi_label: false,
        };
        Classifier::new(&config, seed, &Device::default()).unwrap()
    }

    fn numbers(model: &Classifier) -> Vec<f32> {
        let mut all = Values::default();
        model.visit(&mut all);
        let all = all.0.into_iter();
        all.flat_map(|value| value.into_data().try_to_vec::<f32>().unwrap())
            .collect()
    }

    #[test]
    fn a_mean_lies_between_all_of_them() {
        let models = [model(1), model(2), model(3)];
        let [first, second, third] = models.each_ref().map(numbers);
        assert_ne!(first, second);
        let mean = toward(models[0].clone(), &models[1], 1.0 / 2.0);
        let mean = numbers(&toward(mean, &models[2], 1.0 / 3.0));
        assert_eq!(mean.len(), first.len());
        for (i, mean) in mean.iter().enumerate() {
            let expected = (first[i] + second[i] + third[i]) / 3.0;
            assert!((mean - expected).abs() < 1e-6, "{mean} {expected}");
        }
    }
}
