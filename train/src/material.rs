//! What a model learns from: a text or pairs of texts, and the report of either.

use crate::recipe::Recipe;
use crate::stop::Stop;
use crate::{Error, Result};
use serde::Serialize;
use slovo_data::prepare::read_report;
use slovo_data::report::TokenizerReport;
use slovo_data::{PairReport, Prepared, PreparedPairs, Progress, Report, Tokenizer};
use std::path::Path;

/// What a model learns from, prepared.
#[derive(Clone, Debug)]
pub enum Material {
    /// Tokens of texts.
    Text(Prepared),
    /// Tokens of sources and targets.
    Pairs(PreparedPairs),
}

impl Material {
    /// Prepares what a recipe names, where that has not been done.
    ///
    /// # Errors
    ///
    /// A wrong recipe, missing or unreadable sources, a request to stop.
    pub fn prepare(
        recipe: &Recipe,
        preparing: &mut dyn FnMut(Progress),
        stop: &Stop,
    ) -> Result<Self> {
        if let Some(dir) = recipe.data.folder() {
            return Ok(match slovo_data::prepare::holds_pairs(dir)? {
                true => Self::Pairs(PreparedPairs::open(dir)?),
                false => Self::Text(Prepared::open(dir)?),
            });
        }
        let data = recipe.data()?;
        Ok(match recipe.learns_from_pairs() {
            true => Self::Pairs(slovo_data::prepare_pairs(
                &data,
                None,
                preparing,
                stop.flag(),
            )?),
            false => Self::Text(slovo_data::prepare(&data, None, preparing, stop.flag())?),
        })
    }

    /// Writes and reads its tokens.
    pub fn tokenizer(&self) -> &Tokenizer {
        match self {
            Self::Text(data) => &data.tokenizer,
            Self::Pairs(data) => &data.tokenizer,
        }
    }

    /// Of tokens and tokenizer.
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::Text(data) => &data.fingerprint,
            Self::Pairs(data) => &data.fingerprint,
        }
    }

    /// What a run learned from and held out.
    ///
    /// # Errors
    ///
    /// As [`Material::prepare`], and a text that has changed since the run began.
    pub fn of_run(run: &Path, recipe: &Recipe, stop: &Stop) -> Result<Self> {
        let material = Self::prepare(recipe, &mut |_| {}, stop)?;
        let path = run.join(crate::run::DATA);
        let json = std::fs::read(&path).map_err(Error::io("read", &path))?;
        match MaterialReport::of_run(&path, &json)?.fingerprint() == material.fingerprint() {
            true => Ok(material),
            false => Err(Error::Folder {
                path: run.into(),
                what: "its text has changed since: what is there now is not what it learned from"
                    .into(),
            }),
        }
    }

    /// What went in and came out.
    pub fn report(&self) -> MaterialReport {
        match self {
            Self::Text(data) => MaterialReport::Text(Box::new(data.report.clone())),
            Self::Pairs(data) => MaterialReport::Pairs(Box::new(data.report.clone())),
        }
    }
}

/// The report of a text, or of pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MaterialReport {
    /// Of a text.
    Text(Box<Report>),
    /// Of pairs.
    Pairs(Box<PairReport>),
}

impl MaterialReport {
    /// The report of prepared data in the folder `dir`.
    ///
    /// # Errors
    ///
    /// A folder without a report, or with one of another version.
    pub fn of_folder(dir: &Path) -> Result<Self> {
        Ok(match slovo_data::prepare::holds_pairs(dir)? {
            true => Self::Pairs(Box::new(slovo_data::prepare::read_pair_report(dir)?)),
            false => Self::Text(Box::new(read_report(dir)?)),
        })
    }

    /// Reads what a run folder keeps at `path`.
    ///
    /// # Errors
    ///
    /// A file that is no report.
    pub fn of_run(path: &Path, json: &[u8]) -> Result<Self> {
        let read = || {
            let value: serde_json::Value = serde_json::from_slice(json)?;
            Ok::<_, serde_json::Error>(match value["kind"].is_string() {
                true => Self::Pairs(serde_json::from_value(value)?),
                false => Self::Text(serde_json::from_value(value)?),
            })
        };
        read().map_err(|error| Error::Folder {
            path: path.into(),
            what: format!(
                "is not the report of prepared data ({error}); the one beside the run's shards \
                 would do"
            ),
        })
    }

    /// What the recipe calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Text(report) => &report.name,
            Self::Pairs(report) => &report.name,
        }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &TokenizerReport {
        match self {
            Self::Text(report) => &report.tokenizer,
            Self::Pairs(report) => &report.tokenizer,
        }
    }

    /// Of tokens and tokenizer.
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::Text(report) => &report.fingerprint,
            Self::Pairs(report) => &report.fingerprint,
        }
    }

    /// Tokens that a pass over it has as targets.
    pub fn targets(&self) -> u64 {
        match self {
            Self::Text(report) => report.train.tokens,
            Self::Pairs(report) => report.train.targets.tokens,
        }
    }

    /// Of the tokens that a model is measured on.
    pub fn held_out(&self) -> &str {
        match self {
            Self::Text(report) => &report.validation.fingerprint,
            Self::Pairs(report) => &report.validation.targets.fingerprint,
        }
    }
}
