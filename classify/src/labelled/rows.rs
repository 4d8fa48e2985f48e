//! Rows one at a time: from a file for training, from a pipe for prediction.

use std::io::BufRead;

use super::columns::TableForm;
use super::json::JsonlForm;
use super::lines::Lines;
use super::table::Table;
use super::{LabelFrom, LabelledError, Place, RowForm};

/// A text, and what a file says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number among the rows of the stream, from 0; bad rows have a number too, blank lines
    /// and the header have none.
    pub number: u64,
    /// Where it begins.
    pub place: Place,
    /// The text as it stands there.
    pub text: String,
    /// Its labels without white space around them: one, or any number where several are allowed;
    /// `None` where it has none and need not.
    pub labels: Option<Vec<String>>,
    /// What it belongs to.
    pub group: Option<String>,
}

/// The rows of a stream in order; one is held at a time, and each is given as soon as its last line
/// has come.
///
/// After [`LabelledError::Row`] the next call goes on behind the bad row; any other error ends the
/// rows.
pub struct Rows<R> {
    reader: Reader<R>,
    multi_label: Option<String>,
    number: u64,
    ended: bool,
}

enum Reader<R> {
    Table(Table<R>, TableForm),
    Jsonl(Lines<R>, JsonlForm),
}

impl<R: BufRead> Rows<R> {
    /// Rows of `input`, which faults call `file`; `multi_label` is what stands between the labels
    /// of a text where it may have several.
    pub fn new(input: R, file: &str, form: RowForm, multi_label: Option<String>) -> Self {
        let lines = Lines::new(input, file);
        let reader = match form {
            RowForm::Table {
                delimiter,
                header,
                quotes,
                text,
                label,
                group,
            } => {
                let table = Table::new(lines, delimiter, quotes);
                let columns = None;
                let form = TableForm {
                    header,
                    text,
                    label,
                    group,
                    columns,
                };
                Reader::Table(table, form)
            }
            RowForm::Jsonl { text, label, group } => {
                Reader::Jsonl(lines, JsonlForm { text, label, group })
            }
        };
        Self {
            reader,
            multi_label,
            number: 0,
            ended: false,
        }
    }

    /// How many rows have come, bad ones among them.
    pub fn count(&self) -> u64 {
        self.number
    }

    fn advance(&mut self) -> Result<Option<Row>, LabelledError> {
        let separator = self.multi_label.as_deref();
        let (place, parts) = match &mut self.reader {
            Reader::Table(table, form) => {
                if form.columns.is_none() && form.header {
                    form.columns = Some(form.read_header(table)?);
                }
                match table.next() {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(fault) => {
                        // A row with an open quote is a row.
                        self.number += 1;
                        return Err(fault);
                    }
                }
                let columns = match &form.columns {
                    Some(columns) => columns,
                    None => &*form.columns.insert(form.resolve(table)?),
                };
                let needs_label = matches!(form.label, LabelFrom::Required(_));
                let place = table.lines().place(table.line());
                (place, columns.parts(table, needs_label, separator))
            }
            Reader::Jsonl(lines, form) => {
                let mut line = Vec::new();
                loop {
                    if !lines.next(&mut line, 0)? {
                        return Ok(None);
                    }
                    if !line.trim_ascii().is_empty() {
                        break;
                    }
                }
                (lines.place(lines.line()), form.parts(&line, separator))
            }
        };
        let number = self.number;
        self.number += 1;
        match parts {
            Ok((text, labels, group)) => Ok(Some(Row {
                number,
                place,
                text,
                labels,
                group,
            })),
            Err(fault) => Err(LabelledError::Row { place, fault }),
        }
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Row, LabelledError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance();
        self.ended = !matches!(next, Ok(Some(_)) | Err(LabelledError::Row { .. }));
        next.transpose()
    }
}

#[cfg(test)]
mod tests;
