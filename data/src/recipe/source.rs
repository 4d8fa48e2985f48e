//! Where text comes from: the sources that a recipe may name.

use serde::{Deserialize, Serialize};

use super::RecipeError;
use super::data_recipe::refuse;
use crate::cargo_corpus;
use crate::clean::rules::Rule;

/// Where text comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// Files, plain or compressed (`.gz`, `.zst`, `.bz2`, `.xz`; several members, frames or streams
    /// are read to the end).
    Files {
        /// What reports and mixtures call this source.
        #[serde(default)]
        name: Option<String>,
        /// Files, folders (all files below, hidden ones left out) and wildcards (`*`, `?`, `[ab]`,
        /// `**`). May begin with `$SLOVO_DATA`, and are otherwise relative to the current folder.
        paths: Vec<String>,
        /// What is in a file.
        #[serde(default)]
        format: FileFormat,
        /// JSON Lines and tables: the field that holds the text.
        #[serde(default = "default_field")]
        field: String,
        /// Tables: what else is read.
        #[serde(default)]
        columns: TableColumns,
        /// What a line that is not JSON or lacks the field, a damaged record, or the rest of a file that
        /// breaks off does.
        #[serde(default)]
        bad_lines: OnBadLine,
        /// Text: a line equal to this ends a document (`""`: a blank line). Without it a file is
        /// one document.
        #[serde(default)]
        separator: Option<String>,
        /// Pages: only those that these links lead to.
        #[serde(default)]
        outlinks: Option<OutlinkList>,
        /// The rules of this source, instead of the recipe's: what is right for a crawl throws books away.
        #[serde(default)]
        rules: Option<Vec<Rule>>,
        /// The text's licence, kept as provenance.
        #[serde(default)]
        licence: Option<String>,
    },
    /// Standard input, which can be read once: what is prepared from it is not found again by its
    /// recipe.
    Stdin {
        /// What reports and mixtures call this source.
        #[serde(default)]
        name: Option<String>,
        /// What comes in; `Auto` means text.
        #[serde(default)]
        format: FileFormat,
        /// JSON Lines and tables: the field that holds the text.
        #[serde(default = "default_field")]
        field: String,
        /// Tables: what else is read.
        #[serde(default)]
        columns: TableColumns,
        /// What a line that is not JSON or lacks the field, a damaged record, or the rest of a file that
        /// breaks off does.
        #[serde(default)]
        bad_lines: OnBadLine,
        /// Text: a line equal to this ends a document.
        #[serde(default)]
        separator: Option<String>,
        /// The text's licence, kept as provenance.
        #[serde(default)]
        licence: Option<String>,
    },
    /// Files of pairs: a text, and what it is to become, such as its translation. White space
    /// around a text is no part of it. All sources of a recipe are pairs, or none is.
    Pairs {
        /// Files, folders and wildcards, as for `Files`, plain or compressed.
        paths: Vec<String>,
        /// How a line holds a pair.
        #[serde(default)]
        format: PairFormat,
        /// JSON Lines: the field that holds the source.
        #[serde(default = "default_source_field")]
        source: String,
        /// JSON Lines: the field that holds the target.
        #[serde(default = "default_target_field")]
        target: String,
        /// What a line that is no pair does: no tab or several, a side without text, not JSON.
        #[serde(default)]
        bad_lines: OnBadLine,
        /// A pair is left out and counted if either side has more tokens than this, the end of
        /// sentence among them.
        #[serde(default = "default_max_length")]
        max_length: usize,
        /// The texts' licence, kept as provenance.
        #[serde(default)]
        licence: Option<String>,
    },
    /// Sources and documentation of packages that this workspace's `Cargo.lock` pins and that
    /// cargo has unpacked; see [`cargo_corpus`].
    Cargo {
        /// What reports and mixtures call this source.
        #[serde(default)]
        name: Option<String>,
        /// Package names; the lock gives the version, the newest where it holds several, or the
        /// newest that begins as in `rand@0.9`.
        #[serde(default = "default_packages")]
        packages: Vec<String>,
        /// No package gives more than this many bytes.
        #[serde(default = "default_max_bytes_per_package")]
        max_bytes_per_package: u64,
    },
}

/// What is in a file. Any of them may be compressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FileFormat {
    /// By the name's ending, `.gz`, `.zst`, `.bz2` and `.xz` aside: `.jsonl` and `.ndjson`, `.warc` and
    /// `.wet`, `.html` and `.htm`, `.xml` (MediaWiki's, or StackExchange's where the name ends in
    /// `Posts.xml`), `.tex`, `.csv`, `.tsv`, `.parquet`; anything else is text.
    #[default]
    Auto,
    /// Plain text, UTF-8.
    Text,
    /// One JSON object a line.
    Jsonl,
    /// A table with commas and a header.
    Csv,
    /// A table with tabs and a header.
    Tsv,
    /// A table in columns, <https://parquet.apache.org>. Needs a program with the feature `parquet`.
    Parquet,
    /// A web page: its main text.
    Html,
    /// A crawl, ISO 28500: the main text of its pages, or what a WET file says that they hold.
    Warc,
    /// A dump of a wiki, as Wikipedia gives it: articles without markup.
    MediaWiki,
    /// `Posts.xml` of a StackExchange dump: each question with its answers.
    StackExchange {
        /// Host of the site, for addresses: `unix.stackexchange.com`.
        #[serde(default)]
        site: Option<String>,
        /// Questions and answers of a lower score are left out.
        #[serde(default)]
        min_score: Option<i64>,
    },
    /// Sources of papers as arXiv gives them: archives of archives, archives of `.tex`, or a `.tex`.
    Latex,
    /// A book of Project Gutenberg, without what stands before and behind it.
    Gutenberg,
}

