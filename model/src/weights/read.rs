//! A model from a folder.

use super::config_read::{self, Described};
use super::error::WeightsError;
use super::folder::Folder;
use super::from_gguf;
use super::kind::ModelKind;
use crate::causal_lm::CausalLm;
use crate::classifier::{Classifier, ClassifierConfig};
use crate::config::TransformerConfig;
use crate::encoder::Encoder;
use crate::gguf::Gguf;
use crate::masked_lm::MaskedLm;
use crate::seq2seq::{Seq2Seq, Seq2SeqConfig};
use burn::tensor::Device;
use std::path::Path;

/// Loads the causal language model in the folder `dir`: `config.json` beside `model.safetensors` (or
/// its shards and their index), as Hugging Face lays them out, for GPT-2, Llama, Mistral, Qwen 2 and
/// 3, and our own; or the model in the GGUF file `dir`.
///
/// Values in F32 arrive bit by bit as they were saved; others are widened. Nothing in the folder is
/// executed, and nothing is built before all files fit together. Beyond the model itself no more
/// memory is taken than a few rows of a tensor need. For training pass `&device.autodiff()`.
///
/// # Errors
///
/// When a file is missing, damaged or of another model, when the kind of model is not known, or when
/// `config.json` asks for something that is not built here. The message names the file, the place in
/// it, and what was expected.
pub fn load_model(dir: impl AsRef<Path>, device: &Device) -> Result<CausalLm, WeightsError> {
    let dir = dir.as_ref();
    if dir.is_file() {
        return from_gguf::load(dir, device);
    }
    let folder = Folder::open(dir, ModelKind::CausalLm)?;
    folder.build(device, |builder| {
        CausalLm::build(builder, &folder.described.config)
    })
}

/// Loads the masked language model in the folder `dir`: BERT, DistilBERT and our own, as
/// [`load_model`] loads decoders.
///
/// # Errors
///
/// As [`load_model`], and when the folder holds an encoder without its head.
pub fn load_masked_lm(dir: impl AsRef<Path>, device: &Device) -> Result<MaskedLm, WeightsError> {
    let folder = Folder::open(dir.as_ref(), ModelKind::MaskedLm)?;
    folder.build(device, |builder| {
        MaskedLm::build(builder, &folder.described.config)
    })
}

/// Loads the encoder in the folder `dir`, with or without the head of a masked language model, which
/// is left out.
///
/// # Errors
///
/// As [`load_model`].
pub fn load_encoder(dir: impl AsRef<Path>, device: &Device) -> Result<Encoder, WeightsError> {
    let folder = Folder::open(dir.as_ref(), ModelKind::Encoder)?;
    folder.build(device, |builder| {
        Encoder::build(builder, "encoder.", &folder.described.config)
    })
}

/// Loads the encoder–decoder in the folder `dir`: Marian and our own, as [`load_model`] loads decoders.
///
/// # Errors
///
/// As [`load_model`].
pub fn load_seq2seq(dir: impl AsRef<Path>, device: &Device) -> Result<Seq2Seq, WeightsError> {
    let folder = Folder::open(dir.as_ref(), ModelKind::Seq2Seq)?;
    let config = folder.pair()?;
    folder.build(device, |builder| Seq2Seq::build(builder, &config))
}

/// Loads the classifier in the folder `dir`: our own, and those of GPT-2, Llama and its relatives that
/// `transformers` calls `…ForSequenceClassification`, as [`load_model`] loads decoders.
///
/// # Errors
///
/// As [`load_model`].
pub fn load_classifier(dir: impl AsRef<Path>, device: &Device) -> Result<Classifier, WeightsError> {
    let folder = Folder::open(dir.as_ref(), ModelKind::Classifier)?;
    let config = folder.classifier()?;
    folder.build(device, |builder| Classifier::build(builder, config))
}

/// Reads only the shape of the classifier in the folder `dir`.
///
/// # Errors
///
/// When `config.json` is missing or describes no classifier of ours.
pub fn load_classifier_config(dir: impl AsRef<Path>) -> Result<ClassifierConfig, WeightsError> {
    let dir = dir.as_ref();
    let described = config_read::read(dir)?;
    described.classifier.ok_or_else(|| WeightsError::Kind {
        path: dir.join("config.json"),
        found: described.kind.unwrap_or(ModelKind::Encoder),
        wanted: ModelKind::Classifier,
    })
}

/// Loads what stands below the head of the model in the folder or GGUF file `dir`, of any kind but an
/// encoder–decoder: what a classifier can be built on.
///
/// # Errors
///
/// As [`load_model`], and when the model is an encoder–decoder.
pub fn load_trunk(dir: impl AsRef<Path>, device: &Device) -> Result<Encoder, WeightsError> {
    let dir = dir.as_ref();
    match model_kind(dir)? {
        ModelKind::CausalLm => load_model(dir, device).map(CausalLm::into_trunk),
        ModelKind::Classifier => load_classifier(dir, device).map(|model| model.trunk),
        ModelKind::Encoder | ModelKind::MaskedLm | ModelKind::Seq2Seq => load_encoder(dir, device),
    }
}

/// Reads only the shape of the encoder–decoder in the folder `dir`.
///
/// # Errors
///
/// When `config.json` is missing or describes no encoder–decoder of ours.
pub fn load_seq2seq_config(dir: impl AsRef<Path>) -> Result<Seq2SeqConfig, WeightsError> {
    let dir = dir.as_ref();
    let described = config_read::read(dir)?;
    described.pair.ok_or_else(|| WeightsError::Kind {
        path: dir.join("config.json"),
        found: described.kind.unwrap_or(ModelKind::Encoder),
        wanted: ModelKind::Seq2Seq,
    })
}

/// Reads only the shape of the model in the folder `dir`, or in the GGUF file `dir`; of an
/// encoder–decoder, that of its encoder.
///
/// # Errors
///
/// When `config.json` is missing or describes no model of ours.
pub fn load_config(dir: impl AsRef<Path>) -> Result<TransformerConfig, WeightsError> {
    let dir = dir.as_ref();
    if dir.is_file() {
        return from_gguf::config(&Gguf::open(dir)?).map(|(_, config)| config);
    }
    config_read::read(dir).map(|described| described.config)
}

/// Says what kind of model the folder `dir` holds, or the GGUF file `dir`. A BERT is a masked
/// language model if its head is there.
///
/// # Errors
///
/// When `config.json` is missing or describes no model of ours, or when the kind can only be seen in
/// the weights, and these cannot be read.
pub fn model_kind(dir: impl AsRef<Path>) -> Result<ModelKind, WeightsError> {
    let dir = dir.as_ref();
    if dir.is_file() {
        return from_gguf::config(&Gguf::open(dir)?).map(|_| ModelKind::CausalLm);
    }
    match config_read::read(dir)? {
        Described {
            kind: Some(kind), ..
        } => Ok(kind),
        described => Folder::of(dir, described).map(|folder| folder.kind),
    }
}
