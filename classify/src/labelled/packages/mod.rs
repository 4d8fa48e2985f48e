//! A task that every build machine has: which part of a package a passage is from.
//!
//! Who has built this project has some hundred packages on disk, at the versions of `Cargo.lock`
//! ([`slovo_data::cargo_corpus`]). Their authors have labelled them already, by where they put what
//! they wrote: library code, tests, documentation, manifests. Comment marks, code inside of
//! documentation, and licences, which would give the answer away, are left out; every package is
//! one group, so that a split by group asks about authors that were not seen.

mod passages;
mod rust_source;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slovo_data::cargo_corpus::{self, CargoCorpusError, CorpusFile};

use super::Place;
use passages::{Line, cut};
use rust_source::{Parts, markdown, parts};

/// The classes, in the order of the alphabet.
pub const PACKAGE_CLASSES: [&str; 4] = ["documentation", "library", "manifest", "test"];

/// No package gives more passages of one class than this, unless a recipe says otherwise: large
/// ones would otherwise make up most of the text.
pub const DEFAULT_PER_CLASS: usize = 30;

/// Where a passage stands in its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PackageClass {
    Documentation,
    Library,
    Manifest,
    Test,
}

impl PackageClass {
    pub(super) fn name(self) -> &'static str {
        PACKAGE_CLASSES[self as usize]
    }
}

/// A passage of a package.
pub(super) struct Passage {
    pub(super) text: String,
    pub(super) class: PackageClass,
    pub(super) place: Place,
    pub(super) package: String,
}

/// Passages of packages in a fixed order, at most `per_class` of each package and class.
///
/// # Errors
/// No lock, packages that are missing, files that cannot be read.
pub(super) fn passages(
    names: &[String],
    per_class: usize,
) -> Result<Vec<Passage>, CargoCorpusError> {
    let corpus = cargo_corpus::select(names, u64::MAX)?;
    from_files(&corpus.files, per_class)
}

fn from_files(files: &[CorpusFile], per_class: usize) -> Result<Vec<Passage>, CargoCorpusError> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for package in files.chunk_by(|a, b| a.package == b.package) {
        let mut found = Vec::new();
        for file in package {
            found.extend(of_file(file)?);
        }
        if let Some((path, name)) = package.first().and_then(manifest) {
            let lines = numbered(&read(&path)?);
            found.extend(passages_of(
                package[0].package.name.as_str(),
                &name,
                PackageClass::Manifest,
                &lines,
            ));
        }
        // Some packages hold copies of others.
        found.retain(|passage| seen.insert(passage.text.clone()));
        for class in [
            PackageClass::Documentation,
            PackageClass::Library,
            PackageClass::Manifest,
            PackageClass::Test,
        ] {
            let of_class: Vec<usize> = (0..found.len())
                .filter(|&i| found[i].class == class)
                .collect();
            let taken = of_class.len().min(per_class);
            // Evenly through the package, so that no one file stands for it.
            let evenly = (0..taken).map(|i| of_class[i * of_class.len() / taken]);
            all.extend(evenly.map(|i| Passage {
                text: found[i].text.clone(),
                class,
                place: found[i].place.clone(),
                package: found[i].package.clone(),
            }));
        }
    }
    Ok(all)
}

fn of_file(file: &CorpusFile) -> Result<Vec<Passage>, CargoCorpusError> {
    let inside = file.name.split_once('/').map_or("", |(_, inside)| inside);
    let text = read(&file.path)?;
    let package = file.package.name.as_str();
    let of = |class, lines: &[Line]| passages_of(package, &file.name, class, lines);
    if inside.ends_with(".md") {
        return Ok(of(PackageClass::Documentation, &markdown(&text)));
    }
    if is_test(inside) {
        return Ok(of(PackageClass::Test, &numbered(&text)));
    }
    // Build scripts and examples are neither library nor test.
    if !inside.starts_with("src/") {
        return Ok(Vec::new());
    }
    let Parts {
        library,
        tests,
        documentation,
    } = parts(&text);
    let mut found = of(PackageClass::Library, &library);
    found.extend(of(PackageClass::Test, &tests));
    found.extend(of(PackageClass::Documentation, &documentation));
    Ok(found)
}

fn passages_of(package: &str, file: &str, class: PackageClass, lines: &[Line]) -> Vec<Passage> {
    let file: Arc<str> = file.into();
    let cuts = cut(lines).into_iter();
    let cuts = cuts.filter(|(_, text)| !is_boilerplate(text));
    cuts.map(|(line, text)| Passage {
        text,
        class,
        place: Place::line_of(&file, line),
        package: package.to_owned(),
    })
    .collect()
}

