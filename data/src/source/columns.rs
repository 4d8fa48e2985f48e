//! Which columns of a table hold a document: the same choice for delimited text and for Parquet.

use crate::report::markup::one_line;

/// Names of columns. A name that the table lacks is a fault, never a column of nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The text.
    pub text: String,
    /// Address.
    pub url: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Date.
    pub date: Option<String>,
}

impl Columns {
    /// The text alone.
    pub fn of_text(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            url: None,
            title: None,
            date: None,
        }
    }

    /// The names in the order text, address, title, date.
    pub(super) fn names(&self) -> [Option<&str>; 4] {
        [
            Some(&self.text),
            self.url.as_deref(),
            self.title.as_deref(),
            self.date.as_deref(),
        ]
    }
}

/// How many columns a fault names at most.
const NAMED: usize = 20;

/// What a fault says of a column that is not there.
pub(super) fn missing<'a>(name: &str, found: impl Iterator<Item = &'a str>) -> String {
    let found: Vec<String> = found.take(NAMED).map(one_line).collect();
    format!("no column `{name}`; there are: {}", found.join(", "))
}
