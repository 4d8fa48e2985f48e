//! What reading met.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Fault, Place};

/// How many rows were read, and which were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadCounts {
    /// Rows, those left out among them; neither headers nor blank lines.
    pub rows: u64,
    /// Without a label.
    pub missing_label: Skipped,
    /// With a label that the recipe does not list.
    pub unknown_label: Skipped,
    /// With a text of white space.
    pub no_text: Skipped,
    /// Not UTF-8.
    pub bad_encoding: Skipped,
    /// With other columns than the table, an open quote, or no JSON of that form.
    pub malformed: Skipped,
}

/// Rows left out for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// How many.
    pub rows: u64,
    /// Where the first ones stand, at most five.
    pub first: Vec<String>,
}

const PLACES: usize = 5;

impl ReadCounts {
    /// Counts a row that is left out.
    pub fn skip(&mut self, fault: &Fault, place: &Place) {
        let skipped = match fault {
            Fault::MissingLabel(_) => &mut self.missing_label,
            Fault::UnknownLabel { .. } => &mut self.unknown_label,
            Fault::NoText => &mut self.no_text,
            Fault::Encoding { .. } => &mut self.bad_encoding,
            Fault::Malformed(_) => &mut self.malformed,
        };
        skipped.rows += 1;
        if skipped.first.len() < PLACES {
            skipped.first.push(place.to_string());
        }
    }

    /// All rows that were left out.
    pub fn skipped(&self) -> u64 {
        self.reasons().iter().map(|(_, skipped)| skipped.rows).sum()
    }

    fn reasons(&self) -> [(&'static str, &Skipped); 5] {
        [
            ("without a label", &self.missing_label),
            ("with a label that is not in labels", &self.unknown_label),
            ("without text", &self.no_text),
            ("not UTF-8", &self.bad_encoding),
            ("malformed", &self.malformed),
        ]
    }
}

impl fmt::Display for ReadCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} left out", self.rows, self.skipped())?;
        let mut sign = ": ";
        for (reason, skipped) in self.reasons() {
            if skipped.rows == 0 {
                continue;
            }
            let more = skipped.rows > skipped.first.len() as u64;
            let places = skipped.first.join(", ");
            let dots = if more { ", …" } else { "" };
            write!(f, "{sign}{} {reason} ({places}{dots})", skipped.rows)?;
            sign = "; ";
        }
        Ok(())
    }
}
