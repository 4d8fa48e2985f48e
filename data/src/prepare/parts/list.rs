//! The list beside the parts of a folder: what they were made by, and how many there are.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::prepare::contamination::EvaluationReport;
use crate::source::LinkReport;

/// The list beside the parts.
const LIST: &str = "parts.json";
/// What the name of a folder of parts ends in, behind that of the folder that is made of them.
pub(in crate::prepare) const PARTS: &str = ".parts";
/// Locked while parts are made and read.
const LOCK: &str = "lock";

/// What the parts of a folder were made by, and how many there are on all machines.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct List {
    /// The key that they are made under.
    pub key: String,
    /// SHA-256 over what of the recipe decides what is in them.
    pub recipe: String,
    pub parts: usize,
    /// What was read beside the sources.
    #[serde(default)]
    pub beside: Beside,
}

/// What is read beside the sources, and decides which of their documents are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Evaluations, by name.
    pub evaluations: BTreeMap<String, EvaluationReport>,
    /// Lists of links, by source.
    pub links: BTreeMap<String, LinkReport>,
}

/// The folder of a share's parts, by its own name or by what `--out` said, beside which it lies.
pub fn share_folder(named: &Path) -> PathBuf {
    let Some(name) = named.file_name() else {
        return named.to_owned();
    };
    let mut beside = name.to_owned();
    beside.push(PARTS);
    let beside = named.with_file_name(beside);
    match named.join(LIST).is_file() || !beside.join(LIST).is_file() {
        true => named.to_owned(),
        false => beside,
    }
}

/// The key that the parts of a folder were made under: it stands for all that decides what is in them.
///
/// # Errors
/// A folder without a list of parts.
pub(in crate::prepare) fn key_of(folder: &Path) -> Result<String, Error> {
    Ok(List::read(folder)?.key)
}

impl List {
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let wrong = |what: String| Error::Parts {
            path: folder.to_owned(),
            what: format!("its {LIST}: {what}; name folders that --shard has made"),
        };
        let json = std::fs::read(folder.join(LIST)).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))
    }
}

/// Makes a folder ready for parts of this list: those of another key go. The lock is held until it is dropped.
///
/// # Errors
/// Another process that is at work there, a disk that fails.
pub(super) fn begin(folder: &Path, list: &List) -> Result<File, Error> {
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let lock = folder.join(LOCK);
    let lock = File::create(&lock).map_err(Error::io("create", &lock))?;
    // A file system without locks leaves it to the person.
    if let Err(std::fs::TryLockError::WouldBlock) = lock.try_lock() {
        return Err(Error::Parts {
            path: folder.to_owned(),
            what:
                "another process prepares the same; wait for it, or name another folder with --out"
                    .to_owned(),
        });
    }
    // A list of another version that cannot be read is one of another key.
    let is_there = folder.join(LIST).exists();
    if is_there && !List::read(folder).is_ok_and(|found| found.key == list.key) {
        for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let path = entry.map_err(Error::io("read", folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("part-") {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            }
        }
    }
    let path = folder.join(LIST);
    let json = serde_json::to_vec(list).map_err(std::io::Error::from);
    json.and_then(|json| crate::files::write(&path, &json))
        .map_err(Error::io("write", &path))?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn parts_are_found_by_either_name() {
        let folder = tempfile::tempdir().unwrap();
        let (out, parts) = (folder.path().join("a"), folder.path().join("a.parts"));
        assert_eq!(share_folder(&out), out);
        std::fs::create_dir(&parts).unwrap();
        std::fs::write(parts.join(LIST), "{}").unwrap();
        for named in [&out, &out.join(""), &parts] {
            assert_eq!(share_folder(named), parts, "{named:?}");
        }
        assert_eq!(share_folder(Path::new("..")), Path::new(".."));
    }
}
