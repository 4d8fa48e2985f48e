//! What a recipe of labelled text may say.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use slovo_data::cargo_corpus;
use slovo_data::recipe::RecipeError;

use super::packages;

/// Where texts and their labels come from; loaded with [`slovo_data::recipe::load_ron`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledRecipe {
    /// A name for people.
    pub name: String,
    /// Read one after the other; rows are counted through all of them.
    pub sources: Vec<LabelledSource>,
    /// The labels in the order of their classes; a row with another one is bad. Without it every
    /// label that is found is a class, in the order of the alphabet.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// A text may have several labels, with this between them: `","`. A JSON list of labels needs
    /// it too, and an empty list is a text of no class.
    #[serde(default)]
    pub multi_label: Option<String>,
    /// What a row that cannot be used does.
    #[serde(default)]
    pub bad_rows: OnBadRow,
}

/// Files of one kind. Paths are files, folders (all files below) and wildcards, may begin with
/// `$SLOVO_DATA`, and the files may be compressed (`.gz`, `.zst`, `.bz2`, `.xz`); `-` is standard
/// input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum LabelledSource {
    /// Tables: CSV, TSV and the like.
    Table {
        /// The files.
        paths: Vec<String>,
        /// What stands between columns; without it the file's name decides, `.csv` or `.tsv`.
        #[serde(default)]
        delimiter: Option<char>,
        /// Whether the first row names the columns. Without a header the first row says how many
        /// there are.
        #[serde(default = "yes")]
        header: bool,
        /// Whether quotes enclose fields, as RFC 4180 says, or are letters as any other.
        #[serde(default = "yes")]
        quotes: bool,
        /// The column of the text.
        #[serde(default = "text_column")]
        text: Column,
        /// The column of the label.
        #[serde(default = "label_column")]
        label: Column,
        /// The column that says what belongs together, such as an author.
        #[serde(default)]
        group: Option<Column>,
    },
    /// JSON Lines.
    Jsonl {
        /// The files.
        paths: Vec<String>,
        /// The field of the text.
        #[serde(default = "text_field")]
        text: String,
        /// The field of the label: a text, a number, `true` or `false`, or a list of them.
        #[serde(default = "label_field")]
        label: String,
        /// The field that says what belongs together, such as an author.
        #[serde(default)]
        group: Option<String>,
    },
    /// A folder with a folder for each label, whose files, at any depth, are one text each.
    Folders {
        /// The folder above those of the labels.
        path: String,
    },
    /// Passages of packages that `Cargo.lock` pins and cargo has unpacked; their label is what they
    /// are a part of: `library`, `test`, `documentation` or `manifest`. Their group is the package.
    Cargo {
        /// Package names; see [`slovo_data::recipe::Source::Cargo`].
        #[serde(default = "cargo_corpus::default_packages")]
        packages: Vec<String>,
        /// No package gives more passages than this of one class.
        #[serde(default = "per_class")]
        per_class: usize,
    },
}

/// A column, by the name in the header or by its number, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a column is its name, such as \"text\", or its number from 0"
)]
pub enum Column {
    /// By number, from 0.
    Number(usize),
    /// By name.
    Name(String),
}

/// What a row that cannot be used does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnBadRow {
    /// Reading stops and names file and line.
    #[default]
    Stop,
    /// The row is left out and counted.
    Skip,
}

fn yes() -> bool {
    true
}

fn text_field() -> String {
    "text".to_owned()
}

fn label_field() -> String {
    "label".to_owned()
}

fn text_column() -> Column {
    Column::Name(text_field())
}

fn label_column() -> Column {
    Column::Name(label_field())
}

fn per_class() -> usize {
    packages::DEFAULT_PER_CLASS
}

