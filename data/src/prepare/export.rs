//! The documents that were kept, in a file of their own: for whoever goes on with other programs.

use std::path::{Path, PathBuf};

use super::parts::DocumentWriter;
use crate::Error;
use crate::document::Document;

#[cfg(feature = "parquet")]
use table::Table;

/// How names of such files end.
const LINES: &str = ".jsonl.gz";
const TABLE: &str = ".parquet";

/// A file that is being written beside its name; what is not finished does not stay.
pub(super) struct Export {
    path: PathBuf,
    /// Its name until it is whole: of this process alone.
    beside: PathBuf,
    /// Until it is finished.
    form: Option<Form>,
}

enum Form {
    Lines(Box<DocumentWriter>),
    #[cfg(feature = "parquet")]
    Table(Box<Table>),
}

impl Export {
    /// # Errors
    /// A name that says no format, a file that cannot be written.
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!("{name}.{}.tmp", std::process::id()));
        let form = match &*name {
            name if name.ends_with(LINES) => {
                Form::Lines(Box::new(DocumentWriter::create(&beside)?))
            }
            #[cfg(feature = "parquet")]
            name if name.ends_with(TABLE) => Form::Table(Box::new(Table::create(&beside)?)),
            name => {
                let what = match name.ends_with(TABLE) {
                    true => "this program was built without the feature `parquet`".to_owned(),
                    false => format!("its name ends in neither {LINES} nor {TABLE}"),
                };
                return Err(Error::Export {
                    path: path.to_owned(),
                    what: format!("{what}; documents are written to a file such as kept{LINES}"),
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            beside,
            form: Some(form),
        })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// A disk that fails.
    pub(super) fn add(&mut self, document: &Document) -> Result<(), Error> {
        match &mut self.form {
            Some(Form::Lines(lines)) => lines.write(document),
            #[cfg(feature = "parquet")]
            Some(Form::Table(table)) => table.write(document),
            None => Ok(()),
        }
    }

    /// Closes the file, safe on disk, and gives it its name.
    ///
    /// # Errors
    /// A disk that fails.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        match self.form.take() {
            Some(Form::Lines(lines)) => lines.finish()?,
            #[cfg(feature = "parquet")]
            Some(Form::Table(table)) => table.finish()?,
            None => {}
        }
        std::fs::rename(&self.beside, &self.path).map_err(Error::io("write", &self.path))
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // After `finish` there is none under this name.
        let _ = std::fs::remove_file(&self.beside);
    }
}

#[cfg(feature = "parquet")]
mod table {
    use super::*;
    use crate::document::Ids;
    use crate::source::parquet::{ParquetWriter, Row};
    use std::fs::File;
    use std::io::BufWriter;

    /// Documents as rows.
    pub(super) struct Table {
        writer: ParquetWriter<BufWriter<File>>,
        ids: Ids,
        path: PathBuf,
    }

    impl Table {
        pub(super) fn create(path: &Path) -> Result<Self, Error> {
            let file = File::create(path).map_err(Error::io("create", path))?;
            let writer = ParquetWriter::new(BufWriter::new(file));
            Ok(Self {
                writer: writer.map_err(Error::io("write", path))?,
                ids: Ids::default(),
                path: path.to_owned(),
            })
        }

        pub(super) fn write(&mut self, document: &Document) -> Result<(), Error> {
            let origin = &document.origin;
            let row = Row {
                text: &document.text,
                id: &self.ids.of(document),
                url: origin.url.as_deref(),
                title: origin.title.as_deref(),
                date: origin.date.as_deref(),
                licence: document.licence.as_deref(),
                source: Some(&document.source),
                path: Some(&document.path),
                language: origin.language.as_deref(),
                offset: origin.offset,
            };
            self.writer
                .write(&row)
                .map_err(Error::io("write", &self.path))
        }

        pub(super) fn finish(self) -> Result<(), Error> {
            let Self { writer, path, .. } = self;
            let close = || {
                let file = writer.finish()?;
                file.into_inner()?.sync_all()
            };
            close().map_err(Error::io("write", &path))
        }
    }
}
