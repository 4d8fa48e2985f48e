//! The data recipe: sources, cleaning, tokenizer, split.

use std::fmt::Display;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{RecipeError, from_ron_str, load_ron};
use crate::cargo_corpus;
use crate::tokenizer::{LARGEST_SAMPLE, SAMPLE_BYTES};

/// What text goes in, and what becomes of it.
///
/// ```
/// use slovo_data::recipe::{DataRecipe, from_ron_str};
///
/// let recipe: DataRecipe = from_ron_str(
///     r#"(
///         name: "shakespeare",
///         sources: [Files(paths: ["$SLOVO_DATA/shakespeare/input.txt"])],
///         tokenizer: Char,
///         split: Position(validation: 0.1),
///     )"#,
/// )?;
/// recipe.validate()?;
/// # Ok::<(), slovo_data::recipe::RecipeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecipe {
    /// What a person calls this text; it names reports, nothing is computed from it.
    pub name: String,
    /// Where the text comes from, read in this order.
    pub sources: Vec<Source>,
    /// What is changed and what is left out.
    #[serde(default)]
    pub clean: Clean,
    /// How text becomes tokens.
    pub tokenizer: TokenizerRecipe,
    /// Which part is held out for validation.
    pub split: Split,
}

/// Where text comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// Files, plain or compressed (`.gz`, `.zst`, `.bz2`, `.xz`; several members, frames or streams
    /// are read to the end).
    Files {
        /// Files, folders (all files below, hidden ones left out) and wildcards (`*`, `?`, `[ab]`,
        /// `**`). May begin with `$SLOVO_DATA`, and are otherwise relative to the current folder.
        paths: Vec<String>,
        /// What is in a file.
        #[serde(default)]
        format: FileFormat,
        /// JSON Lines: the field that holds the text.
        #[serde(default = "default_field")]
        field: String,
        /// JSON Lines: what a line that is not JSON, or lacks the field, does.
        #[serde(default)]
        bad_lines: OnBadLine,
        /// Text: a line equal to this ends a document (`""`: a blank line). Without it a file is
        /// one document.
        #[serde(default)]
        separator: Option<String>,
        /// The text's licence, kept as provenance.
        #[serde(default)]
        licence: Option<String>,
    },
    /// Standard input, which can be read once: what is prepared from it is not found again by its
    /// recipe.
    Stdin {
        /// What comes in; `Auto` means text.
        #[serde(default)]
        format: FileFormat,
        /// JSON Lines: the field that holds the text.
        #[serde(default = "default_field")]
        field: String,
        /// JSON Lines: what a line that is not JSON, or lacks the field, does.
        #[serde(default)]
        bad_lines: OnBadLine,
        /// Text: a line equal to this ends a document.
        #[serde(default)]
        separator: Option<String>,
        /// The text's licence, kept as provenance.
        #[serde(default)]
        licence: Option<String>,
    },
    /// Sources and documentation of packages that this workspace's `Cargo.lock` pins and that
    /// cargo has unpacked; see [`cargo_corpus`].
    Cargo {
        /// Package names; the lock gives the version, the newest where it holds several, or the
        /// newest that begins as in `rand@0.9`.
        #[serde(default = "default_packages")]
        packages: Vec<String>,
        /// No package gives more than this many bytes.
        #[serde(default = "default_max_bytes_per_package")]
        max_bytes_per_package: u64,
    },
}

/// What is in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFormat {
    /// `.jsonl` and `.ndjson` are JSON Lines, anything else is text; `.gz`, `.zst`, `.bz2` and
    /// `.xz` aside.
    #[default]
    Auto,
    /// Plain text, UTF-8.
    Text,
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

/// What cleaning does; every rule can be switched off, and every verdict is counted.
///
/// The rules run in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clean {
    /// What bytes that are not UTF-8 do.
    pub encoding: Encoding,
    /// `\r\n` and a lone `\r` become `\n`.
    pub newlines: bool,
    /// Control characters other than `\n` and `\t` go, and so does a byte order mark at the start.
    pub control: bool,
    /// Unicode normalisation form C: one spelling for a letter with its accent.
    pub nfc: bool,
    /// A document of fewer characters, surrounding white space not counted, is left out.
    pub min_chars: usize,
}