fn is_test(inside: &str) -> bool {
    let mut parts = inside.split('/');
    let top = parts.next().unwrap_or_default();
    let is_named_so = |part: &str| ["test", "tests"].contains(&part.trim_end_matches(".rs"));
    match top {
        "tests" | "benches" | "bench" => true,
        "src" => parts.any(is_named_so),
        _ => false,
    }
}

/// Licences stand in every package in the same words.
fn is_boilerplate(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "copyright",
        "licensed under",
        "dual licensed",
        "dual-licensed",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// The manifest as its author wrote it; cargo's own version of it says at its top what it is.
fn manifest(file: &CorpusFile) -> Option<(PathBuf, String)> {
    let (folder_name, inside) = file.name.split_once('/')?;
    let folder: &Path = file.path.ancestors().nth(inside.split('/').count())?;
    let names = ["Cargo.toml.orig", "Cargo.toml"];
    names
        .into_iter()
        .map(|name| (folder.join(name), format!("{folder_name}/{name}")))
        .find(|(path, _)| path.is_file())
}

fn read(path: &Path) -> Result<String, CargoCorpusError> {
    let bytes = fs::read(path).map_err(|error| CargoCorpusError::Read {
        path: path.to_owned(),
        error,
    })?;
    // Sources are UTF-8; a manifest that is not would not have been published.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn numbered(text: &str) -> Vec<Line> {
    let lines = text.lines().zip(1..);
    lines
        .map(|(line, number)| (number, line.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use slovo_data::cargo_corpus::Package;

    use super::*;

    fn write(root: &Path, package: &str, inside: &str, text: &str) -> CorpusFile {
        let name = format!("{package}-1.0.0/{inside}");
        let path = root.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        CorpusFile {
            path,
            name,
            package: Package {
                name: package.to_owned(),
                version: "1.0.0".to_owned(),
            },
            licence: None,
        }
    }

    #[test]
    fn each_part_of_a_package_becomes_its_class() {
        let folder = tempfile::tempdir().unwrap();
        let line = |word: &str| format!("{word} {}\n\n", "words of it ".repeat(20));
        let source = format!(
            "/// {doc}\npub fn f() {{\n    // {code}\n}}\n\n#[cfg(test)]\nmod tests {{\n    // {test}\n}}\n",
            doc = line("prose").trim(),
            code = line("code").trim(),
            test = line("inner").trim(),
        );
        let files = [
            write(folder.path(), "one", "src/lib.rs", &source),
            write(folder.path(), "one", "README.md", &line("readme").repeat(9)),
            write(folder.path(), "one", "tests/t.rs", &line("outer")),
            write(folder.path(), "one", "examples/e.rs", &line("example")),
            write(folder.path(), "two", "src/lib.rs", &line("code2")),
            write(folder.path(), "two", "src/copy.rs", &line("code2")),
            write(folder.path(), "two", "src/licence.rs", &line("Copyright")),
        ];
        write(folder.path(), "one", "Cargo.toml", &line("cargo's own"));
        write(folder.path(), "one", "Cargo.toml.orig", &line("toml"));
        let found = from_files(&files, 2).unwrap();
        let summary: Vec<(&str, &str, String)> = found
            .iter()
            .map(|passage| {
                let first = passage.text.split_whitespace().find(|word| word.len() > 2);
                (
                    passage.class.name(),
                    first.unwrap(),
                    passage.place.to_string(),
                )
            })
            .collect();
        let want = [
            ("documentation", "prose", "one-1.0.0/src/lib.rs:1"),
            ("documentation", "readme", "one-1.0.0/README.md:1"),
            ("library", "pub", "one-1.0.0/src/lib.rs:2"),
            ("manifest", "toml", "one-1.0.0/Cargo.toml.orig:1"),
            ("test", "inner", "one-1.0.0/src/lib.rs:8"),
            ("test", "outer", "one-1.0.0/tests/t.rs:1"),
            ("library", "code2", "two-1.0.0/src/lib.rs:1"),
        ];
        let want: Vec<(&str, &str, String)> = want
            .map(|(class, word, place)| (class, word, place.to_owned()))
            .into();
        assert_eq!(summary, want);
        assert_eq!(found[0].package, "one");
        assert!(!found[0].text.contains("///"));
    }
}
