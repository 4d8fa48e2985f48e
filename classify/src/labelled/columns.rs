//! Which columns of a table hold what.

use std::io::BufRead;

use super::error::{utf8, with_text};
use super::row_form::{Parts, split_label};
use super::table::Table;
use super::{Column, Fault, LabelFrom, LabelledError};

/// The columns as the recipe names them.
pub(super) struct TableForm {
    pub(super) header: bool,
    pub(super) text: Column,
    pub(super) label: LabelFrom<Column>,
    pub(super) group: Option<Column>,
    /// What the first row settles.
    pub(super) columns: Option<Columns>,
}

/// The columns by their numbers.
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) text: usize,
    pub(super) label: Option<usize>,
    pub(super) group: Option<usize>,
}

impl TableForm {
    pub(super) fn read_header<R: BufRead>(
        &self,
        table: &mut Table<R>,
    ) -> Result<Columns, LabelledError> {
        let right = "a table begins with the names of its columns; without them let the source \
                     say header: false";
        let refuse = |file: String, what: String| LabelledError::File {
            file,
            what,
            right: right.to_owned(),
        };
        match table.next() {
            Ok(true) => self.resolve(table),
            Ok(false) => Err(refuse(
                table.lines().file().to_owned(),
                "it is empty".to_owned(),
            )),
            // A row can be left out, a header cannot.
            Err(LabelledError::Row { place, fault }) => {
                Err(refuse(place.to_string(), fault.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    /// Finds the columns in the row read last, which is the header where there is one.
    pub(super) fn resolve<R: BufRead>(&self, table: &Table<R>) -> Result<Columns, LabelledError> {
        let refuse = |what: String, right: String| LabelledError::File {
            file: table.lines().place(table.line()).to_string(),
            what,
            right,
        };
        let count = table.columns();
        let mut names = Vec::with_capacity(count);
        if self.header {
            for field in (0..count).filter_map(|column| table.field(column)) {
                let name = utf8(field, "the header").map_err(|fault| {
                    let right = "convert the file to UTF-8";
                    refuse(fault.to_string(), right.to_owned())
                })?;
                // An unnamed column, such as pandas' index, cannot be meant by name.
                if !name.trim().is_empty() && names.iter().any(|other| other == name.trim()) {
                    let what = format!("two columns are called `{}`", name.trim());
                    return Err(refuse(what, "give each column its own name".to_owned()));
                }
                names.push(name.trim().to_owned());
            }
        }
        let find = |column: &Column, field: &str| {
            let (at, called) = match column {
                Column::Number(number) => {
                    ((*number < count).then_some(*number), number.to_string())
                }
                Column::Name(name) => (
                    names.iter().position(|other| other == name),
                    format!("`{name}`"),
                ),
            };
            at.ok_or_else(|| {
                let there = match self.header {
                    true => format!("the columns are {}", names.join(", ")),
                    false => format!("the first row has {count}, counted from 0"),
                };
                let right = format!("{there}; let {field} name one of them");
                refuse(format!("there is no column {called}"), right)
            })
        };
        Ok(Columns {
            count,
            text: find(&self.text, "text")?,
            label: match &self.label {
                LabelFrom::Required(label) => Some(find(label, "label")?),
                LabelFrom::IfThere(label) => find(label, "label").ok(),
                LabelFrom::Nowhere => None,
            },
            group: self
                .group
                .as_ref()
                .map(|group| find(group, "group"))
                .transpose()?,
        })
    }
}

impl Columns {
    pub(super) fn parts<R: BufRead>(
        &self,
        table: &Table<R>,
        needs_label: bool,
        separator: Option<&str>,
    ) -> Result<Parts, Fault> {
        if table.columns() != self.count {
            return Err(Fault::Malformed(format!(
                "{} columns, but the table's first row has {}",
                table.columns(),
                self.count
            )));
        }
        let field = |column: usize, what| utf8(table.field(column).unwrap_or_default(), what);
        let text = with_text(field(self.text, "the text")?)?.to_owned();
        let labels = match self.label {
            Some(column) => split_label(field(column, "the label")?, separator),
            None => None,
        };
        if needs_label && labels.is_none() {
            return Err(Fault::MissingLabel(String::new()));
        }
        let group = match self.group {
            Some(column) => Some(field(column, "the group")?.trim()),
            None => None,
        };
        let group = group.filter(|group| !group.is_empty());
        Ok((text, labels, group.map(str::to_owned)))
    }
}
