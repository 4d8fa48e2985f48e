//! What trainings with the same base share: the base, its reading of the texts, and what of that is
//! computed once.

use crate::base;
use crate::batch::Texts;
use crate::classification::Classification;
use crate::encode::Encoded;
use crate::front::{self, Front};
use crate::leak::LeakReport;
use crate::recipe::Recipe;
use crate::split::Split;
use crate::{Error, Result};
use burn::module::Module;
use sha2::{Digest, Sha256};
use slovo_data::files::hex;
use slovo_data::stop::Stop;
use slovo_model::Fixed;
use slovo_train::task::learning_parameters;
use std::sync::Arc;
use std::time::Instant;

/// The sides of one training.
pub(crate) struct Sides {
    pub split: Split,
    /// Places in the test side of texts that do not stand in training.
    pub clean: Vec<usize>,
    /// Texts that stand on more than one of them.
    pub leaks: LeakReport,
}

/// What trainings with the same base share.
pub(crate) struct Ground {
    pub base: base::Opened,
    pub texts: Arc<Texts>,
    pub recipe: Recipe,
    pub frozen_seconds: f64,
}

impl Classification {
    /// Opens the base and lets the part that does not learn read the texts.
    pub(crate) fn ground(&self, splits: &[Sides], number: usize, stop: &Stop) -> Result<Ground> {
        let sides = splits.get(number).unwrap_or(&splits[0]);
        let seed = self.recipe.seed + number as u64;
        let device = self.opened.device.clone();
        let examples = &self.labelled.examples;
        let trained = sides.split.train.iter();
        let trained = trained.map(|item| examples[*item].text.as_str());
        // What learns is loaded where gradients are kept; the rest asks for none.
        let base = base::open(&self.recipe, trained, &device.clone().autodiff())?;
        let positions = base.shape().max_seq_len;
        if self.recipe.encoding.max_tokens > positions {
            return Err(Error::Value {
                field: "encoding.max_tokens",
                found: self.recipe.encoding.max_tokens.to_string(),
                expected: format!("the base reads at most {positions} tokens"),
            });
        }
        let texts: Vec<&str> = examples
            .iter()
            .map(|example| example.text.as_str())
            .collect();
        let place = |i: usize| examples[i].place.to_string();
        let encoded = self
            .recipe
            .encoding
            .encode(&base.tokenizer, &texts, place)?;
        let width = base.shape().d_model;
        let recipe = self
            .recipe
            .clone()
            .resolve(sides.split.train.len(), width)?;
        let started = Instant::now();
        let mut wanted = vec![false; examples.len()];
        for Sides { split, .. } in splits {
            let sides = [&split.train, &split.validation, &split.test];
            sides
                .into_iter()
                .flatten()
                .for_each(|item| wanted[*item] = true);
        }
        let front = self.front(&base, (&encoded, &wanted), seed, stop)?;
        Ok(Ground {
            base,
            texts: Arc::new(Texts {
                classes: examples
                    .iter()
                    .map(|example| example.classes.clone())
                    .collect(),
                count: self.labelled.classes.len(),
                multi_label: self.recipe.data.multi_label.is_some(),
                encoded,
                front,
            }),
            recipe,
            frozen_seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn front(
        &self,
        base: &base::Opened,
        (texts, wanted): (&[Encoded], &[bool]),
        seed: u64,
        stop: &Stop,
    ) -> Result<Option<Front>> {
        let device = &self.opened.device;
        let config = base.classifier_config(&self.recipe, &self.labelled.classes);
        let classifier = base.classifier(&config, seed, &device.clone().autodiff())?;
        let fixed = classifier.fixed(&self.recipe.trains);
        if fixed == Fixed::Nothing {
            return Ok(None);
        }
        let request = front::Request {
            classifier: &classifier.valid(),
            fixed,
            weights: base.fingerprint(seed),
            texts,
            wanted,
            cache: self.recipe.cache,
            device,
            backend: self.opened_name(),
        };
        Front::of(&request, stop)
    }

    fn opened_name(&self) -> &'static str {
        match self.opened.adapter {
            Some(_) => "adapter",
            None => "cpu",
        }
    }

    /// Names texts, sides and what the classifier begins with.
    pub(crate) fn fingerprint(&self, ground: &Ground, sides: &Sides, seed: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(ground.base.fingerprint(seed));
        let Split {
            train,
            validation,
            test,
        } = &sides.split;
        hash.update(format!(
            "{:?} {train:?} {validation:?} {test:?}",
            self.labelled.classes
        ));
        for (encoded, classes) in ground.texts.encoded.iter().zip(&ground.texts.classes) {
            hash.update(format!("{:?}{classes:?}", encoded.ids));
        }
        hex(&hash.finalize())
    }

    /// How many parameters learn.
    pub(crate) fn learning(&self, ground: &Ground) -> Result<usize> {
        let device = self.opened.device.clone().autodiff();
        let config = ground
            .base
            .classifier_config(&self.recipe, &self.labelled.classes);
        let model = ground.base.classifier(&config, self.recipe.seed, &device)?;
        let model = model.train_only(&self.recipe.trains, self.recipe.seed);
        Ok(learning_parameters(&model))
    }
}