/// Columns of a table beside the text; those that are not named are not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableColumns {
    /// The column that holds the address.
    pub url: Option<String>,
    /// The column that holds the title.
    pub title: Option<String>,
    /// The column that holds the date.
    pub date: Option<String>,
}

/// Links that people found worth sharing, as WebText has them: only pages that they lead to are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlinkList {
    /// Files of lines: address, tab, score, or JSON with `url` and `score`.
    pub paths: Vec<String>,
    /// The lowest score that counts; WebText took 3.
    #[serde(default = "default_min_score")]
    pub min_score: f64,
}

/// How a line holds a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairFormat {
    /// `.jsonl` and `.ndjson` are JSON Lines, anything else has tabs; `.gz`, `.zst`, `.bz2` and
    /// `.xz` aside.
    #[default]
    Auto,
    /// Source, tab, target.
    Tsv,
    /// One JSON object a line.
    Jsonl,
}

/// What a line that cannot be used does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnBadLine {
    /// The run stops and names file and line.
    #[default]
    Stop,
    /// The line is left out and counted.
    Skip,
}

fn default_field() -> String {
    "text".to_owned()
}

fn default_min_score() -> f64 {
    3.0
}

fn default_source_field() -> String {
    "source".to_owned()
}

fn default_target_field() -> String {
    "target".to_owned()
}

fn default_max_length() -> usize {
    256
}

fn default_packages() -> Vec<String> {
    cargo_corpus::default_packages()
}

fn default_max_bytes_per_package() -> u64 {
    cargo_corpus::DEFAULT_MAX_BYTES_PER_PACKAGE
}

impl Source {
    /// Files as a person types them on a command line, every choice left at its default; `-` is
    /// standard input.
    pub fn typed(path: &str) -> Self {
        let format = FileFormat::default();
        let (field, bad_lines) = (default_field(), OnBadLine::default());
        let columns = TableColumns::default();
        match path {
            "-" => Self::Stdin {
                name: None,
                format,
                field,
                columns,
                bad_lines,
                separator: None,
                licence: None,
            },
            path => Self::Files {
                name: None,
                paths: vec![path.to_owned()],
                format,
                field,
                columns,
                bad_lines,
                separator: None,
                outlinks: None,
                rules: None,
                licence: None,
            },
        }
    }
}

impl Source {
    /// Its own rules, where it has any.
    pub(super) fn rules(&self) -> Option<&[Rule]> {
        match self {
            Self::Files { rules, .. } => rules.as_deref(),
            _ => None,
        }
    }

    /// What reports and mixtures call source number `i` of a recipe: its name, or its number and
    /// sort.
    pub fn label(&self, i: usize) -> String {
        let (name, sort) = match self {
            Self::Files { name, .. } => (name.as_ref(), "files"),
            Self::Stdin { name, .. } => (name.as_ref(), "stdin"),
            Self::Pairs { .. } => (None, "pairs"),
            Self::Cargo { name, .. } => (name.as_ref(), "cargo"),
        };
        name.cloned().unwrap_or_else(|| format!("{i}: {sort}"))
    }

    pub(super) fn validate(&self, i: usize) -> Result<(), RecipeError> {
        match self {
            Self::Files {
                paths,
                field,
                outlinks,
                ..
            } => {
                validate_paths(i, paths)?;
                if let Some(OutlinkList { paths, min_score }) = outlinks {
                    if paths.is_empty() {
                        let right = "name at least one file of links, or leave outlinks out";
                        return refuse(&format!("sources.{i}.outlinks.paths"), "empty", right);
                    }
                    if min_score.is_nan() {
                        let right = "give the lowest score that counts, such as 3";
                        return refuse(
                            &format!("sources.{i}.outlinks.min_score"),
                            min_score,
                            right,
                        );
                    }
                }
                validate_field(i, "field", field)
            }
            Self::Stdin { field, .. } => validate_field(i, "field", field),
            Self::Pairs {
                paths,
                source,
                target,
                max_length,
                ..
            } => {
                validate_paths(i, paths)?;
                validate_field(i, "source", source)?;
                validate_field(i, "target", target)?;
                if source == target {
                    let right = "source and target are two fields of a line";
                    return refuse(&format!("sources.{i}.target"), target, right);
                }
                if *max_length < 2 {
                    let right = "a side has a token and its end at least; give such as 256";
                    return refuse(&format!("sources.{i}.max_length"), max_length, right);
                }
                Ok(())
            }
            Self::Cargo {
                packages,
                max_bytes_per_package,
                ..
            } => {
                if packages.is_empty() {
                    let right = "name packages of Cargo.lock, or leave the field out";
                    return refuse(&format!("sources.{i}.packages"), "empty", right);
                }
                if *max_bytes_per_package == 0 {
                    let right = "give the most bytes that a package may yield, such as 500000";
                    return refuse(&format!("sources.{i}.max_bytes_per_package"), 0, right);
                }
                Ok(())
            }
        }
    }
}

fn validate_paths(i: usize, paths: &[String]) -> Result<(), RecipeError> {
    if paths.is_empty() {
        let right = "name at least one file, folder or wildcard";
        return refuse(&format!("sources.{i}.paths"), "empty", right);
    }
    Ok(())
}

fn validate_field(i: usize, name: &str, field: &str) -> Result<(), RecipeError> {
    if field.is_empty() {
        let right = "name the field that holds the text, such as text";
        return refuse(&format!("sources.{i}.{name}"), "empty", right);
    }
    Ok(())
}
