//! What a recipe of conversations may say, and reading all that it names.

use super::functions;
use super::{Raw, form, json, sentences};
use crate::conversation::Conversation;
use crate::template::Template;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slovo_data::source::SourceFile;
use std::collections::HashSet;

/// Where conversations come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsRecipe {
    /// A name for people.
    pub name: String,
    /// Read one after the other; records are counted through all of them.
    pub sources: Vec<Source>,
    /// What a record that cannot be used does.
    #[serde(default)]
    pub bad_records: OnBadRecord,
}

/// What a record that cannot be used does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnBadRecord {
    /// Nothing is trained; file, record and field are named.
    #[default]
    Stop,
    /// It is left out and counted.
    Skip,
}

/// Files of one kind. Paths are files, folders (all files below) and wildcards, may begin with
/// `$SLOVO_DATA`, and the files may be compressed (`.gz`, `.zst`, `.bz2`, `.xz`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// Conversations, instructions or preferences: JSON, JSON Lines, Parquet.
    Records {
        /// The files.
        paths: Vec<String>,
        /// How often it is drawn from, against the other sources; by its number of records where no
        /// source says so.
        #[serde(default)]
        weight: Option<f64>,
    },
    /// Two texts a line, with a tab between them: the second answers the instruction with the first.
    Pairs {
        /// The files.
        paths: Vec<String>,
        /// Stands before the first text.
        instruction: String,
        /// See above.
        #[serde(default)]
        weight: Option<f64>,
        /// Pairs at most, from the beginning.
        #[serde(default)]
        most: Option<usize>,
    },
    /// Texts of JSON Lines whose first sentence is to be said, given the others.
    FirstSentences {
        /// The files.
        paths: Vec<String>,
        /// Stands before the text.
        instruction: String,
        /// See above.
        #[serde(default)]
        weight: Option<f64>,
        /// Characters of the rest at most.
        #[serde(default = "characters")]
        characters: usize,
        /// Texts at most, from the beginning.
        #[serde(default)]
        most: Option<usize>,
    },
    /// Functions of the packages that this program is built from, and what their authors say first of
    /// each; no download.
    Functions {
        /// The packages; those that most programs are built from where none are named.
        #[serde(default = "slovo_data::cargo_corpus::default_packages")]
        packages: Vec<String>,
        /// See above.
        #[serde(default)]
        weight: Option<f64>,
        /// Functions of a package at most.
        #[serde(default = "of_package")]
        most: usize,
    },
}

fn characters() -> usize {
    1200
}

fn of_package() -> usize {
    60
}

