//! The settings in a `config.json` that someone else may have written.
//!
//! Only those that change what a model computes are read; one that we cannot honour is an error,
//! not a guess. Sizes, which `transformers` always writes, are asked for, so that a misspelt one is
//! found; everything else that is left out has the default that it has there, for each family its
//! own. Versions 4 and 5 spell some settings differently, and both are read.

use super::classes::{Classes, known};
use super::config_bert::{Bert, DistilBert};
use super::config_classifier::ClassifierJson;
use super::config_gpt2::Gpt2;
use super::config_json::Family;
use super::config_llama::Llama;
use super::config_marian::Marian;
use super::config_switches;
use super::error::WeightsError;
use super::kind::ModelKind;
use super::quote::quote;
use super::refuse::Refuse;
use super::text;
use crate::classifier::ClassifierConfig;
use crate::config::TransformerConfig;
use crate::seq2seq::Seq2SeqConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The longest `config.json` that is read, in bytes. Those with names for thousands of classes have
/// some hundred thousand.
pub(super) const LONGEST: usize = 1 << 20;

/// What a `config.json` says.
#[derive(Debug)]
pub(super) struct Described {
    pub family: Family,
    /// `None` where only the weights tell.
    pub kind: Option<ModelKind>,
    /// The shape; of an encoder–decoder, its encoder's.
    pub config: TransformerConfig,
    /// The shape of an encoder–decoder.
    pub pair: Option<Seq2SeqConfig>,
    /// The shape of a classifier.
    pub classifier: Option<ClassifierConfig>,
}

/// Reads the `config.json` in the folder `dir`.
pub(super) fn read(dir: &Path) -> Result<Described, WeightsError> {
    let path = dir.join("config.json");
    from_json(&path, &text::read(&path, LONGEST)?)
}

/// Reads the text of the `config.json` at `path`.
pub(super) fn from_json(path: &Path, text: &str) -> Result<Described, WeightsError> {
    let common: Common = parse(path, text)?;
    let refuse = Refuse(path);
    let family = Family::of(&common.model_type).ok_or_else(|| WeightsError::UnknownModel {
        path: path.to_path_buf(),
        found: quote(&common.model_type),
    })?;
    let mut kind = common.kind(family, &refuse)?;
    config_switches::check(family, text, &refuse)?;
    let pair = match (family, kind) {
        (Family::Marian, _) => Some(parse::<Marian>(path, text)?.read(&refuse)?),
        (Family::Slovo, Some(ModelKind::Seq2Seq)) => {
            Some(parse::<SlovoSeq2Seq>(path, text)?.seq2seq)
        }
        _ => None,
    };
    if let Some(pair) = pair {
        return match pair.validate() {
            Ok(()) => Ok(Described {
                family,
                kind: Some(ModelKind::Seq2Seq),
                config: pair.encoder(),
                pair: Some(pair),
                classifier: None,
            }),
            Err(source) => Err(WeightsError::Config {
                path: path.to_path_buf(),
                source,
            }),
        };
    }
    let config = match family {
        Family::Gpt2 => parse::<Gpt2>(path, text)?.read(&refuse)?,
        Family::Llama(relative) => {
            let (rope, layers) = (parse(path, text)?, parse(path, text)?);
            parse::<Llama>(path, text)?.read(relative, (rope, layers), &refuse)?
        }
        Family::Bert => parse::<Bert>(path, text)?.read(&refuse)?,
        Family::DistilBert => parse::<DistilBert>(path, text)?.read(&refuse)?,
        Family::Marian | Family::Slovo => parse::<Slovo>(path, text)?.transformer,
    };
    if family == Family::Slovo && config.causal {
        kind = kind.or(Some(ModelKind::CausalLm));
    }
    let classifier = match kind {
        Some(ModelKind::Classifier) => {
            Some(parse::<ClassifierJson>(path, text)?.read(&config, &refuse)?)
        }
        _ => None,
    };
    let valid = match &classifier {
        Some(classifier) => classifier.validate(),
        None => config.validate(),
    };
    match valid {
        Ok(()) => Ok(Described {
            family,
            kind,
            config,
            pair: None,
            classifier,
        }),
        Err(source) => Err(WeightsError::Config {
            path: path.to_path_buf(),
            source,
        }),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, WeightsError> {
    serde_json::from_str(text).map_err(WeightsError::json(path))
}

#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
struct Slovo {
    transformer: TransformerConfig,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
struct SlovoSeq2Seq {
    seq2seq: Seq2SeqConfig,
}

/// What every `config.json` says.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
struct Common {
    model_type: String,
    architectures: Option<Classes>,
}

impl Common {
    /// The kind of model that `architectures` says, where it says one.
    fn kind(&self, family: Family, refuse: &Refuse<'_>) -> Result<Option<ModelKind>, WeightsError> {
        let (known, supported) = known(family);
        let usual = match family {
            Family::Gpt2 | Family::Llama(_) => Some(ModelKind::CausalLm),
            Family::Marian => Some(ModelKind::Seq2Seq),
            Family::Bert | Family::DistilBert | Family::Slovo => None,
        };
        let mut kind = None;
        let classes = self.architectures.iter().flat_map(|classes| &classes.0);
        for name in classes {
            let Some((_, of_name)) = known.iter().find(|(known, _)| known == name) else {
                return Err(refuse.error("architectures", &quote(name), supported));
            };
            kind = kind.or(*of_name);
        }
        Ok(kind.or(usual))
    }
}
