//! What a classifier begins with: a trunk and the tokenizer that it reads with.

use crate::Result;
use crate::recipe::{Base, Recipe};
use burn::tensor::Device;
use slovo_data::Tokenizer;
use slovo_data::prepare::{expand, tokenizer_of_texts};
use slovo_model::{Classifier, ClassifierConfig, Encoder, PoolKind, TransformerConfig, load_trunk};
use slovo_train::place::ModelPlace;

/// A base, ready to carry classifiers.
pub struct Opened {
    /// What reads texts.
    pub tokenizer: Tokenizer,
    trunk: Trunk,
    /// Names the weights.
    fingerprint: String,
}

enum Trunk {
    Learnt(Box<Encoder>),
    Random(TransformerConfig),
}

/// Opens the base of a recipe; `texts` are those that are trained on.
///
/// # Errors
///
/// A model that is not there, is damaged, or that no classifier can be built on; texts that no
/// tokenizer can be made of.
pub fn open<'t>(
    recipe: &Recipe,
    texts: impl Iterator<Item = &'t str>,
    device: &Device,
) -> Result<Opened> {
    match &recipe.base {
        Base::Model(path) => {
            let path = expand(path)?;
            let place = ModelPlace::find(&path)?;
            let mut trunk = load_trunk(&place.folder, device)?;
            if let Some(causal) = recipe.causal {
                trunk = trunk.with_causal(causal);
            }
            Ok(Opened {
                tokenizer: place.tokenizer_within(trunk.config().vocab_size)?,
                fingerprint: place.fingerprint()?,
                trunk: Trunk::Learnt(Box::new(trunk)),
            })
        }
        Base::Random { tokenizer, shape } => {
            let tokenizer = tokenizer_of_texts(tokenizer, texts)?;
            let shape = TransformerConfig {
                vocab_size: tokenizer.vocab_size(),
                causal: recipe.causal.unwrap_or(shape.causal),
                ..shape.as_ref().clone()
            };
            shape.validate()?;
            Ok(Opened {
                tokenizer,
                fingerprint: "random".into(),
                trunk: Trunk::Random(shape),
            })
        }
    }
}

impl Opened {
    /// The trunk's shape.
    pub fn shape(&self) -> &TransformerConfig {
        match &self.trunk {
            Trunk::Learnt(trunk) => trunk.config(),
            Trunk::Random(shape) => shape,
        }
    }

    /// Names the weights that a classifier with this seed begins with.
    pub fn fingerprint(&self, seed: u64) -> String {
        match &self.trunk {
            Trunk::Learnt(trunk) => {
                format!("{} causal {}", self.fingerprint, trunk.config().causal)
            }
            Trunk::Random(shape) => format!("random {seed} {shape:?}"),
        }
    }

    /// The shape of a classifier of these classes.
    pub fn classifier_config(&self, recipe: &Recipe, labels: &[String]) -> ClassifierConfig {
        let mut transformer = self.shape().clone();
        if let Some(rate) = recipe.dropout {
            transformer.dropout = rate;
        }
        let usual = match transformer.causal {
            true => PoolKind::Last,
            false => PoolKind::Mean,
        };
        ClassifierConfig {
            transformer,
            pool: recipe.pool.unwrap_or(usual),
            head: recipe.head,
            labels: labels.to_vec(),
            multi_label: recipe.data.multi_label.is_some(),
        }
    }

    /// A classifier with a fresh head.
    ///
    /// # Errors
    ///
    /// Settings that do not fit together.
    pub fn classifier(
        &self,
        config: &ClassifierConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Classifier> {
        Ok(match &self.trunk {
            Trunk::Learnt(trunk) => {
                let trunk = trunk
                    .as_ref()
                    .clone()
                    .with_dropout(config.transformer.dropout);
                Classifier::on(trunk, config, seed, device)?
            }
            Trunk::Random(_) => Classifier::new(config, seed, device)?,
        })
    }
}
