//! Finding a model: a run folder, a model folder or a GGUF file, wherever a command takes one.

use crate::command::import::Imported;
use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use slovo_data::Tokenizer;
use slovo_data::files::hex;
use slovo_model::gguf::{self, Gguf, GgufError};
use slovo_model::{CausalLm, Encoder, MaskedLm, ModelKind, Seq2Seq, WeightsError};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where a model came from: `slovo.ron` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Origin {
    /// A training here.
    Trained(Provenance),
    /// Somewhere else.
    Imported(Imported),
}

/// Which training a model came from.
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

impl Provenance {
    /// Puts the tokenizer, what `transformers` wants to know of it, and this beside the weights in
    /// `folder`. `more` are further settings for `tokenizer_config.json`, such as a chat template.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path, tokenizer: &Tokenizer, more: Value) -> Result<()> {
        tokenizer
            .save(&folder.join("tokenizer.json"))
            .map_err(slovo_data::Error::from)?;
        let mut config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.context,
        });
        for (role, token) in tokenizer.special_tokens_map() {
            config[role] = token.into();
        }
        if let Value::Object(more) = more {
            more.into_iter()
                .for_each(|(name, value)| config[name.as_str()] = value);
        }
        let text = format!("{config:#}\n");
        files::write_synced(&folder.join("tokenizer_config.json"), text.as_bytes())?;
        let text = slovo_data::recipe::to_ron_string(self)?;
        files::write_synced(&folder.join("slovo.ron"), text.as_bytes())
    }
}

/// What both begin with.
#[derive(Serialize, Deserialize)]
struct Stage {
    stage: String,
}

/// Whether this is a name of the hub and no path.
pub fn is_hub_name(path: &Path) -> bool {
    let named = path.to_str().is_some_and(|path| path.starts_with("hf:"));
    named && !path.exists()
}

/// Whether a run folder holds a classifier, whose recipe and report are another stage's.
pub fn is_classifier(run: &Path) -> bool {
    let kind = ModelPlace::find(run).map(|place| slovo_model::model_kind(place.folder));
    matches!(kind, Ok(Ok(ModelKind::Classifier)))
}

/// A model folder or file, and the run it lies in, if it does.
#[derive(Clone, Debug)]
pub struct ModelPlace {
    /// The folder with `config.json`, or the GGUF file.
    pub folder: PathBuf,
    /// The run folder that was given instead.
    pub run: Option<PathBuf>,
}

