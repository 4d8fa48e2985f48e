//! Versions from `Cargo.lock`.
//!
//! Cargo writes the file itself, one `key = "value"` a line, so that a reader needs no TOML.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::CargoCorpusError;

/// A package at the version that the lock pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, `1.0.229` or `0.25.18+spec-1.1.0`.
    pub version: String,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// The nearest `Cargo.lock`, from `start` upwards.
pub(super) fn find_lock(start: &Path) -> Result<PathBuf, CargoCorpusError> {
    start
        .ancestors()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|path| path.is_file())
        .ok_or_else(|| CargoCorpusError::NoLock {
            start: start.to_owned(),
        })
}

/// The packages of `names` in their order. A name stands for the newest version that the lock
/// holds, `name@0.9` for the newest that begins so (as in `cargo update name@0.9`).
pub(super) fn locked(path: &Path, names: &[String]) -> Result<Vec<Package>, CargoCorpusError> {
    let text = fs::read_to_string(path).map_err(|error| CargoCorpusError::Read {
        path: path.to_owned(),
        error,
    })?;
    let versions = versions(&text);
    let mut missing = Vec::new();
    let mut packages = Vec::new();
    for spec in names {
        let (name, wanted) = match spec.split_once('@') {
            Some((name, wanted)) => (name, Some(wanted)),
            None => (spec.as_str(), None),
        };
        let known = versions.get(name).into_iter().flatten().copied();
        let fitting = known.filter(|version| wanted.is_none_or(|wanted| begins(version, wanted)));
        let Some(newest) = fitting.max_by(|a, b| compare(a, b)) else {
            missing.push(spec.clone());
            continue;
        };
        let package = Package {
            name: name.to_owned(),
            version: newest.to_owned(),
        };
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    if missing.is_empty() {
        Ok(packages)
    } else {
        Err(CargoCorpusError::NotLocked {
            lock: path.to_owned(),
            names: missing,
        })
    }
}

/// The versions of each package that comes from a registry.
fn versions(lock: &str) -> HashMap<&str, Vec<&str>> {
    let mut versions: HashMap<&str, Vec<&str>> = HashMap::new();
    for block in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            block.lines().find_map(|line| {
                let (found, value) = line.split_once(" = ")?;
                (found == key).then(|| value.trim_matches('"'))
            })
        };
        let registry = value("source").is_some_and(|source| source.starts_with("registry+"));
        if let (true, Some(name), Some(version)) = (registry, value("name"), value("version")) {
            versions.entry(name).or_default().push(version);
        }
    }
    versions
}

/// Whether a version is `wanted` or goes on from it: 0.1.2 begins with 0.1, 0.10.2 does not.
fn begins(version: &str, wanted: &str) -> bool {
    version
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
}

/// Semantic versions by their three numbers; a pre-release comes before its release.
fn compare(a: &str, b: &str) -> Ordering {
    let key = |version: &str| {
        let version = version.split('+').next().unwrap_or_default().to_owned();
        let (numbers, pre) = match version.split_once('-') {
            Some((numbers, pre)) => (numbers.to_owned(), pre.to_owned()),
            None => (version, String::new()),
        };
        let numbers: Vec<u64> = numbers.split('.').map(|n| n.parse().unwrap_or(0)).collect();
        (numbers, pre.is_empty(), pre)
    };
    key(a).cmp(&key(b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "mine"
version = "9.0.0"
dependencies = [
 "serde",
]

[[package]]
name = "serde"
version = "1.0.99"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "00"

[[package]]
name = "serde"
version = "1.0.229"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "toml_edit"
version = "0.25.18+spec-1.1.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

    fn packages(names: &[&str]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Cargo.lock");
        fs::write(&path, LOCK).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        match locked(&path, &names) {
            Ok(found) => Ok(found.iter().map(Package::to_string).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_newest_version_in_the_order_asked_for() {
        let found = packages(&["toml_edit", "serde", "toml_edit"]).unwrap();
        assert_eq!(found, ["toml_edit 0.25.18+spec-1.1.0", "serde 1.0.229"]);
        let found = packages(&["serde@1.0.99", "serde@1.0", "serde", "toml_edit@0.25.18"]).unwrap();
        let want = [
            "serde 1.0.99",
            "serde 1.0.229",
            "toml_edit 0.25.18+spec-1.1.0",
        ];
        assert_eq!(found, want);
        let fault = packages(&["serde@1.0.22"]).unwrap_err();
        assert!(fault.contains("does not hold: serde@1.0.22"), "{fault}");
    }

    #[test]
    fn what_the_lock_does_not_hold_is_named() {
        // A member of the workspace is no package of the registry.
        let fault = packages(&["serde", "mine", "sedre"]).unwrap_err();
        assert!(fault.contains("does not hold: mine, sedre"), "{fault}");
    }

    #[test]
    fn versions_compare_by_number() {
        for (older, newer) in [
            ("0.9.5", "0.10.1"),
            ("1.0.0-rc.1", "1.0.0"),
            ("1.2", "1.2.1"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
        }
        assert_eq!(compare("1.0.0+a", "1.0.0+b"), Ordering::Equal);
    }

    #[test]
    fn the_lock_is_found_from_below() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.lock"), LOCK).unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(find_lock(&below).unwrap(), folder.path().join("Cargo.lock"));
        let fault = find_lock(Path::new("/nowhere-at-all"))
            .unwrap_err()
            .to_string();
        assert!(
            fault.contains("no Cargo.lock in /nowhere-at-all"),
            "{fault}"
        );
    }
}
