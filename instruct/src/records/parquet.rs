//! Records out of a Parquet file, row by row.

use super::Raw;
use crate::Error;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::path::Path;

/// Hands every row of the file at `path` to `each` until that says no.
pub(super) fn read(path: &Path, file: &str, each: &mut dyn FnMut(Raw) -> bool) {
    let wrong = |what: String| Error::File {
        file: file.into(),
        what,
    };
    let opened = File::open(path).map_err(|error| wrong(error.to_string()));
    let opened = opened.and_then(|opened| {
        SerializedFileReader::new(opened).map_err(|error| wrong(error.to_string()))
    });
    let reader = match opened {
        Ok(reader) => reader,
        Err(error) => {
            each(Err(error));
            return;
        }
    };
    let rows = match reader.get_row_iter(None) {
        Ok(rows) => rows,
        Err(error) => {
            each(Err(wrong(error.to_string())));
            return;
        }
    };
    for (number, row) in (1..).zip(rows) {
        let record = match row {
            Ok(row) => Ok((number, row.to_json_value())),
            Err(error) => Err(wrong(format!("after row {}: {error}", number - 1))),
        };
        let broken = record.is_err();
        if !each(record) || broken {
            return;
        }
    }
}
