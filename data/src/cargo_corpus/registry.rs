//! Where cargo has unpacked the packages.

use std::fs;
use std::path::{Path, PathBuf};

use super::{CargoCorpusError, Package};

/// The folder below which cargo unpacks sources, one folder a registry.
pub(super) fn source_folder() -> Result<PathBuf, CargoCorpusError> {
    let home = std::env::var_os("CARGO_HOME").filter(|value| !value.is_empty());
    let home = match home {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()
            .ok_or(CargoCorpusError::NoHome)?
            .join(".cargo"),
    };
    Ok(home.join("registry").join("src"))
}

/// The folder of each package; all that are missing are named at once.
pub(super) fn unpacked(
    folder: &Path,
    packages: &[Package],
) -> Result<Vec<PathBuf>, CargoCorpusError> {
    // No such folder means that nothing is unpacked, which is told by package below.
    let mut registries: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    registries.sort();
    let mut found = Vec::with_capacity(packages.len());
    let mut missing = Vec::new();
    for package in packages {
        let name = format!("{}-{}", package.name, package.version);
        // Cargo writes the mark `.cargo-ok` last: without it the unpacking was cut off.
        let place = registries
            .iter()
            .map(|registry| registry.join(&name))
            .find(|path| path.join(".cargo-ok").is_file());
        match place {
            Some(path) => found.push(path),
            None => missing.push(package.to_string()),
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(CargoCorpusError::NotUnpacked {
            folder: folder.to_owned(),
            packages: missing,
        })
    }
}

/// The licence that a package's `Cargo.toml` states, as an SPDX expression.
pub(super) fn licence(package: &Path) -> Option<String> {
    let manifest = fs::read_to_string(package.join("Cargo.toml")).ok()?;
    let section = manifest.split("[package]").nth(1)?;
    let section = section.split("\n[").next()?;
    section.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "license").then(|| value.trim().trim_matches('"').to_owned())
    })
}
