//! A classifier: the trunk of any model, its tokens' vectors made one, and a head that scores classes
//! (Howard and Ruder 2018, <https://arxiv.org/abs/1801.06146>; Devlin et al. 2019, section 4).
//!
//! Filler is never read: a score does not depend on the other texts of a batch, nor on how far its row
//! was filled up.

mod config;
mod trains;

pub use config::{ClassifierConfig, HeadKind, PoolKind};
pub use trains::{Fixed, Trains};

use crate::config::Activation;
use crate::dropout::dropout;
use crate::encoder::Encoder;
use crate::init::{Builder, Init, fresh};
use crate::ops;
use crate::pass::Pass;
use crate::pooling::{AttentionPool, Pooling};
use crate::validate::ConfigError;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};
use std::convert::Infallible;

/// From token ids to a score for each class.
#[derive(Module, Debug)]
pub struct Classifier {
    /// A vector for each token.
    pub trunk: Encoder,
    /// What weighs them, if that is learnt.
    pub attention_pool: Option<AttentionPool>,
    /// `[d_model, width]`, followed by GELU, in a head of two layers.
    pub hidden: Option<Linear>,
    /// `[d_model, classes]`, or `[width, classes]`.
    pub score: Linear,
    #[module(skip)]
    config: ClassifierConfig,
}

/// A batch of texts, read as far as they have been.
#[derive(Clone, Debug)]
pub enum Reading {
    /// Token ids, `[batch, seq]`.
    Tokens(Tensor<2, Int>),
    /// What the first blocks have made of them, `[batch, seq, d_model]`.
    States {
        /// See [`Encoder::states`].
        states: Tensor<3>,
        /// How many blocks.
        blocks: usize,
    },
    /// A vector for each text, `[batch, d_model]`.
    Pooled(Tensor<2>),
}

impl Classifier {
    /// A classifier with fresh weights: a pure function of `config` and `seed`, equal on every device.
    ///
    /// For training pass `&device.autodiff()`.
    ///
    /// # Errors
    ///
    /// When `config` does not validate.
    pub fn new(config: &ClassifierConfig, seed: u64, device: &Device) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut source = fresh::<Infallible>(seed);
        match Self::build(&mut Builder::new(device, &mut source), config) {
            Ok(model) => Ok(model),
            Err(never) => match never {},
        }
    }

    /// A fresh head on a trunk that has learnt elsewhere. `config` takes its shape from the trunk.
    ///
    /// # Errors
    ///
    /// When `config` does not validate.
    pub fn on(
        trunk: Encoder,
        config: &ClassifierConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        let mut config = config.clone();
        config.transformer = trunk.config().clone();
        config.validate()?;
        let mut source = fresh::<Infallible>(seed);
        match Self::crown(&mut Builder::new(device, &mut source), &config) {
            Ok((attention_pool, hidden, score)) => Ok(Self {
                trunk,
                attention_pool,
                hidden,
                score,
                config,
            }),
            Err(never) => match never {},
        }
    }

    /// Builds the classifier of a valid `config`.
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        config: &ClassifierConfig,
    ) -> Result<Self, E> {
        let trunk = Encoder::build(builder, "trunk.", &config.transformer)?;
        let (attention_pool, hidden, score) = Self::crown(builder, config)?;
        Ok(Self {
            trunk,
            attention_pool,
            hidden,
            score,
            config: config.clone(),
        })
    }

    /// What stands on the trunk.
    fn crown<E>(
        builder: &mut Builder<'_, E>,
        config: &ClassifierConfig,
    ) -> Result<(Option<AttentionPool>, Option<Linear>, Linear), E> {
        let d_model = config.transformer.d_model;
        let attention_pool = match config.pool {
            PoolKind::Attention => Some(AttentionPool::build(
                builder,
                "attention_pool",
                &config.transformer,
            )?),
            _ => None,
        };
        let (hidden, width) = match config.head {
            HeadKind::Mlp(width) => {
                let shape = [d_model, width];
                let hidden = builder.linear("hidden", shape, true, Init::WEIGHT)?;
                (Some(hidden), width)
            }
            HeadKind::Linear => (None, d_model),
        };
        let shape = [width, config.labels.len()];
        let score = builder.linear("score", shape, false, Init::WEIGHT)?;
        Ok((attention_pool, hidden, score))
    }

    /// The shape of the classifier.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// Logits of the classes, `[batch, classes]`: for a softmax, or with `multi_label` for a sigmoid
    /// each.
    ///
    /// # Panics
    ///
    /// When a text has more tokens than `max_seq_len`, or the padding is for another number of texts.
    pub fn logits(&self, reading: Reading, pass: &mut Pass<'_>) -> Tensor<2> {
        let pooled = match reading {
            Reading::Tokens(tokens) => {
                let hidden = self.trunk.hidden(tokens, pass);
                self.pool(hidden, pass)
            }
            Reading::States { states, blocks } => {
                let hidden = self.trunk.hidden_from(states, blocks, pass);
                self.pool(hidden, pass)
            }
            Reading::Pooled(pooled) => pooled,
        };
        let rate = self.config.transformer.dropout;
        let x = dropout(pooled, rate, &mut pass.dropout);
        let x = match &self.hidden {
            Some(hidden) => {
                let x = hidden.forward(x).unsqueeze_dim::<3>(1);
                let x = ops::activate(Activation::GeluErf, x).squeeze_dim(1);
                dropout(x, rate, &mut pass.dropout)
            }
            None => x,
        };
        self.score.forward(x)
    }

    /// A vector for each text of `hidden`, `[batch, seq, d_model]`: `[batch, d_model]`.
    ///
    /// # Panics
    ///
    /// When the padding is for another number of texts.
    pub fn pool(&self, hidden: Tensor<3>, pass: &Pass<'_>) -> Tensor<2> {
        let fixed = match (self.config.pool, &self.attention_pool) {
            (_, Some(pool)) => return pool.pool(hidden, pass.padding),
            (PoolKind::Last, _) => Pooling::Last,
            (PoolKind::First, _) => Pooling::First,
            (PoolKind::Max, _) => Pooling::Max,
            (PoolKind::Mean | PoolKind::Attention, _) => Pooling::Mean,
        };
        fixed.pool(hidden, pass.padding)
    }
}
