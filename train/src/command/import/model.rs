//! The kinds of models, read and written.

use crate::Result;
use burn::module::Module;
use burn::tensor::Device;
use slovo_model::{
    CausalLm, Classifier, Encoder, MaskedLm, ModelKind, Seq2Seq, TransformerConfig,
    load_classifier, load_encoder, load_masked_lm, load_model, load_seq2seq, model_kind,
    save_model,
};
use std::path::Path;

/// A model of any kind.
pub(super) enum Model {
    /// Continues texts.
    CausalLm(Box<CausalLm>),
    /// Fills gaps.
    MaskedLm(Box<MaskedLm>),
    /// Gives vectors.
    Encoder(Box<Encoder>),
    /// Turns texts into others.
    Seq2Seq(Box<Seq2Seq>),
    /// Tells classes apart.
    Classifier(Box<Classifier>),
}

impl Model {
    /// Reads the model in a folder or a GGUF file.
    ///
    /// # Errors
    ///
    /// A file that is missing or damaged, or a model that this program does not know.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        Ok(match model_kind(path)? {
            ModelKind::CausalLm => Self::CausalLm(Box::new(load_model(path, device)?)),
            ModelKind::MaskedLm => Self::MaskedLm(Box::new(load_masked_lm(path, device)?)),
            ModelKind::Encoder => Self::Encoder(Box::new(load_encoder(path, device)?)),
            ModelKind::Seq2Seq => Self::Seq2Seq(Box::new(load_seq2seq(path, device)?)),
            ModelKind::Classifier => Self::Classifier(Box::new(load_classifier(path, device)?)),
        })
    }

    /// Writes settings and weights into a folder.
    ///
    /// # Errors
    ///
    /// A file system that refuses, or a device that fails.
    pub fn save(&self, folder: &Path) -> Result<()> {
        Ok(match self {
            Self::CausalLm(model) => save_model(folder, model.as_ref()),
            Self::MaskedLm(model) => save_model(folder, model.as_ref()),
            Self::Encoder(model) => save_model(folder, model.as_ref()),
            Self::Seq2Seq(model) => save_model(folder, model.as_ref()),
            Self::Classifier(model) => save_model(folder, model.as_ref()),
        }?)
    }

    /// What it is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CausalLm(_) => "decoder",
            Self::MaskedLm(_) => "encoder for masked words",
            Self::Encoder(_) => "encoder",
            Self::Seq2Seq(_) => "encoder–decoder",
            Self::Classifier(_) => "classifier",
        }
    }

    fn config(&self) -> &TransformerConfig {
        match self {
            Self::CausalLm(model) => model.config(),
            Self::MaskedLm(model) => model.config(),
            Self::Encoder(model) => model.config(),
            Self::Seq2Seq(model) => &model.config().transformer,
            Self::Classifier(model) => &model.config().transformer,
        }
    }

    /// Tokens that it knows.
    pub fn vocabulary(&self) -> usize {
        self.config().vocab_size
    }

    /// Tokens that it can look at.
    pub fn context(&self) -> usize {
        self.config().max_seq_len
    }

    /// Numbers that were learnt.
    pub fn parameters(&self) -> usize {
        match self {
            Self::CausalLm(model) => model.num_params(),
            Self::MaskedLm(model) => model.num_params(),
            Self::Encoder(model) => model.num_params(),
            Self::Seq2Seq(model) => model.num_params(),
            Self::Classifier(model) => model.num_params(),
        }
    }
}
