//! From a list of packages to the files of a corpus and its fingerprint.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{candidates, is_written};
use super::lock::{find_lock, locked};
use super::registry::{licence, source_folder, unpacked};
use super::{CargoCorpusError, Package};

/// The files that belong to a corpus, in order.
#[derive(Debug)]
pub struct Corpus {
    /// Package after package; code, then documents, then examples, tests and benchmarks.
    pub files: Vec<CorpusFile>,
    /// What it came to.
    pub summary: CargoSummary,
}

/// A file of the corpus.
#[derive(Debug)]
pub struct CorpusFile {
    /// Where it lies on this machine.
    pub path: PathBuf,
    /// `serde-1.0.229/src/lib.rs`.
    pub name: String,
    /// The package that it belongs to.
    pub package: Package,
    /// The licence that the package's manifest states, as an SPDX expression.
    pub licence: Option<String>,
}

/// What a cargo corpus came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CargoSummary {
    /// Each package that gave a file, in order.
    pub packages: Vec<PackageSummary>,
    /// Files in all.
    pub files: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Files left out because they look generated or are not UTF-8.
    pub left_out_generated: u64,
    /// Files left out because another file of the corpus has the same text.
    pub left_out_duplicates: u64,
    /// Files left out because their package had given its share.
    pub left_out_over_share: u64,
    /// SHA-256 over names, versions, paths and texts, in hex.
    pub fingerprint: String,
}

/// What one package gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSummary {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence as an SPDX expression, where its manifest states one.
    pub licence: Option<String>,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

impl fmt::Display for CargoSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cargo corpus: {} packages, {} files, {:.1} MB, fingerprint {}",
            self.packages.len(),
            self.files,
            self.bytes as f64 / 1e6,
            self.fingerprint.get(..12).unwrap_or(&self.fingerprint),
        )
    }
}

/// Finds lock and sources from the current folder and the environment, and picks the files.
///
/// # Errors
/// No lock, packages that it does not hold or that are not unpacked (all of them named), files that
/// cannot be read.
pub fn select(names: &[String], max_bytes: u64) -> Result<Corpus, CargoCorpusError> {
    let start = std::env::current_dir().map_err(|error| CargoCorpusError::Read {
        path: PathBuf::from("."),
        error,
    })?;
    select_from(&find_lock(&start)?, &source_folder()?, names, max_bytes)
}

fn select_from(
    lock: &Path,
    sources: &Path,
    names: &[String],
    max_bytes: u64,
) -> Result<Corpus, CargoCorpusError> {
    let packages = locked(lock, names)?;
    let folders = unpacked(sources, &packages)?;
    let mut picking = Picking::new(max_bytes);
    for (package, folder) in packages.iter().zip(&folders) {
        picking.package(package, folder)?;
    }
    picking.finish(names)
}

struct Picking {
    max_bytes: u64,
    seen: HashSet<[u8; 32]>,
    hash: Sha256,
    corpus: Corpus,
}

impl Picking {
    fn new(max_bytes: u64) -> Self {
        Self {
            max_bytes,
            seen: HashSet::new(),
            hash: Sha256::new(),
            corpus: Corpus {
                files: Vec::new(),
                summary: CargoSummary {
                    packages: Vec::new(),
                    files: 0,
                    bytes: 0,
                    left_out_generated: 0,
                    left_out_duplicates: 0,
                    left_out_over_share: 0,
                    fingerprint: String::new(),
                },
            },
        }
    }

    fn package(&mut self, package: &Package, folder: &Path) -> Result<(), CargoCorpusError> {
        let licence = licence(folder);
        let (mut files, mut bytes) = (0, 0);
        let summary = &mut self.corpus.summary;
        for file in candidates(folder)? {
            let content = fs::read(&file.path).map_err(|error| CargoCorpusError::Read {
                path: file.path.clone(),
                error,
            })?;
            let written =
                std::str::from_utf8(&content).is_ok_and(|text| is_written(&file.inside, text));
            if !written {
                summary.left_out_generated += 1;
                continue;
            }
            let length = content.len() as u64;
            if length == 0 {
                continue;
            }
            if bytes + length > self.max_bytes {
                summary.left_out_over_share += 1;
                continue;
            }
            if !self.seen.insert(Sha256::digest(&content).into()) {
                summary.left_out_duplicates += 1;
                continue;
            }
            let name = format!("{}-{}/{}", package.name, package.version, file.inside);
            // Lengths keep the parts apart: no two different corpora feed the same bytes.
            self.hash.update((name.len() as u64).to_le_bytes());
            self.hash.update(&name);
            self.hash.update(length.to_le_bytes());
            self.hash.update(&content);
            files += 1;
            bytes += length;
            self.corpus.files.push(CorpusFile {
                path: file.path,
                name,
                package: package.clone(),
                licence: licence.clone(),
            });
        }
        if files > 0 {
            summary.files += files;
            summary.bytes += bytes;
            summary.packages.push(PackageSummary {
                name: package.name.clone(),
                version: package.version.clone(),
                licence,
                files,
                bytes,
            });
        }
        Ok(())
    }

