//! Documents to Parquet: flat columns, as Spark, Ray and datatrove read them.
//!
//! `text` and `id` are in every row; the other columns may be null.
//! datatrove takes the columns besides `text` and `id` as a document's metadata.
//!
//! A row group is written when [`GROUP_BYTES`] or [`GROUP_ROWS`] are reached: that, and one document
//! more, is what is held.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
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
    OPTIONAL BYTE_ARRAY path (STRING);
    OPTIONAL BYTE_ARRAY language (STRING);
    OPTIONAL INT64 offset;
}";
/// How many of the columns are in every row.
const REQUIRED: usize = 2;
/// How many are text; behind them comes the offset.
const TEXTS: usize = 9;

/// A document as a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// The text.
    pub text: &'a str,
    /// What names the document.
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
    /// The file.
    pub path: Option<&'a str>,
    /// Language, ISO 639-1.
    pub language: Option<&'a str>,
    /// Place in the decompressed file, in bytes from the start.
    pub offset: Option<u64>,
}

/// A file that is being written. It is whole only after [`finish`](ParquetWriter::finish).
pub struct ParquetWriter<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    texts: [Values<ByteArray>; TEXTS],
    offsets: Values<i64>,
    rows: usize,
    bytes: usize,
}

/// The values of a column that are not written yet.
struct Values<T> {
    values: Vec<T>,
    /// 0 for null, 1 for a value; unused for columns that are in every row.
    levels: Vec<i16>,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            levels: Vec::new(),
        }
    }
}

impl<T> Values<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    /// Writes them as the next column, and holds none then.
    fn write<D: DataType<T = T>>(
        &mut self,
        required: bool,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    ) -> Result<(), ParquetError> {
        let Some(mut writer) = group.next_column()? else {
            return Err(ParquetError::General("a column is missing".to_owned()));
        };
        let levels = (!required).then_some(self.levels.as_slice());
        writer
            .typed::<D>()
            .write_batch(&self.values, levels, None)?;
        writer.close()?;
        self.values.clear();
        self.levels.clear();
        Ok(())
    }
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
            texts: Default::default(),
            offsets: Values::default(),
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
            row.path,
            row.language,
        ];
        for (column, field) in self.texts.iter_mut().zip(fields) {
            self.bytes += field.map_or(0, str::len);
            column.push(field.map(ByteArray::from));
        }
        let offset = row.offset.and_then(|offset| i64::try_from(offset).ok());
        self.offsets.push(offset);
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
        for (number, column) in self.texts.iter_mut().enumerate() {
            column.write::<ByteArrayType>(number < REQUIRED, &mut group)?;
        }
        self.offsets.write::<Int64Type>(false, &mut group)?;
        group.close()?;
        self.rows = 0;
        self.bytes = 0;
        Ok(())
    }
}
