//! What is in a file, and what reads it.

use std::io::BufReader;
use std::path::Path;

use super::columns::Columns;
use super::compression::inner_name;
use super::delimited::{Delimited, Dialect};
use super::entry::Reader;
use super::gutenberg::Gutenberg;
use super::jsonl::JsonlReader;
use super::latex::{self, Arxiv};
use super::mediawiki::{MediaWikiReader, WikitextOptions};
use super::records::RecordReader;
use super::stackexchange::{StackExchangeOptions, StackExchangeReader};
use super::stream::Stream;
use super::text::TextReader;
use super::web::{HtmlReader, WarcReader};
use super::{Item, SourceError};
use crate::document::{MAX_DOCUMENT_BYTES, Origin};
use crate::recipe::{Encoding, FileFormat, OnBadLine, TableColumns};

/// Memory that questions may take while their answers are looked for; beyond it the disk serves.
const POSTS_MEMORY: usize = 64 << 20;

/// How documents are taken from a stream.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Text { separator: Option<String> },
    Jsonl { field: String },
    Gutenberg,
    Records(RecordForm),
}

/// A format of records.
#[derive(Clone, Debug)]
pub(super) enum RecordForm {
    Table(Columns, Dialect),
    Parquet(Columns),
    Html,
    Warc,
    MediaWiki,
    StackExchange(StackExchangeOptions),
    Latex,
}

/// What reads a file.
pub(super) enum FileReader {
    Text(TextReader),
    Jsonl(JsonlReader),
    Records(RecordReader),
}

impl FileReader {
    /// What comes next in the file.
    pub(super) fn next(&mut self) -> Result<Option<Item>, SourceError> {
        match self {
            Self::Text(reader) => reader.next(),
            Self::Jsonl(reader) => reader.next(),
            Self::Records(reader) => reader.next(),
        }
    }
}

impl Form {
    /// How a file of this name is read.
    pub(super) fn of(
        format: &FileFormat,
        name: &str,
        field: &str,
        columns: &TableColumns,
        separator: Option<&str>,
    ) -> Self {
        let named;
        let format = match format {
            FileFormat::Auto => {
                named = by_name(name);
                &named
            }
            format => format,
        };
        let columns = || Columns {
            text: field.to_owned(),
            url: columns.url.clone(),
            title: columns.title.clone(),
            date: columns.date.clone(),
        };
        let record = match format {
            FileFormat::Auto | FileFormat::Text => {
                return Self::Text {
                    separator: separator.map(str::to_owned),
                };
            }
            FileFormat::Jsonl => {
                return Self::Jsonl {
                    field: field.to_owned(),
                };
            }
            FileFormat::Gutenberg => return Self::Gutenberg,
            FileFormat::Csv => RecordForm::Table(columns(), Dialect::CSV),
            FileFormat::Tsv => RecordForm::Table(columns(), Dialect::TSV),
            FileFormat::Parquet => RecordForm::Parquet(columns()),
            FileFormat::Html => RecordForm::Html,
            FileFormat::Warc => RecordForm::Warc,
            FileFormat::MediaWiki => RecordForm::MediaWiki,
            FileFormat::StackExchange { site, min_score } => {
                RecordForm::StackExchange(StackExchangeOptions {
                    site: site.clone(),
                    min_score: *min_score,
                    max_answers: None,
                })
            }
            FileFormat::Latex => RecordForm::Latex,
        };
        Self::Records(record)
    }

    /// Whether it has columns.
    pub(super) fn is_table(&self) -> bool {
        use RecordForm::{Parquet, Table};
        matches!(self, Self::Records(Table(..) | Parquet(_)))
    }