    fn finish(mut self, names: &[String]) -> Result<Corpus, CargoCorpusError> {
        if self.corpus.files.is_empty() {
            return Err(CargoCorpusError::Empty {
                packages: names.to_vec(),
                max: self.max_bytes,
            });
        }
        let digest = self.hash.finalize();
        self.corpus.summary.fingerprint = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(self.corpus)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A lock and a source folder with the packages `one 1.0.0` and `two 2.0.0`.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            let mut lock = String::new();
            for (name, version) in [("one", "1.0.0"), ("two", "2.0.0"), ("three", "3.0.0")] {
                lock += &format!(
                    "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\n\n"
                );
            }
            machine.write("Cargo.lock", &lock);
            for package in ["one-1.0.0", "two-2.0.0"] {
                machine.write(&format!("src/index/{package}/.cargo-ok"), "");
            }
            let manifest =
                "[package]\nname = \"one\"\nlicense = \"MIT OR Apache-2.0\"\n[features]\n";
            machine.write("src/index/one-1.0.0/Cargo.toml", manifest);
            machine.write("src/index/one-1.0.0/src/lib.rs", "pub fn one() {}\n");
            machine.write("src/index/one-1.0.0/README.md", "# One\n");
            machine.write("src/index/two-2.0.0/src/lib.rs", "pub fn two() {}\n");
            machine.write("src/index/two-2.0.0/src/copy.rs", "pub fn one() {}\n");
            machine.write(
                "src/index/two-2.0.0/src/table.rs",
                &"0x12345678, ".repeat(50),
            );
            machine
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.0.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn select(&self, names: &[&str], max_bytes: u64) -> Result<Corpus, String> {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let (lock, sources) = (self.0.path().join("Cargo.lock"), self.0.path().join("src"));
            select_from(&lock, &sources, &names, max_bytes).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn files_in_order_with_provenance_and_without_copies_and_tables() {
        let corpus = Machine::new().select(&["one", "two"], 1000).unwrap();
        let names: Vec<&str> = corpus.files.iter().map(|file| file.name.as_str()).collect();
        let want = [
            "one-1.0.0/src/lib.rs",
            "one-1.0.0/README.md",
            "two-2.0.0/src/lib.rs",
        ];
        assert_eq!(names, want);
        let first = &corpus.files[0];
        assert_eq!(first.package.to_string(), "one 1.0.0");
        assert_eq!(first.licence.as_deref(), Some("MIT OR Apache-2.0"));
        assert_eq!(corpus.files[2].licence, None);
        let summary = &corpus.summary;
        assert_eq!((summary.files, summary.bytes), (3, 16 + 6 + 16));
        assert_eq!(
            (summary.left_out_generated, summary.left_out_duplicates),
            (1, 1)
        );
        assert_eq!(summary.packages[0].bytes, 22);
        let line = summary.to_string();
        assert!(
            line.starts_with("cargo corpus: 2 packages, 3 files, 0.0 MB"),
            "{line}"
        );
        assert!(line.ends_with(&summary.fingerprint[..12]), "{line}");
    }

    #[test]
    fn no_package_gives_more_than_its_share() {
        let corpus = Machine::new().select(&["one", "two"], 16).unwrap();
        assert_eq!(corpus.files.len(), 2);
        assert_eq!(corpus.summary.left_out_over_share, 1);
        assert!(
            corpus
                .summary
                .packages
                .iter()
                .all(|package| package.bytes <= 16)
        );
        let fault = Machine::new().select(&["one"], 3).unwrap_err();
        assert!(
            fault.contains("one") && fault.contains("max_bytes_per_package 3"),
            "{fault}"
        );
    }

    #[test]
    fn the_fingerprint_is_of_the_content_and_not_of_the_place() {
        let fingerprint = |machine: &Machine| {
            machine
                .select(&["one", "two"], 1000)
                .unwrap()
                .summary
                .fingerprint
        };
        let machine = Machine::new();
        let before = fingerprint(&machine);
        assert_eq!(before.len(), 64);
        assert_eq!(fingerprint(&Machine::new()), before);
        machine.write("src/index/two-2.0.0/src/lib.rs", "pub fn two() {;}\n");
        assert_ne!(fingerprint(&machine), before);
        let other_order = Machine::new().select(&["two", "one"], 1000).unwrap();
        assert_ne!(other_order.summary.fingerprint, before);
    }

    #[test]
    fn missing_packages_are_all_named_with_the_command() {
        let machine = Machine::new();
        fs::remove_file(machine.0.path().join("src/index/two-2.0.0/.cargo-ok")).unwrap();
        let fault = machine.select(&["one", "two", "three"], 1000).unwrap_err();
        assert!(fault.contains("two 2.0.0, three 3.0.0"), "{fault}");
        assert!(fault.contains("cargo fetch --locked"), "{fault}");
        let fault = machine.select(&["one", "four"], 1000).unwrap_err();
        assert!(fault.contains("does not hold: four"), "{fault}");
    }
}
