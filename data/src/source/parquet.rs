//! Parquet (<https://parquet.apache.org/docs/file-format/>): a column of texts, in batches of rows.
//!
//! Read with the `parquet` package's own columns, without Arrow: a text is a slice of the page that
//! holds it until it becomes a document. Memory: 16 texts of each column that is asked for, their
//! pages and a dictionary; writers make pages of about 1 MiB or one value, and the format allows none
//! above 2 GiB.
//!
//! A file is read from its end, so it must be a file, not a stream. The package panics on some pages
//! that contradict themselves; here that is damage like any other, except that the panic's message
//! goes to standard error as well.

mod column;
mod dates;
mod write;

use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use self::column::Column;
use super::columns::{Columns, missing};
use crate::source::entry::{Entry, Fault, Found, Reader};

pub use write::{ParquetWriter, Row};

/// How many rows are read at a time. Few, since a batch keeps the pages of all its texts.
const BATCH_ROWS: u64 = 16;
/// The largest description of row groups and columns; that of a terabyte has some megabytes.
const MAX_FOOTER_BYTES: u32 = 256 << 20;

/// Documents of one file. An entry's `offset` is the number of its row, from 0.
pub struct Parquet {
    file: SerializedFileReader<File>,
    /// Text, address, title, date.
    columns: [Option<Column>; 4],
    next_group: usize,
    open: Option<Group>,
    /// The row that comes next.
    row: u64,
    batch: VecDeque<Fields>,
}

/// A row group that is being read.
struct Group {
    readers: [Option<ColumnReader>; 4],
    rows_left: u64,
}

/// The fields of a row, and how many invalid sequences its texts had.
#[derive(Default)]
struct Fields {
    values: [Option<String>; 4],
    replaced: u64,
}

fn fault(message: String) -> Fault {
    Fault::Content(message)
}

/// What the system refuses to read, which is no damage. A place that no file has is: the file names it.
fn refused(error: &ParquetError) -> Option<Fault> {
    let error = error.source()?.downcast_ref::<io::Error>()?;
    let number = error
        .raw_os_error()
        .filter(|_| error.kind() != io::ErrorKind::InvalidInput)?;
    Some(io::Error::from_raw_os_error(number).into())
}

impl Parquet {
    /// Reads what the file says of itself.
    ///
    /// # Errors
    /// It is no Parquet file or cut off; it lacks a column that was asked for; such a column holds
    /// lists or something other than texts (and, for the date, days or times), or is compressed with
    /// something other than Snappy, gzip or Zstandard.
    pub fn open(mut file: File, columns: &Columns) -> Result<Self, Fault> {
        check_footer(&mut file)?;
        let file = guarded(|| SerializedFileReader::new(file)).map_err(|error| {
            let damaged = || fault(format!("not a Parquet file, or damaged: {error}"));
            refused(&error).unwrap_or_else(damaged)
        })?;
        let schema = file.metadata().file_metadata().schema_descr_ptr();
        let mut found = [None; 4];
        for (number, name) in columns.names().into_iter().enumerate() {
            let Some(name) = name else {
                continue;
            };
            let mut all = schema.columns().iter();
            let Some(index) = all.position(|column| column.path().string() == name) else {
                let names: Vec<String> = schema
                    .columns()
                    .iter()
                    .map(|column| column.path().string())
                    .collect();
                return Err(fault(missing(name, names.iter().map(String::as_str))));
            };
            let column = Column::new(index, &schema.column(index));
            let column = column.filter(|column| column.is_text() || number == DATE);
            found[number] = Some(column.ok_or_else(|| {
                let kind = schema.column(index).physical_type();
                fault(format!(
                    "column `{name}` holds {kind}, or a list; text is needed"
                ))
            })?);
        }
        check_compression(&file, &found)?;
        Ok(Self {
            file,
            columns: found,
            next_group: 0,
            open: None,
            row: 0,
            batch: VecDeque::new(),
        })
    }

    /// Opens the next row group; false at the end.
    fn open_group(&mut self) -> Result<bool, ParquetError> {
        if self.next_group >= self.file.num_row_groups() {
            return Ok(false);
        }
        let number = self.next_group;
        self.next_group += 1;
        let rows = self.file.metadata().row_group(number).num_rows();
        let mut group = Group {
            readers: [None, None, None, None],
            rows_left: u64::try_from(rows).unwrap_or_default(),
        };
        // Its rows count even if they cannot be read.
        self.open = Some(Group {
            readers: [None, None, None, None],
            rows_left: group.rows_left,
        });
        let reader = self.file.get_row_group(number)?;
        for (column, open) in self.columns.iter().zip(&mut group.readers) {
            if let Some(column) = column {
                *open = Some(reader.get_column_reader(column.index)?);
            }
        }
        self.open = Some(group);
        Ok(true)
    }

