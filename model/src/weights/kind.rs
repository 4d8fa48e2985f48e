//! Which kinds of models there are, and how each is written.

use super::config_json::{Family, describe};
use super::naming::Naming;
use super::{config_classifier, config_marian};
use crate::causal_lm::CausalLm;
use crate::classifier::Classifier;
use crate::config::TransformerConfig;
use crate::encoder::Encoder;
use crate::masked_lm::MaskedLm;
use crate::seq2seq::Seq2Seq;
use serde_json::Value;
use std::fmt;

/// The kinds of models that a folder can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// [`CausalLm`], which [`load_model`](crate::load_model) loads.
    CausalLm,
    /// [`MaskedLm`], which [`load_masked_lm`](crate::load_masked_lm) loads;
    /// [`load_encoder`](crate::load_encoder) leaves its head out.
    MaskedLm,
    /// [`Encoder`], which [`load_encoder`](crate::load_encoder) loads.
    Encoder,
    /// [`Seq2Seq`], which [`load_seq2seq`](crate::load_seq2seq) loads.
    Seq2Seq,
    /// [`Classifier`], which [`load_classifier`](crate::load_classifier) loads.
    Classifier,
}

/// For messages.
impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CausalLm => "a causal language model",
            Self::MaskedLm => "a masked language model",
            Self::Encoder => "an encoder",
            Self::Seq2Seq => "an encoder–decoder",
            Self::Classifier => "a classifier",
        })
    }
}

/// A model that [`save_model`](crate::save_model) writes: [`CausalLm`], [`MaskedLm`], [`Encoder`],
/// [`Seq2Seq`] and [`Classifier`].
pub trait SavedModel: sealed::Model {}

impl<M: sealed::Model> SavedModel for M {}

pub(super) mod sealed {
    use super::{Naming, Value};
    use burn::module::Module;

    /// What the writer needs to know of a model.
    pub trait Model: Module {
        /// The contents of `config.json`, and how the parameters are called.
        fn description(&self) -> Description;
    }

    /// How a model is written.
    pub struct Description {
        /// The contents of `config.json`.
        pub json: Value,
        /// How the parameters are called.
        pub(in super::super) naming: Naming,
        /// A tensor of zeros that `transformers` asks for, which is no parameter of the model.
        pub zeros: Option<(&'static str, Vec<usize>)>,
    }
}

fn description(
    kind: ModelKind,
    config: &TransformerConfig,
    root: &'static str,
) -> sealed::Description {
    let (family, json) = describe(kind, config);
    let omitted = match (kind, family) {
        (ModelKind::Encoder, Family::Bert) => "bert.",
        (ModelKind::Encoder, Family::DistilBert) => "distilbert.",
        _ => "",
    };
    let naming = Naming {
        root,
        omitted,
        ..Naming::new(family)
    };
    sealed::Description {
        json,
        naming,
        zeros: None,
    }
}

impl sealed::Model for CausalLm {
    fn description(&self) -> sealed::Description {
        description(ModelKind::CausalLm, self.config(), "")
    }
}

impl sealed::Model for MaskedLm {
    fn description(&self) -> sealed::Description {
        description(ModelKind::MaskedLm, self.config(), "")
    }
}

impl sealed::Model for Encoder {
    fn description(&self) -> sealed::Description {
        description(ModelKind::Encoder, self.config(), "encoder.")
    }
}

impl sealed::Model for Seq2Seq {
    fn description(&self) -> sealed::Description {
        let (family, json) = config_marian::describe(self.config());
        let vocab_size = self.config().transformer.vocab_size;
        let lacks_bias = family == Family::Marian && self.bias.is_none();
        sealed::Description {
            json,
            naming: Naming::new(family),
            zeros: lacks_bias.then(|| (config_marian::BIAS, vec![1, vocab_size])),
        }
    }
}

impl sealed::Model for Classifier {
    fn description(&self) -> sealed::Description {
        let (family, json) = config_classifier::describe(self.config());
        sealed::Description {
            json,
            naming: Naming::new(family),
            zeros: None,
        }
    }
}
