//! What a recipe's sources come to, before anything is read.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::compression::inner_name;
use super::documents::BAD_LINES;
use super::forms::Form;
use super::pair_lines::PairLine;
use super::paths::{data_folder, expand};
use super::stream::Stream;
use super::web::{LinkReport, Outlinks};
use super::{At, Documents, PairTexts, SourceError};
use crate::cargo_corpus::{self, CargoSummary};
use crate::document::Origin;
use crate::recipe::{Clean, OnBadLine, OutlinkList, PairFormat, Source, TableColumns};
use crate::sample::{Sample, Samples};
use crate::shard::Provenance;

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
    /// Fingerprints of what else decides which documents there are.
    beside: Vec<String>,
    /// What its lists of links had, by source.
    links: BTreeMap<String, LinkReport>,
    plan: Arc<[Planned<Form>]>,
    pairs: Arc<[Planned<PairForm>]>,
}

/// One stream to read, what its documents are called, and how they are taken from it.
#[derive(Clone, Debug)]
pub(super) struct Planned<F> {
    /// `None`: standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) group: String,
    pub(super) package: Option<String>,
    pub(super) licence: Option<String>,
    /// What a line, a record or a file that cannot be used does.
    pub(super) bad_lines: OnBadLine,
    /// Documents that these do not lead to are left out.
    pub(super) outlinks: Option<Arc<Outlinks>>,
    pub(super) form: F,
}

impl<F> Planned<F> {
    /// The stream, from its beginning.
    pub(super) fn open(&self) -> Result<Stream, SourceError> {
        match &self.path {
            Some(path) => Stream::open(path, &self.name),
            None => Stream::new(Box::new(io::stdin()), &self.name, None),
        }
    }

    /// Where something of the stream stands.
    pub(super) fn provenance(&self, index_in_file: u64) -> Provenance {
        Provenance {
            source: self.source.clone(),
            path: self.name.clone(),
            group: self.group.clone(),
            package: self.package.clone(),
            licence: self.licence.clone(),
            index_in_file,
            origin: Origin::default(),
        }
    }
}

/// How pairs are taken from a stream.
#[derive(Clone, Debug)]
pub(super) struct PairForm {
    pub(super) line: PairLine,
    pub(super) max_length: usize,
}

