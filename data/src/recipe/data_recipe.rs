//! The data recipe: sources, cleaning, tokenizer, split.

use std::fmt::Display;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Contamination, Duplicates, RecipeError, Source, from_ron_str, load_ron, pairs};
use crate::clean::rules::Rule;
use crate::mixture::Mixture;
use crate::tokenizer::{LARGEST_SAMPLE, SAMPLE_BYTES, Specials};

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
    /// Rules that change documents or leave them out, applied in order to what is clean.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Which documents are the same, and go but for the first.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// Texts that a model is to be tested on, and that it must not have read.
    #[serde(default)]
    pub contamination: Option<Contamination>,
    /// How text becomes tokens.
    pub tokenizer: TokenizerRecipe,
    /// Which part is held out for validation.
    pub split: Split,
    /// How much of each source a model reads. Nothing of it is prepared: other weights need no second
    /// preparation.
    #[serde(default)]
    pub mixture: Option<Mixture>,
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
        /// What it is for, which decides the special tokens.
        #[serde(default)]
        specials: Specials,
        /// A pair that occurs less often is never merged.
        #[serde(default = "default_min_frequency")]
        min_frequency: u64,
        /// Bytes of the training text to train it on, drawn from all of it; below two gigabytes.
        #[serde(default = "default_sample")]
        sample: usize,
    },
    /// WordPiece as BERT has it, trained on the training text: for masked words. What it takes from
    /// a text is in [`Tokenizer::loses`](crate::Tokenizer::loses).
    WordPiece {
        /// Tokens in the vocabulary, special ones included.
        vocab_size: usize,
        /// Upper case and accents go.
        #[serde(default = "default_lowercase")]
        lowercase: bool,
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

impl Split {
    /// What to write where a source is to be measured by itself, and nothing of it is held out.
    pub const OF_EACH_SOURCE: &str =
        "split: Position(validation: 0.1, each_source: true) holds out a part of each source";
}

/// Which part is held out for validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Split {
    /// The last part of the text, as in nanoGPT; also where a text is one long document.
    Position {
        /// Its share, between 0 and 1.
        validation: f64,
        /// The last part of each source, not of all together.
        #[serde(default)]
        each_source: bool,
    },
    /// By a hash of the text: a document stays on its side when others come or go.
    Hash {
        /// Its share, between 0 and 1; of documents or groups, so only roughly of bytes.
        validation: f64,
        /// What is held out as a whole.
        #[serde(default)]
        unit: SplitUnit,
    },
    /// So many pairs, or a few more: those whose sources have the smallest hashes, each source with
    /// all of its pairs. For pairs only.
    Count {
        /// How many, before those that are too long are left out.
        validation: u64,
    },
    /// These groups whole: packages of the cargo corpus, paths of files. Of pairs, one whose source
    /// is held out is not trained on, whatever its file.
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

fn default_lowercase() -> bool {
    true
}

fn default_min_frequency() -> u64 {
    2
}

fn default_sample() -> usize {
    SAMPLE_BYTES
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

    /// Whether documents are judged or compared, beyond being cleaned.
    pub fn judges(&self) -> bool {
        let ruled = |source: &Source| source.rules().is_some_and(|rules| !rules.is_empty());
        let rules = !self.rules.is_empty() || self.sources.iter().any(ruled);
        rules || self.duplicates.any() || self.contamination.is_some()
    }

    /// The rules for the documents of a source, by its label.
    pub(crate) fn rules_of(&self, label: &str) -> &[Rule] {
        let mut sources = self.sources.iter().enumerate();
        let source = sources.find(|(i, source)| source.label(*i) == label);
        source
            .and_then(|(_, source)| source.rules())
            .unwrap_or(&self.rules)
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
        let sources = self.sources.iter().enumerate();
        let labels: Vec<String> = sources.map(|(i, source)| source.label(i)).collect();
        for (i, label) in labels.iter().enumerate() {
            if labels[..i].contains(label) {
                let right = "two sources have it; give each its own";
                return refuse(&format!("sources.{i}.name"), label, right);
            }
        }
        validate_rules("rules", &self.rules)?;
        for (i, source) in self.sources.iter().enumerate() {
            validate_rules(
                &format!("sources.{i}.rules"),
                source.rules().unwrap_or_default(),
            )?;
        }
        self.duplicates.validate()?;
        if let Some(contamination) = &self.contamination {
            contamination.validate()?;
        }
        if let Some(mixture) = &self.mixture {
            let names: Vec<&str> = labels.iter().map(String::as_str).collect();
            mixture.shares(&names)?;
        }
        self.tokenizer.validate()?;
        match &self.split {
            Split::Position { validation, .. } | Split::Hash { validation, .. } => {
                // Written so that a NaN is refused too.
                if !(*validation > 0.0 && *validation < 1.0) {
                    let right = "give a share between 0 and 1, such as 0.1";
                    return refuse("split.validation", validation, right);
                }
            }
            Split::Count { validation: 0 } => {
                return refuse("split.validation", 0, "give so many pairs, such as 2000");
            }
            Split::Groups(groups) if groups.is_empty() => {
                let right = "name the groups to hold out, such as Groups([\"itoa\"])";
                return refuse("split.Groups", "empty", right);
            }
            Split::Count { .. } | Split::Groups(_) => {}
        }
        pairs::validate(self)
    }
}

fn validate_rules(place: &str, rules: &[Rule]) -> Result<(), RecipeError> {
    for (i, rule) in rules.iter().enumerate() {
        rule.validate()
            .map_err(|(field, value, right)| RecipeError::Value {
                field: format!("{place}.{i}.{field}"),
                value,
                right: right.to_owned(),
            })?;
    }
    Ok(())
}

/// The five special tokens and a character.
const SMALLEST_WORDPIECE_VOCABULARY: usize = 6;

impl TokenizerRecipe {
    fn validate(&self) -> Result<(), RecipeError> {
        let (vocab_size, sample, least, right) = match self {
            Self::Char | Self::Byte | Self::File(_) => return Ok(()),
            Self::Bpe {
                vocab_size,
                specials,
                sample,
                ..
            } => {
                let least = specials.least_vocabulary();
                let names = specials.names().join(", ");
                let right = format!(
                    "byte-level pairs start from the 256 bytes and {names}; give at least {least}, \
                     4096 for a small text"
                );
                (*vocab_size, *sample, least, right)
            }
            Self::WordPiece {
                vocab_size, sample, ..
            } => {
                let right = "five special tokens and the text's characters come first; give 4096 \
                             for a small text, 30522 as BERT has"
                    .to_owned();
                (*vocab_size, *sample, SMALLEST_WORDPIECE_VOCABULARY, right)
            }
        };
        if vocab_size < least {
            return refuse("tokenizer.vocab_size", vocab_size, &right);
        }
        if !(1..=LARGEST_SAMPLE).contains(&sample) {
            let right = "give bytes of text, such as 100_000_000, and fewer than 2^31";
            return refuse("tokenizer.sample", sample, right);
        }
        Ok(())
    }
}

pub(super) fn refuse(field: &str, value: impl Display, right: &str) -> Result<(), RecipeError> {
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
            (
                "tokenizer=Bpe(vocab_size: 259, specials: Masked)",
                "tokenizer.vocab_size is 259: byte-level pairs start from the 256 bytes and [PAD], \
                 [CLS], [SEP], [MASK]; give at least 260",
            ),
            (
                "tokenizer=Bpe(vocab_size: 257, specials: Pairs)",
                "tokenizer.vocab_size is 257",
            ),
            (
                "tokenizer=WordPiece(vocab_size: 5)",
                "tokenizer.vocab_size is 5: five special tokens",
            ),
            (
                "tokenizer=WordPiece(vocab_size: 500, sample: 0)",
                "tokenizer.sample is 0",
            ),
            ("split.validation=0", "split.validation is 0"),
            ("split.validation=1.0", "split.validation is 1"),
            ("split=Groups([])", "split.Groups is empty"),
            ("split=Count(validation: 0)", "split.validation is 0"),
        ] {
            let recipe = apply_sets(good.clone(), &[set.to_owned()]).unwrap();
            let text = recipe.validate().unwrap_err().to_string();
            assert!(text.starts_with(field), "{set}: {text}");
        }
    }
}
