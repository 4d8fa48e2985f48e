//! A text and where it came from.
//!
//! Provenance stays with the text until it is tokens, so that the report can say which file, which
//! package and which licence a model was trained on.

use serde::{Deserialize, Serialize};

use crate::sample::Sample;

/// One text, as a source yields it (raw) or as cleaning leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The text.
    pub text: String,
    /// Which of the recipe's sources it comes from: `0: files`, `1: cargo`, `0: stdin`.
    pub source: String,
    /// Where it lies, the way a person would write it on any machine: the path as the recipe wrote
    /// it (`$SLOVO_DATA/shakespeare/input.txt`), `serde-1.0.228/src/lib.rs` in the cargo corpus,
    /// `standard input` there.
    pub path: String,
    /// The unit that a whole-group split keeps together: the package's name in the cargo corpus,
    /// the path otherwise.
    pub group: String,
    /// Name and version of the package, in the cargo corpus.
    pub package: Option<String>,
    /// Licence, where the source states one: an SPDX expression from the package, or what the
    /// recipe says about its files.
    pub licence: Option<String>,
    /// Its number within the file, from 0.
    pub index_in_file: u64,
    /// What its record says of it.
    pub origin: Origin,
    /// The next document of the stream continues this one: the text was longer than
    /// [`MAX_DOCUMENT_BYTES`] and was cut at a line's end. No end of text belongs between the two.
    pub continues: bool,
}

impl Document {
    /// Where it stands, for a person: its file and number, and its address.
    pub fn place(&self) -> String {
        match &self.origin.url {
            Some(url) => format!("{}, {url}", self.id()),
            None => self.id(),
        }
    }

    /// It as an example of a reason.
    pub(crate) fn sample(&self) -> Sample {
        Sample::at(self.place(), &self.text)
    }

    /// What names it: its file and number. Pieces of a long text share it, and what is left of a document beside
    /// an evaluation.
    pub fn id(&self) -> String {
        format!("{}#{}", self.path, self.index_in_file)
    }
}

/// Names for documents that come in order, each its own.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: String,
    /// How many of that name came.
    count: usize,
}

impl Ids {
    /// The name of the next document: `a.txt#0`, and of the next ones that share it `a.txt#0.2`, `a.txt#0.3`.
    pub(crate) fn of(&mut self, document: &Document) -> String {
        let id = document.id();
        if id != self.last {
            (self.last, self.count) = (id.clone(), 1);
            return id;
        }
        self.count += 1;
        format!("{id}.{}", self.count)
    }
}

/// What a format's record says of its document, where it says anything, and what was found in the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Place of its record in the decompressed file, in bytes from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Date, as the format writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Language, an ISO 639-1 code, where one was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A text file longer than this is yielded in several pieces, so that memory has a bound. Pieces join to exactly
/// the file's text. It is more than any book has.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_document_have_names_of_their_own() {
        let mut ids = Ids::default();
        let names = [0, 0, 0, 1, 1, 2].map(|index_in_file| {
            ids.of(&Document {
                path: "a.txt".to_owned(),
                index_in_file,
                ..Document::default()
            })
        });
        let want = [
            "a.txt#0",
            "a.txt#0.2",
            "a.txt#0.3",
            "a.txt#1",
            "a.txt#1.2",
            "a.txt#2",
        ];
        assert_eq!(names, want);
    }
}