/// What standard input is called in faults and provenance.
pub(super) const STDIN: &str = "standard input";

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
        let mut beside = Vec::new();
        let mut links = BTreeMap::new();
        let mut plan = Vec::new();
        let mut pairs = Vec::new();
        for (i, source) in sources.iter().enumerate() {
            match source {
                Source::Files {
                    paths,
                    format,
                    field,
                    bad_lines,
                    separator,
                    licence,
                    columns,
                    outlinks: list,
                    ..
                } => {
                    let list = list.as_ref();
                    let read = list.map(|list| outlinks(list, data.as_deref(), *bad_lines));
                    let kept = read.transpose()?.map(|(kept, report)| {
                        beside.push(kept.fingerprint());
                        links.insert(source.label(i), report);
                        Arc::new(kept)
                    });
                    let separator = separator.as_deref();
                    let of = |name: &str| Form::of(format, name, field, columns, separator);
                    let called = Called {
                        source: source.label(i),
                        licence: licence.clone(),
                        bad_lines: *bad_lines,
                        outlinks: kept,
                    };
                    let first = plan.len();
                    plan_files(&called, paths, data.as_deref(), of, &mut plan)?;
                    expect_use(&plan[first..], separator, columns)?;
                }
                Source::Pairs {
                    paths,
                    format,
                    source: from,
                    target,
                    bad_lines,
                    max_length,
                    licence,
                } => {
                    let of = |name: &str| PairForm {
                        line: pair_line(*format, name, from, target),
                        max_length: *max_length,
                    };
                    let called = Called {
                        source: source.label(i),
                        licence: licence.clone(),
                        bad_lines: *bad_lines,
                        outlinks: None,
                    };
                    plan_files(&called, paths, data.as_deref(), of, &mut pairs)?;
                }
                Source::Stdin {
                    format,
                    field,
                    bad_lines,
                    separator,
                    licence,
                    columns,
                    ..
                } => {
                    let separator = separator.as_deref();
                    plan.push(Planned {
                        path: None,
                        name: STDIN.to_owned(),
                        source: source.label(i),
                        group: STDIN.to_owned(),
                        package: None,
                        licence: licence.clone(),
                        bad_lines: *bad_lines,
                        outlinks: None,
                        form: Form::of(format, "", field, columns, separator),
                    });
                    expect_use(&plan[plan.len() - 1..], separator, columns)?;
                }
                Source::Cargo {
                    packages,
                    max_bytes_per_package,
                    ..
                } => {
                    let corpus = cargo_corpus::select(packages, *max_bytes_per_package)?;
                    plan.extend(corpus.files.into_iter().map(|file| Planned {
                        path: Some(file.path),
                        name: file.name,
                        source: source.label(i),
                        group: file.package.name.clone(),
                        package: Some(file.package.to_string()),
                        licence: file.licence,
                        bad_lines: OnBadLine::Stop,
                        outlinks: None,
                        form: Form::Text { separator: None },
                    }));
                    cargo.push(corpus.summary);
                }
            }
        }
        let mut files = Vec::with_capacity(plan.len() + pairs.len());
        let texts = plan.iter().map(|planned| (&planned.path, &planned.name));
        let both = texts.chain(pairs.iter().map(|planned| (&planned.path, &planned.name)));
        for (path, name) in both {
            if let Some(path) = path {
                files.push(stat(path, name)?);
            }
        }
        Ok(Self {
            files,
            reads_stdin: stdins > 0,
            cargo,
            beside,
            links,
            plan: plan.into(),
            pairs: pairs.into(),
        })
    }

    /// The files of all sources in order, for a cache key; `None` when standard input is among the
    /// sources, because then no list of files says what the text is.
    pub fn files(&self) -> Option<&[InputFile]> {
        (!self.reads_stdin).then_some(&self.files)
    }

    /// The streams of each source, in order.
    pub(crate) fn streams(&self) -> Vec<(&str, Range<usize>)> {
        let mut found: Vec<(&str, Range<usize>)> = Vec::new();
        for (number, planned) in self.plan.iter().enumerate() {
            match found.last_mut() {
                Some((source, streams)) if *source == planned.source => streams.end = number + 1,
                _ => found.push((&planned.source, number..number + 1)),
            }
        }
        found
    }

    /// The files of parts that were made elsewhere; there is nothing to read.
    pub(crate) fn read_elsewhere(files: Vec<InputFile>) -> Self {
        // Their times are those of other machines.
        let files = files.into_iter().map(|file| InputFile {
            modified: 0,
            ..file
        });
        Self {
            files: files.collect(),
            reads_stdin: false,
            cargo: Vec::new(),
            beside: Vec::new(),
            links: BTreeMap::new(),
            plan: Arc::new([]),
            pairs: Arc::new([]),
        }
    }

    /// Fingerprints of the lists of links.
    pub(crate) fn beside(&self) -> &[String] {
        &self.beside
    }

    /// What the lists of links had, by source.
    pub(crate) fn links(&self) -> &BTreeMap<String, LinkReport> {
        &self.links
    }

    /// All files, in order, whether or not standard input is among the sources.
    pub(crate) fn all_files(&self) -> &[InputFile] {
        &self.files
    }

    /// The source of each stream of documents, and its length on disk; that of standard input is not known.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = (&str, u64)> {
        let mut files = self.files.iter();
        self.plan.iter().map(move |planned| {
            let file = planned.path.as_ref().and_then(|_| files.next());
            (planned.source.as_str(), file.map_or(0, |file| file.length))
        })
    }

    /// The files of a range of streams.
    pub(crate) fn files_of(&self, range: Range<usize>) -> Vec<InputFile> {
        let before = self.plan[..range.start]
            .iter()
            .filter(|it| it.path.is_some());
        let these = self.plan[range.clone()]
            .iter()
            .filter(|it| it.path.is_some());
        let (start, count) = (before.count(), these.count());
        self.files[start..start + count].to_vec()
    }

    /// The documents of a range of streams.
    pub(crate) fn documents_of(&self, range: Range<usize>, clean: &Clean) -> Documents {
        Documents::of(Arc::clone(&self.plan), range, clean.encoding)
    }

    /// Whether a stream holds anything but plain text or JSON Lines.
    pub(crate) fn has_records(&self) -> bool {
        self.plan
            .iter()
            .any(|planned| matches!(planned.form, Form::Records(_)))
    }

    /// What each cargo corpus of the recipe came to.
    pub fn cargo(&self) -> &[CargoSummary] {
        &self.cargo
    }

    /// Bytes of all files as they lie on disk; standard input is not counted.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.length).sum()
    }

    /// The documents of paths typed on a command line (`-` is standard input), as they are.
    ///
    /// # Errors
    /// A path that matches nothing.
    pub fn typed(paths: &[String]) -> Result<Documents, SourceError> {
        let sources: Vec<_> = paths.iter().map(|path| Source::typed(path)).collect();
        Ok(Self::resolve(&sources)?.documents(&Clean::default()))
    }

    /// The documents, raw but for their encoding, in a fixed order.
    ///
    /// Standard input is consumed: a second call finds it at its end.
    pub fn documents(&self, clean: &Clean) -> Documents {
        Documents::new(Arc::clone(&self.plan), clean.encoding)
    }

    /// The pairs, raw but for their encoding, in a fixed order.
    pub fn pairs(&self, clean: &Clean) -> PairTexts {
        PairTexts::new(Arc::clone(&self.pairs), clean.encoding)
    }
}

