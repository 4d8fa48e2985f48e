//! What a recipe's sources come to, before anything is read.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::paths::{data_folder, expand};
use super::{Documents, SourceError};
use crate::cargo_corpus::{self, CargoSummary};
use crate::recipe::{Clean, FileFormat, OnBadLine, Source};

/// A file that will be read, as the cache key sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The path in the words of the recipe, as in
    /// [`Document::path`](crate::document::Document::path).
    pub path: String,
    /// Length in bytes, as it lies on disk.
    pub length: u64,
    /// Time of the last change, nanoseconds since 1970.
    pub modified: u64,
}

/// The files of a recipe's sources, in the order in which they are read.
#[derive(Debug)]
pub struct Inputs {
    files: Vec<InputFile>,
    reads_stdin: bool,
    cargo: Vec<CargoSummary>,
    plan: Arc<[Planned]>,
}

/// One stream to read and what its documents are called.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// `None`: standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) group: String,
    pub(super) package: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) form: Form,
}

/// How documents are taken from a stream.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Text { separator: Option<String> },
    Jsonl { field: String, bad_lines: OnBadLine },
}

/// What standard input is called in faults and provenance.
const STDIN: &str = "standard input";

impl Inputs {
    /// Expands files, folders, wildcards, `$SLOVO_DATA` and package lists. Nothing is read, but for
    /// the packages of a cargo corpus, whose texts decide what belongs to it.
    ///
    /// # Errors
    /// A path that matches nothing, by name; an unset `$SLOVO_DATA`; missing packages.
    pub fn resolve(sources: &[Source]) -> Result<Self, SourceError> {
        let data = data_folder();
        let stdins = sources
            .iter()
            .filter(|source| matches!(source, Source::Stdin { .. }));
        let stdins = stdins.count();
        if stdins > 1 {
            return Err(SourceError::StdinTwice(stdins));
        }
        let mut cargo = Vec::new();
        let mut plan = Vec::new();
        for (i, source) in sources.iter().enumerate() {
            match source {
                Source::Files { .. } => plan_files(i, source, data.as_deref(), &mut plan)?,
                Source::Stdin {
                    format,
                    field,
                    bad_lines,
                    separator,
                    licence,
                } => {
                    plan.push(Planned {
                        path: None,
                        name: STDIN.to_owned(),
                        source: format!("{i}: stdin"),
                        group: STDIN.to_owned(),
                        package: None,
                        licence: licence.clone(),
                        form: form(*format, "", field, *bad_lines, separator.as_deref()),
                    });
                }
                Source::Cargo {
                    packages,
                    max_bytes_per_package,
                } => {
                    let corpus = cargo_corpus::select(packages, *max_bytes_per_package)?;
                    plan.extend(corpus.files.into_iter().map(|file| Planned {
                        path: Some(file.path),
                        name: file.name,
                        source: format!("{i}: cargo"),
                        group: file.package.name.clone(),
                        package: Some(file.package.to_string()),
                        licence: file.licence,
                        form: Form::Text { separator: None },
                    }));
                    cargo.push(corpus.summary);
                }
            }
        }
        let mut files = Vec::with_capacity(plan.len());
        for planned in &plan {
            if let Some(path) = &planned.path {
                files.push(stat(path, &planned.name)?);
            }
        }
        Ok(Self {
            files,
            reads_stdin: stdins > 0,
            cargo,
            plan: plan.into(),
        })
    }

    /// The files of all sources in order, for a cache key; `None` when standard input is among the
    /// sources, because then no list of files says what the text is.
    pub fn files(&self) -> Option<&[InputFile]> {
        (!self.reads_stdin).then_some(&self.files)
    }

    /// What each cargo corpus of the recipe came to.
    pub fn cargo(&self) -> &[CargoSummary] {
        &self.cargo
    }

    /// Bytes of all files as they lie on disk; standard input is not counted.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.length).sum()
    }

    /// The documents, raw but for their encoding, in a fixed order.
    ///
    /// Standard input is consumed: a second call finds it at its end.
    pub fn documents(&self, clean: &Clean) -> Documents {
        Documents::new(Arc::clone(&self.plan), clean.encoding)
    }
}

fn plan_files(
    i: usize,
    source: &Source,
    data: Option<&Path>,
    plan: &mut Vec<Planned>,
) -> Result<(), SourceError> {
    let Source::Files {
        paths,
        format,
        field,
        bad_lines,
        separator,
        licence,
    } = source
    else {
        return Ok(());
    };
    let mut seen = HashSet::new();
    for given in paths {
        for file in expand(given, data)? {
            // `["a.txt", "*.txt"]` reads a.txt once.
            if !seen.insert(file.name.clone()) {
                continue;
            }
            plan.push(Planned {
                form: form(*format, &file.name, field, *bad_lines, separator.as_deref()),
                path: Some(file.path),
                group: file.name.clone(),
                name: file.name,
                source: format!("{i}: files"),
                package: None,
                licence: licence.clone(),
            });
        }
    }
    Ok(())
}