impl ModelPlace {
    /// Finds the model of a run folder, a model folder or a GGUF file.
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
        if is_hub_name(path) {
            let name = path.display();
            return Err(Error::Folder {
                path: path.into(),
                what: format!(
                    "is a name of the hub; `cargo xtask import {name} --out DIR` makes a model \
                     folder of it, and DIR would do here"
                ),
            });
        }
        if !path.exists() {
            return wrong("does not exist; a run folder, a model folder or a GGUF file would do");
        }
        // What else a file may be, its reader says.
        if path.is_file() {
            return Ok(Self {
                folder: path.into(),
                run: None,
            });
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

    /// Loads an encoder with the head that fills in hidden tokens.
    ///
    /// # Errors
    ///
    /// As [`model`](Self::model), and an encoder without that head.
    pub fn masked_lm(&self, device: &burn::tensor::Device) -> Result<MaskedLm> {
        Ok(slovo_model::load_masked_lm(&self.folder, device)?)
    }

    /// Loads an encoder–decoder.
    ///
    /// # Errors
    ///
    /// As [`model`](Self::model).
    pub fn seq2seq(&self, device: &burn::tensor::Device) -> Result<Seq2Seq> {
        Ok(slovo_model::load_seq2seq(&self.folder, device)?)
    }

    /// Loads an encoder onto a device, without the head of a masked language model if it has one.
    ///
    /// # Errors
    ///
    /// A model that is no encoder, or a file that is missing or damaged.
    pub fn encoder(&self, device: &burn::tensor::Device) -> Result<Encoder> {
        if self.folder.is_file() {
            return Err(Error::Folder {
                path: self.folder.clone(),
                what: "is a file, but an encoder is needed here: a model folder of BERT or \
                       DistilBERT"
                    .into(),
            });
        }
        Ok(slovo_model::load_encoder(&self.folder, device)?)
    }

    /// Loads the tokenizer and checks that it fits the model.
    ///
    /// # Errors
    ///
    /// A file that is missing or damaged, or more tokens than the model has.
    pub fn tokenizer(&self, model: &CausalLm) -> Result<Tokenizer> {
        self.tokenizer_within(model.config().vocab_size)
    }

    /// Loads the tokenizer and checks that it fits a model that knows so many tokens.
    ///
    /// # Errors
    ///
    /// As [`tokenizer`](Self::tokenizer).
    pub fn tokenizer_within(&self, knows: usize) -> Result<Tokenizer> {
        let (path, tokenizer) = match self.folder.is_file() {
            true => (self.folder.clone(), self.tokenizer_of_file()),
            false => {
                let path = self.folder.join("tokenizer.json");
                let tokenizer = Tokenizer::from_file(&path).map_err(slovo_data::Error::from);
                (path, tokenizer.map_err(Error::from))
            }
        };
        let tokenizer = tokenizer?;
        let has = tokenizer.vocab_size();
        if has > knows {
            return Err(Error::Folder {
                path,
                what: format!("{has} tokens found, but the model beside it knows {knows}"),
            });
        }
        Ok(tokenizer)
    }

    /// The tokenizer in a GGUF file.
    fn tokenizer_of_file(&self) -> Result<Tokenizer> {
        let in_file = || {
            let file = Gguf::open(&self.folder)?;
            Ok::<_, GgufError>(gguf::tokenizer::read(&file)?.tokenizer.to_string())
        };
        let json = in_file().map_err(WeightsError::from)?;
        let place = self.folder.display().to_string();
        Ok(Tokenizer::from_json(&place, json).map_err(slovo_data::Error::from)?)
    }

    /// SHA-256 over settings and weights, in hexadecimal: names the model, whatever its folder is called.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn fingerprint(&self) -> Result<String> {
        let place = &self.folder;
        let mut files: Vec<PathBuf> = match place.is_file() {
            true => vec![place.clone()],
            false => fs::read_dir(place)
                .map_err(Error::io("read", place))?
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    name == "config.json" || name.ends_with(".safetensors")
                })
                .collect(),
        };
        files.sort();
        let mut hash = Sha256::new();
        for path in files {
            let copied = File::open(&path).and_then(|file| digest(file, &mut hash));
            copied.map_err(Error::io("read", &path))?;
        }
        Ok(hex(&hash.finalize()))
    }

    /// Where the model came from, if its folder says so.
    ///
    /// # Errors
    ///
    /// A `slovo.ron` that cannot be understood.
    pub fn origin(&self) -> Result<Option<Origin>> {
        let path = self.folder.join("slovo.ron");
        if !path.is_file() {
            return Ok(None);
        }
        let Stage { stage } = slovo_data::recipe::load_ron(&path, &[])?;
        Ok(Some(match stage == Imported::STAGE {
            true => Origin::Imported(slovo_data::recipe::load_ron(&path, &[])?),
            false => Origin::Trained(slovo_data::recipe::load_ron(&path, &[])?),
        }))
    }

    /// The training that the model came from, if its folder names one.
    ///
    /// # Errors
    ///
    /// As [`origin`](Self::origin).
    pub fn provenance(&self) -> Result<Option<Provenance>> {
        Ok(match self.origin()? {
            Some(Origin::Trained(provenance)) => Some(provenance),
            Some(Origin::Imported(_)) | None => None,
        })
    }
}

fn digest(mut file: File, hash: &mut Sha256) -> io::Result<()> {
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(()),
            n => hash.update(&bytes[..n]),
        }
    }
}
