//! What decides which documents stay: what is compared, and what must not be among them.

use serde::{Deserialize, Serialize};

use super::{RecipeError, Source};
use crate::contamination;
use crate::dedup::{MinHash, Paragraphs, SettingError};

/// Which documents are the same, within a source and across all of them. Of several the first stays, in the
/// order of the sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Duplicates {
    /// Those whose words are the same, one by one.
    pub exact: bool,
    /// Those that share most of their shingles, such as `Some(())` with FineWeb's numbers.
    pub near: Option<MinHash>,
    /// Paragraphs that stood in an earlier document are taken out of the later ones.
    pub paragraphs: Option<Paragraphs>,
}

impl Duplicates {
    /// Whether anything is compared.
    pub fn any(&self) -> bool {
        self.exact || self.near.is_some() || self.paragraphs.is_some()
    }

    pub(super) fn validate(&self) -> Result<(), RecipeError> {
        match &self.near {
            Some(near) => near
                .validate()
                .map_err(|error| wrong("duplicates.near", error)),
            None => Ok(()),
        }
    }
}

/// Texts that a model is to be tested on, and that it must not have read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contamination {
    /// Where they are.
    pub texts: Vec<Source>,
    /// What counts as read, and what is done then.
    #[serde(default)]
    pub rules: contamination::Contamination,
}

impl Contamination {
    pub(super) fn validate(&self) -> Result<(), RecipeError> {
        if self.texts.is_empty() {
            return super::data_recipe::refuse(
                "contamination.texts",
                "empty",
                "name the files of the evaluations, or leave contamination out",
            );
        }
        for (i, source) in self.texts.iter().enumerate() {
            source.validate(i)?;
            if let Source::Pairs { .. } | Source::Stdin { .. } = source {
                return super::data_recipe::refuse(
                    &format!("contamination.texts.{i}"),
                    "no file of texts",
                    "name files of text or JSON Lines, as in Files(paths: [\"questions.jsonl\"])",
                );
            }
        }
        contamination::Evaluations::new(&self.rules)
            .map(drop)
            .map_err(|error| wrong("contamination.rules", error))
    }
}

fn wrong(place: &str, error: SettingError) -> RecipeError {
    RecipeError::Value {
        field: format!("{place}.{}", error.field),
        value: error.value,
        right: error.right,
    }
}