/// Refuses what a source says of files that it does not have: it would be passed over in silence.
fn expect_use(
    files: &[Planned<Form>],
    separator: Option<&str>,
    columns: &TableColumns,
) -> Result<(), SourceError> {
    let unused = |field, right| {
        let source = files.first().map(|file| file.source.clone());
        Err(SourceError::Unused {
            source_name: source.unwrap_or_default(),
            field,
            right,
        })
    };
    let any = |is: fn(&Form) -> bool| files.iter().any(|file| is(&file.form));
    if separator.is_some() && !any(|form| matches!(form, Form::Text { .. })) {
        return unused(
            "separator",
            "it ends documents of plain text (format: Text)",
        );
    }
    if *columns != TableColumns::default() && !any(Form::is_table) {
        return unused(
            "columns",
            "they are those of tables (format: Csv, Tsv or Parquet)",
        );
    }
    Ok(())
}

/// What all files of a source share.
struct Called {
    source: String,
    licence: Option<String>,
    bad_lines: OnBadLine,
    outlinks: Option<Arc<Outlinks>>,
}

/// The files behind the paths of one source, each once; `form` says how each is read.
fn plan_files<F>(
    called: &Called,
    paths: &[String],
    data: Option<&Path>,
    form: impl Fn(&str) -> F,
    plan: &mut Vec<Planned<F>>,
) -> Result<(), SourceError> {
    let mut seen = HashSet::new();
    for given in paths {
        for file in expand(given, data)? {
            // `["a.txt", "*.txt"]` reads a.txt once.
            if !seen.insert(file.name.clone()) {
                continue;
            }
            plan.push(Planned {
                form: form(&file.name),
                path: Some(file.path),
                group: file.name.clone(),
                name: file.name,
                source: called.source.clone(),
                package: None,
                licence: called.licence.clone(),
                bad_lines: called.bad_lines,
                outlinks: called.outlinks.clone(),
            });
        }
    }
    Ok(())
}

fn pair_line(format: PairFormat, name: &str, source: &str, target: &str) -> PairLine {
    if format == PairFormat::Jsonl || (format == PairFormat::Auto && is_named_jsonl(name)) {
        PairLine::Jsonl {
            source: source.to_owned(),
            target: target.to_owned(),
        }
    } else {
        PairLine::Tsv
    }
}

/// Whether a file's name promises JSON Lines, compressed or not.
fn is_named_jsonl(name: &str) -> bool {
    let name = inner_name(name);
    name.ends_with(".jsonl") || name.ends_with(".ndjson")
}

/// The links that a source's pages must be among, and what their lists had.
fn outlinks(
    list: &OutlinkList,
    data: Option<&Path>,
    bad_lines: OnBadLine,
) -> Result<(Outlinks, LinkReport), SourceError> {
    let mut links = Outlinks::default();
    let mut report = LinkReport::default();
    for given in &list.paths {
        for file in expand(given, data)? {
            let mut stream = Stream::open(&file.path, &file.name)?;
            let mut bad = Samples::default();
            let mut first = None;
            let read = links.read(&mut stream.input, list.min_score, |line| {
                let place = || At::Line(line.line).of(&file.name);
                bad.keep(BAD_LINES, || Sample::at(place(), &line.message));
                first.get_or_insert(line);
            });
            let read = read.map_err(|error| stream.fault(error))?;
            if let (Some(bad), OnBadLine::Stop) = (first, bad_lines) {
                return Err(SourceError::BadLine {
                    path: file.name,
                    line: bad.line,
                    message: bad.message,
                });
            }
            report.add(&LinkReport {
                samples: bad,
                ..read
            });
        }
    }
    Ok((links, report))
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
