//! What there is to read, and what came of it.

use serde::Deserialize;
use std::path::PathBuf;

/// A folder that Python wrote, or one of the models to be looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Where `reference.safetensors` lies and `ours` goes.
    pub place: PathBuf,
    /// The model folder.
    pub folder: PathBuf,
    pub family: String,
    /// What is unusual about it.
    pub about: String,
    pub kind: Kind,
    pub expected: Expected,
    /// What a refusal has to name one of; or why Python could not read the folder.
    pub named: Vec<String>,
    /// Whether it is to be saved again for Python to read.
    pub again: bool,
    /// What the ids of a model that was trained are the tokens of.
    pub text: Option<String>,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Decoder,
    MaskedLm,
    Encoder,
    Seq2seq,
}

/// What has to come of reading a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// The numbers of `transformers`.
    Equal,
    /// An error that names the setting.
    Refused,
    /// One of these.
    Either,
    /// Nothing: `transformers` itself could not read it.
    Broken,
}

/// What came of a case.
#[derive(Debug, Default)]
pub struct Finding {
    /// The largest difference from `transformers`, fused and composed.
    pub differences: Option<[f64; 2]>,
    /// It was not read, and this was said.
    pub refused: Option<String>,
    /// It was saved again.
    pub saved: bool,
    /// What `transformers` computes from the second folder differs so much from the first.
    pub again: Option<f64>,
    /// What is wrong.
    pub failures: Vec<String>,
}

impl Finding {
    /// Notes a failure, if there is one.
    pub fn check(&mut self, outcome: Result<(), String>) {
        self.failures.extend(outcome.err());
    }
}