impl Source {
    /// How often it is drawn from.
    pub fn weight(&self) -> Option<f64> {
        match self {
            Self::Records { weight, .. }
            | Self::Pairs { weight, .. }
            | Self::FirstSentences { weight, .. }
            | Self::Functions { weight, .. } => *weight,
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// In the order of the sources.
    pub conversations: Vec<Conversation>,
    /// The source of each.
    pub sources: Vec<usize>,
    /// What each belongs to, such as a package; the same for none.
    pub groups: Vec<Option<String>>,
    /// Records that were left out, and why the first of them was.
    pub skipped: u64,
    /// See above.
    pub first_skipped: Option<String>,
}

impl RecordsRecipe {
    /// Reads all sources.
    ///
    /// # Errors
    ///
    /// A file that cannot be read; a record that cannot be used, unless such are left out.
    pub fn read(&self, template: &Template) -> Result<Records> {
        let mut records = Records::default();
        for (number, source) in self.sources.iter().enumerate() {
            let before = records.conversations.len();
            self.read_source(number, source, template, &mut records)?;
            if records.conversations.len() == before {
                return Err(Error::Value {
                    field: "data.sources",
                    found: format!("without a usable record in source {number}"),
                    expected: match &records.first_skipped {
                        Some(why) => format!("the first was left out because of {why}"),
                        None => "at least one is needed".into(),
                    },
                });
            }
        }
        Ok(records)
    }

    fn read_source(
        &self,
        number: usize,
        source: &Source,
        template: &Template,
        records: &mut Records,
    ) -> Result<()> {
        let mut take = |conversation: Conversation, group: Option<String>| {
            records.conversations.push(conversation);
            records.sources.push(number);
            records.groups.push(group);
        };
        let (mut skipped, mut first) = (0, None);
        let mut fault = |error: Error| match (self.bad_records, &error) {
            (OnBadRecord::Skip, Error::Record { .. }) => {
                skipped += 1;
                first.get_or_insert_with(|| error.to_string());
                Ok(())
            }
            _ => Err(error),
        };
        match source {
            Source::Records { paths, .. } => {
                let joined = |instruction: &str, input: &str| template.joined(instruction, input);
                each_record(paths, None, |file, raw| {
                    let (index, record) = match raw {
                        Ok(found) => found,
                        Err(error) => return fault(error),
                    };
                    match form::conversation(&record, joined) {
                        Ok(conversation) => {
                            take(conversation, None);
                            Ok(())
                        }
                        Err((field, what)) => fault(Error::Record {
                            file: file.into(),
                            index,
                            field,
                            what,
                        }),
                    }
                })?;
            }
            Source::Pairs {
                paths,
                instruction,
                most,
                ..
            } => {
                each_line(
                    paths,
                    most.unwrap_or(usize::MAX),
                    |file, index, line| match line.split_once('\t') {
                        Some((a, b)) if !a.trim().is_empty() && !b.trim().is_empty() => {
                            let question = template.joined(instruction, a);
                            let mut found = Conversation::of_two(question, b);
                            found.input = a.into();
                            take(found, None);
                            Ok(())
                        }
                        _ => fault(Error::Record {
                            file: file.into(),
                            index,
                            field: "the line".into(),
                            what: "two texts with a tab between them are needed".into(),
                        }),
                    },
                )?;
            }
            Source::FirstSentences {
                paths,
                instruction,
                characters,
                most,
                ..
            } => {
                each_record(paths, *most, |file, raw| {
                    let (index, record) = match raw {
                        Ok(found) => found,
                        Err(error) => return fault(error),
                    };
                    let Some(text) = record.get("text").and_then(Value::as_str) else {
                        return fault(Error::Record {
                            file: file.into(),
                            index,
                            field: "text".into(),
                            what: "a text is needed".into(),
                        });
                    };
                    // A text of one sentence asks for nothing.
                    if let Some((sentence, rest)) = sentences::first(text) {
                        let rest: String = rest.chars().take(*characters).collect();
                        let question = template.joined(instruction, &rest);
                        let mut found = Conversation::of_two(question, sentence);
                        found.input = rest;
                        let title = record.get("title").and_then(Value::as_str);
                        take(found, title.map(str::to_owned));
                    }
                    Ok(())
                })?;
            }
            Source::Functions { packages, most, .. } => {
                for (conversation, package) in functions::all(packages, *most, template)? {
                    take(conversation, Some(package));
                }
            }
        }
        records.skipped += skipped;
        if records.first_skipped.is_none() {
            records.first_skipped = first;
        }
        Ok(())
    }
}

/// The files that paths name, each once.
fn files(paths: &[String]) -> Result<Vec<SourceFile>> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for path in paths {
        let found = SourceFile::find(path)?.into_iter();
        all.extend(found.filter(|file| seen.insert(file.path.clone())));
    }
    Ok(all)
}

/// Calls a function with file and record of each record, or with what stands in its place.
fn each_record(
    paths: &[String],
    most: Option<usize>,
    mut each: impl FnMut(&str, Raw) -> Result<()>,
) -> Result<()> {
    let mut left = most.unwrap_or(usize::MAX);
    for file in files(paths)? {
        let mut outcome = Ok(());
        let mut take = |raw: Raw| {
            if left == 0 {
                return false;
            }
            left -= 1;
            outcome = each(&file.name, raw);
            outcome.is_ok()
        };
        match file.inner_name().ends_with(".parquet") {
            #[cfg(feature = "parquet")]
            true => super::parquet::read(&file.path, &file.name, &mut take),
            #[cfg(not(feature = "parquet"))]
            true => {
                take(Err(Error::File {
                    file: file.name.clone(),
                    what: "Parquet is read by a program that was built with the feature `parquet`; `cargo xtask \
                           instruct` builds it in where the recipe names such a file"
                        .into(),
                }));
            }
            false => json::read(file.open()?, &file.name, &mut take),
        }
        outcome?;
    }
    Ok(())
}

/// Calls a function with file, number and text of each line that is not empty.
fn each_line(
    paths: &[String],
    most: usize,
    mut each: impl FnMut(&str, u64, &str) -> Result<()>,
) -> Result<()> {
    let mut left = most;
    for file in files(paths)? {
        use std::io::BufRead;
        for (index, line) in (1..).zip(file.open()?.lines()) {
            if left == 0 {
                return Ok(());
            }
            let line = line.map_err(|error| Error::File {
                file: file.name.clone(),
                what: format!("line {index}: {error}"),
            })?;
            if !line.is_empty() {
                left -= 1;
                each(&file.name, index, &line)?;
            }
        }
    }
    Ok(())
}
