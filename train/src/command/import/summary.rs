//! What was imported, in a few lines.

use super::files::CONFIG;
use super::model::Model;
use super::origin::Imported;
use super::tokenizer::TokenizerOf;
use crate::{Error, Result};
use serde::Serialize;
use serde_json::Value;
use slovo_data::report::grouped;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What `import` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What sort of model.
    pub kind: &'static str,
    /// Its `model_type`.
    pub family: String,
    /// Numbers that were learnt.
    pub parameters: usize,
    /// Tokens that the model knows.
    pub vocabulary: usize,
    /// Tokens that the tokenizer has, where one was imported.
    pub tokens: Option<usize>,
    /// Tokens that the model can look at.
    pub context: usize,
    /// Where it came from.
    pub origin: Imported,
    /// The folder.
    pub folder: PathBuf,
}

impl Summary {
    pub(super) fn of(
        model: &Model,
        tokenizer: Option<&TokenizerOf>,
        origin: Imported,
        written: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let path = written.join(CONFIG);
        let config = fs::read(&path).map_err(Error::io("read", path))?;
        let config: Value = serde_json::from_slice(&config).unwrap_or_default();
        Ok(Self {
            kind: model.kind(),
            family: config["model_type"].as_str().unwrap_or_default().into(),
            parameters: model.parameters(),
            vocabulary: model.vocabulary(),
            tokens: tokenizer.map(|of| of.tokenizer.vocab_size()),
            context: model.context(),
            origin,
            folder: folder.into(),
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: usize| grouped(n as u64);
        writeln!(f, "model       {}, {}", self.kind, self.family)?;
        writeln!(f, "parameters  {}", count(self.parameters))?;
        write!(f, "vocabulary  {} tokens", count(self.vocabulary))?;
        match self.tokens {
            None => write!(f, ", no tokenizer")?,
            Some(tokens) if tokens < self.vocabulary => {
                write!(f, ", of which the tokenizer has {}", count(tokens))?;
            }
            Some(_) => {}
        }
        writeln!(f, "\ncontext     {} tokens", count(self.context))?;
        write!(f, "from        {}", self.origin.source)?;
        if let Some(commit) = &self.origin.commit {
            write!(f, ", commit {commit}")?;
        }
        write!(f, "\ninto        {}", self.folder.display())
    }
}
