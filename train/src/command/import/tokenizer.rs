//! The tokenizer of the source, and what `transformers` wants to know beside it.

use super::files::{self, COMPANIONS, TOKENIZER, TokenizerFiles};
use super::lacks::Lacks;
use super::source::Source;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use slovo_data::Tokenizer;
use slovo_data::tokenizer::{BertWords, END_OF_TEXT, TokenizerError};
use slovo_model::WeightsError;
use slovo_model::gguf::{self, Gguf, GgufError};
use std::fs;
use std::path::{Path, PathBuf};

/// Special tokens by name, and how texts are treated.
const SETTINGS: &str = "tokenizer_config.json";

/// A tokenizer and its settings.
pub(super) struct TokenizerOf {
    pub tokenizer: Tokenizer,
    /// `tokenizer_config.json`; empty where there is none.
    pub settings: Map<String, Value>,
    /// Tokens that end an answer, where the source says so beside the settings.
    pub ends: Vec<u32>,
    /// The file that it came from.
    place: PathBuf,
    /// Files that go along as they are.
    along: Vec<(&'static str, Vec<u8>)>,
}

impl TokenizerOf {
    /// Reads it from a folder or a GGUF file.
    ///
    /// # Errors
    ///
    /// A tokenizer that is missing, damaged, or in a format that cannot be converted.
    pub fn read(source: &Source) -> Result<Self> {
        match source.is_file() {
            true => of_gguf(&source.path),
            false => of_folder(source),
        }
    }

    /// Checks that a model of `vocabulary` tokens knows all of its tokens.
    ///
    /// # Errors
    ///
    /// When it has more.
    pub fn check(&self, source: &Source, vocabulary: usize) -> Result<()> {
        let found = self.tokenizer.vocab_size();
        match found <= vocabulary {
            true => Ok(()),
            false => Err(Error::Folder {
                path: self.place.clone(),
                what: format!(
                    "{found} tokens found, but the model in {} knows {vocabulary}; one of the two \
                     belongs to another model",
                    source.path.display()
                ),
            }),
        }
    }

    /// Writes it into a folder, for a model of `context` tokens.
    ///
    /// # Errors
    ///
    /// A file system that refuses.
    pub fn write(&self, folder: &Path, context: usize) -> Result<()> {
        let path = folder.join(TOKENIZER);
        self.tokenizer
            .save(&path)
            .map_err(slovo_data::Error::from)?;
        let is_along = self.along.iter().any(|(name, _)| *name == SETTINGS);
        if !is_along {
            let mut settings = self.settings.clone();
            let class = || json!("PreTrainedTokenizerFast");
            settings.entry("tokenizer_class").or_insert_with(class);
            let length = || json!(context);
            settings.entry("model_max_length").or_insert_with(length);
            let text = format!("{:#}\n", Value::Object(settings));
            write(folder, SETTINGS, text.as_bytes())?;
        }
        for (name, bytes) in &self.along {
            write(folder, name, bytes)?;
        }
        Ok(())
    }

