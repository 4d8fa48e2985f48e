//! What `architectures` in a `config.json` may say: classes of `transformers`, and our own.

use super::config_json::{Family, Relative, SLOVO};
use super::kind::ModelKind;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Names of classes, of which there is one, or a few.
pub(super) struct Classes(pub Vec<String>);

/// The most classes that are read.
const MOST_CLASSES: usize = 16;

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ClassNames)
    }
}

struct ClassNames;

impl<'de> Visitor<'de> for ClassNames {
    type Value = Classes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names of classes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Classes, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = list.next_element()? {
            if names.len() == MOST_CLASSES {
                let what = format!("more than {MOST_CLASSES} classes");
                return Err(A::Error::custom(what));
            }
            names.push(name);
        }
        Ok(Classes(names))
    }
}

/// Classes of `transformers`, and what each says of the kind of model. A BERT with head may be
/// published under the name of the one without, and the other way round.
pub(super) type Architectures = &'static [(&'static str, Option<ModelKind>)];

/// The classes that a family is read from, and the same for messages.
pub(super) fn known(family: Family) -> (Architectures, &'static str) {
    match family {
        Family::Gpt2 => (
            &[
                ("GPT2LMHeadModel", None),
                ("GPT2Model", None),
                ("GPT2ForSequenceClassification", Some(ModelKind::Classifier)),
            ],
            "\"GPT2LMHeadModel\", \"GPT2Model\" and \"GPT2ForSequenceClassification\"",
        ),
        Family::Llama(Relative::Llama) => (
            &[
                ("LlamaForCausalLM", None),
                ("LlamaModel", None),
                (
                    "LlamaForSequenceClassification",
                    Some(ModelKind::Classifier),
                ),
            ],
            "\"LlamaForCausalLM\", \"LlamaModel\" and \"LlamaForSequenceClassification\"",
        ),
        Family::Llama(Relative::Mistral) => (
            &[
                ("MistralForCausalLM", None),
                ("MistralModel", None),
                (
                    "MistralForSequenceClassification",
                    Some(ModelKind::Classifier),
                ),
            ],
            "\"MistralForCausalLM\", \"MistralModel\" and \"MistralForSequenceClassification\"",
        ),
        Family::Llama(Relative::Qwen2) => (
            &[
                ("Qwen2ForCausalLM", None),
                ("Qwen2Model", None),
                (
                    "Qwen2ForSequenceClassification",
                    Some(ModelKind::Classifier),
                ),
            ],
            "\"Qwen2ForCausalLM\", \"Qwen2Model\" and \"Qwen2ForSequenceClassification\"",
        ),
        Family::Llama(Relative::Qwen3) => (
            &[
                ("Qwen3ForCausalLM", None),
                ("Qwen3Model", None),
                (
                    "Qwen3ForSequenceClassification",
                    Some(ModelKind::Classifier),
                ),
            ],
            "\"Qwen3ForCausalLM\", \"Qwen3Model\" and \"Qwen3ForSequenceClassification\"",
        ),
        Family::Bert => (
            &[
                ("BertForMaskedLM", None),
                ("BertForPreTraining", None),
                ("BertModel", None),
            ],
            "\"BertForMaskedLM\", \"BertForPreTraining\" and \"BertModel\"",
        ),
        Family::DistilBert => (
            &[("DistilBertForMaskedLM", None), ("DistilBertModel", None)],
            "\"DistilBertForMaskedLM\" and \"DistilBertModel\"",
        ),
        Family::Marian => (
            &[("MarianMTModel", Some(ModelKind::Seq2Seq))],
            "\"MarianMTModel\"",
        ),
        Family::Slovo => (
            &[
                (SLOVO[0].1, Some(SLOVO[0].0)),
                (SLOVO[1].1, Some(SLOVO[1].0)),
                (SLOVO[2].1, Some(SLOVO[2].0)),
                (SLOVO[3].1, Some(SLOVO[3].0)),
                (SLOVO[4].1, Some(SLOVO[4].0)),
            ],
            "\"SlovoForCausalLM\", \"SlovoForMaskedLM\", \"SlovoEncoder\", \"SlovoForSeq2Seq\" and \
             \"SlovoForSequenceClassification\"",
        ),
    }
}
