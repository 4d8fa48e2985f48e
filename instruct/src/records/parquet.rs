//! Records out of a Parquet file, row by row.

use super::Raw;
use crate::Error;
use parquet::file::reader::{FileReader, SerializedFileReader};
use slovo_data::source::parquet::guarded;
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
        guarded(|| SerializedFileReader::new(opened)).map_err(|error| wrong(error.to_string()))
    });
    let reader = match opened {
        Ok(reader) => reader,
        Err(error) => {
            each(Err(error));
            return;
        }
    };
    let mut rows = match guarded(|| reader.get_row_iter(None)) {
        Ok(rows) => rows,
        Err(error) => {
            each(Err(wrong(error.to_string())));
            return;
        }
    };
    for number in 1.. {
        let record = match guarded(|| rows.next().transpose()) {
            Ok(Some(row)) => Ok((number, row.to_json_value())),
            Ok(None) => return,
            Err(error) => Err(wrong(format!("after row {}: {error}", number - 1))),
        };
        let broken = record.is_err();
        if !each(record) || broken {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    /// A conversation of two turns and one of a single turn, as `datasets` writes lists of structs.
    fn conversations() -> Vec<u8> {
        let schema = parse_message_type(
            "message schema {
                OPTIONAL group messages (LIST) { REPEATED group list { OPTIONAL group element {
                    OPTIONAL BYTE_ARRAY role (STRING);
                    OPTIONAL BYTE_ARRAY content (STRING);
                } } }
            }",
        );
        let schema = Arc::new(schema.unwrap());
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
        let mut group = file.next_row_group().unwrap();
        for values in [
            ["user", "assistant", "user"],
            ["Hello?", "Hello!", "Привет"],
        ] {
            let values = values.map(ByteArray::from);
            let mut column = group.next_column().unwrap().unwrap();
            let written = column.typed::<ByteArrayType>().write_batch(
                &values,
                Some(&[4, 4, 4]),
                Some(&[0, 1, 0]),
            );
            assert_eq!(written.unwrap(), 3);
            column.close().unwrap();
        }
        group.close().unwrap();
        file.into_inner().unwrap()
    }

    fn all(bytes: &[u8]) -> Vec<Raw> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        std::fs::write(&path, bytes).unwrap();
        let mut found = Vec::new();
        read(&path, "a.parquet", &mut |record| {
            found.push(record);
            true
        });
        found
    }

    #[test]
    fn rows_are_records_with_their_numbers() {
        let found: Vec<_> = all(&conversations())
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let turn =
            |role: &str, content: &str| serde_json::json!({"role": role, "content": content});
        assert_eq!(
            found,
            [
                (
                    1,
                    serde_json::json!({"messages": [turn("user", "Hello?"), turn("assistant", "Hello!")]})
                ),
                (2, serde_json::json!({"messages": [turn("user", "Привет")]})),
            ]
        );
    }

    #[test]
    fn a_file_cut_off_or_changed_anywhere_is_told_and_never_a_panic() {
        let good = conversations();
        for length in 0..good.len() {
            let found = all(&good[..length]);
            assert!(matches!(found[..], [Err(Error::File { .. })]), "{length}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x41;
            // What is still a table may say anything, in as many rows or fewer than it claims.
            all(&bad);
        }
    }
}
