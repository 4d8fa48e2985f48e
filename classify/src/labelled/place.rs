//! Where a text stands.

use std::fmt;
use std::sync::Arc;

/// A file, and the line at which something begins; prints as `messages.tsv:17`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    file: Arc<str>,
    line: Option<u64>,
}

impl Place {
    /// A line of a file, counted from 1.
    pub fn line_of(file: &Arc<str>, line: u64) -> Self {
        Self {
            file: Arc::clone(file),
            line: Some(line),
        }
    }

    /// A file that is one text.
    pub fn whole(file: &str) -> Self {
        Self {
            file: file.into(),
            line: None,
        }
    }

    /// The file, as the recipe names it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1; `None` where the file is one text.
    pub fn line(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}
