//! The data recipe: sources, cleaning, tokenizer, split.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{RecipeError, load_ron};
use crate::cargo_corpus;

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
    /// Files, plain or compressed (`.gz`, `.zst`; several members or frames are read to the end).
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
        /// Package names; the lock gives the versions.
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
    /// `.jsonl` and `.ndjson` are JSON Lines, anything else is text; `.gz` and `.zst` aside.
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

impl DataRecipe {
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
        Ok(())
    }
}
