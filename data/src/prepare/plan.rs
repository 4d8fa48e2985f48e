//! What would be done, and whether it has been done already.

use std::path::{Path, PathBuf};

use super::folder::{self, Temporary};
use super::parts::{PARTS, Store, key_of, loaded_rules, recipe_key};
use super::prepared::{self, Head};
use super::{Options, Progress};
use crate::dedup::{DedupError, LEAST_MEMORY, SettingError};
use crate::recipe::{DataRecipe, TokenizerRecipe, to_ron_string};
use crate::shard::ShardError;
use crate::source::{InputFile, Inputs, SourceError};
use crate::tokenizer::Tokenizer;
use crate::{Error, files};

/// What preparing a recipe would read and write.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The files, with lengths and times; empty where standard input is read.
    pub files: Vec<InputFile>,
    /// Their bytes, as they lie on disk.
    pub bytes: u64,
    /// Whether standard input is among the sources.
    pub reads_stdin: bool,
    /// SHA-256 over the recipe and the list of files; of standard input, it is known afterwards.
    pub key: String,
    /// The output folder; `None` while the key is not known.
    pub dir: Option<PathBuf>,
    /// Whether it holds what would be made.
    pub ready: bool,
}

/// Says what [`prepare_with`](super::prepare_with) would do, and does none of it.
///
/// # Errors
/// A wrong recipe or missing sources.
pub fn plan(recipe: &DataRecipe, options: &Options) -> Result<Plan, Error> {
    recipe.validate()?;
    let inputs = match options.merge.is_empty() {
        true => Inputs::resolve(&recipe.sources)?,
        false => {
            let store = Store::join(&options.merge, &recipe_key(recipe)?)?;
            Inputs::read_elsewhere(store.files())
        }
    };
    of(recipe, &inputs, options)
}

pub(super) fn of(recipe: &DataRecipe, inputs: &Inputs, options: &Options) -> Result<Plan, Error> {
    // Before hours of reading, not behind them. Comparing paragraphs sorts twice at a time.
    if recipe.duplicates.any() && options.memory < 2 * LEAST_MEMORY {
        return Err(DedupError::from(SettingError {
            field: "--memory",
            value: format!("{} bytes", options.memory),
            right: "give at least 2MiB".to_owned(),
        })
        .into());
    }
    let files = inputs.files().unwrap_or_default().to_vec();
    let tokenizer = match &recipe.tokenizer {
        TokenizerRecipe::File(path) => Tokenizer::from_file(&expand(path)?)?.fingerprint(),
        _ => String::new(),
    };
    // Which windows a model reads is no part of what is prepared.
    let unmixed = DataRecipe {
        mixture: None,
        ..recipe.clone()
    };
    let parts = (
        prepared::VERSION,
        to_ron_string(&unmixed)?,
        tokenizer,
        &files,
        also(recipe, inputs, options)?,
        // Shards of another length are other files.
        options.shard_bytes,
    );
    let json = serde_json::to_vec(&parts)
        .map_err(std::io::Error::from)
        .map_err(Error::io("describe", Path::new("the recipe")))?;
    let mut plan = Plan {
        files,
        bytes: inputs.bytes(),
        reads_stdin: inputs.files().is_none(),
        key: files::sha256_hex(&json),
        dir: options.out.clone(),
        ready: false,
    };
    if !plan.reads_stdin {
        plan.name(options);
    }
    plan.ready = plan.dir.as_deref().is_some_and(|dir| {
        !plan.reads_stdin && Head::read(dir).is_ok_and(|head| head.key() == plan.key)
    });
    Ok(plan)
}

/// What decides beside the sources which documents are kept: lists of links and of hosts, evaluations.
fn also(
    recipe: &DataRecipe,
    inputs: &Inputs,
    options: &Options,
) -> Result<(Vec<String>, String, Vec<InputFile>), Error> {
    // Of parts to be joined, which all have one key, none of these files need be here.
    if let Some(folder) = options.merge.first() {
        return Ok((vec![key_of(folder)?], String::new(), Vec::new()));
    }
    let evaluations = match &recipe.contamination {
        Some(held) => Inputs::resolve(&held.texts)?.all_files().to_vec(),
        None => Vec::new(),
    };
    // As they are shown, the lists that rules have read are among them.
    let rules = format!("{:?}", loaded_rules(recipe)?);
    Ok((inputs.beside().to_vec(), rules, evaluations))
}

