#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, GzipLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::record::RowAccessor;
use parquet::schema::parser::parse_message_type;

use super::*;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn written(rows: usize) -> Vec<u8> {
    let mut writer = ParquetWriter::new(Vec::new()).unwrap();
    for number in 0..rows {
        let text = format!("text {number}, é語 {}", "x".repeat(number % 50));
        let id = format!("id-{number}");
        writer
            .write(&Row {
                text: &text,
                id: &id,
                url: (number % 2 == 0).then_some("https://a.b"),
                title: (number % 3 == 0).then_some(&id),
                date: Some("2020-01-02"),
                licence: None,
                source: Some("books"),
                path: Some("a.warc.gz"),
                language: (number % 5 == 0).then_some("en"),
                offset: (number % 7 > 0).then_some(number as u64),
            })
            .unwrap();
    }
    writer.finish().unwrap()
}

fn columns() -> Columns {
    Columns {
        text: "text".to_owned(),
        url: Some("url".to_owned()),
        title: Some("title".to_owned()),
        date: Some("date".to_owned()),
    }
}

fn all(bytes: &[u8], columns: &Columns) -> Vec<Found> {
    let mut reader = Parquet::open(file(bytes), columns).unwrap();
    std::iter::from_fn(|| reader.next().unwrap()).collect()
}

fn fault(bytes: &[u8], columns: &Columns) -> String {
    let opened = Parquet::open(file(bytes), columns);
    opened
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn what_is_written_is_read_again() {
    for rows in [0, 1, 16, 17, 1000] {
        let found = all(&written(rows), &columns());
        assert_eq!(found.len(), rows);
        for (number, found) in found.into_iter().enumerate() {
            let Found::Document(entry) = found else {
                panic!("{found:?}")
            };
            assert_eq!(entry.offset, number as u64);
            assert!(entry.text.starts_with(&format!("text {number}, é語")));
            assert_eq!(entry.url.is_some(), number % 2 == 0);
            assert_eq!(
                entry.title,
                (number % 3 == 0).then(|| format!("id-{number}"))
            );
            assert_eq!(entry.date.as_deref(), Some("2020-01-02"));
        }
    }
}

#[test]
fn many_rows_make_many_groups() {
    let bytes = written(120_000);
    let reader = SerializedFileReader::new(file(&bytes)).unwrap();
    assert_eq!(reader.num_row_groups(), 3);
    assert_eq!(all(&bytes, &Columns::of_text("id")).len(), 120_000);
}

#[test]
fn a_row_says_where_its_text_stands() {
    let bytes = written(20);
    let paths = all(&bytes, &Columns::of_text("path"));
    let first = matches!(&paths[0], Found::Document(entry) if entry.text == "a.warc.gz");
    assert!(first && paths.len() == 20);
    let reader = SerializedFileReader::new(file(&bytes)).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let offsets: Vec<_> = rows.map(|row| row.get_long(9).ok()).collect();
    assert_eq!(offsets[..3], [None, Some(1), Some(2)]);
}

fn table(compression: Compression) -> Vec<u8> {
    let schema =
        "message t { OPTIONAL group page { OPTIONAL BYTE_ARRAY body; } REQUIRED INT32 day (DATE);
                  REQUIRED INT64 time (TIMESTAMP(MICROS, true)); REQUIRED INT64 number; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = ["one", "", "b\u{0}d \u{1}"].map(ByteArray::from);
    let texts = [
        texts[0].clone(),
        texts[1].clone(),
        ByteArray::from(&b"a\xFFb\xE2\x82"[..]),
    ];
    let mut column = group.next_column().unwrap().unwrap();
    let levels = [2, 0, 1, 2, 2];
    column
        .typed::<ByteArrayType>()
        .write_batch(&texts, Some(&levels), None)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int32Type>()
        .write_batch(&[0, 1, 2, 3, i32::MAX], None, None)
        .unwrap();
    column.close().unwrap();
    for _ in 0..2 {
        let mut column = group.next_column().unwrap().unwrap();
        let times = [1_000_000_000_000_000, 0, 0, 0, 0];
        column
            .typed::<Int64Type>()
            .write_batch(&times, None, None)
            .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn nulls_days_times_and_bad_bytes_are_read_in_every_compression() {
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(Default::default()),
    ] {
        let bytes = table(compression);
        let mut columns = Columns::of_text("page.body");
        columns.date = Some("day".to_owned());
        let found = all(&bytes, &columns);
        let Found::Document(first) = &found[0] else {
            panic!("{:?}", found[0])
        };
        assert_eq!(
            (first.text.as_str(), first.date.as_deref()),
            ("one", Some("1970-01-01"))
        );
        for found in &found[1..4] {
            assert_eq!(
                found,
                &Found::LeftOut {
                    reason: "empty text"
                }
            );
        }
        let Found::Document(last) = &found[4] else {
            panic!("{:?}", found[4])
        };
        assert_eq!(
            (last.text.as_str(), last.replaced),
            ("a\u{FFFD}b\u{FFFD}", 2)
        );
        assert_eq!(last.date, None);
        columns.date = Some("time".to_owned());
        let Found::Document(first) = &all(&bytes, &columns)[0] else {
            panic!("a document was there")
        };
        assert_eq!(first.date.as_deref(), Some("2001-09-09T01:46:40Z"));
    }
}

#[test]
fn columns_that_are_not_there_or_hold_no_text_are_faults() {
    let bytes = table(Compression::SNAPPY);
    assert_eq!(
        fault(&bytes, &Columns::of_text("body")),
        "no column `body`; there are: page.body, day, time, number"
    );
    assert!(fault(&bytes, &Columns::of_text("day")).contains("column `day` holds INT32"));
    let mut columns = Columns::of_text("page.body");
    columns.date = Some("number".to_owned());
    assert!(fault(&bytes, &columns).contains("column `number` holds INT64"));
}

#[test]
fn a_file_cut_off_anywhere_or_of_another_kind_is_a_fault() {
    let bytes = written(100);
    for length in 0..bytes.len() {
        assert!(!fault(&bytes[..length], &columns()).is_empty(), "{length}");
    }
    for bytes in [
        &[0; 100][..],
        b"PAR1",
        b"PAR1PAR1PAR1",
        b"text,id\n",
        b"PAR1\xFF\xFF\xFF\xFFPAR1",
    ] {
        assert!(!fault(bytes, &columns()).is_empty(), "{bytes:?}");
    }
}

#[test]
fn what_the_system_refuses_is_no_damage() {
    let refused = |number| super::refused(&io::Error::from_raw_os_error(number).into());
    // EIO; EINVAL, for a place before the file's beginning.
    assert!(matches!(refused(5), Some(Fault::Stream(_))));
    assert!(refused(22).is_none());
    assert!(super::refused(&ParquetError::EOF("cut".to_owned())).is_none());
}
