//! Documents to Parquet: flat columns, as Spark, Ray and datatrove read them.
//!
//! `text` and `id` are in every row; `url`, `title`, `date`, `licence` and `source` may be null.
//! datatrove takes the columns besides `text` and `id` as a document's metadata.
//!
//! A row group is written when [`GROUP_BYTES`] or [`GROUP_ROWS`] are reached: that, and one document
//! more, is what is held.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

/// Text of a row group: a reader on many machines gets parts of a useful size, and none needs much
/// memory.
const GROUP_BYTES: usize = 64 << 20;
/// Rows of a row group, where they are short.
const GROUP_ROWS: usize = 50_000;

const SCHEMA: &str = "message documents {
    REQUIRED BYTE_ARRAY text (STRING);
    REQUIRED BYTE_ARRAY id (STRING);
    OPTIONAL BYTE_ARRAY url (STRING);
    OPTIONAL BYTE_ARRAY title (STRING);
    OPTIONAL BYTE_ARRAY date (STRING);
    OPTIONAL BYTE_ARRAY licence (STRING);
    OPTIONAL BYTE_ARRAY source (STRING);
}";
/// How many of the columns are in every row.
const REQUIRED: usize = 2;
const COLUMNS: usize = 7;

/// A document as a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// The text.
    pub text: &'a str,
    /// What names the document; pieces of a long text share it.
    pub id: &'a str,
    /// Address.
    pub url: Option<&'a str>,
    /// Title.
    pub title: Option<&'a str>,
    /// Date, ISO 8601 where it can be told.
    pub date: Option<&'a str>,
    /// Licence.
    pub licence: Option<&'a str>,
    /// The name of the source.
    pub source: Option<&'a str>,
}

/// A file that is being written. It is whole only after [`finish`](ParquetWriter::finish).
pub struct ParquetWriter<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: [Values; COLUMNS],
    rows: usize,
    bytes: usize,
}

/// The values of a column that are not written yet.
#[derive(Default)]
struct Values {
    values: Vec<ByteArray>,
    /// 0 for null, 1 for a value; unused for columns that are in every row.
    levels: Vec<i16>,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Writing fails.
    pub fn new(out: W) -> io::Result<Self> {
        let zstd = ZstdLevel::try_new(3)?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(zstd))
            // Least and greatest text tell nobody anything.
            .set_statistics_enabled(EnabledStatistics::None);
        for unique in ["text", "id", "url", "title"] {
            let column = ColumnPath::from(unique);
            properties = properties.set_column_dictionary_enabled(column, false);
        }
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
        Ok(Self {
            writer,
            columns: Default::default(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// Writing fails; the file is of no use then.
    pub fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let fields = [
            Some(row.text),
            Some(row.id),
            row.url,
            row.title,
            row.date,
            row.licence,
            row.source,
        ];
        for (column, field) in self.columns.iter_mut().zip(fields) {
            column.levels.push(i16::from(field.is_some()));
            if let Some(field) = field {
                column.values.push(ByteArray::from(field));
                self.bytes += field.len();
            }
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish(mut self) -> io::Result<W> {
        if self.rows > 0 {
            self.end_group()?;
        }
        Ok(self.writer.into_inner()?)
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for (number, column) in self.columns.iter_mut().enumerate() {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General("a column is missing".to_owned()));
            };
            let levels = (number >= REQUIRED).then_some(column.levels.as_slice());
            writer
                .typed::<ByteArrayType>()
                .write_batch(&column.values, levels, None)?;
            writer.close()?;
            column.values.clear();
            column.levels.clear();
        }
        group.close()?;
        self.rows = 0;
        self.bytes = 0;
        Ok(())
    }
}
