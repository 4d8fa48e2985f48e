//! One rule of a recipe, and what it says of a text.

use std::io;

use serde::{Deserialize, Serialize};

use super::{
    C4, Characters, FineWeb, GopherQuality, GopherRepetition, Invalid, Language, Personal, Urls,
};

/// What a rule says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays as it is.
    Keep,
    /// It stays, as this text, which differs from what came in.
    Change(String),
    /// It goes, by this criterion; the words are the same from text to text, so that they can be
    /// counted.
    Drop(&'static str),
}

/// One rule of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Rule {
    /// Addresses that lead to unwanted pages.
    Urls(Urls),
    /// The languages that are wanted.
    Language(Language),
    /// Texts that repeat themselves.
    GopherRepetition(GopherRepetition),
    /// Texts that are no prose.
    GopherQuality(GopherQuality),
    /// Lines that are no sentences, and pages of too few sentences.
    C4(C4),
    /// Lists, menus and pages whose lines are broken.
    FineWeb(FineWeb),
    /// Personal data is masked.
    Personal(Personal),
    /// Broken, invisible and decorative characters.
    Characters(Characters),
}

impl Rule {
    /// The name that a recipe and a report call it by.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Urls(_) => "Urls",
            Self::Language(_) => "Language",
            Self::GopherRepetition(_) => "GopherRepetition",
            Self::GopherQuality(_) => "GopherQuality",
            Self::C4(_) => "C4",
            Self::FineWeb(_) => "FineWeb",
            Self::Personal(_) => "Personal",
            Self::Characters(_) => "Characters",
        }
    }

    /// Whether its values can work.
    ///
    /// # Errors
    /// The first field that cannot, its value, and what would do.
    pub fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::Urls(rule) => rule.validate(),
            Self::Language(rule) => rule.validate(),
            Self::GopherRepetition(rule) => rule.validate(),
            Self::GopherQuality(rule) => rule.validate(),
            Self::C4(rule) => rule.validate(),
            Self::FineWeb(rule) => rule.validate(),
            Self::Personal(rule) => rule.validate(),
            Self::Characters(rule) => rule.validate(),
        }
    }

    /// Reads the files that it names; once, before the first text.
    ///
    /// # Errors
    /// A file cannot be read, or is no list.
    pub fn load(&mut self) -> io::Result<()> {
        match self {
            Self::Urls(rule) => rule.load(),
            _ => Ok(()),
        }
    }

    /// Whether it may change a text; the others only say which go.
    pub fn changes(&self) -> bool {
        matches!(self, Self::C4(_) | Self::Personal(_) | Self::Characters(_))
    }

    /// What it says of a text from `url`. Time grows with the text's length, and so does memory: at
    /// most some ninety bytes for each word, in [`GopherRepetition`].
    pub fn apply(&self, text: &str, url: Option<&str>) -> Verdict {
        match self {
            Self::Urls(rule) => rule.apply(url),
            Self::Language(rule) => rule.apply(text),
            Self::GopherRepetition(rule) => rule.apply(text),
            Self::GopherQuality(rule) => rule.apply(text),
            Self::C4(rule) => rule.apply(text),
            Self::FineWeb(rule) => rule.apply(text),
            Self::Personal(rule) => rule.apply(text),
            Self::Characters(rule) => rule.apply(text),
        }
    }
}