impl Plan {
    fn name(&mut self, options: &Options) {
        let named = || options.root.join(&self.key[..12]);
        self.dir = Some(options.out.clone().unwrap_or_else(named));
    }

    /// Where the parts lie until they are tokens: beside the folder that is made of them.
    pub(super) fn parts_folder(&self, parent: &Path, name: &str) -> PathBuf {
        parent.join(format!("{name}{PARTS}"))
    }

    /// Makes the key of standard input final: the text is part of it.
    pub(super) fn settle(&mut self, text_fingerprint: &str, options: &Options) {
        self.key = files::sha256_hex(format!("{}{text_fingerprint}", self.key).as_bytes());
        self.name(options);
    }

    /// Folder and name beside which the temporary folder goes.
    pub(super) fn place(&self, options: &Options) -> (PathBuf, String) {
        let Some(dir) = &self.dir else {
            return (options.root.clone(), "stdin".to_owned());
        };
        let parent = match dir.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        (parent, name.into_owned())
    }
}

/// What was prepared under this key, opened, if it is there; an error where the folder holds
/// anything else.
/// Damaged output of this very key is removed, because it can be made again.
pub(super) fn reuse<P>(
    dir: &Path,
    key: &str,
    open: fn(&Path) -> Result<P, Error>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Option<P>, Error> {
    let exists = |what: &str| Error::Exists {
        path: dir.to_owned(),
        what: what.to_owned(),
    };
    let mut entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(exists("is no folder"));
        }
        Err(error) => return Err(Error::io("read", dir)(error)),
    };
    if entries.next().is_none() {
        return Ok(None);
    }
    match Head::read(dir) {
        Err(_) => Err(exists("holds other files")),
        Ok(head) if head.key() != key => Err(exists(&format!(
            "holds data of another recipe or of changed sources ({:?}, key {})",
            head.name(),
            head.key().get(..12).unwrap_or(head.key())
        ))),
        Ok(_) => match open(dir) {
            Ok(prepared) => {
                folder::remove_lock(dir);
                Ok(Some(prepared))
            }
            // A folder that cannot be read at the moment may be whole.
            Err(error @ (Error::Io { .. } | Error::Shard(ShardError::Io { .. }))) => Err(error),
            Err(error) => {
                progress(Progress::Note(format!("{error}; it is made again")));
                folder::remove(dir)?;
                Ok(None)
            }
        },
    }
}

/// Gives a complete folder its name and opens it.
pub(super) fn finish<P>(
    temporary: Temporary,
    dir: &Path,
    key: &str,
    open: fn(&Path) -> Result<P, Error>,
    progress: &mut dyn FnMut(Progress),
) -> Result<P, Error> {
    match temporary.finish(dir) {
        Ok(()) => open(dir),
        // Another process may have prepared the same in the meantime.
        Err(error) => match reuse(dir, key, open, progress) {
            Ok(Some(prepared)) => Ok(prepared),
            _ => Err(error),
        },
    }
}

/// A path that may begin with `$SLOVO_DATA`.
///
/// # Errors
/// When it does and the variable is not set.
pub fn expand(path: &str) -> Result<PathBuf, Error> {
    const VARIABLE: &str = "SLOVO_DATA";
    let Some(rest) = path
        .strip_prefix('$')
        .and_then(|path| path.strip_prefix(VARIABLE))
    else {
        return Ok(PathBuf::from(path));
    };
    let folder = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty());
    let folder = folder.ok_or_else(|| SourceError::DataFolderUnset {
        given: path.to_owned(),
    })?;
    Ok(Path::new(&folder).join(rest.trim_start_matches('/')))
}
