//! A column that was asked for, and its values as text.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use super::super::encoding::lossy;
use super::dates;

/// A column that can become text.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) index: usize,
    kind: Kind,
    /// The level at which a value is there and none of its parents is null.
    level: i16,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Days since 1970.
    Day,
    /// Time since 1970, with so many units a second.
    Time(i64),
}

impl Column {
    /// A column without lists that holds texts, days or times.
    pub(super) fn new(index: usize, column: &ColumnDescriptor) -> Option<Self> {
        let kind = match (column.physical_type(), column.converted_type()) {
            (Type::BYTE_ARRAY, ConvertedType::DECIMAL) => None,
            (Type::BYTE_ARRAY, _) => Some(Kind::Text),
            (Type::INT32, ConvertedType::DATE) => Some(Kind::Day),
            (Type::INT64, _) => match column.logical_type_ref() {
                Some(LogicalType::Timestamp(time)) => Some(Kind::Time(match time.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                })),
                _ => match column.converted_type() {
                    ConvertedType::TIMESTAMP_MILLIS => Some(Kind::Time(1_000)),
                    ConvertedType::TIMESTAMP_MICROS => Some(Kind::Time(1_000_000)),
                    _ => None,
                },
            },
            _ => None,
        };
        (column.max_rep_level() == 0).then_some(Self {
            index,
            kind: kind?,
            level: column.max_def_level(),
        })
    }

    pub(super) fn is_text(self) -> bool {
        self.kind == Kind::Text
    }

    /// The next `count` values, with the number of invalid sequences that became U+FFFD in each.
    pub(super) fn read(
        self,
        reader: &mut ColumnReader,
        count: usize,
    ) -> Result<Vec<Option<(String, u64)>>, ParquetError> {
        let time = |text: Option<String>| Some((text?, 0));
        Ok(match (reader, self.kind) {
            (ColumnReader::ByteArrayColumnReader(reader), Kind::Text) => {
                let values = self.values(reader, count)?.into_iter();
                values.map(|value| Some(lossy(value?.data()))).collect()
            }
            (ColumnReader::Int32ColumnReader(reader), Kind::Day) => {
                let values = self.values(reader, count)?.into_iter();
                values
                    .map(|days| time(dates::day(i64::from(days?))))
                    .collect()
            }
            (ColumnReader::Int64ColumnReader(reader), Kind::Time(units)) => {
                let values = self.values(reader, count)?.into_iter();
                values
                    .map(|value| time(dates::time(value?, units)))
                    .collect()
            }
            _ => {
                return Err(ParquetError::General(
                    "the column changed its type".to_owned(),
                ));
            }
        })
    }

    fn values<T: DataType>(
        self,
        reader: &mut ColumnReaderImpl<T>,
        count: usize,
    ) -> Result<Vec<Option<T::T>>, ParquetError> {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let (rows, ..) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
        if rows != count {
            return Err(ParquetError::EOF(
                "a column ends before the others".to_owned(),
            ));
        }
        if self.level == 0 {
            return Ok(values.into_iter().map(Some).collect());
        }
        let mut values = values.into_iter();
        let values = levels.into_iter().map(|level| match level == self.level {
            true => values.next(),
            false => None,
        });
        Ok(values.collect())
    }
}