    /// Reads a batch of rows; false at the end.
    fn fill(&mut self) -> Result<bool, ParquetError> {
        while self.open.as_ref().is_none_or(|group| group.rows_left == 0) {
            if !self.open_group()? {
                return Ok(false);
            }
        }
        let Some(group) = &mut self.open else {
            return Ok(false);
        };
        let count = group.rows_left.min(BATCH_ROWS) as usize;
        let mut batch = VecDeque::new();
        batch.resize_with(count, Fields::default);
        for (number, (column, reader)) in self.columns.iter().zip(&mut group.readers).enumerate() {
            let (Some(column), Some(reader)) = (column, reader) else {
                continue;
            };
            let values = column.read(reader, count)?;
            for (value, fields) in values.into_iter().zip(&mut batch) {
                if let Some((text, replaced)) = value {
                    fields.values[number] = Some(text);
                    fields.replaced += replaced;
                }
            }
        }
        group.rows_left -= count as u64;
        self.batch = batch;
        Ok(true)
    }
}

/// The place of the date among the columns.
const DATE: usize = 3;

impl Reader for Parquet {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        if self.batch.is_empty() {
            match guarded(|| self.fill()) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    if let Some(fault) = refused(&error) {
                        return Err(fault);
                    }
                    let group = self.next_group.saturating_sub(1);
                    let offset = self.row;
                    let skipped = self.open.take().map_or(0, |group| group.rows_left);
                    self.row = self.row.saturating_add(skipped);
                    let message = format!(
                        "row {offset} and the rest of row group {group} cannot be read: {error}"
                    );
                    return Ok(Some(Found::Damaged { offset, message }));
                }
            }
        }
        let Some(fields) = self.batch.pop_front() else {
            return Ok(None);
        };
        let offset = self.row;
        self.row += 1;
        let [text, url, title, date] = fields.values;
        Ok(Some(match text {
            Some(text) if !text.trim().is_empty() => Found::Document(Entry {
                text,
                offset,
                url: url.filter(|url| !url.is_empty()),
                title: title.filter(|title| !title.is_empty()),
                date: date.filter(|date| !date.is_empty()),
                licence: None,
                replaced: fields.replaced,
            }),
            _ => Found::LeftOut {
                reason: "empty text",
            },
        }))
    }
}

/// Brotli, LZ4 and LZO are hardly used, and would be a package more each.
fn check_compression(
    file: &SerializedFileReader<File>,
    columns: &[Option<Column>; 4],
) -> Result<(), Fault> {
    for group in file.metadata().row_groups() {
        for column in columns.iter().flatten() {
            let Some(chunk) = group.columns().get(column.index) else {
                return Err(fault("a row group lacks columns".to_owned()));
            };
            match chunk.compression() {
                Compression::UNCOMPRESSED
                | Compression::SNAPPY
                | Compression::GZIP(_)
                | Compression::ZSTD(_) => {}
                other => {
                    return Err(fault(format!(
                        "column `{}` is compressed with {other}; Snappy, gzip and Zstandard are read",
                        chunk.column_path().string()
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Makes a panic of the package an error. What it was doing is given up then, so that nothing is
/// seen in a broken state.
///
/// # Errors
/// What `read` returns; [`ParquetError::General`] in place of a panic.
pub fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let message = "its pages contradict themselves".to_owned();
        Err(ParquetError::General(message))
    })
}

/// The end of a file says how long its description is: checked before that is read.
fn check_footer(file: &mut File) -> Result<(), Fault> {
    let length = file.metadata()?.len();
    let mut tail = [0; 8];
    // A magic at both ends, and the length between.
    if length < 12 {
        return Err(fault(format!("{length} bytes are no Parquet file")));
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut tail)?;
    if !tail.ends_with(b"PAR1") {
        return Err(fault(
            "not a Parquet file, or cut off: it does not end in `PAR1`".to_owned(),
        ));
    }
    let footer = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
    if footer > MAX_FOOTER_BYTES || u64::from(footer) > length - 12 {
        return Err(fault(format!(
            "its description is said to have {footer} bytes, of a file of {length}; at most \
             {MAX_FOOTER_BYTES} are read"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