impl LabelledRecipe {
    /// Refuses what cannot work, by the name of the field.
    ///
    /// # Errors
    /// The first such field.
    pub fn validate(&self) -> Result<(), RecipeError> {
        if self.sources.is_empty() {
            let right = "name at least one source, such as Table(paths: [\"texts.csv\"])";
            return refuse("sources".to_owned(), "empty", right);
        }
        for (i, source) in self.sources.iter().enumerate() {
            source.validate(&format!("sources.{i}"))?;
        }
        let paths = self.sources.iter().flat_map(LabelledSource::paths);
        let stdins = paths.filter(|path| *path == "-").count();
        if stdins > 1 {
            let value = format!("\"-\" {stdins} times");
            return refuse(
                "sources".to_owned(),
                &value,
                "standard input can be read once",
            );
        }
        if let Some(labels) = &self.labels {
            let mut seen = HashSet::new();
            if let Some(twice) = labels.iter().find(|label| !seen.insert(label.as_str())) {
                return refuse("labels".to_owned(), twice, "name each label once");
            }
            if labels.len() < 2
                || labels
                    .iter()
                    .any(|label| label.trim() != label || label.is_empty())
            {
                let right = "name two labels or more, without white space around them, such as \
                             [\"ham\", \"spam\"], or leave the field out";
                return refuse("labels".to_owned(), &format!("{labels:?}"), right);
            }
        }
        match self.multi_label.as_deref() {
            Some("") => {
                let right = "give what stands between the labels of a text, such as \",\"";
                refuse("multi_label".to_owned(), "empty", right)
            }
            _ => Ok(()),
        }
    }
}

impl LabelledSource {
    fn paths(&self) -> &[String] {
        match self {
            Self::Table { paths, .. } | Self::Jsonl { paths, .. } => paths,
            Self::Folders { .. } | Self::Cargo { .. } => &[],
        }
    }

    fn validate(&self, at: &str) -> Result<(), RecipeError> {
        match self {
            Self::Table {
                paths,
                delimiter,
                header,
                text,
                label,
                group,
                ..
            } => {
                check_paths(at, paths)?;
                if let Some(delimiter) = delimiter
                    && (!delimiter.is_ascii() || "\"\r\n".contains(*delimiter))
                {
                    let right = "give one ASCII character, such as ',', ';' or '\\t'";
                    return refuse(format!("{at}.delimiter"), &format!("{delimiter:?}"), right);
                }
                let columns = [
                    ("text", Some(text)),
                    ("label", Some(label)),
                    ("group", group.as_ref()),
                ];
                for (name, column) in columns {
                    if let (Some(Column::Name(column)), false) = (column, header) {
                        let right = "without a header columns have no names; give its number, \
                                     from 0";
                        return refuse(format!("{at}.{name}"), column, right);
                    }
                }
                if text == label {
                    let right = "text and label are two columns";
                    return refuse(format!("{at}.label"), &format!("{label:?}"), right);
                }
                Ok(())
            }
            Self::Jsonl {
                paths, text, label, ..
            } => {
                check_paths(at, paths)?;
                if text == label {
                    return refuse(
                        format!("{at}.label"),
                        label,
                        "text and label are two fields",
                    );
                }
                Ok(())
            }
            Self::Folders { path } => match path.as_str() {
                "" | "-" => {
                    let right = "name the folder that holds a folder for each label";
                    refuse(format!("{at}.path"), &format!("{path:?}"), right)
                }
                _ => Ok(()),
            },
            Self::Cargo {
                packages,
                per_class,
            } => {
                if packages.is_empty() {
                    let right = "name packages of Cargo.lock, or leave the field out";
                    return refuse(format!("{at}.packages"), "empty", right);
                }
                if *per_class == 0 {
                    let right = "give the most passages that a package may yield, such as 40";
                    return refuse(format!("{at}.per_class"), "0", right);
                }
                Ok(())
            }
        }
    }
}

fn check_paths(at: &str, paths: &[String]) -> Result<(), RecipeError> {
    if paths.is_empty() {
        let right = "name at least one file, folder or wildcard, or \"-\"";
        return refuse(format!("{at}.paths"), "empty", right);
    }
    Ok(())
}

pub(super) fn refuse(field: String, value: &str, right: &str) -> Result<(), RecipeError> {
    Err(RecipeError::Value {
        field,
        value: value.to_owned(),
        right: right.to_owned(),
    })
}

#[cfg(test)]
mod tests;
