//! Finding a model: a run folder or a model folder, wherever a command takes one.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use slovo_data::Tokenizer;
use slovo_model::CausalLm;
use std::path::{Path, PathBuf};

/// Where a model came from: `slovo.ron` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of Slovo that wrote it.
    pub version: String,
    /// Which stage trained it.
    pub stage: String,
    /// Optimizer steps behind it.
    pub step: u64,
    /// Target tokens behind it.
    pub tokens: u64,
    /// Validation loss at that step, in nats per token.
    pub validation_loss: f64,
    /// Tokens in a training sequence.
    pub context: usize,
    /// Fingerprint of tokens and tokenizer.
    pub data: String,
    /// Fingerprint of the tokenizer.
    pub tokenizer: String,
}

/// A model folder, and the run it lies in, if it does.
#[derive(Clone, Debug)]
pub struct ModelPlace {
    /// The folder with `config.json`.
    pub folder: PathBuf,
    /// The run folder that was given instead.
    pub run: Option<PathBuf>,
}

impl ModelPlace {
    /// Finds the model of a run folder or a model folder.
    ///
    /// # Errors
    ///
    /// A path that is neither.
    pub fn find(path: &Path) -> Result<Self> {
        let is_model = |folder: &Path| folder.join("config.json").is_file();
        let wrong = |what: &str| {
            Err(Error::Folder {
                path: path.into(),
                what: what.into(),
            })
        };
        if is_model(path) {
            let parent = path
                .parent()
                .filter(|_| path.file_name() == Some("model".as_ref()));
            let run = parent.filter(|parent| parent.join("recipe.ron").is_file());
            return Ok(Self {
                folder: path.into(),
                run: run.map(Path::to_path_buf),
            });
        }
        if is_model(&path.join("model")) {
            return Ok(Self {
                folder: path.join("model"),
                run: Some(path.into()),
            });
        }
        if !path.exists() {
            return wrong("does not exist; a run folder or a model folder would do");
        }
        if path.join("recipe.ron").is_file() {
            return wrong("is a run that has no model yet: it is written at the first evaluation");
        }
        wrong("is neither a run folder (model/config.json) nor a model folder (config.json)")
    }

    /// Loads the weights onto a device.
    ///
    /// # Errors
    ///
    /// A file that is missing or damaged, or a shape that this program does not know.
    pub fn model(&self, device: &burn::tensor::Device) -> Result<CausalLm> {
        Ok(slovo_model::load_model(&self.folder, device)?)
    }

    /// Loads the tokenizer and checks that it fits the model.
    ///
    /// # Errors
    ///
    /// A file that is missing or damaged, or more tokens than the model has.
    pub fn tokenizer(&self, model: &CausalLm) -> Result<Tokenizer> {
        let path = self.folder.join("tokenizer.json");
        let tokenizer = Tokenizer::from_file(&path).map_err(slovo_data::Error::from)?;
        let (has, knows) = (tokenizer.vocab_size(), model.config().vocab_size);
        if has > knows {
            return Err(Error::Folder {
                path,
                what: format!("{has} tokens found, but the model beside it knows {knows}"),
            });
        }
        Ok(tokenizer)
    }

    /// Where the model came from, if its folder says so.
    ///
    /// # Errors
    ///
    /// A `slovo.ron` that cannot be understood.
    pub fn provenance(&self) -> Result<Option<Provenance>> {
        let path = self.folder.join("slovo.ron");
        match path.is_file() {
            true => Ok(Some(slovo_data::recipe::load_ron(&path, &[])?)),
            false => Ok(None),
        }
    }
}