    /// The reader of a stream; `path` is the file below it, where there is one.
    pub(super) fn reader(
        &self,
        mut stream: Stream,
        path: Option<&Path>,
        encoding: Encoding,
        bad_lines: OnBadLine,
    ) -> Result<FileReader, SourceError> {
        let form = match self {
            Self::Text { separator } => {
                stream.check_text()?;
                let separator = separator.as_deref();
                let reader = TextReader::new(stream, encoding, separator, MAX_DOCUMENT_BYTES);
                return Ok(FileReader::Text(reader));
            }
            Self::Jsonl { field } => {
                stream.check_mark()?;
                let reader = JsonlReader::new(stream, encoding, field, bad_lines);
                return Ok(FileReader::Jsonl(reader));
            }
            Self::Gutenberg => {
                stream.check_text()?;
                let input = std::mem::replace(&mut stream.input, Box::new(std::io::empty()));
                let mut book = Gutenberg::new(input, false);
                let header = book.header().map_err(|error| stream.fault(error))?.clone();
                stream.input = Box::new(BufReader::new(book));
                let about = Origin {
                    title: header.title,
                    date: header.date,
                    ..Origin::default()
                };
                let reader = TextReader::new(stream, encoding, None, MAX_DOCUMENT_BYTES);
                return Ok(FileReader::Text(reader.about(about, header.licence)));
            }
            Self::Records(form) => form,
        };
        if let RecordForm::Table(..) = form {
            stream.check_mark()?;
        }
        let input = std::mem::replace(&mut stream.input, Box::new(std::io::empty()));
        let reader: Box<dyn Reader> = match form {
            RecordForm::Table(columns, dialect) => {
                let table = Delimited::open(input, columns, *dialect);
                Box::new(table.map_err(|error| stream.fault(error))?)
            }
            RecordForm::Parquet(columns) => parquet(&stream, path, columns)?,
            RecordForm::Html => Box::new(HtmlReader::new(input)),
            RecordForm::Warc => Box::new(WarcReader::new(input)),
            RecordForm::MediaWiki => {
                Box::new(MediaWikiReader::new(input, WikitextOptions::default()))
            }
            RecordForm::StackExchange(options) => {
                let folder = std::env::temp_dir();
                let options = options.clone();
                Box::new(StackExchangeReader::new(
                    input,
                    options,
                    POSTS_MEMORY,
                    &folder,
                ))
            }
            RecordForm::Latex => Box::new(Arxiv::new(input, latex::Options::default())),
        };
        Ok(FileReader::Records(RecordReader::new(
            reader, stream, encoding, bad_lines,
        )))
    }
}

/// What a file's name promises, compressed or not.
fn by_name(name: &str) -> FileFormat {
    let name = inner_name(name);
    let ending = Path::new(name).extension().unwrap_or_default();
    match ending.to_string_lossy().to_lowercase().as_str() {
        "jsonl" | "ndjson" => FileFormat::Jsonl,
        "csv" => FileFormat::Csv,
        "tsv" => FileFormat::Tsv,
        "parquet" => FileFormat::Parquet,
        "html" | "htm" => FileFormat::Html,
        "warc" | "wet" => FileFormat::Warc,
        "tex" => FileFormat::Latex,
        "xml" if name.ends_with("Posts.xml") => FileFormat::StackExchange {
            site: None,
            min_score: None,
        },
        "xml" => FileFormat::MediaWiki,
        _ => FileFormat::Text,
    }
}

#[cfg(feature = "parquet")]
fn parquet(
    stream: &Stream,
    path: Option<&Path>,
    columns: &Columns,
) -> Result<Box<dyn Reader>, SourceError> {
    let Some(path) = path else {
        return Err(stream.not_text(
            "Parquet is read from both ends, and a pipe has one".to_owned(),
            "name the file",
        ));
    };
    let file = std::fs::File::open(path).map_err(|error| stream.fault(error))?;
    let reader = super::parquet::Parquet::open(file, columns);
    Ok(Box::new(reader.map_err(|error| stream.fault(error))?))
}

#[cfg(not(feature = "parquet"))]
fn parquet(
    stream: &Stream,
    _path: Option<&Path>,
    _columns: &Columns,
) -> Result<Box<dyn Reader>, SourceError> {
    let path = stream.path.clone();
    Err(SourceError::Unbuilt { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        for (name, format) in [
            ("a.jsonl.gz", FileFormat::Jsonl),
            ("CC-MAIN-1.warc.gz", FileFormat::Warc),
            ("CC-MAIN-1.warc.wet.gz", FileFormat::Warc),
            ("enwiki.xml.bz2", FileFormat::MediaWiki),
            ("a/page.HTM", FileFormat::Html),
            ("t.tsv.zst", FileFormat::Tsv),
            ("book.txt", FileFormat::Text),
            ("README", FileFormat::Text),
        ] {
            assert_eq!(by_name(name), format, "{name}");
        }
        let posts = by_name("unix/Posts.xml");
        assert!(matches!(
            posts,
            FileFormat::StackExchange { site: None, .. }
        ));
    }
}