    /// The id of the special token that the settings name `role`: `bos_token`, `eos_token`, …
    pub fn special(&self, role: &str) -> Option<u32> {
        let named = self.settings.get(role)?;
        let text = named.as_str().or_else(|| named["content"].as_str())?;
        let specials = self.tokenizer.specials().into_iter();
        let found = specials.filter(|(_, name)| name == text).map(|(id, _)| id);
        found.min()
    }
}

fn of_gguf(path: &Path) -> Result<TokenizerOf> {
    let in_file = || {
        let file = Gguf::open(path)?;
        Ok((gguf::tokenizer::read(&file)?, gguf::Config::read(&file)?))
    };
    let (files, config) = in_file().map_err(|error: GgufError| WeightsError::from(error))?;
    let place = path.display().to_string();
    let tokenizer = Tokenizer::from_json(&place, files.tokenizer.to_string());
    let settings = match files.config {
        Value::Object(settings) => settings,
        _ => Map::new(),
    };
    Ok(TokenizerOf {
        tokenizer: tokenizer.map_err(slovo_data::Error::from)?,
        settings,
        ends: config.end_ids,
        place: path.into(),
        along: Vec::new(),
    })
}

fn of_folder(source: &Source) -> Result<TokenizerOf> {
    let files = files::tokenizer(&source.names).map_err(|lacks| source.lacks(lacks))?;
    let read = |name: &str| {
        let path = source.path.join(name);
        fs::read(&path).map_err(Error::io("read", path))
    };
    let there = COMPANIONS.into_iter();
    let there = there.filter(|name| source.names.contains(*name));
    let along = there.map(|name| Ok((name, read(name)?)));
    let along: Vec<_> = along.collect::<Result<_>>()?;
    for (name, bytes) in along.iter().filter(|(name, _)| name.ends_with(".json")) {
        if let Err(error) = serde_json::from_slice::<Value>(bytes) {
            return Err(Error::Folder {
                path: source.path.join(name),
                what: format!("is no JSON: {error}"),
            });
        }
    }
    let settings = along.iter().find(|(name, _)| *name == SETTINGS);
    let settings = settings.and_then(|(_, bytes)| serde_json::from_slice(bytes).ok());
    let settings = settings.unwrap_or_else(|| usual(files));
    let [first, ..] = files.names() else {
        return Err(source.lacks(Lacks::Tokenizer(None)));
    };
    let place = source.path.join(first);
    let tokenizer = match files {
        TokenizerFiles::Json => Tokenizer::from_file(&place),
        TokenizerFiles::WordPiece => bert(source, &settings)?,
        TokenizerFiles::BytePair => gpt2(source)?,
    };
    Ok(TokenizerOf {
        tokenizer: tokenizer.map_err(slovo_data::Error::from)?,
        settings,
        ends: Vec::new(),
        place,
        along,
    })
}

/// The settings of a tokenizer that comes without them.
fn usual(files: TokenizerFiles) -> Map<String, Value> {
    let settings = match files {
        TokenizerFiles::Json => json!({}),
        TokenizerFiles::WordPiece => json!({
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": true,
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
        }),
        TokenizerFiles::BytePair => json!({
            "tokenizer_class": "GPT2Tokenizer",
            "bos_token": END_OF_TEXT,
            "eos_token": END_OF_TEXT,
            "unk_token": END_OF_TEXT,
        }),
    };
    match settings {
        Value::Object(settings) => settings,
        _ => Map::new(),
    }
}

fn bert(
    source: &Source,
    settings: &Map<String, Value>,
) -> Result<std::result::Result<Tokenizer, TokenizerError>> {
    only_of(source, &["bert", "distilbert"], "vocab.txt")?;
    let flag = |name: &str| settings.get(name).and_then(Value::as_bool);
    let words = BertWords {
        lowercase: flag("do_lower_case").unwrap_or(true),
        strip_accents: flag("strip_accents"),
        chinese: flag("tokenize_chinese_chars").unwrap_or(true),
    };
    Ok(Tokenizer::from_vocab_txt(
        &source.path.join("vocab.txt"),
        words,
    ))
}

fn gpt2(source: &Source) -> Result<std::result::Result<Tokenizer, TokenizerError>> {
    only_of(source, &["gpt2"], "vocab.json with merges.txt")?;
    let (vocab, merges) = (
        source.path.join("vocab.json"),
        source.path.join("merges.txt"),
    );
    Ok(Tokenizer::from_vocab_and_merges(&vocab, &merges))
}

/// The files say nothing of how text is cut into words; the model must.
fn only_of(source: &Source, types: &[&str], what: &str) -> Result<()> {
    let path = source.path.join(files::CONFIG);
    let config = fs::read(&path).map_err(Error::io("read", &path))?;
    let config: Value = serde_json::from_slice(&config).unwrap_or_default();
    let found = config["model_type"].as_str().unwrap_or_default();
    match types.contains(&found) {
        true => Ok(()),
        false => Err(Error::Folder {
            path: source.path.clone(),
            what: format!(
                "{what} can be converted for {} only, and this is {found:?}; {}",
                types.join(" and "),
                Lacks::Tokenizer(None)
            ),
        }),
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    crate::files::write_synced(&path, bytes)
}
