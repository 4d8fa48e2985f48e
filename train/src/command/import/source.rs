//! What SOURCE names: a folder of Hugging Face or of ours, a run, a GGUF file, a model of the hub.

use super::files::{self, INDEX, Weights};
use super::lacks::Lacks;
use crate::place::{ModelPlace, is_hub_name};
use crate::stop::Stop;
use crate::{Error, Result};
use slovo_args::ImportArgs;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Files that are no model by themselves end so.
const PARTS: [&str; 3] = [".safetensors", ".json", ".bin"];

/// A model that is on this machine.
pub(super) struct Source {
    /// As it was given.
    pub said: String,
    /// The folder with `config.json`, or the GGUF file.
    pub path: PathBuf,
    /// The files of the folder.
    pub names: BTreeSet<String>,
    /// The commit, of a model of the hub.
    pub commit: Option<String>,
}

impl Source {
    /// Finds it; a model of the hub is brought here first, or looked for in the cache.
    ///
    /// # Errors
    ///
    /// A name or path that leads to no model, or to one in files that are not read.
    pub fn find(args: &ImportArgs, stop: &Stop) -> Result<Self> {
        let ImportArgs {
            source, offline, ..
        } = args;
        let said = source.display().to_string();
        if is_hub_name(source) {
            let (path, commit) = from_hub(&said, args, stop)?;
            return Ok(Self {
                said,
                names: files::names(&path),
                path,
                commit: Some(commit),
            });
        }
        if *offline {
            return Err(Error::Value {
                field: "--offline",
                found: format!("given with {said}"),
                expected: "only a model of the hub (hf:OWNER/NAME) needs a network".into(),
            });
        }
        let place = match ModelPlace::find(source) {
            Ok(place) => place.folder,
            // A folder without settings has something else in their place, which says more.
            Err(error) => match source.is_dir() && !source.join("recipe.ron").is_file() {
                true => source.clone(),
                false => return Err(error),
            },
        };
        let part = |end: &&str| place.to_string_lossy().ends_with(*end);
        if place.is_file() && PARTS.iter().any(part) {
            return Err(Error::Folder {
                path: place,
                what: "is one file of a model; the folder with all of them would do".into(),
            });
        }
        let source = Self {
            said,
            names: files::names(&place),
            path: place,
            commit: None,
        };
        if !source.is_file() {
            files::needed(&source.names, !args.no_tokenizer)
                .map_err(|lacks| source.lacks(lacks))?;
        }
        Ok(source)
    }

    /// Whether it is a GGUF file.
    pub fn is_file(&self) -> bool {
        self.path.is_file()
    }

    /// The files with the numbers.
    ///
    /// # Errors
    ///
    /// A list of shards that cannot be read.
    pub fn weights(&self) -> Result<Vec<PathBuf>> {
        if self.is_file() {
            return Ok(vec![self.path.clone()]);
        }
        let names = match files::weights(&self.names) {
            Ok(Weights::Single) => Ok(vec![files::SINGLE.to_owned()]),
            Ok(Weights::Sharded) => files::shards(&self.path.join(INDEX), &self.names),
            Err(lacks) => Err(lacks),
        };
        let names = names.map_err(|lacks| self.lacks(lacks))?;
        Ok(names.iter().map(|name| self.path.join(name)).collect())
    }

    /// Says what is missing, and where.
    pub fn lacks(&self, lacks: Lacks) -> Error {
        Error::Folder {
            path: self.path.clone(),
            what: lacks.to_string(),
        }
    }
}

#[cfg(feature = "hub")]
fn from_hub(name: &str, args: &ImportArgs, stop: &Stop) -> Result<(PathBuf, String)> {
    let name: super::hub::Name = name.parse()?;
    let fetched = super::hub::fetch(&name, args, stop)?;
    Ok((fetched.path, fetched.commit))
}

#[cfg(not(feature = "hub"))]
fn from_hub(name: &str, _args: &ImportArgs, _stop: &Stop) -> Result<(PathBuf, String)> {
    Err(Error::Device(format!(
        "{name}: this program was built without the hub; `cargo xtask import {name}` builds it in"
    )))
}
