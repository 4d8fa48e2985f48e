//! `config.json` of classifiers, both ways.
//!
//! A linear head on the last token of a decoder is what `transformers` calls
//! `…ForSequenceClassification`, and is written so; every other classifier is a shape of our own.

use super::config_json::{Family, decoder, slovo};
use super::error::WeightsError;
use super::kind::ModelKind;
use super::refuse::Refuse;
use super::{config_gpt2, config_llama};
use crate::classifier::{ClassifierConfig, HeadKind, PoolKind};
use crate::config::TransformerConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What `problem_type` says of texts that may belong to any number of classes.
const MULTI_LABEL: &str = "multi_label_classification";

/// What a `config.json` says of a classifier.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a classifier")]
pub(super) struct ClassifierJson {
    id2label: Option<BTreeMap<String, String>>,
    problem_type: Option<String>,
    /// Of shapes of our own.
    classifier: Option<Own>,
}

/// What `transformers` has no setting for.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    pool: PoolKind,
    head: HeadKind,
}

impl ClassifierJson {
    pub(super) fn read(
        self,
        transformer: &TransformerConfig,
        refuse: &Refuse<'_>,
    ) -> Result<ClassifierConfig, WeightsError> {
        let id2label = self.id2label.unwrap_or_else(unnamed);
        let mut labels = Vec::with_capacity(id2label.len());
        for id in 0..id2label.len() {
            match id2label.get(&id.to_string()) {
                Some(label) => labels.push(label.clone()),
                None => {
                    let found = format!("{} names, none of class {id}", id2label.len());
                    return Err(refuse.error(
                        "id2label",
                        &found,
                        "a name for each class from \"0\" on",
                    ));
                }
            }
        }
        let multi_label = match self.problem_type.as_deref() {
            None | Some("single_label_classification") => false,
            Some(MULTI_LABEL) => true,
            Some(other) => {
                let supported =
                    "\"single_label_classification\" and \"multi_label_classification\"";
                return Err(refuse.error("problem_type", other, supported));
            }
        };
        let Own { pool, head } = self.classifier.unwrap_or(Own {
            pool: PoolKind::Last,
            head: HeadKind::Linear,
        });
        Ok(ClassifierConfig {
            transformer: transformer.clone(),
            pool,
            head,
            labels,
            multi_label,
        })
    }
}

/// What `transformers` calls the classes of a folder that names none.
fn unnamed() -> BTreeMap<String, String> {
    let named = (0..2).map(|id| (id.to_string(), format!("LABEL_{id}")));
    named.collect()
}

/// The family that can express a classifier, and the contents of `config.json`.
pub(super) fn describe(config: &ClassifierConfig) -> (Family, Value) {
    let transformer = &config.transformer;
    let own = Own {
        pool: config.pool,
        head: config.head,
    };
    let expressible = (config.pool, config.head) == (PoolKind::Last, HeadKind::Linear);
    let (family, mut json) = match decoder(transformer) {
        Family::Gpt2 if expressible => (Family::Gpt2, config_gpt2::to_json(transformer)),
        Family::Llama(relative) if expressible => (
            Family::Llama(relative),
            config_llama::to_json(transformer, relative),
        ),
        _ => {
            let (family, mut json) = slovo(ModelKind::Classifier, transformer);
            json["classifier"] = json!(own);
            (family, json)
        }
    };
    // `LlamaForCausalLM` and `GPT2LMHeadModel` become `…ForSequenceClassification`.
    if let Some(name) = json["architectures"][0].as_str() {
        let stem = name
            .trim_end_matches("ForCausalLM")
            .trim_end_matches("LMHeadModel");
        json["architectures"][0] = match stem == name {
            true => json!(name),
            false => json!(format!("{stem}ForSequenceClassification")),
        };
    }
    let named = config.labels.iter().enumerate();
    let id2label: Map<_, _> = named
        .clone()
        .map(|(id, label)| (id.to_string(), json!(label)))
        .collect();
    let label2id: Map<_, _> = named
        .map(|(id, label)| (label.clone(), json!(id)))
        .collect();
    json["id2label"] = id2label.into();
    json["label2id"] = label2id.into();
    json["problem_type"] = json!(match config.multi_label {
        true => MULTI_LABEL,
        false => "single_label_classification",
    });
    (family, json)
}
