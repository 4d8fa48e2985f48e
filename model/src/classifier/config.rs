//! What a classifier is made of.

use crate::config::TransformerConfig;
use crate::validate::ConfigError;
use serde::{Deserialize, Serialize};

/// The shape of a [`Classifier`](super::Classifier).
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierConfig {
    /// Its trunk: a decoder's or an encoder's.
    pub transformer: TransformerConfig,
    /// How the vectors of a text's tokens become one.
    pub pool: PoolKind,
    /// What makes scores of that.
    pub head: HeadKind,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// Whether a text may belong to any number of classes instead of to exactly one.
    pub multi_label: bool,
}

/// How the vectors of a text's tokens become one; filler never counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolKind {
    /// The last token's, which in a decoder is the only one that has seen the whole text.
    Last,
    /// The first token's, where BERT puts its `[CLS]`.
    First,
    /// Their mean.
    #[default]
    Mean,
    /// The largest value of each channel.
    Max,
    /// A mean with learnt weights.
    Attention,
}

/// What makes scores of a text's vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeadKind {
    /// One matrix, without bias, as the classifiers of decoders in `transformers` have it.
    #[default]
    Linear,
    /// A hidden layer of so many values, GELU, and one matrix.
    Mlp(usize),
}

impl ClassifierConfig {
    /// Checks that the settings fit together.
    ///
    /// # Errors
    ///
    /// The first one that does not, and what would.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.transformer.validate()?;
        let wrong = |field, value: String, rule: &str, cure: &str| {
            Err(ConfigError {
                field,
                value,
                rule: rule.into(),
                cure: cure.into(),
            })
        };
        if self.labels.len() < if self.multi_label { 1 } else { 2 } {
            let found = format!("{:?}", self.labels);
            return wrong(
                "labels",
                found,
                "there is nothing to tell apart",
                "name two classes or more",
            );
        }
        let twice = self.labels.iter().enumerate();
        let mut twice = twice.filter(|(i, label)| self.labels[..*i].contains(label));
        if let Some((_, label)) = twice.next() {
            let found = format!("{label:?} twice");
            return wrong(
                "labels",
                found,
                "classes are told apart by name",
                "name each once",
            );
        }
        match self.head {
            HeadKind::Mlp(0) => {
                let rule = "a hidden layer has values";
                wrong("head", "Mlp(0)".into(), rule, "Mlp(128) would do")
            }
            _ => Ok(()),
        }
    }
}