fn form(
    format: FileFormat,
    name: &str,
    field: &str,
    bad_lines: OnBadLine,
    separator: Option<&str>,
) -> Form {
    let name = name
        .strip_suffix(".gz")
        .or(name.strip_suffix(".zst"))
        .unwrap_or(name);
    let named_jsonl = name.ends_with(".jsonl") || name.ends_with(".ndjson");
    if format == FileFormat::Jsonl || (format == FileFormat::Auto && named_jsonl) {
        Form::Jsonl {
            field: field.to_owned(),
            bad_lines,
        }
    } else {
        Form::Text {
            separator: separator.map(str::to_owned),
        }
    }
}

fn stat(path: &Path, name: &str) -> Result<InputFile, SourceError> {
    let fault = |error| SourceError::Read {
        path: name.to_owned(),
        error,
    };
    let metadata = fs::metadata(path).map_err(fault)?;
    // A file system that knows no times, or a time before 1970, counts as 0: the length still tells.
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(InputFile {
        path: name.to_owned(),
        length: metadata.len(),
        modified: modified.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::document::Document;
    use crate::recipe::{Encoding, from_ron_str};
    use crate::source::ReadCounts;
    use crate::source::stream::tests::{gzip, zstd};

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(files: &[(&str, &[u8])]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (name, bytes) in files {
                fs::write(folder.path().join(name), bytes).unwrap();
            }
            Self(folder)
        }

        /// `#` in the RON stands for the folder.
        fn sources(&self, ron: &str) -> Vec<Source> {
            from_ron_str(&ron.replace('#', &self.0.path().display().to_string())).unwrap()
        }

        fn read(&self, ron: &str) -> Result<Vec<Document>, SourceError> {
            Inputs::resolve(&self.sources(ron))?
                .documents(&Clean::default())
                .collect()
        }

        fn texts(&self, ron: &str) -> Vec<String> {
            self.read(ron)
                .unwrap()
                .into_iter()
                .map(|document| document.text)
                .collect()
        }
    }

    #[test]
    fn every_format_in_a_fixed_order() {
        let line = b"{\"text\": \"json\"}\n";
        let folder = Folder::new(&[
            ("c.txt", b"plain"),
            ("b.jsonl", line),
            ("a.txt.gz", &[gzip(b"one "), gzip(b"two")].concat()),
            (
                "d.ndjson.zst",
                &[zstd(line), zstd(b"\n"), zstd(line)].concat(),
            ),
            ("e.jsonl.gz", &gzip(line)),
        ]);
        let all = "[Files(paths: [\"#\"])]";
        let want = ["one two", "json", "plain", "json", "json", "json"];
        assert_eq!(folder.texts(all), want);
        let chosen =
            "[Files(paths: [\"#/c.txt\", \"#/*.gz\", \"#/c.*\"]), Files(paths: [\"#/c.txt\"])]";
        assert_eq!(folder.texts(chosen), ["plain", "one two", "json", "plain"]);
        let as_text = "[Files(paths: [\"#/b.jsonl\"], format: Text)]";
        assert_eq!(folder.texts(as_text), ["{\"text\": \"json\"}\n"]);
        let inputs = Inputs::resolve(&folder.sources(all)).unwrap();
        let first: Vec<_> = inputs
            .documents(&Clean::default())
            .map(Result::unwrap)
            .collect();
        let again: Vec<_> = inputs
            .documents(&Clean::default())
            .map(Result::unwrap)
            .collect();
        assert_eq!(first, again);
    }

    #[test]
    fn documents_say_where_they_come_from() {
        let folder = Folder::new(&[("a.txt", b"x\n\ny\n")]);
        let ron = "[Files(paths: [\"#/a.txt\"], separator: \"\", licence: \"CC0\")]";
        let documents = folder.read(ron).unwrap();
        let path = folder.0.path().join("a.txt").display().to_string();
        for (i, (document, text)) in documents.iter().zip(["x\n", "y\n"]).enumerate() {
            let want = Document {
                text: text.to_owned(),
                source: "0: files".to_owned(),
                path: path.clone(),
                group: path.clone(),
                package: None,
                licence: Some("CC0".to_owned()),
                index_in_file: i as u64,
                continues: false,
            };
            assert_eq!(document, &want);
        }
        assert_eq!(documents.len(), 2);
    }

    #[test]
    fn the_cache_key_sees_every_change() {
        let folder = Folder::new(&[("a.txt", b"abc"), ("b.txt", b"de")]);
        let sources = folder.sources("[Files(paths: [\"#\"])]");
        let inputs = Inputs::resolve(&sources).unwrap();
        let before = inputs.files().unwrap().to_vec();
        assert_eq!(
            before.iter().map(|file| file.length).collect::<Vec<_>>(),
            [3, 2]
        );
        assert_eq!(inputs.bytes(), 5);
        assert!(before.iter().all(|file| file.modified > 0));
        assert_eq!(Inputs::resolve(&sources).unwrap().files().unwrap(), before);
        let path = folder.0.path().join("b.txt");
        let later = UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(later)
            .unwrap();
        let after = Inputs::resolve(&sources).unwrap().files().unwrap().to_vec();
        assert!(after[0] == before[0] && after[1] != before[1]);
    }

    #[test]
    fn standard_input_has_no_cache_key_and_is_named_once() {
        let folder = Folder::new(&[("a.txt", b"abc")]);
        let inputs = Inputs::resolve(&folder.sources("[Files(paths: [\"#\"]), Stdin()]")).unwrap();
        assert!(inputs.files().is_none());
        let fault = Inputs::resolve(&folder.sources("[Stdin(), Stdin()]")).unwrap_err();
        assert!(fault.to_string().contains("2 times") && fault.is_usage());
    }

    #[test]
    fn faults_name_the_file_and_end_the_stream() {
        let bad = gzip(b"cut short");
        let folder = Folder::new(&[
            ("a.txt", b"good"),
            ("b.txt.gz", &bad[..bad.len() - 3]),
            ("c.txt", b"never reached"),
        ]);
        let inputs = Inputs::resolve(&folder.sources("[Files(paths: [\"#\"])]")).unwrap();
        let mut documents = inputs.documents(&Clean::default());
        assert_eq!(documents.next().unwrap().unwrap().text, "good");
        let fault = documents.next().unwrap().unwrap_err();
        assert!(
            fault.to_string().contains("b.txt.gz") && fault.is_usage(),
            "{fault}"
        );
        assert!(documents.next().is_none());
        let fault = folder.read("[Files(paths: [\"#/absent\"])]").unwrap_err();
        assert!(
            fault.to_string().contains("absent") && fault.is_usage(),
            "{fault}"
        );
    }

    #[test]
    fn what_was_left_out_or_replaced_is_counted() {
        let folder = Folder::new(&[
            ("a.txt", b"caf\xE9 \xFF"),
            ("b.jsonl", b"{\"text\": \"\xFF\"}\nno\n{\"text\": \"ok\"}\n"),
            ("c.png", b"\x89PNG\0\0"),
        ]);
        let ron = "[Files(paths: [\"#\"], bad_lines: Skip)]";
        let inputs = Inputs::resolve(&folder.sources(ron)).unwrap();
        let read = |encoding| {
            let clean = Clean {
                encoding,
                ..Clean::default()
            };
            let mut documents = inputs.documents(&clean);
            let texts: Result<Vec<String>, SourceError> = documents
                .by_ref()
                .map(|document| Ok(document?.text))
                .collect();
            (texts.map_err(|error| error.to_string()), documents.counts())
        };
        let (texts, counts) = read(Encoding::Skip);
        assert_eq!(texts.unwrap(), ["ok"]);
        let want = ReadCounts {
            documents: 1,
            bytes: 2,
            encoding_replaced: 0,
            encoding_skipped: 3,
            bad_lines_skipped: 1,
        };
        assert_eq!(counts, want);
        let (texts, counts) = read(Encoding::Replace);
        assert!(texts.unwrap_err().contains("c.png: it is not text"));
        assert_eq!((counts.encoding_replaced, counts.documents), (3, 3));
        let (texts, _) = read(Encoding::Stop);
        assert!(
            texts
                .unwrap_err()
                .contains("a.txt: byte 3 is not UTF-8 (0xE9)")
        );
    }

    #[test]
    fn shakespeare_comes_through_byte_for_byte() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/data/shakespeare/input.txt"
        );
        let Ok(bytes) = fs::read(path) else {
            eprintln!("skipped: {path} is absent");
            return;
        };
        let sources: Vec<Source> = from_ron_str(&format!("[Files(paths: [\"{path}\"])]")).unwrap();
        let clean = Clean::default();
        let inputs = Inputs::resolve(&sources).unwrap();
        let documents: Vec<_> = inputs.documents(&clean).map(Result::unwrap).collect();
        assert_eq!(documents.len(), 1);
        let text = documents[0].text.clone();
        assert!(text.as_bytes() == bytes);
        let crate::clean::Verdict::Keep { text, .. } = crate::clean::clean(text, &clean) else {
            panic!("Shakespeare was left out")
        };
        assert!(text.as_bytes() == bytes);
    }
}