impl Default for Clean {
    fn default() -> Self {
        Self {
            encoding: Encoding::default(),
            newlines: true,
            control: true,
            nfc: true,
            min_chars: 1,
        }
    }
}

/// What bytes that are not UTF-8 do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Each becomes U+FFFD and is counted.
    #[default]
    Replace,
    /// The document is left out and counted.
    Skip,
    /// The run stops and names file and byte.
    Stop,
}

/// How text becomes tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum TokenizerRecipe {
    /// The characters that occur, sorted by code point.
    Char,
    /// The 256 bytes.
    Byte,
    /// Byte-level byte-pair encoding, trained on the training text.
    Bpe {
        /// Tokens in the vocabulary, special ones included.
        vocab_size: usize,
        /// A pair that occurs less often is never merged.
        #[serde(default = "default_min_frequency")]
        min_frequency: u64,
        /// Bytes of the training text to train it on, drawn from all of it; below two gigabytes.
        #[serde(default = "default_sample")]
        sample: usize,
    },
    /// A `tokenizer.json`, or a folder that holds one; may begin with `$SLOVO_DATA`.
    File(String),
}

/// Which part is held out for validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Split {
    /// The last part of the whole text, as in nanoGPT.
    Position {
        /// Its share, between 0 and 1.
        validation: f64,
    },
    /// By a hash of the text: a document stays on its side when others come or go.
    Hash {
        /// Its share, between 0 and 1; of documents or groups, so only roughly of bytes.
        validation: f64,
        /// What is held out as a whole.
        #[serde(default)]
        unit: SplitUnit,
    },
    /// These groups whole: packages of the cargo corpus, paths of files.
    Groups(Vec<String>),
}

/// What a split by hash keeps together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SplitUnit {
    /// One document.
    #[default]
    Document,
    /// All documents of a group: a package, a file.
    Group,
}

fn default_field() -> String {
    "text".to_owned()
}

fn default_packages() -> Vec<String> {
    cargo_corpus::default_packages()
}

fn default_max_bytes_per_package() -> u64 {
    cargo_corpus::DEFAULT_MAX_BYTES_PER_PACKAGE
}

fn default_min_frequency() -> u64 {
    2
}

fn default_sample() -> usize {
    SAMPLE_BYTES
}

impl Source {
    /// Files as a person types them on a command line, every choice left at its default; `-` is
    /// standard input.
    pub fn typed(path: &str) -> Self {
        let format = FileFormat::default();
        let (field, bad_lines) = (default_field(), OnBadLine::default());
        match path {
            "-" => Self::Stdin {
                format,
                field,
                bad_lines,
                separator: None,
                licence: None,
            },
            path => Self::Files {
                paths: vec![path.to_owned()],
                format,
                field,
                bad_lines,
                separator: None,
                licence: None,
            },
        }
    }
}

impl DataRecipe {
    /// The recipe that runs where none is given, `data/recipes/cargo.ron`: the cargo corpus.
    ///
    /// # Errors
    /// None, unless this program was built with a broken recipe.
    pub fn standard() -> Result<Self, RecipeError> {
        from_ron_str(include_str!("../../recipes/cargo.ron"))
    }

    /// Reads and checks a recipe, with `--set` values applied.
    ///
    /// # Errors
    /// A file that cannot be read, a fault of syntax or type, an impossible value.
    pub fn load(path: &Path, sets: &[String]) -> Result<Self, RecipeError> {
        let recipe: Self = load_ron(path, sets)?;
        recipe.validate()?;
        Ok(recipe)
    }

