//! A split that a file holds as row numbers, so that a published one can be repeated.

use std::collections::HashMap;
use std::io::Read;

use serde::Deserialize;
use slovo_data::source::{SourceError, SourceFile};

use super::{Side, Split, SplitError};
use crate::labelled::Labelled;

/// More bytes hold no split that anyone wrote: a hundred million rows.
const MAX_BYTES: u64 = 1 << 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    train: Vec<usize>,
    #[serde(alias = "val")]
    validation: Option<Vec<usize>>,
    test: Option<Vec<usize>>,
}

/// The split, and whether validation and test may be empty: where the file does not name them.
pub(super) fn read(path: &str, labelled: &Labelled) -> Result<(Split, [bool; 2]), SplitError> {
    let files = SourceFile::find(path)?;
    let [file] = files.as_slice() else {
        return Err(SplitError::File {
            path: path.to_owned(),
            what: format!("{} files, where one should be", files.len()),
        });
    };
    let mut text = String::new();
    let read = file.open()?.take(MAX_BYTES).read_to_string(&mut text);
    read.map_err(|error| SourceError::Read {
        path: file.name.clone(),
        error,
    })?;
    let fault = |what: String| SplitError::File {
        path: file.name.clone(),
        what,
    };
    let rows: Rows = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
    let may_be_empty = [rows.validation.is_none(), rows.test.is_none()];

    let read = labelled.counts.rows as usize;
    let mut sides: HashMap<usize, Side> = HashMap::new();
    for (side, rows) in [
        (Side::Train, rows.train),
        (Side::Validation, rows.validation.unwrap_or_default()),
        (Side::Test, rows.test.unwrap_or_default()),
    ] {
        for row in rows {
            if row >= read {
                let name = side.name();
                return Err(fault(format!(
                    "{name} holds row {row}, but the rows that were read end at {}",
                    read.saturating_sub(1)
                )));
            }
            if let Some(other) = sides.insert(row, side) {
                let (one, two) = (other.name(), side.name());
                return Err(fault(match one == two {
                    true => format!("{one} holds row {row} twice"),
                    false => format!("row {row} stands in {one} and in {two}"),
                }));
            }
        }
    }
    let mut split = Split::default();
    for (i, example) in labelled.examples.iter().enumerate() {
        if let Some(&side) = sides.get(&example.row) {
            split.put(side, i);
        }
    }
    Ok((split, may_be_empty))
}