    /// Refuses values that the types allow and that cannot work.
    ///
    /// # Errors
    /// The first such value, with its field and a value that would do.
    pub fn validate(&self) -> Result<(), RecipeError> {
        if self.sources.is_empty() {
            let right = "name at least one, such as Cargo() or Files(paths: [\"texts\"])";
            return refuse("sources", "empty", right);
        }
        for (i, source) in self.sources.iter().enumerate() {
            source.validate(i)?;
        }
        if let TokenizerRecipe::Bpe {
            vocab_size, sample, ..
        } = self.tokenizer
        {
            if vocab_size < SMALLEST_BPE_VOCABULARY {
                let right = "byte-level pairs start from the 256 bytes and an end of text; give at \
                             least 257, 4096 for a small text";
                return refuse("tokenizer.vocab_size", vocab_size, right);
            }
            if !(1..=LARGEST_SAMPLE).contains(&sample) {
                let right = "give bytes of text, such as 100_000_000, and fewer than 2^31";
                return refuse("tokenizer.sample", sample, right);
            }
        }
        match &self.split {
            Split::Position { validation } | Split::Hash { validation, .. } => {
                // Written so that a NaN is refused too.
                if !(*validation > 0.0 && *validation < 1.0) {
                    let right = "give a share between 0 and 1, such as 0.1";
                    return refuse("split.validation", validation, right);
                }
            }
            Split::Groups(groups) if groups.is_empty() => {
                let right = "name the groups to hold out, such as Groups([\"itoa\"])";
                return refuse("split.Groups", "empty", right);
            }
            Split::Groups(_) => {}
        }
        Ok(())
    }
}

/// The 256 bytes and the end of text.
const SMALLEST_BPE_VOCABULARY: usize = 257;

impl Source {
    fn validate(&self, i: usize) -> Result<(), RecipeError> {
        match self {
            Self::Files { paths, field, .. } => {
                if paths.is_empty() {
                    let right = "name at least one file, folder or wildcard";
                    return refuse(&format!("sources.{i}.paths"), "empty", right);
                }
                validate_field(i, field)
            }
            Self::Stdin { field, .. } => validate_field(i, field),
            Self::Cargo {
                packages,
                max_bytes_per_package,
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

fn validate_field(i: usize, field: &str) -> Result<(), RecipeError> {
    if field.is_empty() {
        let right = "name the field that holds the text, such as text";
        return refuse(&format!("sources.{i}.field"), "empty", right);
    }
    Ok(())
}

fn refuse(field: &str, value: impl Display, right: &str) -> Result<(), RecipeError> {
    Err(RecipeError::Value {
        field: field.to_owned(),
        value: value.to_string(),
        right: right.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::recipe::{apply_sets, from_ron_str};

    #[test]
    fn impossible_values_are_refused_by_name() {
        let good: DataRecipe = from_ron_str(
            r#"(
                name: "tests",
                sources: [Files(paths: ["a.txt"])],
                tokenizer: Bpe(vocab_size: 257),
                split: Hash(validation: 0.1),
            )"#,
        )
        .unwrap();
        good.validate().unwrap();
        for (set, field) in [
            ("sources=[]", "sources is empty"),
            ("sources.0.paths=[]", "sources.0.paths is empty"),
            ("sources.0.field=", "sources.0.field is empty"),
            (
                "sources=[Cargo(packages: [])]",
                "sources.0.packages is empty",
            ),
            (
                "sources=[Cargo(max_bytes_per_package: 0)]",
                "sources.0.max_bytes_per_package is 0",
            ),
            ("tokenizer.vocab_size=256", "tokenizer.vocab_size is 256"),
            ("tokenizer.sample=0", "tokenizer.sample is 0"),
            (
                "tokenizer.sample=2147483648",
                "tokenizer.sample is 2147483648",
            ),
            ("split.validation=0", "split.validation is 0"),
            ("split.validation=1.0", "split.validation is 1"),
            ("split=Groups([])", "split.Groups is empty"),
        ] {
            let recipe = apply_sets(good.clone(), &[set.to_owned()]).unwrap();
            let text = recipe.validate().unwrap_err().to_string();
            assert!(text.starts_with(field), "{set}: {text}");
        }
    }
}
